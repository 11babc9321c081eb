"""What a person hands over, a folder or a zip, as one tree of files, within bounds that hold.

Names out of an archive never become paths: members are unpacked to numbered files, their names kept beside them.
"""

import contextlib
import errno
import lzma
import os
import re
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from resnet.data.images import MAX_BYTES, is_picture, shown
from resnet.errors import UserError

MB, GB = 10**6, 10**9
SYSTEM = {  # what systems and tools leave lying about, beside names that begin with a dot; lower case
    *("__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"),
    *("$recycle.bin", "system volume information", "@eadir", "lost+found"),
}
OTHER_ARCHIVES = (  # kind, where its mark stands, the mark
    ("7z", 0, b"7z\xbc\xaf"),
    ("RAR", 0, b"Rar!"),
    ("gzip", 0, b"\x1f\x8b"),
    ("xz", 0, b"\xfd7zXZ"),
    ("bzip2", 0, b"BZh"),
    ("zstd", 0, b"\x28\xb5\x2f\xfd"),
    ("tar", 257, b"ustar"),
)

# What zipfile and its decompressors raise on damaged bytes.
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    RuntimeError,
    ValueError,
    OverflowError,
    struct.error,
)

Progress = Callable[[str, int, int], None]  # (stage, done, total)


@dataclass(frozen=True)
class Limits:
    """What one import may ask of this machine; known before anything is unpacked or copied."""

    files: int = 200_000  # in the folder or archive, of any kind
    bytes: int = 20 * GB  # all pictures together, unpacked
    picture_bytes: int = MAX_BYTES  # one picture
    ratio: int = 200  # unpacked over packed; pictures are packed already: about 1, drawings as BMP up to 100
    ratio_from: int = 100 * MB  # unpacked; below this no ratio is of interest


@dataclass
class Tree:
    """Files by the names that they were handed over with; hidden files and those of the system left out."""

    files: list[tuple[PurePosixPath, Path]] = field(default_factory=list)  # pictures by suffix, and where they lie
    others: list[PurePosixPath] = field(default_factory=list)  # files that are no pictures by suffix
    folders: set[PurePosixPath] = field(default_factory=set)  # all folders, the empty ones too

    def add_folder(self, name: PurePosixPath) -> None:
        self.folders.update(parent for parent in (name, *name.parents) if parent.parts)


def read_tree(source: Path, into: Path, limits: Limits, progress: Progress | None = None) -> Tree:
    """The tree of a folder, read where it is, or of a zip, unpacked into the empty folder `into`."""
    if not source.exists():
        raise UserError("source_missing", source=shown(source))
    return walk(source, limits) if source.is_dir() else unpack(source, into, limits, progress)


def is_hidden(name: PurePosixPath) -> bool:
    return any(part.startswith(".") or part.lower() in SYSTEM for part in name.parts)


def check_space(folder: Path, needed: int) -> None:
    """Raises UserError where the disk of `folder` has no room for `needed` bytes, and 200 MB to breathe."""
    free = shutil.disk_usage(folder).free
    if needed + 200 * MB > free:
        raise UserError("disk_full", needed=_size(needed), free=_size(free))


def walk(folder: Path, limits: Limits) -> Tree:
    """The tree of `folder`; links are followed, for many keep their pictures so, except into their own parents."""
    tree, count, total = Tree(), 0, 0
    for at, folders, files in os.walk(folder, followlinks=True, onerror=_no_access):
        here = PurePosixPath(Path(at).relative_to(folder).as_posix())
        real = Path(at).resolve()
        folders[:] = sorted(
            name
            for name in folders
            if not is_hidden(PurePosixPath(name)) and Path(at, name).resolve() not in (real, *real.parents)
        )
        tree.folders.update(here / name for name in folders)
        for name in sorted(files):
            path = Path(at, name)
            if is_hidden(PurePosixPath(name)) or not path.is_file():
                continue
            count += 1
            _check_files(count, limits)
            if is_picture(name):
                total += path.stat().st_size
                _check_total(total, limits)
                tree.files.append((here / name, path))
            else:
                tree.others.append(here / name)
    return tree


def unpack(archive: Path, into: Path, limits: Limits, progress: Progress | None = None) -> Tree:
    """The tree of a zip, its pictures unpacked into the empty folder `into`.

    Nothing is written before every member was looked at: one that climbs out, is a link, or is encrypted, and
    sizes beyond `limits`, refuse the whole archive. What unpacks to more than it declared is refused at that byte.
    """
    _check_kind(archive)
    with open(archive, "rb") as packed:
        try:
            file = zipfile.ZipFile(_Bounded(packed, limits))
        except DAMAGED as error:
            raise UserError("archive_truncated", archive=shown(archive.name)) from error
        tree, pictures = _inspect(file, archive, limits)
        check_space(into, sum(member.file_size for member, _ in pictures))
        for number, (member, name) in enumerate(pictures):
            path = into / f"{number:06d}"
            _extract(file, member, path, name)
            tree.files.append((name, path))
            if progress:
                progress("unpack", number + 1, len(pictures))
    return tree


class _Bounded:
    """An open zip whose directory, which zipfile reads in one go and takes apart before anybody can count its
    entries, is refused where it is longer than 256 bytes a file: 46 and a long name."""

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self.file, self.limits = file, limits
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > max(256 * self.limits.files, 2 * MB):
            raise UserError("many_files", limit=self.limits.files)
        return self.file.read(size)


def _inspect(
    file: zipfile.ZipFile, archive: Path, limits: Limits
) -> tuple[Tree, list[tuple[zipfile.ZipInfo, PurePosixPath]]]:
    """The tree without its pictures, and the pictures to unpack, once all of it is known to be harmless."""
    members = file.infolist()
    _check_files(len(members), limits)
    tree, pictures = Tree(), []
    for member in members:
        name = _safe_name(member)
        if is_hidden(name):
            continue
        if member.filename.endswith(("/", "\\")):
            tree.add_folder(name)
            continue
        tree.add_folder(name.parent)
        if is_picture(name.name):
            pictures.append((member, name))
        else:
            tree.others.append(name)
    if not pictures and not tree.others:
        raise UserError("archive_empty", archive=shown(archive.name))
    for member, name in pictures:
        if member.file_size > limits.picture_bytes:
            raise UserError(
                "archive_member_large",
                file=shown(name),
                size=_size(member.file_size),
                limit=_size(limits.picture_bytes),
            )
    total, packed = sum(member.file_size for member, _ in pictures), archive.stat().st_size
    _check_total(total, limits)
    if total > limits.ratio_from and total > limits.ratio * packed:
        raise UserError("archive_ratio", packed=_size(packed), unpacked=_size(total), limit=limits.ratio)
    return tree, pictures


def _safe_name(member: zipfile.ZipInfo) -> PurePosixPath:
    """The member's name; raises UserError for what no honest archive of pictures holds."""
    text = member.filename
    if not member.flag_bits & 0x800:  # not marked as UTF-8: macOS writes UTF-8 all the same, others code page 437
        with contextlib.suppress(UnicodeError):
            text = text.encode("cp437").decode("utf-8")
    text = text.replace("\\", "/")
    name = PurePosixPath(text)
    if text.startswith("/") or ".." in name.parts or re.match(r"[A-Za-z]:", text):
        raise UserError("archive_climbs", file=shown(text))
    kind = stat.S_IFMT(member.external_attr >> 16)  # the upper half is Unix's mode, 0 where another system wrote it
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise UserError("archive_link", file=shown(text))
    if member.flag_bits & 0x1:
        raise UserError("archive_encrypted", file=shown(text))
    return name


def _extract(file: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path, name: PurePosixPath) -> None:
    """One member to `path`, counting what really comes out."""
    left = member.file_size
    try:
        with file.open(member) as packed, open(path, "xb") as unpacked:
            while chunk := packed.read(MB):
                left -= len(chunk)
                if left < 0:
                    raise UserError("archive_broken_member", file=shown(name))
                unpacked.write(chunk)
    except NotImplementedError as error:
        raise UserError("archive_method", file=shown(name)) from error
    except (*DAMAGED, OSError) as error:
        # bzip2's complaint has no number, EINVAL is a seek to nowhere; any other is the disk's own.
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise
        raise UserError("archive_broken_member", file=shown(name)) from error


def _check_kind(archive: Path) -> None:
    """Raises UserError, saying what it is, for a file that does not begin as a zip does.

    Checked first: zipfile looks at a file's end, and takes a tar that ends in a zip for that zip.
    """
    name = shown(archive.name)
    try:
        with open(archive, "rb") as file:
            head = file.read(512)
    except OSError as error:
        raise UserError("source_no_access", source=name, reason=error.strerror) from error
    for kind, offset, magic in OTHER_ARCHIVES:
        if head[offset : offset + len(magic)] == magic:
            raise UserError("archive_other", archive=name, kind=kind)
    if not head.startswith(b"PK"):
        raise UserError("archive_no_zip", archive=name)


def _check_files(count: int, limits: Limits) -> None:
    if count > limits.files:
        raise UserError("many_files", limit=limits.files)


def _check_total(total: int, limits: Limits) -> None:
    if total > limits.bytes:
        raise UserError("many_bytes", limit=_size(limits.bytes))


def _no_access(error: OSError) -> None:
    raise UserError("source_no_access", source=shown(error.filename), reason=error.strerror) from error


def _size(count: int) -> str:
    return f"{count / GB:.1f} GB" if count >= GB else f"{count / MB:.1f} MB"
