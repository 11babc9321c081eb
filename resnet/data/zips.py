"""Zips, listed and unpacked. The format is PKWARE's APPNOTE.TXT, 6.3.10; its sections stand in brackets.

The directory is read here, entry by entry, and not by zipfile: that one makes an object of every entry before anybody
can count them, and lets entries share their bytes in Pythons before 3.11.8. Unpacking itself is zipfile's.
"""

import bz2
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from resnet.data.bounds import MB, Bounds, check_space, is_hidden, safe_name
from resnet.data.images import shown
from resnet.data.index import NAME, Index, has_content
from resnet.errors import UserError

ENTRY = struct.Struct("<4s6H3L5H2L")  # of the directory [4.3.12]
HEADER = struct.Struct("<4s5H3L2H")  # before each member's bytes [4.3.7]
END = struct.Struct("<4s4H2LH")  # [4.3.16]
END64 = struct.Struct("<4sQ2H2L4Q")  # [4.3.14]
END64_PLACE = struct.Struct("<4sLQL")  # [4.3.15]
ELSEWHERE = 0xFFFFFFFF  # this number is larger, and stands in a wider field [4.5.3]
ENCRYPTED, SIZES_LATER, UTF8 = 0x1, 0x8, 0x800  # flags [4.4.4]
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
# What zipfile and its decompressors raise on damaged bytes; bz2 an OSError without a number.
DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError, struct.error, MemoryError)


@dataclass(frozen=True, slots=True)
class Member:
    """An entry of the directory."""

    name: bytes
    flags: int
    method: int
    crc: int
    packed: int  # bytes
    bytes: int
    start: int  # of its header
    mode: int  # Unix's; 0 where another system wrote it


def unpack_zip(
    archive: Path,
    into: Path,
    index: Index,
    bounds: Bounds,
    progress: Callable[[str, int, int], None] | None = None,
    wanted: Callable[[str, int], bool] = has_content,
) -> None:
    """List the files of a zip in `index`, and unpack those that are `wanted` to `into`, each under its number.

    wanted: of a name, and of the bytes that it unpacks to. Nothing is written before every member was looked at.
    Raises UserError.
    """
    with open(archive, "rb") as file:
        try:
            start, end, shift = _find_directory(file)
            encoding = guess_encoding(_unmarked_names(_members(file, start, end), bounds))
            for member in _members(file, start, end):
                _list(member, encoding, index, bounds, wanted)
        except (zipfile.BadZipFile, struct.error, IndexError, OverflowError) as error:
            raise UserError("archive_truncated", archive=shown(archive.name)) from error
        bounds.check_ratio(archive.stat().st_size, bounds.bytes)
        check_space(into, bounds.bytes)
        for picture in _in_order(index, start - shift):
            _check_overlap(picture, picture.start + HEADER.size + picture.packed)
        count = index.value("SELECT count(*) FROM member")
        for done, picture in enumerate(_in_order(index, start - shift), start=1):
            _unpack(file, shift, picture, f"{into}/{picture.file:06d}", bounds)
            if progress:
                progress("unpack", done, count)


def _unmarked_names(members: Iterable[Member], bounds: Bounds) -> Iterator[bytes]:
    """The names that do not say how they are to be read; members are counted on the way, before anything is kept."""
    for count, member in enumerate(members, start=1):
        bounds.check_files(count)
        if not member.flags & UTF8:
            yield member.name[: 4 * bounds.limits.name]  # longer ones are refused


def guess_encoding(names: Iterable[bytes]) -> str:
    """How names are to be read that do not say it.

    UTF-8 where all of them are, as macOS writes it. Else the standard's code page 437, but where that gives lines of
    boxes, it is the code page of a Chinese or a Japanese Windows, if all names can be read by it.
    """
    possible, boxes = ["utf-8", "gb2312", "cp932", "gbk"], False
    for name in names:
        if name.isascii():
            continue
        possible = [encoding for encoding in possible if _decodes(name, encoding)]
        boxes = boxes or any("\u2500" <= letter <= "\u259f" for letter in name.decode("cp437"))
    if "utf-8" in possible:
        return "utf-8"
    return possible[0] if possible and boxes else "cp437"


def _decodes(name: bytes, encoding: str) -> bool:
    try:
        name.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _find_directory(file: BinaryIO) -> tuple[int, int, int]:
    """Where the directory begins and ends, and by how much everything is shifted, where bytes were put before it."""
    whole = file.seek(0, 2)
    tail_start = file.seek(max(0, whole - END.size - 0xFFFF))
    tail = file.read()
    found = tail.rindex(b"PK\5\6") if b"PK\5\6" in tail else len(tail)
    *_, length, place, _ = END.unpack_from(tail, found)
    end = tail_start + found
    file.seek(max(0, end - END64_PLACE.size))
    mark, _, end64, _ = END64_PLACE.unpack(file.read(END64_PLACE.size))
    if mark == b"PK\6\7":
        file.seek(end64)
        mark, *_, length, place = END64.unpack(file.read(END64.size))
        if mark != b"PK\6\6":
            raise zipfile.BadZipFile
        end = end64
    start = end - length
    if not 0 <= place <= start:
        raise zipfile.BadZipFile
    return start, end, start - place


def _members(file: BinaryIO, start: int, end: int) -> Iterator[Member]:
    file.seek(start)
    while start < end:
        mark, _, _, flags, method, _, _, crc, packed, bytes, *lengths, _, _, attributes, place = ENTRY.unpack(
            file.read(ENTRY.size)
        )
        if mark != b"PK\1\2":
            raise zipfile.BadZipFile
        name, extra, _ = (file.read(length) for length in lengths)
        bytes, packed, place = _widened(extra, bytes, packed, place)
        yield Member(name, flags, method, crc, packed, bytes, place, attributes >> 16)
        start += ENTRY.size + sum(lengths)


def _widened(extra: bytes, *numbers: int) -> list[int]:
    """The numbers, those that are ELSEWHERE from the extra field of zip64 [4.5.3]."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        if kind == 1:
            wide = [number for (number,) in struct.iter_unpack("<Q", extra[4 : 4 + length // 8 * 8])]
            return [wide.pop(0) if number == ELSEWHERE else number for number in numbers]
        extra = extra[4 + length :]
    return list(numbers)


def _list(member: Member, encoding: str, index: Index, bounds: Bounds, wanted: Callable[[str, int], bool]) -> None:
    """Put a member into the index; raises UserError for what no honest archive of pictures holds."""
    text = member.name.decode("utf-8" if member.flags & UTF8 else encoding, "replace")
    name = safe_name(text)
    bounds.add_file(name)
    if stat.S_IFMT(member.mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise UserError("archive_link", file=shown(name))
    if member.flags & ENCRYPTED:
        raise UserError("archive_encrypted", file=shown(name))
    if is_hidden(name):
        return
    if text.endswith(("/", "\\")) or stat.S_ISDIR(member.mode):
        index.add_folder(name)
        return
    number = index.add_file(name, member.bytes)
    if not wanted(name, member.bytes):
        return
    if member.method not in METHODS:
        raise UserError("archive_method", file=shown(name))
    bounds.add_member(name, member.bytes)
    row = (member.start, number, member.packed, member.method, member.crc)
    if not index.run("INSERT OR IGNORE INTO member VALUES (?, ?, ?, ?, ?)", *row).rowcount:
        raise UserError("archive_overlap", file=shown(name))


class Packed(NamedTuple):
    """A member that is to be unpacked."""

    name: str
    file: int  # its number in the index
    start: int  # of its header
    packed: int  # bytes
    bytes: int
    method: int
    crc: int
    limit: int  # where the next one starts, or the directory


def _in_order(index: Index, end: int) -> Iterator[Packed]:
    """The files with content as they lie in the zip, whose directory begins at `end`."""
    rows = index.run(
        f"""SELECT {NAME}, file.id, start, packed, file.bytes, method, crc, LEAD(start, 1, ?) OVER (ORDER BY start)
        FROM member JOIN file ON file.id = member.file JOIN folder ON folder.id = file.folder ORDER BY start""",
        end,
    )
    return map(Packed._make, rows)


def _check_overlap(picture: Packed, end: int) -> None:
    """Members that share bytes unpack to any amount (Fifield 2019, "A better zip bomb"; CVE-2024-0450)."""
    if end > picture.limit:
        raise UserError("archive_overlap", file=shown(picture.name))


def _unpack(file: BinaryIO, shift: int, picture: Packed, path: str, bounds: Bounds) -> None:
    """One member to `path`. Its header, the directory, and what comes out must agree."""
    try:
        file.seek(shift + picture.start)
        mark, _, flags, method, _, _, *sizes, name_length, extra_length = HEADER.unpack(file.read(HEADER.size))
        file.seek(name_length + extra_length, 1)
        _check_overlap(picture, file.tell() - shift + picture.packed)
        agreed = sizes == [picture.crc, picture.packed, picture.bytes] or flags & SIZES_LATER or ELSEWHERE in sizes
        if mark != b"PK\3\4" or method != picture.method or not agreed:
            raise zipfile.BadZipFile
        _copy(file, picture, path, bounds)
    except (*DAMAGED, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # the disk's own
            raise
        raise UserError("archive_broken_member", file=shown(picture.name)) from error


def _copy(file: BinaryIO, picture: Packed, path: str, bounds: Bounds) -> None:
    unpacked, left, crc = _opened(file, picture), picture.bytes, 0
    with open(path, "xb") as copy:
        while left:
            chunk = unpacked.read(min(left, MB))
            if not chunk:
                raise zipfile.BadZipFile
            copy.write(chunk)
            left, crc = left - len(chunk), zlib.crc32(chunk, crc)
            bounds.check_time()
    if crc != picture.crc:
        raise zipfile.BadZipFile


def _opened(file: BinaryIO, picture: Packed) -> BinaryIO:
    """What unpacks the member that `file` stands at. Zipfile would unpack bzip2 and lzma in memory, to any amount."""
    if picture.method == zipfile.ZIP_BZIP2:
        return bz2.BZ2File(_Part(file, picture.packed))
    if picture.method == zipfile.ZIP_LZMA:
        part = _Part(file, picture.packed)
        return lzma.LZMAFile(part, format=lzma.FORMAT_RAW, filters=[_lzma_filter(part.read(9))])
    info = zipfile.ZipInfo()
    info.compress_type, info.CRC = picture.method, picture.crc
    info.compress_size, info.file_size = picture.packed, picture.bytes
    return zipfile.ZipExtFile(file, "r", info)


class _Part:
    """The next bytes of a file, as a file of their own."""

    def __init__(self, file: BinaryIO, left: int) -> None:
        self.file, self.left = file, left

    def read(self, count: int) -> bytes:
        content = self.file.read(min(count, self.left))
        self.left -= len(content)
        return content


def _lzma_filter(properties: bytes) -> dict[str, int]:
    """The settings that stand before a member packed by lzma [5.8.8]."""
    _, length, packed, dictionary = struct.unpack("<2HBL", properties)
    if length != 5:
        raise zipfile.BadZipFile
    parameters = {"lc": packed % 9, "lp": packed // 9 % 5, "pb": packed // 45}
    return {"id": lzma.FILTER_LZMA1, "dict_size": dictionary, **parameters}
