"""Opening a picture: what a camera, a scanner or the web made becomes an upright RGB image, or one clear sentence."""

import contextlib
import io
import struct
import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import (  # noqa: F401 (importing a plugin registers it)
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from resnet.errors import UserError
from resnet.text import Message

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "AVIF")  # MPO comes in through JPEG's door
READ_SUFFIXES = {
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".gif", ".webp", ".bmp", ".dib", ".tif", ".tiff"),
    *(".ppm", ".pgm", ".pbm", ".pnm", ".avif"),
}
# Pictures too, and taken for such, so that each is answered by name and not passed over in silence.
UNREAD_SUFFIXES = {".heic", ".heif", ".jp2", ".jxl", ".psd", ".svg"}
MAX_PIXELS = 64_000_000  # what one picture may ask for: 256 MB decoded
MAX_BYTES = 4 * MAX_PIXELS  # of a file: the largest picture, not compressed at all

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

# Inside a format (a GIF's frame, a TIFF's tile) Pillow only warns of sizes up to 178 megapixels, and goes on.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


def open_image(source: Path | bytes | BinaryIO, name: object = None, at_least: int | None = None) -> Image.Image:
    """The picture as an upright RGB image; of an animation the first frame, what is transparent on white.

    name: what a sentence calls it (default: the file's name).
    at_least: pixels the shorter side must keep; JPEGs are then decoded at 1/2, 1/4 or 1/8 where that is enough.
    Raises UserError, naming the file, where this is no whole picture of a format and size that we read.
    """
    content, name = read(source, name)
    return _decode(content, name, at_least)[0]


def measure(content: bytes, name: object = None) -> tuple[int, int]:
    """Width and height (pixels, upright) of a picture that was decoded to its end; raises as `open_image` does."""
    return _decode(content, shown(name), at_least=1)[1]


def is_picture(name: str) -> bool:
    """Whether a file of this name is to be looked at as a picture."""
    return Path(name).suffix.lower() in READ_SUFFIXES | UNREAD_SUFFIXES


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
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise UserError("image_many_pixels", file=name, width=width, height=height, limit=MAX_PIXELS // 10**6)
        if at_least:
            image.draft(None, (at_least, at_least))
        image.load()
        orientation = _orientation(image)
        if orientation > 4:  # lying on its side
            width, height = height, width
        image = to_rgb(image)
        return image.transpose(UPRIGHT[orientation]) if orientation > 1 else image, (width, height)
    except (UserError, MemoryError):
        raise
    except Exception as error:  # Pillow's decoders raise anything at all on damaged bytes
        raise UserError("image_broken", file=name) from error


def _identify(content: bytes) -> ImageFile.ImageFile | None:
    """The picture with its header read, or None where no format of ours fits.

    As PIL.Image.open does it, except that the size is ours to judge: that one warns, or raises, without naming it.
    """
    for format in FORMATS:
        factory, accepts = Image.OPEN[format]
        if accepts(content[:16]):
            # The prefix may fit, and the header not; then another format has its turn.
            with contextlib.suppress(SyntaxError, IndexError, TypeError, struct.error):
                return factory(io.BytesIO(content), "")
    return None


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
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """A deep grey picture with its whole range of values brought to 0..255.

    Integers are of 16 bits (Pillow widens some files to 32); floats run to 1, 255 or 65535, whichever holds them.
    What fits none of these is stretched from its least to its greatest value.
    """
    values = np.nan_to_num(np.asarray(image, dtype=np.float32))  # (H, W)
    low, high = 0.0, next((top for top in _tops(image.mode) if values.max() <= top), None)
    if high is None or values.min() < 0:
        low, high = values.min(), values.max()
    return Image.fromarray(np.rint((values - low) * (255 / max(high - low, 1e-12))).astype(np.uint8))


def _tops(mode: str) -> tuple[int, ...]:
    return (1, 255, 65535) if mode == "F" else (65535,)


def _unknown(content: bytes, name: object) -> UserError:
    """What to say of bytes that are no picture of ours: what they are instead, where they tell."""
    head = content[:1024]
    if not head:
        return UserError("image_empty", file=name)
    if head[4:8] == b"ftyp" and head[8:11] in (b"hei", b"hev", b"mif", b"msf"):
        return UserError("image_heic", file=name)
    if any(Image.OPEN[format][1](content[:16]) for format in FORMATS):
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
    ("Photoshop", b"8BPS"),
    ("JPEG 2000", b"\0\0\0\x0cjP  "),
    ("JPEG XL", b"\0\0\0\x0cJXL "),
    ("JPEG XL", b"\xff\x0a"),
    ("ZIP", b"PK\x03\x04"),
    ("RAR", b"Rar!"),
    ("7z", b"7z\xbc\xaf"),
)
