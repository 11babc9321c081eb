"""Pictures of every kind open as upright RGB, or are answered by one sentence."""

import io
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from resnet.data.images import FORMATS, MAX_PIXELS, UPRIGHT, measure, open_image, shown
from resnet.errors import UserError

pytestmark = pytest.mark.filterwarnings("error")

NOISE = np.random.default_rng(0)


def encoded(image: Image.Image, format: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def photo(width: int = 64, height: int = 48) -> Image.Image:
    """Smooth enough for JPEG, and different in each corner."""
    y, x = np.mgrid[0:height, 0:width]
    return Image.fromarray(np.stack([x * 255 // width, y * 255 // height, 128 + 0 * x], axis=-1).astype(np.uint8))


def pixels(content: bytes) -> np.ndarray:
    image = open_image(content, "picture")
    assert image.mode == "RGB"
    return np.asarray(image).astype(int)


def png_header(width: int, height: int) -> bytes:
    """A whole PNG of the given size in its header, and next to no pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("format", [*FORMATS, "MPO"])
def test_every_format_opens(format):
    got = pixels(encoded(photo(), format))
    assert got.shape == (48, 64, 3)
    assert np.abs(got - np.asarray(photo())).mean() < 6


def test_sources(tmp_path):
    content = encoded(photo(), "PNG")
    path = tmp_path / "photo.png"
    path.write_bytes(content)
    for source in (path, content, io.BytesIO(content)):
        assert np.array_equal(np.asarray(open_image(source)), np.asarray(photo()))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_exif_orientation(orientation, format):
    """Stored as the camera held it, shown as the photographer saw it: each value undone by its inverse."""
    upright = photo()
    inverse = {6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}  # the others undo themselves
    stored = upright.transpose(inverse.get(orientation, UPRIGHT[orientation])) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {} if format in ("PNG", "TIFF") else {"quality": 95}
    content = encoded(stored, format, exif=exif.tobytes() if format != "TIFF" else exif, **options)
    assert measure(content) == (64, 48)
    got = pixels(content)
    assert got.shape == (48, 64, 3)
    assert np.abs(got - np.asarray(upright)).mean() < 3


def test_damaged_exif_is_no_reason_to_refuse():
    content = encoded(photo(), "JPEG", exif=b"Exif\0\0MM\0*garbage" + b"\xff" * 40)
    with pytest.warns(UserWarning, match="Corrupt EXIF"):
        assert pixels(content).shape == (48, 64, 3)


def test_grey_and_one_bit():
    grey = NOISE.integers(0, 256, (5, 7), dtype=np.uint8)
    assert np.array_equal(pixels(encoded(Image.fromarray(grey), "PNG")), np.repeat(grey[..., None], 3, axis=-1))
    bits = grey > 127
    assert np.array_equal(pixels(encoded(Image.fromarray(bits), "PNG"))[..., 0], bits * 255)


@pytest.mark.parametrize("format", ["PNG", "TIFF", "PPM"])
def test_16_bit_grey_is_scaled(format):
    values = np.array([[0, 128, 129, 257], [32768, 40000, 65278, 65535]], dtype=np.uint16)
    got = pixels(encoded(Image.fromarray(values), format))
    assert np.array_equal(got[..., 0], np.rint(values / 257))


def test_big_endian_16_bit_grey():
    values = np.array([[0, 1000], [40000, 65535]], dtype=">u2")
    image = Image.frombytes("I;16B", (2, 2), values.tobytes())
    assert np.array_equal(pixels(encoded(image, "TIFF"))[..., 0], np.rint(values / 257.0))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0, 65535]], dtype=np.int32), [0, 255]),
        (np.array([[-100, 0, 100]], dtype=np.int32), [0, 128, 255]),
        (np.array([[0.0, 0.5, 1.0]], dtype=np.float32), [0, 128, 255]),
        (np.array([[0.0, 100.0, 255.0]], dtype=np.float32), [0, 100, 255]),
        (np.array([[np.nan, 1.0]], dtype=np.float32), [0, 255]),
        (np.array([[-2.0, 2.0]], dtype=np.float32), [0, 255]),
    ],
)
def test_deep_grey(values, expected):
    assert pixels(encoded(Image.fromarray(values), "TIFF"))[0, :, 0] == pytest.approx(expected, abs=1)


def test_palette():
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((1, 0), 1)
    assert pixels(encoded(image, "PNG")).tolist() == [[[255, 0, 0], [0, 0, 255]]]
    assert pixels(encoded(image, "PNG", transparency=1)).tolist() == [[[255, 0, 0], [255, 255, 255]]]
    assert pixels(encoded(image, "GIF", transparency=1)).tolist() == [[[255, 0, 0], [255, 255, 255]]]


def test_transparency_is_composited_on_white():
    rgba = Image.fromarray(np.array([[[200, 0, 0, 255], [200, 0, 0, 0], [200, 0, 0, 51]]], dtype=np.uint8))
    assert pixels(encoded(rgba, "PNG")).tolist() == [[[200, 0, 0], [255, 255, 255], [244, 204, 204]]]
    la = Image.fromarray(np.array([[[10, 255], [10, 0]]], dtype=np.uint8), "LA")
    assert pixels(encoded(la, "PNG"))[0, :, 0].tolist() == [10, 255]
    keyed = encoded(Image.fromarray(np.array([[[1, 2, 3], [9, 9, 9]]], dtype=np.uint8)), "PNG", transparency=(1, 2, 3))
    assert pixels(keyed).tolist() == [[[255, 255, 255], [9, 9, 9]]]


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_cmyk(format):
    cmyk = Image.new("CMYK", (16, 16), (0, 255, 255, 0))  # magenta and yellow: red
    assert np.abs(pixels(encoded(cmyk, format)) - [255, 0, 0]).max() < 4


def test_lab():
    assert np.abs(pixels(encoded(Image.new("LAB", (4, 4), (255, 128, 128)), "TIFF")) - 255).max() < 4


def test_first_frame_of_an_animation():
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    for format in ("GIF", "WEBP", "PNG", "TIFF"):
        content = encoded(frames[0], format, save_all=True, append_images=frames[1:])
        assert np.abs(pixels(content) - [255, 0, 0]).max() < 8, format


def test_at_least_reduces_jpegs_only_as_far_as_asked():
    content = encoded(photo(640, 480), "JPEG")
    assert open_image(content, at_least=480).size == (640, 480)
    assert open_image(content, at_least=241).size == (640, 480)
    assert open_image(content, at_least=240).size == (320, 240)
    assert open_image(content, at_least=1).size == (80, 60)
    assert measure(content) == (640, 480)
    assert open_image(encoded(photo(), "PNG"), at_least=1).size == (64, 48)


@pytest.mark.parametrize(("width", "height"), [(30000, 30000), (8001, 8000), (10000, 9000), (2**31 - 1, 1)])
def test_pixels_are_bounded_before_decoding(width, height):
    assert width * height > MAX_PIXELS
    with pytest.raises(UserError, match=f"bomb.png is {width} x {height} pixels; at most 64 megapixels"):
        open_image(png_header(width, height), "bomb.png")


def test_a_frame_larger_than_its_gif_is_no_way_in():
    content = bytearray(encoded(Image.new("P", (8, 8)), "GIF"))
    at = content.index(b",") + 1
    for size in (10000, 60000):  # within and beyond the range in which Pillow only warns
        content[at : at + 8] = struct.pack("<4H", 0, 0, size, size)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(UserError, match=r"bomb.gif is"):
                open_image(bytes(content), "bomb.gif")


def test_bytes_are_bounded(monkeypatch):
    monkeypatch.setattr("resnet.data.images.MAX_BYTES", 1000)
    for source in (b"x" * 1001, io.BytesIO(b"x" * 5000)):
        with pytest.raises(UserError, match=r"large.jpg is larger than"):
            open_image(source, "large.jpg")


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "BMP", "GIF"])
def test_truncated(format):
    content = encoded(Image.fromarray(NOISE.integers(0, 256, (64, 64, 3), dtype=np.uint8)), format)
    with pytest.raises(UserError, match=r"cut.jpg is damaged"):
        open_image(content[: len(content) // 2], "cut.jpg")
    with pytest.raises(UserError, match=r"cut.jpg is damaged"):
        measure(content[: len(content) // 2], "cut.jpg")


@pytest.mark.parametrize("format", FORMATS)
def test_damaged_bytes_never_escape_as_anything_but_a_sentence(format):
    random = np.random.default_rng(1)
    content = np.frombuffer(encoded(photo(), format), dtype=np.uint8)
    for _ in range(60):
        broken = content.copy()
        at = random.integers(0, min(len(broken), 400), 4)
        broken[at] = random.integers(0, 256, 4)
        try:
            open_image(broken.tobytes(), "x")
        except UserError as error:
            assert error.message.key.startswith("image_")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"just some notes\n", "holds text"),
        ("这不是图片".encode(), "holds text"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 50, "is a HEIC photo.*export it as JPEG"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic" + b"\0" * 50, "is a HEIC photo"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0" * 50, "MP4"),
        (b"<?xml version='1.0'?>\n<svg xmlns='x'/>", "SVG"),
        (b"%PDF-1.7\n", "PDF"),
        (b"<!DOCTYPE html><html>404</html>", "HTML"),
        (b"PK\x03\x04" + b"\0" * 30, "ZIP"),
        (b"\x93\x01\x02\x00" * 20, "not a picture that we read"),
        (encoded(Image.new("RGB", (4, 4)), "JPEG2000"), "JPEG 2000"),
        (encoded(Image.new("RGB", (4, 4)), "TGA"), "not a picture that we read"),
        (encoded(Image.new("RGB", (4, 4)), "ICO"), "not a picture that we read"),
        (png_header(0, 5), "photo.jpg is"),
    ],
)
def test_what_is_no_picture_is_named(content, sentence):
    with pytest.raises(UserError, match=sentence) as caught:
        open_image(content, "photo.jpg")
    assert "photo.jpg" in str(caught.value)
    assert "photo.jpg" in caught.value.message.say("zh")


def test_paths_that_are_no_files(tmp_path):
    with pytest.raises(UserError, match=r"gone.jpg: there is no such file"):
        open_image(tmp_path / "gone.jpg")
    with pytest.raises(UserError, match="is a folder"):
        open_image(tmp_path)


def test_without_a_name():
    with pytest.raises(UserError, match="the picture is empty"):
        open_image(b"")


def test_names_in_sentences_stay_on_one_line():
    assert shown("a\nb\u202ec\ud800") == "a\ufffdb\ufffdc\ufffd"
    assert len(shown("x" * 300)) == 80
    assert shown("пчёлы/蜜蜂 1.jpg") == "пчёлы/蜜蜂 1.jpg"
