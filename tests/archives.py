"""Archives of all kinds, honest, odd and hostile, made by code, each with what an import has to say of it."""

import bz2
import gzip
import io
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from resnet.data.bounds import Limits


def picture(seed: int) -> bytes:
    """A small PNG, another for every seed."""
    pixels = np.random.default_rng(seed).integers(0, 256, (5, 5, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).resize((40, 40), Image.Resampling.NEAREST).save(buffer, "PNG")
    return buffer.getvalue()


def pictures(*labels: str, each: int = 2, suffix: str = ".png") -> dict[str, bytes]:
    return {f"{label}/{i}{suffix}": picture(1000 * k + i) for k, label in enumerate(labels) for i in range(each)}


PETS = pictures("cats", "dogs")
SPLIT = {"train": 1, "val": 1, "test": 0}
COUNTS = {"cats": SPLIT, "dogs": SPLIT}  # what PETS give


@dataclass(frozen=True)
class Case:
    """An archive and its outcome: the counts of what was imported, or the key of the sentence that refuses it."""

    title: str
    content: Callable[[], bytes]
    counts: dict = field(default_factory=lambda: COUNTS)
    warnings: tuple[str, ...] = ()
    refused: str = ""
    says: str = ""  # what the sentence, or the only warning, must hold: a member, a limit
    limits: Limits = field(default_factory=Limits)
    file: str = "pets.zip"


# zips


@dataclass(frozen=True)
class Entry:
    """A member as it is written, lies included."""

    name: bytes
    content: bytes = b""
    method: int = zipfile.ZIP_DEFLATED
    flags: int = 0
    mode: int = 0
    local: dict = field(default_factory=dict)  # what the header says instead: crc, packed, size, method, flags
    central: dict = field(default_factory=dict)  # what the directory says instead: these, and start, extra


def write_zip(entries: Iterable[Entry], comment: bytes = b"", start: int | None = None) -> bytes:
    """start: where the directory is said to begin, if not where it does."""
    body, directory, count = bytearray(), bytearray(), 0
    for entry in entries:
        packer = zlib.compressobj(9, wbits=-15)
        data = packer.compress(entry.content) + packer.flush() if entry.method == 8 else entry.content
        true = {
            **{"crc": zlib.crc32(entry.content), "packed": len(data), "size": len(entry.content)},
            **{"method": entry.method, "flags": entry.flags, "start": len(body), "extra": b""},
        }
        said, listed = true | entry.local, true | entry.central
        sizes = struct.pack("<3L", *(said[name] & 0xFFFFFFFF for name in ("crc", "packed", "size")))
        head = struct.pack("<4s5H", b"PK\3\4", 20, said["flags"], said["method"], 0, 0)
        body += head + sizes + struct.pack("<2H", len(entry.name), 0) + entry.name + data
        sizes = struct.pack("<3L", *(listed[name] & 0xFFFFFFFF for name in ("crc", "packed", "size")))
        head = struct.pack("<4s6H", b"PK\1\2", 3 << 8 | 20, 20, listed["flags"], listed["method"], 0, 0)
        tail = struct.pack("<5H2L", len(entry.name), len(listed["extra"]), 0, 0, 0, entry.mode << 16, listed["start"])
        directory += head + sizes + tail + entry.name + listed["extra"]
        count += 1
    at = len(body) if start is None else start
    counted = count % 65536
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, counted, counted, len(directory), at, len(comment))
    return bytes(body + directory + end + comment)


def plain(members: dict[str, bytes] = PETS, encoding: str = "utf-8", **settings: object) -> list[Entry]:
    return [Entry(name.encode(encoding), content, **settings) for name, content in members.items()]


def zipped(*more: Entry, **settings: object) -> Callable[[], bytes]:
    """PETS, and more."""
    return lambda: write_zip([*plain(**settings), *more])


def library_zip(method: int = zipfile.ZIP_DEFLATED, seekable: bool = True, members: dict[str, bytes] = PETS) -> bytes:
    """As Python's own library writes it; onto a pipe the sizes come after the data."""
    buffer = io.BytesIO()
    target = buffer if seekable else _Pipe(buffer)
    with zipfile.ZipFile(target, "w", method) as file:
        for name, content in members.items():
            with file.open(name, "w", force_zip64=not seekable) as member:
                member.write(content)
    return buffer.getvalue()


class _Pipe:
    def __init__(self, file: io.BytesIO) -> None:
        self.write, self.flush = file.write, file.flush


def overlapping(count: int = 50) -> bytes:
    """Every member begins with its own header and goes on through all later ones: a few bytes unpack to many."""
    kernel = picture(1) * 20
    size, names = 30 + 10, [f"a/{i:04}.bmp".encode() for i in range(count)]
    entries = [Entry(name, b"", 0) for name in names]
    length = [(count - i - 1) * size + len(kernel) for i in range(count)]
    body = write_zip([Entry(e.name, b"", 0) for e in entries[:-1]] + [Entry(names[-1], kernel, 0)])
    data = body[: body.index(b"PK\1\2")]
    directory = b"".join(
        struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, n, n, 10, 0, 0, 0, 0, 0, i * size) + name
        for i, (name, n) in enumerate(zip(names, length, strict=True))
    )
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(directory), len(data), 0)
    return data + directory + end


def zip64_extra(*numbers: int) -> bytes:
    return struct.pack(f"<2H{len(numbers)}Q", 1, 8 * len(numbers), *numbers)


def cut(content: bytes, keep: float) -> bytes:
    return content[: int(len(content) * keep)]


def changed(content: bytes, mark: bytes, offset: int, value: int) -> bytes:
    at = content.index(mark) + offset
    return content[:at] + bytes([content[at] ^ value]) + content[at + 1 :]


LINK, PIPE, DEVICE = (kind | 0o777 for kind in (stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR))
PNG = picture(7)
HUGE = 2**40


def refused_member(key: str, name: str, **settings: object) -> Case:
    return Case(f"zip: {name}", zipped(Entry(name.encode(), PNG, **settings)), refused=key, says=name)


def labels(*names: str, encoding: str = "utf-8", flags: int = 0x800, expect: Iterable[str] = ()) -> Case:
    """Two classes of any name; `expect` are their labels, if not the names."""
    members = pictures(*names)
    counts = dict.fromkeys(expect or names, SPLIT)
    return Case(
        f"zip: classes {names} in {encoding}, flags {flags}",
        lambda: write_zip(plain(members, encoding, flags=flags)),
        dict(sorted(counts.items())),
    )


ZIPS = [
    Case("zip: stored", lambda: library_zip(zipfile.ZIP_STORED)),
    Case("zip: deflated", library_zip),
    Case("zip: bzip2", lambda: library_zip(zipfile.ZIP_BZIP2)),
    Case("zip: lzma", lambda: library_zip(zipfile.ZIP_LZMA)),
    Case("zip: sizes after the data, and zip64", lambda: library_zip(seekable=False)),
    Case("zip: a comment at the end", lambda: write_zip(plain(), comment=b"holidays " * 500)),
    Case("zip: bytes before it that the directory does not count", lambda: b"PK\3\4" + write_zip(plain())),
    Case(
        "zip: zip64 sizes",
        zipped(*plain({"cats/0.png": picture(0)}, central={"size": 0xFFFFFFFF, "extra": zip64_extra(len(picture(0)))})),
        warnings=("import_duplicates",),
    ),
    Case(
        "zip: backslashes between folders",
        lambda: write_zip(plain({name.replace("/", "\\"): content for name, content in PETS.items()})),
    ),
    Case(
        "zip: a wrapping folder, hidden and system files",
        lambda: write_zip(
            plain(
                {f"My pets/{name}": content for name, content in PETS.items()}
                | {"__MACOSX/My pets/cats/._0.png": b"x", "My pets/.DS_Store": b"x", "My pets/cats/Thumbs.db": b"x"}
            )
        ),
    ),
    Case(
        "zip: a split that is given",
        lambda: write_zip(
            plain(
                {
                    f"{part}/{label}/{i}.png": picture(100 * k + 10 * j + i)
                    for k, part in enumerate(("train", "Valid", "test"))
                    for j, label in enumerate(("cats", "dogs"))
                    for i in range(2)
                }
            )
        ),
        {label: {"train": 2, "val": 2, "test": 2} for label in ("cats", "dogs")},
    ),
    Case(
        "zip: two members of one name that differ",
        zipped(Entry(b"cats/0.png", PNG)),
        {"cats": {"train": 2, "val": 1, "test": 0}, "dogs": SPLIT},
    ),
    Case(
        "zip: two members of one name that do not",
        zipped(Entry(b"cats/0.png", PETS["cats/0.png"])),
        warnings=("import_duplicates",),
        says="cats/0.png",
    ),
    Case(
        "zip: an archive inside",
        zipped(Entry(b"cats/more.zip", write_zip(plain()))),
        warnings=("layout_nested",),
        says="cats/more.zip",
    ),
    Case(
        "zip: other files",
        zipped(Entry(b"notes.txt", b"x"), Entry(b"cats/notes.json", b"{}")),
        warnings=("layout_ignored",),
        says="1 .txt, 1 .json",
    ),
    Case(
        "zip: classes that differ in case",
        lambda: write_zip(plain(pictures("Cats", "cats"))),
        {"Cats": SPLIT, "cats": SPLIT},
        ("layout_case",),
        says="Cats, cats",
    ),
    labels("cafe\u0301", "bar", expect=("café", "bar")),
    labels("猫", "狗", encoding="gbk", flags=0),
    labels("ねこ", "いぬ", encoding="cp932", flags=0),
    labels("naïve", "café", encoding="cp437", flags=0),
    labels("käfer", "mücke", flags=0),  # UTF-8 that does not say so, as macOS writes it
    labels("😀 пчёлы", "اردو हिन्दी"),
    labels("rtl\u202egpj.cats", "line\nbreak\x07", expect=("rtl\ufffdgpj.cats", "line\ufffdbreak\ufffd")),
    labels("CON", "aux.jpg"),
    labels("dots...", " blanks ", expect=("dots...", "blanks")),
    labels("=cmd()", '"quoted", twice'),
    labels("x" * 300, "<b>bold"),
    *(
        refused_member("archive_climbs", name)
        for name in (
            "../x.png",
            "cats/../../x.png",
            "/etc/x.png",
            "C:/x.png",
            "C:x.png",
            "//server/share/x.png",
            "../x.sh",
        )
    ),
    *(
        Case(f"zip: {name}", zipped(Entry(name, PNG)), refused="archive_climbs", says=name.decode().replace("\\", "/"))
        for name in (b"..\\x.png", b"cats\\..\\..\\x.png", b"\\x.png", b"\\\\server\\share\\x.png")
    ),
    refused_member("archive_link", "cats/link.png", mode=LINK),
    refused_member("archive_link", "cats/pipe.png", mode=PIPE),
    refused_member("archive_link", "notes.txt", mode=DEVICE),
    refused_member("archive_encrypted", "cats/secret.png", flags=1),
    refused_member("archive_method", "cats/deflate64.png", method=9),
    refused_member("archive_method", "cats/odd.png", method=97),
    Case("zip: nothing in it", lambda: write_zip([]), refused="archive_empty"),
    Case("zip: a quarter of it", lambda: cut(write_zip(plain()), 0.25), refused="archive_truncated", says="pets.zip"),
    Case("zip: all but its end", lambda: write_zip(plain())[:-10], refused="archive_truncated", says="pets.zip"),
    Case(
        "zip: its middle lost", lambda: write_zip(plain())[:200] + write_zip(plain())[400:], refused="archive_truncated"
    ),
    Case(
        "zip: a damaged directory", lambda: changed(write_zip(plain()), b"PK\1\2", 1, 255), refused="archive_truncated"
    ),
    Case("zip: a directory beyond the file", lambda: write_zip(plain(), start=10**9), refused="archive_truncated"),
    Case(
        "zip: a damaged member",
        lambda: changed(write_zip(plain(method=0)), PETS["dogs/1.png"], 50, 255),
        refused="archive_broken_member",
        says="dogs/1.png",
    ),
    *(
        refused_member("archive_broken_member", f"cats/lie {where} {name}.png", **{where: {name: value}})
        for where in ("local", "central")
        for name, value in (("size", 10), ("crc", 1), ("packed", 5), ("method", 0))
    ),
    refused_member("archive_broken_member", "cats/long.png", central={"size": 5000}, local={"size": 5000}),
    refused_member("archive_member_large", "cats/zip64.png", central={"size": 0xFFFFFFFF, "extra": zip64_extra(HUGE)}),
    refused_member("archive_member_large", "cats/no zip64.png", central={"size": 0xFFFFFFFF}),
    Case(
        "zip: zip64 field too short",
        zipped(Entry(b"cats/x.png", PNG, central={"size": 0xFFFFFFFF, "packed": 0xFFFFFFFF, "extra": zip64_extra(1)})),
        refused="archive_truncated",
    ),
    Case(
        "zip: zip64 offset beyond everything",
        zipped(Entry(b"cats/x.png", PNG, central={"start": 0xFFFFFFFF, "extra": zip64_extra(2**63)})),
        refused="archive_truncated",
    ),
    Case(
        "zip: two entries of one member",
        lambda: write_zip([*plain(), Entry(b"cats/again.png", PNG, central={"start": 0})]),
        refused="archive_overlap",
        says="cats/again.png",
    ),
    Case("zip: members in one another", overlapping, refused="archive_overlap", says="a/0000.bmp"),
    Case(
        "zip: a bomb",
        zipped(Entry(b"cats/flat.bmp", bytes(3_000_000))),
        refused="archive_ratio",
        says="20 times",
        limits=Limits(ratio=20, ratio_from=10**6),
    ),
    Case(
        "zip: a bzip2 bomb that lies",
        lambda: write_zip(
            [
                *plain(),
                Entry(
                    b"cats/flat.bmp", bz2.compress(bytes(20_000_000)), 12, central={"size": 1000}, local={"size": 1000}
                ),
            ]
        ),
        refused="archive_broken_member",
        says="cats/flat.bmp",
    ),
    Case(
        "zip: a large member",
        zipped(Entry(b"cats/big.png", bytes(50_000))),
        refused="archive_member_large",
        says="cats/big.png",
        limits=Limits(picture_bytes=40_000),
    ),
    Case(
        "zip: many members",
        zipped(*(Entry(b".%d" % i) for i in range(100))),
        refused="many_files",
        says="50",
        limits=Limits(files=50),
    ),
    Case("zip: many bytes", zipped(), refused="many_bytes", says="0.0 MB", limits=Limits(bytes=500)),
    Case("zip: many seconds", zipped(), refused="archive_slow", says="-1 seconds", limits=Limits(seconds=-1)),
    Case("zip: a long name", zipped(Entry(b"cats/" + b"x" * 60_000 + b".png", PNG)), refused="long_name", says="60009"),
    Case("zip: deep folders", zipped(Entry(b"a/" * 100 + b"x.png", PNG)), refused="many_levels", says="32"),
    Case(
        "zip: a zip of itself",
        lambda: write_zip([Entry(b"r/r.zip", write_zip(plain()))]),
        refused="layout_no_pictures",
        says="1 .zip",
    ),
]

# tars


def gzipped(content: bytes, level: int = 9) -> bytes:
    """Without the time at which it was made: the same bytes whenever it is."""
    return gzip.compress(content, level, mtime=0)


def tarred(members: dict[str, bytes] = PETS, format: int = tarfile.PAX_FORMAT, more: Iterable = ()) -> bytes:
    """more: (TarInfo, content)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format) as file:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            file.addfile(member, io.BytesIO(content))
        for member, content in more:
            file.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def tar_member(name: str, **fields: object) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    for field_name, value in fields.items():
        setattr(member, field_name, value)
    return member


def tar_header(name: str, kind: bytes = b"0", size: bytes = b"00000000000\0", magic: bytes = b"ustar\x0000") -> bytes:
    """One block, its sum over itself right, whatever its fields say."""
    fields = [name.encode().ljust(100, b"\0"), b"0000644\0", b"0000000\0", b"0000000\0", size, b"00000000000\0"]
    head = b"".join(fields) + b" " * 8 + kind + bytes(100) + magic
    head = head.ljust(512, b"\0")
    return head[:148] + b"%06o\0 " % sum(head) + head[156:]


def padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % 512)


def before(*blocks: bytes) -> bytes:
    """PETS, then these blocks, then an end."""
    whole = tarred(format=tarfile.USTAR_FORMAT)
    end = len(whole.rstrip(b"\0"))
    return whole[: end + -end % 512] + b"".join(blocks) + bytes(1024)


def pax(**records: str) -> bytes:
    """A header of pax that holds `records`."""
    content = b""
    for name, value in records.items():
        line = f" {name}={value}\n".encode()
        length = len(line) + 1
        while len(str(length)) + len(line) != length:
            length += 1
        content += str(length).encode() + line
    return tar_header("pax", b"x", b"%011o\0" % len(content)) + padded(content)


def base256(number: int) -> bytes:
    """As GNU writes sizes that are too large for octal digits, or negative."""
    return (number % 2**96 | (0x80 << 88 if number >= 0 else 0)).to_bytes(12, "big")


def refused_tar(key: str, title: str, says: str, content: Callable[[], bytes], file: str = "pets.tar", **more) -> Case:
    return Case(f"tar: {title}", content, refused=key, says=says, file=file, **more)


def bad_member(key: str, name: str, **fields: object) -> Case:
    return refused_tar(key, f"{name} {fields}", name, lambda: tarred(more=[(tar_member(name, **fields), b"")]))


NAMES = pictures("a label of some length " * 5, "folder/" * 3 + "猫" * 60)
LONG = {"a label of some length " * 4 + "a label of some length": SPLIT, "folder": SPLIT}
TARS = [
    *(
        Case(f"tar: format {format}", lambda format=format: tarred(format=format), file="pets.tar")
        for format in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)
    ),
    *(
        Case(f"tar: long names in format {format}", lambda format=format: tarred(NAMES, format), LONG, file="pets.tar")
        for format in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)
    ),
    Case(
        "tar: of the seventies, without a mark",
        lambda: (
            b"".join(
                tar_header(name, b"\0", b"%011o " % len(content), b"\0" * 8) + padded(content)
                for name, content in PETS.items()
            )
            + bytes(1024)
        ),
        file="pets.tar",
    ),
    Case(
        "tar: of the folder itself",
        lambda: tarred(
            {f"./{name}": content for name, content in PETS.items()},
            more=[(tar_member(".", type=tarfile.DIRTYPE), b"")],
        ),
        file="pets.tar",
    ),
    Case(
        "tar: a base-256 size",
        lambda: before(tar_header("cats/9.png", b"0", base256(len(PNG))), padded(PNG)),
        {"cats": {"train": 2, "val": 1, "test": 0}, "dogs": SPLIT},
        file="pets.tar",
    ),
    Case(
        "tar: hidden files, other files, an archive",
        lambda: tarred(
            {**PETS, "cats/._0.png": b"x", "__MACOSX/x.png": b"x", "cats/a.txt": bytes(10_000), "b.tar.gz": b"x"}
        ),
        warnings=("layout_nested", "layout_ignored"),
        file="pets.tar",
    ),
    Case(
        "tar: two members of one name",
        lambda: tarred(more=[(tar_member("cats/0.png", size=len(PNG)), PNG)]),
        {"cats": {"train": 2, "val": 1, "test": 0}, "dogs": SPLIT},
        file="pets.tar",
    ),
    Case("tar.gz", lambda: gzipped(tarred()), file="pets.tar.gz"),
    Case("tgz, called a zip", lambda: gzipped(tarred())),
    Case("tar.bz2", lambda: bz2.compress(tarred()), file="pets.tar.bz2"),
    Case(
        "tar.gz in several members",
        lambda: b"".join(gzipped(tarred()[start : start + 1000]) for start in range(0, len(tarred()), 1000)),
        file="pets.tgz",
    ),
    Case("tar.gz with something after it", lambda: gzipped(tarred()) + b"garbage" * 99, file="pets.tgz"),
    *(bad_member("archive_climbs", name) for name in ("../x.png", "/etc/x.png", "cats/../../x.png", "C:/x.png")),
    bad_member("archive_link", "cats/soft.png", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    bad_member("archive_link", "cats/hard.png", type=tarfile.LNKTYPE, linkname="cats/0.png"),
    bad_member("archive_link", "cats/pipe.png", type=tarfile.FIFOTYPE),
    bad_member("archive_link", "cats/device.png", type=tarfile.CHRTYPE),
    refused_tar("archive_link", "a kind of its own", "cats/odd.png", lambda: before(tar_header("cats/odd.png", b"Z"))),
    refused_tar("archive_sparse", "sparse, old", "cats/holes.png", lambda: before(tar_header("cats/holes.png", b"S"))),
    refused_tar(
        "archive_sparse",
        "sparse, by pax",
        "cats/holes.png",
        lambda: before(
            pax(
                **{
                    "GNU.sparse.major": "1",
                    "GNU.sparse.minor": "0",
                    "GNU.sparse.name": "cats/holes.png",
                    "GNU.sparse.realsize": str(HUGE),
                }
            ),
            tar_header("x", b"0", b"%011o\0" % 512),
            padded(b"1\n0\n1\n"),
        ),
    ),
    refused_tar(
        "archive_headers",
        "a sparse map without end",
        "dogs/1.png",
        lambda: gzipped(
            before(
                pax(**{"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "cats/holes.png"}),
                tar_header("x", b"0", b"%011o\0" % 2**30),
                b"9999999\n" + b"1\n" * 2**20,
            ),
            1,
        ),
        "pets.tgz",
    ),
    refused_tar(
        "archive_headers",
        "a header of pax that fills the memory",
        "dogs/1.png",
        lambda: gzipped(before(pax(comment="x" * 3_000_000)), 1),
        "pets.tgz",
    ),
    refused_tar(
        "archive_headers",
        "a long name that fills the memory",
        "dogs/1.png",
        lambda: gzipped(before(tar_header("././@LongLink", b"L", b"%011o\0" % 3_000_000), padded(bytes(3_000_000))), 1),
        "pets.tgz",
    ),
    refused_tar("archive_broken_at", "headers of headers", "dogs/1.png", lambda: before(pax(a="b") * 500)),
    refused_tar(
        "archive_climbs",
        "a path of pax",
        "../../x.png",
        lambda: before(pax(path="../../x.png"), tar_header("cats/9.png")),
    ),
    refused_tar("long_name", "a long name", "2009", lambda: tarred({"cats/" + "x" * 2000 + ".png": PNG})),
    refused_tar("many_levels", "deep folders", "32", lambda: tarred({"a/" * 100 + "x.png": PNG})),
    refused_tar(
        "archive_member_large",
        "a huge size",
        "cats/9.png",
        lambda: before(tar_header("cats/9.png", b"0", base256(2**80))),
    ),
    refused_tar(
        "archive_broken_at",
        "a huge size of what is no picture",
        "cats/notes.txt",
        lambda: before(tar_header("cats/notes.txt", b"0", base256(2**60))),
    ),
    refused_tar(
        "archive_broken_at",
        "a negative size",
        "cats/9.png",
        lambda: before(tar_header("cats/9.png", b"0", base256(-512))),
    ),
    refused_tar(
        "archive_broken_at",
        "a negative size by pax",
        "cats/9.png",
        lambda: before(pax(size="-512"), tar_header("cats/9.png")),
    ),
    refused_tar(
        "archive_broken_at",
        "a size that is no number",
        "dogs/1.png",
        lambda: before(tar_header("cats/9.png", b"0", b"no number\0\0\0")),
    ),
    refused_tar("archive_broken_at", "a damaged header", "dogs/1.png", lambda: before(b"\7" * 512)),
    refused_tar("archive_broken_at", "without its end", "dogs/1.png", lambda: before()[:-1024]),
    refused_tar("archive_broken_at", "a member cut off", "cats/1.png", lambda: tarred()[:1700]),
    refused_tar("archive_truncated", "gzip cut off", "pets.tgz", lambda: cut(gzipped(tarred()), 0.6), "pets.tgz"),
    refused_tar("archive_truncated", "gzip cut off at once", "pets.tgz", lambda: gzipped(tarred())[:30], "pets.tgz"),
    refused_tar("archive_empty", "nothing in it", "pets.tar", lambda: bytes(10240)),
    refused_tar("archive_no_tar", "a gzip of a picture", "pets.gz", lambda: gzipped(PNG * 9), "pets.gz"),
    refused_tar("archive_no_tar", "a gzip of nothing", "gzip", lambda: gzipped(b""), "pets.gz"),
    refused_tar(
        "archive_ratio",
        "a bomb",
        "20 times",
        lambda: gzipped(tarred({**PETS, "a.bmp": bytes(10**7)})),
        "pets.tgz",
        limits=Limits(ratio=20, ratio_from=10**6),
    ),
    refused_tar(
        "archive_ratio",
        "a bomb of no picture",
        "20 times",
        lambda: bz2.compress(tarred({**PETS, "a.txt": bytes(10**7)})),
        "pets.tgz",
        limits=Limits(ratio=20, ratio_from=10**6),
    ),
    refused_tar(
        "archive_bytes",
        "many bytes of no picture",
        "0.1 MB",
        lambda: tarred({"a.txt": bytes(10**6), **PETS}),
        limits=Limits(bytes=10**5),
    ),
    refused_tar(
        "archive_member_large",
        "a large member",
        "a.bmp",
        lambda: tarred({"a.bmp": bytes(50_000)}),
        limits=Limits(picture_bytes=40_000),
    ),
    refused_tar(
        "many_files",
        "many members",
        "50",
        lambda: tarred(dict.fromkeys(map(str, range(60)), b"")),
        limits=Limits(files=50),
    ),
    refused_tar("archive_slow", "many seconds", "-1 seconds", tarred, limits=Limits(seconds=-1)),
]

OTHERS = [
    *(
        Case(f"other: {kind}", lambda mark=mark: mark + bytes(600), refused="archive_other", says=f"a {kind} archive")
        for kind, mark in (
            ("7z", b"7z\xbc\xaf\x27\x1c"),
            ("RAR", b"Rar!\x1a\x07"),
            ("xz", b"\xfd7zXZ\0"),
            ("zstd", b"\x28\xb5\x2f\xfd"),
        )
    ),
    Case("other: text", lambda: b"my pets", refused="archive_none", says="pets.zip"),
    Case("other: nothing", lambda: b"", refused="archive_none", says="pets.zip"),
    Case("other: a picture", lambda: PNG, refused="archive_none", says="cat.jpg", file="cat.jpg"),
    Case("other: a text that ends in a zip", lambda: b"text" + write_zip(plain()), refused="archive_none"),
    Case(
        "other: a tar that ends in a zip",
        lambda: tarred({"a.zip": write_zip(plain())}),
        refused="layout_no_pictures",
        says="1 .zip",
    ),
]

CASES = [*ZIPS, *TARS, *OTHERS]
