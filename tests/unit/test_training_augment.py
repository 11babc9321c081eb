"""Changes of batches, against torchvision's of single pictures; and what mixes classes."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor
from torchvision.transforms import RandomResizedCrop
from torchvision.transforms.v2 import functional as oracle

from resnet.data.batches import random_boxes
from resnet.training import augment
from resnet.training.augment import TRIVIAL, crops, crops_on_device, erase, mix

BILINEAR = oracle.InterpolationMode.BILINEAR


@pytest.fixture
def images() -> Tensor:
    """uint8 (4, 3, 24, 24): noise of several brightnesses and contrasts."""
    noise = torch.rand(4, 3, 24, 24, generator=torch.Generator().manual_seed(0))
    spread, least = (torch.tensor(values).view(-1, 1, 1, 1) for values in ([255.0, 100, 60, 0], [0.0, 50, 180, 77]))
    return (noise * spread + least).round().byte()


def numbers(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float32)


@pytest.fixture
def pictures() -> list[Tensor]:
    """uint8 (H, W, 3), of different shapes."""
    random = torch.Generator().manual_seed(0)
    sizes = ((30, 17), (12, 40), (24, 24))
    return [torch.randint(0, 256, (*size, 3), dtype=torch.uint8, generator=random) for size in sizes]


WANTED = [2, 0, 1, 0, 1]
BOXES = np.array([(0, 0, 24, 24), (3, 5, 26, 12), (11, 39, 1, 1), (29, 0, 1, 17), (0, 10, 12, 9)])
MIRRORED = np.array([False, True, False, True, True])


def cropped(picture: Tensor, box: np.ndarray, size: int, mirrored: bool) -> Tensor:
    made = oracle.resized_crop(picture.permute(2, 0, 1).float(), *box.tolist(), [size, size], antialias=True)
    return oracle.horizontal_flip(made) if mirrored else made


@pytest.mark.parity
@pytest.mark.parametrize("size", [8, 40])
def test_crops_are_torchvisions_smaller_and_larger(pictures, size):
    made = crops((pictures[index] for index in WANTED), BOXES, size, MIRRORED)
    assert made.is_contiguous(memory_format=torch.channels_last)
    for own, index, box, mirrored in zip(made, WANTED, BOXES, MIRRORED, strict=True):
        right = cropped(pictures[index], box, size, mirrored)
        torch.testing.assert_close(own.float(), right, rtol=0, atol=1.01)  # rounded after either side


@pytest.mark.parity
@pytest.mark.parametrize("size", [8, 40])
def test_crops_on_the_device_are_torchvisions_and_show_nothing_beyond_their_boxes(pictures, size, monkeypatch):
    monkeypatch.setattr(augment, "PART", 2)
    lengths = np.array([picture.numel() for picture in pictures])
    starts, sizes = lengths.cumsum() - lengths, np.array([picture.shape[:2] for picture in pictures])
    pixels = torch.cat([picture.flatten() for picture in pictures])
    numbers = map(torch.from_numpy, (starts[WANTED], sizes[WANTED], BOXES))
    made = crops_on_device(pixels, *numbers, size, torch.from_numpy(MIRRORED))
    for own, index, box, mirrored in zip(made, WANTED, BOXES, MIRRORED, strict=True):
        torch.testing.assert_close(own, cropped(pictures[index], box, size, mirrored), rtol=0, atol=1e-3)


@pytest.mark.parity
def test_boxes_have_torchvisions_areas_and_ratios():
    boxes = random_boxes(np.random.default_rng(0), np.tile([(60, 90)], (3000, 1)), 0.3, squash=False)
    torch.manual_seed(0)
    picture = torch.zeros(3, 60, 90)
    right = np.array([RandomResizedCrop.get_params(picture, [0.3, 1.0], [3 / 4, 4 / 3]) for _ in range(3000)])
    for of in (
        lambda b: b[:, 2] * b[:, 3] / 5400,
        lambda b: np.log(b[:, 3] / b[:, 2]),
        lambda b: b[:, 0],
        lambda b: b[:, 1],
    ):
        own, other = of(boxes), of(right)
        assert own.mean() == pytest.approx(other.mean(), abs=4 * other.std() / math.sqrt(1500))
        assert own.std() == pytest.approx(other.std(), rel=0.1)


def _described(boxes: np.ndarray) -> np.ndarray:
    """(4, N): top, left, area, the ratio's logarithm."""
    top, left, height, width = boxes.T
    return np.stack([top, left, height * width, np.log(width / height)])


PILLOWS = {
    "brighten": (oracle.adjust_brightness, (0.01, 0.5, 1, 1.7)),
    "contrast": (oracle.adjust_contrast, (0.01, 0.5, 1, 1.7)),
    "colour": (oracle.adjust_saturation, (0.01, 0.5, 1, 1.7)),
    "sharpen": (oracle.adjust_sharpness, (0.01, 0.5, 1, 1.7)),
    "posterise": (lambda image, bits: oracle.posterize(image, int(bits)), (2, 3, 5, 8)),
    "solarise": (oracle.solarize, (0, 100, 200, 255)),
    "stretch": (lambda image, _: oracle.autocontrast(image), (0, 0, 0, 0)),
    "equalise": (lambda image, _: oracle.equalize(image), (0, 0, 0, 0)),
}


@pytest.mark.parity
@pytest.mark.parametrize("name", PILLOWS)
def test_each_picture_is_changed_by_its_own_amount_as_torchvision_changes_it(images, name):
    change, amounts = PILLOWS[name]
    made = getattr(augment, name)(images.float(), numbers(*amounts))
    for own, image, amount in zip(made, images, amounts, strict=True):
        torch.testing.assert_close(own, change(image, amount).float(), rtol=0, atol=2)  # its own are whole numbers


MOVES = {
    "rotate": (lambda image, degrees: oracle.rotate(image, degrees, BILINEAR), (10, -30, 90, 135)),
    "shift_x": (lambda image, share: moved(image, translate=[-24 * share, 0]), (0.125, -0.25, 0.1, 0)),
    "shift_y": (lambda image, share: moved(image, translate=[0, -24 * share]), (0.125, -0.25, 0.1, 0)),
    "shear_x": (lambda image, slope: moved(image, shear=[math.degrees(math.atan(slope)), 0]), (0.1, -0.3, 0.9, 0)),
    "shear_y": (lambda image, slope: moved(image, shear=[0, math.degrees(math.atan(slope))]), (0.1, -0.3, 0.9, 0)),
}


def moved(image: Tensor, translate: tuple = (0, 0), shear: tuple = (0, 0)) -> Tensor:
    return oracle.affine(image, 0, list(translate), 1, list(shear), interpolation=BILINEAR)


@pytest.mark.parity
@pytest.mark.parametrize("name", MOVES)
def test_each_picture_is_moved_by_its_own_amount_as_torchvision_moves_it(images, name):
    move, amounts = MOVES[name]
    made = getattr(augment, name)(images.float(), numbers(*amounts))
    for own, image, amount in zip(made, images, amounts, strict=True):
        torch.testing.assert_close(own, move(image.float(), amount), rtol=0, atol=0.01)


@pytest.mark.parametrize("how", ["colour", "strong"])
def test_the_same_numbers_make_the_same_batch_of_pixels(images, how):
    batch = images.float().repeat(50, 1, 1, 1)
    before = batch.clone()
    made = [augment.POLICIES[how](batch, np.random.default_rng(seed)) for seed in (0, 0, 1)]
    assert torch.equal(batch, before) and torch.equal(made[0], made[1]) and not torch.equal(made[0], made[2])
    assert made[0].min() >= 0 and made[0].max() <= 255
    assert (made[0] != before).any(dim=(1, 2, 3)).float().mean() > 0.6


def test_every_change_of_the_strong_policy_takes_place_at_its_strongest(images):
    for change, strength in TRIVIAL:
        amount = torch.from_numpy(strength(np.ones(4), np.array([1.0, -1, 1, -1]))).float()
        made = change(images.float(), amount)
        assert made.shape == images.shape and made.isfinite().all()
        assert torch.equal(made, images.float()) == (change is augment.same)


def test_a_rectangle_of_some_pictures_is_erased():
    images = torch.full((400, 3, 32, 32), 200.0)
    made = erase(images, np.random.default_rng(0), 0.25, numbers(1, 2, 3))
    erased = (made == numbers(1, 2, 3).view(3, 1, 1)).all(dim=1)
    assert torch.equal(made[0].permute(1, 2, 0)[~erased[0]], images[0].permute(1, 2, 0)[~erased[0]])
    shares = erased.float().mean(dim=(1, 2))
    some = shares > 0
    assert 0.17 < some.float().mean() < 0.33
    assert shares[some].min() > 0.01 and 0.25 < shares[some].max() < 0.36
    for one in erased[some]:  # one block
        rows, columns = one.any(dim=1), one.any(dim=0)
        assert torch.equal(one, rows[:, None] & columns[None])
        assert (rows.int().diff().abs().sum() <= 2) and (columns.int().diff().abs().sum() <= 2)


@pytest.mark.parametrize(("mixup", "cutmix"), [(0.4, 0.0), (0.0, 1.0), (0.4, 1.0)])
def test_pictures_are_mixed_by_the_shares_that_their_targets_tell(mixup, cutmix):
    """Each picture is of its class's number in every pixel, so that its mean tells what it was mixed of."""
    targets = torch.arange(200) % 7
    images = targets.float().view(-1, 1, 1, 1).expand(200, 3, 32, 32)
    made, shares = mix(images, targets, np.random.default_rng(0), classes=7, mixup=mixup, cutmix=cutmix)
    torch.testing.assert_close(shares.sum(dim=1), torch.ones(200))
    torch.testing.assert_close(made.mean(dim=(1, 2, 3)), shares @ torch.arange(7.0), rtol=0, atol=1e-3)
    whole = (made == made.round()).all(dim=(1, 2, 3)).float().mean()  # pasted, or of two of one class
    assert (whole > 0.99) if not mixup else 0.05 < whole < (0.9 if cutmix else 0.4)
    assert ((shares > 0).sum(dim=1) <= 2).all() and 0.3 < shares.max(dim=1).values.min() < 0.7
