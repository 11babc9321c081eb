"""Preprocessing equals timm's, to the pixel and the bit."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from timm.data import create_transform

from resnet.errors import UserError
from resnet.weights.preprocessing import Preprocessing

SHAPES = [(500, 333), (333, 500), (224, 224), (160, 171), (7, 5), (1, 20), (19, 1), (1, 1), (640, 61), (161, 160)]


def picture(width: int, height: int) -> Image.Image:
    rng = np.random.default_rng(width * 1000 + height)
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


def theirs(preprocessing: Preprocessing, normalize: bool):
    return create_transform(
        input_size=(3, preprocessing.size, preprocessing.size),
        crop_pct=preprocessing.crop_pct,
        crop_mode=preprocessing.crop_mode,
        interpolation=preprocessing.interpolation,
        mean=preprocessing.mean,
        std=preprocessing.std,
        normalize=normalize,
    )


@pytest.mark.parity
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("crop_pct", [0.875, 0.95, 1.0])
@pytest.mark.parametrize("size", [160, 224])
@pytest.mark.parametrize("crop_mode", ["center", "squash", "border"])
def test_pixels_and_tensors_equal_timms(crop_mode, size, crop_pct, interpolation):
    ours = Preprocessing(size, crop_pct, crop_mode, interpolation)
    pixels, tensor = theirs(ours, normalize=False), theirs(ours, normalize=True)
    for shape in SHAPES:
        image = picture(*shape)
        seen = torch.from_numpy(ours.pixels(image))
        assert torch.equal(seen, pixels(image)), shape
        assert torch.equal(ours.normalise(seen[None])[0], tensor(image)), shape


@pytest.mark.parametrize("crop_mode", ["center", "squash", "border"])
def test_a_picture_longer_than_any_other_is_fitted_in_little_memory(crop_mode):
    """Resized whole, its shorter side at 182 pixels, this one would take 8 GB."""
    assert Preprocessing(160, 0.875, crop_mode).fit(Image.new("RGB", (90_000, 1), "red")).size == (160, 160)


@pytest.mark.parity
@pytest.mark.parametrize("shape", [(40, 1000), (3001, 100)])
def test_a_picture_longer_than_twenty_widths_differs_from_timms_by_the_rounding_of_its_scale(shape):
    ours = Preprocessing(160)
    pixels = theirs(ours, normalize=False)(picture(*shape)).int()
    difference = (torch.from_numpy(ours.pixels(picture(*shape))).int() - pixels).abs()
    assert difference.max() <= 4 and difference.float().mean() < 0.5  # of 255, on noise, the hardest of pictures


def test_grey_pictures_and_networks_of_one_channel():
    grey = Preprocessing(32, mean=(0.5,), std=(0.25,), crop_mode="border")
    assert grey.pixels(picture(50, 20)).shape == (1, 32, 32)
    assert grey.fit(picture(50, 20)).getpixel((0, 0)) == 128
    assert Preprocessing(32).pixels(Image.new("L", (40, 40))).shape == (3, 32, 32)


def test_the_batch_given_stays_as_it_is():
    batch = torch.randint(0, 256, (2, 3, 8, 8), dtype=torch.uint8)
    before = batch.clone()
    assert Preprocessing(8).normalise(batch).dtype == torch.float32
    assert torch.equal(batch, before)


def test_config_there_and_back():
    ours = Preprocessing(160, 0.95, "squash", "bilinear", (0.5, 0.4, 0.3), (0.2, 0.2, 0.1))
    assert Preprocessing.from_config(ours.to_config()) == ours
    assert Preprocessing.from_config({}) == Preprocessing(224)
    assert ours.replace(size=224, crop_mode="border") == Preprocessing(
        224, 0.95, "border", "bilinear", ours.mean, ours.std
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("input_size", [3, 160, 224]),
        ("input_size", [3, 0, 0]),
        ("input_size", "224"),
        ("crop_pct", 1.5),
        ("crop_pct", "much"),
        ("crop_mode", "tilt"),
        ("interpolation", "random"),
        ("mean", [0.5, 0.5]),
        ("std", [0.2, 0.0, 0.2]),
        ("std", [0.2, float("nan"), 0.2]),
    ],
)
def test_what_cannot_be_applied_is_named(field, value):
    with pytest.raises(UserError, match=f"{field} is ") as raised:
        Preprocessing.from_config({field: value})
    assert raised.value.message.values["value"] == str(value)


def test_the_sentence_names_sizes():
    assert "182" in Preprocessing(160).describe().say() and "160" in Preprocessing(160).describe().say("zh")
    for crop_mode in ("squash", "border"):
        assert "160 × 160" in Preprocessing(160, 1.0, crop_mode).describe().say()


def test_models_are_listed_without_torch():
    code = (
        "import sys; import resnet.weights.folder, resnet.weights.preprocessing, resnet.nn.variants; "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
