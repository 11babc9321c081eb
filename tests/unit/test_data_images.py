"""Pictures of every kind open as upright RGB, or are answered by one sentence."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from resnet.data.images import FORMATS, HALVED_PIXELS, MAX_PIXELS, measure, open_image, shown, to_rgb
from resnet.errors import UserError
from resnet.store import PROJECT
from tests.images import COLOURS, WHITE, Case, cases, encoded, png_of_size, scene, see_through

pytestmark = [
    pytest.mark.filterwarnings("error"),
    pytest.mark.filterwarnings("ignore:Corrupt EXIF"),
    pytest.mark.filterwarnings("ignore:Image was not the expected size"),
]

NOISE = np.random.default_rng(0)
CASES = cases()
OPENED = [case for case in CASES if not case.refused]
REFUSED = [case for case in CASES if case.refused]
SUFFIXES = {Path(case.name).suffix for case in OPENED if Path(case.name).suffix}


def photo(width: int = 64, height: int = 48) -> Image.Image:
    """Smooth enough for JPEG, and different in each corner."""
    y, x = np.mgrid[0:height, 0:width]
    return Image.fromarray(np.stack([x * 255 // width, y * 255 // height, 128 + 0 * x], axis=-1).astype(np.uint8))


def pixels(content: bytes) -> np.ndarray:
    image = open_image(content, "picture")
    assert image.mode == "RGB"
    return np.asarray(image).astype(int)


def quarters(values: np.ndarray) -> list[np.ndarray]:
    """(H, W, 3) -> the mean colour of each quarter's middle, from the top left to the bottom right."""
    height, width = values.shape[:2]
    found = []
    for top in (0, height // 2):
        for left in (0, width // 2):
            rows = slice(top + height // 8, max(top + height // 2 - height // 8, top + height // 8 + 1))
            columns = slice(left + width // 8, max(left + width // 2 - width // 8, left + width // 8 + 1))
            found.append(values[rows, columns].reshape(-1, 3).mean(axis=0))
    return found


@pytest.mark.parametrize("case", OPENED, ids=str)
def test_opens_upright_in_its_colours(case: Case):
    assert measure(case.content, case.name)[0] == case.size
    image = open_image(case.content, case.name)
    assert (image.mode, image.size) == ("RGB", case.size)
    for found, colour in zip(quarters(np.asarray(image)), case.colours, strict=True):
        assert found == pytest.approx(colour, abs=case.tolerance)


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_is_refused_by_its_name_and_reason(case: Case):
    for refuse in (open_image, measure):
        with pytest.raises(UserError) as caught:
            refuse(case.content, case.name)
        assert caught.value.message.key == case.refused
        for language in ("en", "zh"):
            assert case.name in caught.value.message.say(language)


def test_the_cases_are_many_and_of_every_format():
    assert (len(OPENED), len(REFUSED)) >= (380, 120)
    assert {suffixes[0] for suffixes in FORMATS.values()} <= SUFFIXES


def test_sources(tmp_path):
    content = encoded(photo(), "PNG")
    path = tmp_path / "photo.png"
    path.write_bytes(content)
    for source in (path, content, io.BytesIO(content)):
        assert np.array_equal(np.asarray(open_image(source)), np.asarray(photo()))


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


def test_at_least_reduces_jpegs_only_as_far_as_asked():
    content = encoded(photo(640, 480), "JPEG")
    assert open_image(content, at_least=480).size == (640, 480)
    assert open_image(content, at_least=241).size == (640, 480)
    assert open_image(content, at_least=240).size == (320, 240)
    assert open_image(content, at_least=1).size == (80, 60)
    assert measure(content)[0] == (640, 480)
    assert open_image(encoded(photo(), "PNG"), at_least=1).size == (64, 48)


def test_bytes_are_bounded(monkeypatch):
    monkeypatch.setattr("resnet.data.images.MAX_BYTES", 1000)
    for source in (b"x" * 1001, io.BytesIO(b"x" * 5000)):
        with pytest.raises(UserError, match=r"large.jpg is larger than"):
            open_image(source, "large.jpg")


@pytest.mark.filterwarnings("ignore")  # damaged bytes may warn of anything
@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_damaged_bytes_never_escape_as_anything_but_a_sentence(suffix):
    random = np.random.default_rng(1)
    content = np.frombuffer(next(case.content for case in OPENED if case.name.endswith(suffix)), dtype=np.uint8)
    for _ in range(40):
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
        (b"", "photo.jpg is empty"),
        (b"just some notes\n", "photo.jpg holds text"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "photo.jpg is in the format MP4/MOV"),
        (b"FUJIFILMCCD-RAW 0201", "photo.jpg is in the format camera RAW"),
        (encoded(scene(), "PNG")[:60], "photo.jpg is damaged or incomplete"),
        (png_of_size(10000, 9000), "photo.jpg is 10000 x 9000 pixels; at most 64 megapixels"),
    ],
)
def test_a_sentence_says_what_it_is_instead(content, sentence):
    with pytest.raises(UserError, match=sentence):
        open_image(content, "photo.jpg")


def test_without_its_package_a_heic_photo_is_answered_by_how_to_get_it():
    """In a process that cannot import pillow_heif."""
    program = """
import sys
sys.modules["pillow_heif"] = None
from resnet.data.images import FORMATS, READ_SUFFIXES, is_picture, open_image
assert "HEIF" not in FORMATS and ".heic" not in READ_SUFFIXES and is_picture("IMG_1.HEIC")
open_image(sys.stdin.buffer.read(), "IMG_1.HEIC")
"""
    content = encoded(scene(), "HEIF")
    done = subprocess.run([sys.executable, "-c", program], input=content, cwd=PROJECT, capture_output=True)
    assert b"UserError: IMG_1.HEIC is a HEIC photo. To have such photos read" in done.stderr
    assert b"pip install pillow-heif" in done.stderr


def test_the_decoders_of_heic_are_loaded_for_heic_only():
    program = """
import sys
from resnet.data.images import open_image
open_image(sys.stdin.buffer.read())
print("pillow_heif" in sys.modules)
"""
    for format, loaded in (("AVIF", b"False"), ("HEIF", b"True")):
        content = encoded(scene(), format)
        done = subprocess.run([sys.executable, "-c", program], input=content, cwd=PROJECT, capture_output=True)
        assert done.stdout.strip() == loaded, done.stderr


def test_a_jpeg_beyond_the_bound_is_decoded_at_half_its_size(monkeypatch):
    """With a bound of 2 megapixels: what takes a phone's 200 megapixels takes seconds to make."""
    monkeypatch.setattr("resnet.data.images.MAX_PIXELS", 2_000_000)
    monkeypatch.setattr("resnet.data.images.HALVED_PIXELS", 8_000_000)
    content = encoded(scene(size=(3000, 2001)), "JPEG")
    image = open_image(content)
    assert image.size == (1500, 1001)
    assert quarters(np.asarray(image)) == [pytest.approx(colour, abs=12) for colour in COLOURS]
    assert open_image(content, at_least=400).size == (750, 501)
    assert measure(content)[0] == (3000, 2001)
    for refused in (
        encoded(scene(size=(3000, 2001)), "JPEG", progressive=True),  # all its coefficients are held at once
        encoded(scene(size=(3000, 2001)), "WEBP"),
        encoded(scene(size=(3000, 2700)), "JPEG"),
    ):
        with pytest.raises(UserError, match="megapixels are read"):
            open_image(refused)


@pytest.mark.slow
def test_a_phone_of_200_megapixels():
    assert MAX_PIXELS < 16320 * 12240 < HALVED_PIXELS
    content = encoded(scene(size=(16320, 12240)), "JPEG")
    assert measure(content)[0] == (16320, 12240)
    image = open_image(content)
    assert image.size == (8160, 6120)
    assert quarters(np.asarray(image)) == [pytest.approx(colour, abs=12) for colour in COLOURS]


@pytest.mark.parametrize("mode", ["La", "RGBa", "PA", "HSV", "RGBX", "YCbCr", "I;16B", "1"])
def test_modes_that_only_pictures_in_memory_have(mode):
    if mode in ("La", "RGBa"):
        image, expected = see_through({"La": "LA", "RGBa": "RGBA"}[mode]), WHITE
        image = image.convert(mode)
    elif mode == "I;16B":
        image, expected = Image.frombytes(mode, (4, 4), np.full(16, 0x8080, ">u2").tobytes()), (128, 128, 128)
    else:
        image = scene(mode)
        expected = (255, 255, 255) if mode == "1" else COLOURS[0]
    converted = to_rgb(image)
    assert converted.mode == "RGB"
    assert converted.getpixel((1, 1)) == pytest.approx(expected, abs=4)


def test_large_pictures_are_converted_strip_by_strip_to_the_same_pixels(monkeypatch):
    deep = Image.fromarray(NOISE.integers(0, 65536, (97, 33), dtype=np.uint16))
    signed = Image.fromarray(NOISE.integers(-9000, 9000, (97, 33), dtype=np.int32))
    clear = Image.fromarray(NOISE.integers(0, 256, (97, 33, 4), dtype=np.uint8))
    whole = [np.asarray(to_rgb(image)) for image in (deep, signed, clear)]
    monkeypatch.setattr("resnet.data.images.STRIP_PIXELS", 400)
    for image, expected in zip((deep, signed, clear), whole, strict=True):
        assert np.array_equal(np.asarray(to_rgb(image)), expected)


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
