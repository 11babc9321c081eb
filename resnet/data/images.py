"""Opening a picture: what a camera, a scanner or the web made becomes an upright RGB image, or one clear sentence.

Colour profiles are not applied: pixels are taken as they are stored, as in the training of timm's and torchvision's
models. CMYK becomes RGB by Pillow's plain formula. Files of strangers belong into a process of their own: see
`resnet.data.decoder`.
"""

import contextlib
import importlib
import importlib.util
import io
import os
import struct
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import dhash
import numpy as np
from PIL import (  # noqa: F401 (importing a plugin registers it)
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    IcnsImagePlugin,
    IcoImagePlugin,
    Image,
    ImageFile,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    MpoImagePlugin,
    PcxImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    PsdImagePlugin,
    SgiImagePlugin,
    TgaImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from resnet.errors import UserError
from resnet.text import Message

HEIC_SUFFIXES = (".heic", ".heif", ".hif")
HEIC_READ = importlib.util.find_spec("pillow_heif") is not None  # an extra: pip install pillow-heif
# What is read, by Pillow's names, in the order in which a file is tried, and how such files' names end. Left out is
# what Pillow decodes in Python (QOI, uncompressed DDS: seconds a megapixel), by other programs (EPS, WMF), and what
# holds no photographs.
FORMATS: dict[str, tuple[str, ...]] = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".pjpeg", ".pjp", ".mpo"),  # MPO comes in through JPEG's door
    "PNG": (".png", ".apng"),
    "GIF": (".gif",),
    "WEBP": (".webp",),
    "BMP": (".bmp", ".dib"),
    "TIFF": (".tif", ".tiff"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm", ".pfm"),
    "AVIF": (".avif",),
    **({"HEIF": HEIC_SUFFIXES} if HEIC_READ else {}),
    "JPEG2000": (".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx"),
    "PSD": (".psd",),
    "ICO": (".ico",),
    "ICNS": (".icns",),
    "PCX": (".pcx",),
    "SGI": (".sgi", ".rgb", ".rgba", ".bw"),
    "TGA": (".tga",),  # last: it has no mark of its own, only a header that makes sense
}
READ_SUFFIXES = {suffix for suffixes in FORMATS.values() for suffix in suffixes}
# Pictures too, and taken for such, so that each is answered by name and not passed over in silence.
UNREAD_SUFFIXES = {
    *(".jxl", ".svg", ".psb", ".qoi", ".dds", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf", ".pef"),
    *(() if HEIC_READ else HEIC_SUFFIXES),
}
SUFFIXES = READ_SUFFIXES | UNREAD_SUFFIXES
MAX_PIXELS = 64_000_000  # what one picture may ask for: 256 MB decoded
MAX_SIDE = 2**20  # pixels; a row costs memory of its own
MAX_BYTES = 4 * MAX_PIXELS + 10**6  # of a file: the largest picture, not compressed at all, and what stands around it
HALVED_PIXELS = 4 * MAX_PIXELS  # of a JPEG (phones make 200 megapixels): decoded at half its size it is within bounds

ORIENTATION = 0x0112  # the EXIF tag; how to turn a picture upright, for each of its values (CIPA DC-008, 4.6.5)
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# Pictures inside a format (a GIF's frame, a TIFF's tile, an icon in ICO): up to 178 megapixels Pillow only warns.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
# PNGs carry whole workflows as compressed text; Pillow refuses the picture where one takes more than 1 MB unpacked.
PngImagePlugin.MAX_TEXT_CHUNK = 2**24


def open_image(source: Path | bytes | BinaryIO, name: object = None, at_least: int | None = None) -> Image.Image:
    """The picture as an upright RGB image; of an animation the first frame, what is transparent on white.

    name: what a sentence calls it (default: the file's name).
    at_least: pixels the shorter side must keep; JPEGs are then decoded at 1/2, 1/4 or 1/8 where that is enough.
    JPEGs of more than MAX_PIXELS are decoded at half their size or less.
    Raises UserError, naming the file, where this is no whole picture of a format and size that we read.
    """
    content, name = read(source, name)
    return _decode(content, name, at_least)[0]


def measure(content: bytes, name: object = None) -> tuple[tuple[int, int], bytes]:
    """(width, height) (pixels, upright) and difference hash of a picture that was decoded to its end.

    Raises as `open_image` does.
    """
    image, size = _decode(content, shown(name), at_least=2 * GRID)
    return size, difference_hash(image)


def difference_hash(image: Image.Image) -> bytes:
    """What a picture looks like, in 16 bytes: whether grey rises, to the right and down, between 9 x 9 places."""
    grey = image.convert("L").resize((GRID, GRID), Image.Resampling.LANCZOS)
    return dhash.dhash_int(list(grey.tobytes())).to_bytes(16)


GRID = 9  # of which `dhash` makes 2 x 64 bits


def is_picture(name: str) -> bool:
    """Whether a file of this name is to be looked at as a picture."""
    return os.path.splitext(name)[1].lower() in SUFFIXES


def shown(name: object) -> object:
    """A file's name as it can stand in a sentence: one line, printable, at most 80 characters."""
    if name is None:
        return Message("image_unnamed")
    text = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in str(name))
    return text if len(text) <= 80 else f"{text[:40]}…{text[-39:]}"


def read(source: Path | bytes | BinaryIO, name: object) -> tuple[bytes, object]:
    """The bytes of `source`, at most MAX_BYTES, and its name for a sentence. Nothing stays open."""
    if isinstance(source, bytes):
        return source, shown(name)
    if hasattr(source, "read"):
        return source.read(MAX_BYTES + 1), shown(name)
    path = Path(source)
    name = shown(path.name if name is None else name)
    if not path.exists():
        raise UserError("image_missing", file=name)
    if not path.is_file():
        raise UserError("image_no_file", file=name)
    try:
        with open(path, "rb") as file:
            return file.read(MAX_BYTES + 1), name
    except OSError as error:
        raise UserError("image_no_access", file=name, reason=error.strerror) from error


def _decode(content: bytes, name: object, at_least: int | None) -> tuple[Image.Image, tuple[int, int]]:
    """The upright RGB image, and the upright size (pixels) that it has at full resolution."""
    if len(content) > MAX_BYTES:
        raise UserError("image_many_bytes", file=name, limit=MAX_BYTES // 10**6)
    try:
        image = _identify(content)
        if image is None:
            raise _unknown(content, name)
        _check(image, content, name)
        width, height = image.size
        reduced = False
        if isinstance(image, JpegImagePlugin.JpegImageFile):  # others' drafts are thumbnails, made by who knows whom
            reduced = _reduce(image, at_least)
        image.load()
        if not reduced:
            width, height = image.size
        orientation = _orientation(image)
        if orientation > 4:  # lying on its side
            width, height = height, width
        image = to_rgb(image)
        return image.transpose(UPRIGHT[orientation]) if orientation > 1 else image, (width, height)
    except (UserError, MemoryError):
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise UserError("image_bomb", file=name, limit=MAX_PIXELS // 10**6) from error
    except Exception as error:  # Pillow's decoders raise anything at all on damaged bytes
        raise UserError("image_broken", file=name) from error


def _identify(content: bytes) -> ImageFile.ImageFile | None:
    """The picture with its header read, or None where no format of ours fits.

    As PIL.Image.open does it, except that the size is ours to judge: that one warns, or raises, without naming it.
    """
    for format in _candidates(content):
        # The prefix may fit, and the header not; then another format has its turn.
        with contextlib.suppress(SyntaxError, IndexError, TypeError, struct.error):
            return Image.OPEN[format][0](io.BytesIO(content), "")
    return None


def _candidates(content: bytes) -> Iterator[str]:
    """The formats that a file's first bytes allow."""
    prefix = content[:16]
    for format in FORMATS:
        if format == "HEIF" and _is_heic(prefix):
            importlib.import_module("pillow_heif.HeifImagePlugin")  # takes as long as all the others together
            yield format
        elif format == "TGA" or (format != "HEIF" and Image.OPEN[format][1](prefix)):
            yield format


def _is_heic(prefix: bytes) -> bool:
    return prefix[4:8] == b"ftyp" and prefix[8:11] in (b"hei", b"hev", b"mif", b"msf")


def _check(image: ImageFile.ImageFile, content: bytes, name: object) -> None:
    """Raise UserError where a picture, of which only the header is read, is too large, or a mere preview."""
    width, height = image.size
    limit = HALVED_PIXELS if _can_be_halved(image, content) else MAX_PIXELS
    if width * height > limit or max(width, height) > MAX_SIDE:
        raise UserError("image_many_pixels", file=name, width=width, height=height, limit=limit // 10**6)
    if image.format == "TIFF" and _is_camera_raw(image.tag_v2):
        raise UserError("image_other", file=name, kind="camera RAW")


def _can_be_halved(image: ImageFile.ImageFile, content: bytes) -> bool:
    """Whether this is a JPEG that is decoded row by row: of one of several scans all coefficients are held at once."""
    if not isinstance(image, JpegImagePlugin.JpegImageFile) or "progressive" in image.info:
        return False
    at = 2  # segments: a mark of two bytes, the length of the rest, the rest (ITU T.81, B.1.1)
    while content[at] == 0xFF and content[at + 1] != START_OF_SCAN:
        at += 1 if content[at + 1] == 0xFF else 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return content[at + 4] == image.layers  # the first scan holds all components


START_OF_SCAN = 0xDA


def _is_camera_raw(tags: TiffImagePlugin.ImageFileDirectory_v2) -> bool:
    """Cameras' raw files are TIFFs that begin with a small preview: DNGs, and those with sub-pictures behind it."""
    return DNG_VERSION in tags or (tags.get(SUBFILE_TYPE, 0) == 1 and SUB_PICTURES in tags)


DNG_VERSION, SUBFILE_TYPE, SUB_PICTURES = 50706, 254, 330  # TIFF's tags


def _reduce(image: JpegImagePlugin.JpegImageFile, at_least: int | None) -> bool:
    """Have a JPEG decoded smaller, where it may or must be; whether it will be."""
    width, height = size = image.size
    if width * height > MAX_PIXELS:
        at_least = min(at_least or width, width // 2, height // 2)
    if at_least:
        image.draft(None, (at_least, at_least))
    return image.size != size


def _orientation(image: Image.Image) -> int:
    """EXIF's orientation, 1 to 8, of a loaded picture; 1 (upright) where there is none to be had."""
    try:
        orientation = image.getexif().get(ORIENTATION, 1)
    except Exception:  # a damaged EXIF block says nothing; the picture itself is whole
        return 1
    return orientation if orientation in UPRIGHT else 1


def to_rgb(image: Image.Image) -> Image.Image:
    """Any mode of Pillow's as RGB: transparency on white, deep greys brought to 8 bits."""
    if image.mode[0] in "IF":  # I;16 and its byte orders, I (32 bits), F
        image = _eight_bits(image)
    if not image.has_transparency_data:
        return image.convert("RGB")
    made = Image.new("RGB", image.size)
    for strip, top in _strips(image):
        made.paste(_on_white(strip), (0, top))
    return made


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode == "La":
        image = image.convert("LA")
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """A deep grey picture with its whole range of values brought to 0..255.

    Integers are of 16 bits (Pillow widens some files to 32); floats run to 1, 255 or 65535, whichever holds them.
    What fits none of these is stretched from its least to its greatest value.
    """
    extremes = [(values.min(), values.max()) for values, _ in _values(image)]
    least, greatest = min(low for low, _ in extremes), max(high for _, high in extremes)
    tops = (1, 255, 65535) if image.mode == "F" else (65535,)
    low, high = 0.0, next((top for top in tops if greatest <= top), None)
    if high is None or least < 0:
        low, high = least, greatest
    made = Image.new("L", image.size)
    for values, top in _values(image):
        scaled = np.rint((values - low) * (255 / max(high - low, 1e-12)))
        made.paste(Image.fromarray(scaled.astype(np.uint8)), (0, top))
    return made


def _values(image: Image.Image) -> Iterator[tuple[np.ndarray, int]]:
    """float32 (h, W), finite, of each strip of a grey picture, and its first row."""
    for strip, top in _strips(image):
        yield np.nan_to_num(np.asarray(strip, dtype=np.float32)), top


def _strips(image: Image.Image) -> Iterator[tuple[Image.Image, int]]:
    """Parts of a picture, from the top down, and their first rows: so that large ones are never held many times."""
    rows = max(1, STRIP_PIXELS // image.width)
    for top in range(0, image.height, rows):
        yield image.crop((0, top, image.width, min(top + rows, image.height))), top


STRIP_PIXELS = 4_000_000


def _unknown(content: bytes, name: object) -> UserError:
    """What to say of bytes that are no picture of ours: what they are instead, where they tell."""
    head = content[:1024]
    if not head:
        return UserError("image_empty", file=name)
    if _is_heic(head) and not HEIC_READ:
        return UserError("image_heic", file=name)
    if any(format != "TGA" for format in _candidates(content)):
        return UserError("image_broken", file=name)
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for kind, start in OTHERS:
        if text.startswith(start) or head.startswith(start):
            return UserError("image_other", file=name, kind=kind)
    if b"<svg" in text:
        return UserError("image_other", file=name, kind="SVG")
    if head[4:8] == b"ftyp":
        return UserError("image_other", file=name, kind="MP4/MOV")
    if b"\0" not in head and b"\xff" not in head:
        return UserError("image_text", file=name)
    return UserError("image_unknown", file=name)


OTHERS = (
    ("SVG", b"<svg"),
    ("PDF", b"%pdf"),
    ("HTML", b"<!doctype html"),
    ("HTML", b"<html"),
    ("PostScript", b"%!ps"),
    ("JPEG XL", b"\0\0\0\x0cJXL "),
    ("JPEG XL", b"\xff\x0a"),
    ("QOI", b"qoif"),
    ("DDS", b"DDS "),
    ("camera RAW", b"FUJIFILMCCD-RAW"),
    ("camera RAW", b"IIRO"),  # Olympus
    ("camera RAW", b"IIU\0"),  # Panasonic
    ("camera RAW", b"\0\0\0\x18ftypcrx"),  # Canon
    ("ZIP", b"PK\x03\x04"),
    ("RAR", b"Rar!"),
    ("7z", b"7z\xbc\xaf"),
)
