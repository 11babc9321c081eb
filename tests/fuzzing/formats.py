"""Formats taken apart and put together again, lengths and checksums mended: so that a change reaches behind them.

A part is (tag, body): a PNG's chunk, a JPEG's segment, a RIFF's or ISO file's box, an archive's member, one
instruction of a pickle. `apart` raises where the bytes are no such file any more.
`fields` lists where a format keeps its integers, as (offset, bytes); `mend` sets right what guards them.
"""

import bz2
import gzip
import io
import pickletools
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from typing import NamedTuple

Part = tuple[bytes, bytes]
Field = tuple[int, int]


class Format(NamedTuple):
    apart: Callable[[bytes], list[Part]]
    together: Callable[[list[Part]], bytes]
    fields: Callable[[bytes], list[Field]] = lambda content: []
    mend: Callable[[bytes], bytes] = lambda content: content


def format_of(name: str, content: bytes) -> Format | None:
    """By what the bytes are; by name where they do not tell."""
    if content.startswith(b"PK"):
        return STORED if name.endswith(PICKLES) else ZIP
    for magic, offset, format in MAGICS:
        if content[offset : offset + len(magic)] == magic:
            return format
    return PICKLE if name.endswith(PICKLES) else None


# PNG: 8 bytes, then chunks: length, tag, body, CRC of tag and body
def _png_apart(content: bytes) -> list[Part]:
    parts, at = [], 8
    while at < len(content):
        (length,) = struct.unpack_from(">I", content, at)
        parts.append((content[at + 4 : at + 8], content[at + 8 : at + 8 + length]))
        at += length + 12
    return parts


def _png_together(parts: list[Part]) -> bytes:
    chunks = [struct.pack(">I", len(body)) + tag + body + _crc(tag + body) for tag, body in parts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _png_fields(content: bytes) -> list[Field]:
    fields, at = [(16, 4), (20, 4), *((offset, 1) for offset in range(24, 29))], 8
    while at + 8 <= len(content):
        fields.append((at, 4))
        at += struct.unpack_from(">I", content, at)[0] + 12
    return fields


def _png_mend(content: bytes) -> bytes:
    mended, at = bytearray(content), 8
    while at + 12 <= len(mended):
        end = at + 8 + struct.unpack_from(">I", mended, at)[0]
        if end + 4 > len(mended):
            break
        mended[end : end + 4] = _crc(mended[at + 4 : end])
        at = end + 4
    return bytes(mended)


def _crc(content: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(content))


# JPEG: markers FF xx, each with a length that counts itself; behind SOS (DA) come the coded pixels
def _jpeg_apart(content: bytes) -> list[Part]:
    parts, at = [], 2
    while content[at : at + 2] != b"\xff\xda":
        (length,) = struct.unpack_from(">H", content, at + 2)
        parts.append((content[at : at + 2], content[at + 4 : at + 2 + length]))
        at += 2 + length
    return [*parts, (b"", content[at:])]


def _jpeg_together(parts: list[Part]) -> bytes:
    segments = [tag + struct.pack(">H", min(len(body) + 2, 65535)) + body if tag else body for tag, body in parts]
    return b"\xff\xd8" + b"".join(segments)


def _jpeg_fields(content: bytes) -> list[Field]:
    fields, at = [], 2
    while at + 9 <= len(content) and content[at] == 0xFF and content[at + 1] != 0xDA:
        fields.append((at + 2, 2))
        if 0xC0 <= content[at + 1] <= 0xC2:  # a frame's header: depth, height, width, components
            fields += [(at + 4, 1), (at + 5, 2), (at + 7, 2), (at + 9, 1), (at + 11, 1)]
        at += 2 + struct.unpack_from(">H", content, at + 2)[0]
    return fields


# RIFF (WebP): tag, length, body, to even lengths
def _riff_apart(content: bytes) -> list[Part]:
    parts, at = [], 12
    while at < len(content):
        (length,) = struct.unpack_from("<I", content, at + 4)
        parts.append((content[at : at + 4], content[at + 8 : at + 8 + length]))
        at += 8 + length + length % 2
    return parts


def _riff_together(parts: list[Part]) -> bytes:
    chunks = [tag + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2) for tag, body in parts]
    content = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(content)) + content


# ISO base media (AVIF, HEIC, JPEG 2000): length that counts itself, tag, body
def _iso_apart(content: bytes) -> list[Part]:
    parts, at = [], 0
    while at < len(content):
        (length,) = struct.unpack_from(">I", content, at)
        length = length if length >= 8 else len(content) - at
        parts.append((content[at + 4 : at + 8], content[at + 8 : at + length]))
        at += length
    return parts


def _iso_together(parts: list[Part]) -> bytes:
    return b"".join(struct.pack(">I", len(body) + 8) + tag + body for tag, body in parts)


def _iso_fields(content: bytes) -> list[Field]:
    """Lengths of all boxes, and the sizes that `ispe` and `ihdr` tell, wherever these words stand."""
    fields = []
    for tag in (b"ftyp", b"meta", b"hdlr", b"pitm", b"iloc", b"iinf", b"infe", b"iprp", b"ipco", b"ispe", b"pixi",
                b"av1C", b"hvcC", b"colr", b"ipma", b"mdat", b"ihdr", b"jp2h", b"irot", b"iref"):  # fmt: skip
        at = content.find(tag)
        if at >= 4:
            fields += [(at - 4, 4), *((at + offset, 4) for offset in range(4, 20, 4) if at + offset + 4 < len(content))]
    return fields


# TIFF, little-endian: a directory of entries, each tag, type, count, value or offset
def _tiff_apart(content: bytes) -> list[Part]:
    at = struct.unpack_from("<I", content, 4)[0]
    (count,) = struct.unpack_from("<H", content, at)
    entries = [content[at + 2 + 12 * i : at + 14 + 12 * i] for i in range(count)]
    if content[2] != 42 or any(len(entry) != 12 for entry in entries):
        raise ValueError("no classic TIFF")
    return [(entry[:2], entry[2:]) for entry in entries] + [(b"", content)]


def _tiff_together(parts: list[Part]) -> bytes:
    """The directory goes to the end of the bytes that were there."""
    rest = b"".join(body for tag, body in parts if not tag)
    entries = [(tag + body)[:12].ljust(12, b"\0") for tag, body in parts if tag]
    directory = struct.pack("<H", len(entries)) + b"".join(entries) + struct.pack("<I", 0)
    return rest[:4] + struct.pack("<I", len(rest)) + rest[8:] + directory


def _tiff_fields(content: bytes) -> list[Field]:
    at = struct.unpack_from("<I", content, 4)[0]
    (count,) = struct.unpack_from("<H", content, at)
    entries = range(at + 2, min(at + 2 + 12 * count, len(content) - 12), 12)
    return [(4, 4), (at, 2)] + [field for e in entries for field in ((e, 2), (e + 2, 2), (e + 4, 4), (e + 8, 4))]


# Headers of one fixed form
def _fixed(*fields: Field) -> Callable[[bytes], list[Field]]:
    return lambda content: [field for field in fields if sum(field) <= len(content)]


def _whole(content: bytes) -> list[Part]:
    return [(b"", content)]


def _bodies(parts: list[Part]) -> bytes:
    return b"".join(body for _, body in parts)


# zip: the members' bodies unpacked; written anew with sizes and CRCs that fit
def _zip_apart(content: bytes) -> list[Part]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [(m.orig_filename.encode("utf-8", "surrogateescape"), archive.read(m)) for m in archive.infolist()]


def _zip_together(parts: list[Part], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Written by hand: zipfile would refuse, or mend, the names that are wanted here."""
    members, directory, at = [], b"", 0
    for tag, body in parts:
        name, packed = tag[:65535], _deflated(body) if method == zipfile.ZIP_DEFLATED else body
        sizes = (zlib.crc32(body), len(packed), len(body), len(name), 0)
        header = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, 0x800, method, 0, 33, *sizes) + name
        members += [header, packed]
        directory += struct.pack(
            "<4sHHHHHHIIIHHHHHII", b"PK\1\2", 788, 20, 0x800, method, 0, 33, *sizes, 0, 0, 0, 0, at
        )
        directory += name
        at += len(header) + len(packed)
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, *[len(parts) % 65536] * 2, len(directory), at, 0)
    return b"".join([*members, directory, end])


def _stored_together(parts: list[Part]) -> bytes:
    return _zip_together(parts, zipfile.ZIP_STORED)


def _deflated(body: bytes) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    return packer.compress(body) + packer.flush()


def _zip_fields(content: bytes) -> list[Field]:
    """Every header's: version, flags, method, CRC, sizes, lengths, attributes, offsets."""
    fields = []
    for magic, inside in (
        (b"PK\3\4", ((4, 2), (6, 2), (8, 2), (10, 4), (14, 4), (18, 4), (22, 4), (26, 2), (28, 2))),
        (b"PK\1\2", ((4, 2), (6, 2), (8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (32, 2), (38, 4),
                     (42, 4))),
        (b"PK\5\6", ((4, 2), (6, 2), (8, 2), (10, 2), (12, 4), (16, 4), (20, 2))),
    ):  # fmt: skip
        at = content.find(magic)
        while at >= 0:
            fields += [(at + offset, width) for offset, width in inside if at + offset + width <= len(content)]
            at = content.find(magic, at + 1)
    return fields


# tar: a header of 512 bytes and the body, to full blocks; the tag is the header
def _tar_apart(content: bytes) -> list[Part]:
    parts, at = [], 0
    while at + 512 <= len(content) and content[at] != 0:
        header = content[at : at + 512]
        size = int(header[124:136].strip(b"\0 ") or b"0", 8)
        parts.append((header, content[at + 512 : at + 512 + size]))
        at += 512 + size + -size % 512
    if not parts:
        raise ValueError("no tar")
    return parts


def _tar_together(parts: list[Part]) -> bytes:
    members = [_tar_header(tag, len(body)) + body + b"\0" * (-len(body) % 512) for tag, body in parts]
    return b"".join(members) + b"\0" * 1024


def _tar_header(header: bytes, size: int) -> bytes:
    header = header[:512].ljust(512, b"\0")
    return _tar_checksum(header[:124] + b"%011o\0" % size + header[136:])


def _tar_checksum(header: bytes) -> bytes:
    total = sum(header[:148]) + sum(header[156:]) + 8 * ord(" ")
    return header[:148] + b"%06o\0 " % total + header[156:]


def _tar_fields(content: bytes) -> list[Field]:
    """Of each header: mode, owner, group, size, time, kind of member, device numbers."""
    inside = ((100, 8), (108, 8), (116, 8), (124, 12), (136, 12), (156, 1), (329, 8), (337, 8))
    return [(at + offset, width) for at in _tar_headers(content) for offset, width in inside]


def _tar_headers(content: bytes) -> list[int]:
    return [at for at in range(0, len(content) - 511, 512) if content[at + 257 : at + 262] == b"ustar"]


def _tar_mend(content: bytes) -> bytes:
    for at in _tar_headers(content):
        content = content[:at] + _tar_checksum(content[at : at + 512]) + content[at + 512 :]
    return content


def tar_member(name: bytes, body: bytes, kind: bytes = tarfile.REGTYPE, link: bytes = b"") -> Part:
    """A member whose name and link may be anything."""
    header = bytearray(512)
    header[: len(name[:100])], header[100:108], header[156:157] = name[:100], b"0000644\0", kind
    header[157 : 157 + len(link[:100])], header[257:265] = link[:100], b"ustar\x0000"
    return bytes(header), body


# gzip, bzip2: the tar inside
def _gzip_apart(content: bytes) -> list[Part]:
    return _tar_apart(gzip.decompress(content))


def _gzip_together(parts: list[Part]) -> bytes:
    return gzip.compress(_tar_together(parts), 1, mtime=0)


def _bzip2_apart(content: bytes) -> list[Part]:
    return _tar_apart(bz2.decompress(content))


def _bzip2_together(parts: list[Part]) -> bytes:
    return bz2.compress(_tar_together(parts), 1)


# Safetensors: the header's length in 8 bytes, the header in JSON, the tensors; parts: header and tensors
def _safetensors_apart(content: bytes) -> list[Part]:
    (length,) = struct.unpack_from("<Q", content)
    if length > len(content):
        raise ValueError("no header")
    return [(b".json", content[8 : 8 + length]), (b"", content[8 + length :])]


def _safetensors_together(parts: list[Part]) -> bytes:
    header = b"".join(body for tag, body in parts if tag)
    return struct.pack("<Q", len(header)) + header + _bodies([part for part in parts if not part[0]])


# Pickle: its instructions, of up to five pickles in a row (torch's older files), then the rest
def _pickle_apart(content: bytes) -> list[Part]:
    parts, file = [], io.BytesIO(content)
    for _ in range(5):
        begin = file.tell()
        try:
            places = [at for _, _, at in pickletools.genops(file)]
        except Exception:  # the rest is no pickle
            file.seek(begin)
            break
        parts += [(b"", content[a:b]) for a, b in zip(places, [*places[1:], file.tell()], strict=True)]
    if not parts:
        raise ValueError("no pickle")
    return [*parts, (b"", content[file.tell() :])]


PNG = Format(_png_apart, _png_together, _png_fields, _png_mend)
JPEG = Format(_jpeg_apart, _jpeg_together, _jpeg_fields)
WEBP = Format(_riff_apart, _riff_together, _fixed((4, 4), (16, 4), (20, 4), (24, 4), (26, 2), (28, 2)))
ISO = Format(_iso_apart, _iso_together, _iso_fields)
TIFF = Format(_tiff_apart, _tiff_together, _tiff_fields)
GIF = Format(_whole, _bodies, _fixed((6, 2), (8, 2), (10, 1), (11, 1), (12, 1)))
BMP = Format(
    _whole, _bodies, _fixed((2, 4), (10, 4), (14, 4), (18, 4), (22, 4), (26, 2), (28, 2), (30, 4), (34, 4), (46, 4))
)
ZIP = Format(_zip_apart, _zip_together, _zip_fields)
STORED = Format(_zip_apart, _stored_together, _zip_fields)  # torch reads no other zips
TAR = Format(_tar_apart, _tar_together, _tar_fields, _tar_mend)
GZIP = Format(_gzip_apart, _gzip_together)
BZIP2 = Format(_bzip2_apart, _bzip2_together)
SAFETENSORS = Format(_safetensors_apart, _safetensors_together, _fixed((0, 8), (0, 4)))
PICKLE = Format(_pickle_apart, _bodies)

PICKLES = (".pkl", ".pth", ".pt", ".bin", ".th")
MAGICS = (
    (b"\x89PNG\r\n\x1a\n", 0, PNG),
    (b"\xff\xd8", 0, JPEG),
    (b"RIFF", 0, WEBP),
    (b"ftyp", 4, ISO),
    (b"jP  ", 4, ISO),
    (b"II*\0", 0, TIFF),
    (b"GIF8", 0, GIF),
    (b"BM", 0, BMP),
    (b"ustar", 257, TAR),
    (b"\x1f\x8b", 0, GZIP),
    (b"BZh", 0, BZIP2),
    (b'{"', 8, SAFETENSORS),
)
