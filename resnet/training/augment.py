"""What is done to a batch of pictures at random before the network learns from it, all of them at once, on any device.

Every function is given its numbers or a generator of them, and nothing here remembers anything: the same numbers make
the same batch. Pixels run from 0 to 255. Shapes: N images, 3 channels, S x S pixels, K classes.
"""

from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

GREY = (0.299, 0.587, 0.114)  # of red, green, blue: luma as ITU-R BT.601 has it, Pillow and torchvision too


def crops(pictures: Iterable[Tensor], boxes: np.ndarray, size: int, mirrored: np.ndarray) -> Tensor:
    """What boxes (N, 4: top, left, height, width) show of pictures, uint8 (H, W, 3) each, at one size, on a CPU.

    uint8 (N, 3, size, size) in channels-last memory, mirrored where `mirrored` (N). Linear interpolation with a filter
    as wide as the new pixels (antialiasing), as torchvision and Pillow have it: torch's own, which for bytes in this
    order takes a tenth of the time of anything in floats.
    """
    made = torch.empty(len(boxes), size, size, 3, dtype=torch.uint8).permute(0, 3, 1, 2)
    for room, picture, (top, left, height, width), flip in zip(made, pictures, boxes.tolist(), mirrored, strict=True):
        part = picture[top : top + height, left : left + width].permute(2, 0, 1)[None]
        part = F.interpolate(part, (size, size), mode="bilinear", antialias=True)[0]
        room.copy_(part.flip(2) if flip else part)
    return made


def crops_on_device(
    pixels: Tensor, starts: Tensor, sizes: Tensor, boxes: Tensor, size: int, mirrored: Tensor
) -> Tensor:
    """The same, all at once from pictures in the device's memory: float32 (N, 3, size, size).

    pixels: uint8, all pictures (H, W, 3) one after the other; of those wanted, starts (N) and sizes (N, 2): H, W.
    A crop is a linear map of each side: two matrix products, a different map for each picture, and no loop but the one
    that bounds the memory.
    """
    parts = zip(*(numbers.split(PART) for numbers in (starts, sizes, boxes, mirrored)), strict=True)
    return torch.cat([_some_on_device(pixels, *part, size) for part in parts])


PART = 32  # pictures whose boxes are looked up at once: 8 bytes a value


def _some_on_device(
    pixels: Tensor, starts: Tensor, sizes: Tensor, boxes: Tensor, mirrored: Tensor, size: int
) -> Tensor:
    top, left, height, width = (column.view(-1, 1, 1) for column in boxes.unbind(dim=1))
    rows, columns = (torch.arange(int(side.max()), device=boxes.device) for side in (height, width))
    down, across = _weights(height, size, len(rows)), _weights(width, size, len(columns))
    across = torch.where(mirrored.view(-1, 1, 1), across.flip(1), across)
    rows = top + torch.minimum(rows.view(1, -1, 1), height - 1)  # beyond a smaller box: seen by no weight
    columns = left + torch.minimum(columns, width - 1)
    places = starts.view(-1, 1, 1) + 3 * (rows * sizes[:, 1].view(-1, 1, 1) + columns)
    channels = [pixels[places + channel].float() for channel in range(3)]
    return torch.stack([down @ channel @ across.mT for channel in channels], dim=1)


def _weights(lengths: Tensor, size: int, span: int) -> Tensor:
    """float32 (N, size, span): what each of `span` pixels, of which `lengths` (N, 1, 1) count, adds to a new one."""
    scale = lengths / size  # old pixels per new one
    centres = (torch.arange(size, device=lengths.device) + 0.5).view(1, -1, 1) * scale
    pixels = torch.arange(span, device=lengths.device) + 0.5
    weights = (1 - (pixels - centres).abs_() / scale.clamp_min(1)).clamp_min_(0)
    weights *= pixels < lengths
    return weights / weights.sum(dim=2, keepdim=True)


# Changes of pictures, float32 (N, 3, S, S) from 0 to 255, each by its own amount (N); what Pillow's operations of
# these names do, and torchvision's.


def brighten(images: Tensor, amount: Tensor) -> Tensor:
    return _blend(torch.zeros_like(images), images, amount)


def contrast(images: Tensor, amount: Tensor) -> Tensor:
    return _blend(_grey(images).mean(dim=(1, 2, 3), keepdim=True).expand_as(images), images, amount)


def colour(images: Tensor, amount: Tensor) -> Tensor:
    return _blend(_grey(images).expand_as(images), images, amount)


def sharpen(images: Tensor, amount: Tensor) -> Tensor:
    """0: smoothed by a 3 x 3 filter with 5 in the middle; the outermost pixels stay."""
    kernel = images.new_ones(3, 1, 3, 3)
    kernel[..., 1, 1] = 5
    smooth = images.clone()
    smooth[..., 1:-1, 1:-1] = F.conv2d(images, kernel / 13, groups=3)
    return _blend(smooth, images, amount)


def posterise(images: Tensor, bits: Tensor) -> Tensor:
    """Only the upper `bits` of 8 are kept."""
    step = 2 ** (8 - bits.view(-1, 1, 1, 1))
    return images.div(step).floor_().mul_(step)


def solarise(images: Tensor, threshold: Tensor) -> Tensor:
    """What is as bright as the threshold or brighter is inverted."""
    return torch.where(images >= threshold.view(-1, 1, 1, 1), 255 - images, images)


def stretch(images: Tensor, _: Tensor) -> Tensor:
    """Each channel's least value becomes 0 and its greatest 255 (autocontrast)."""
    least, greatest = images.amin(dim=(2, 3), keepdim=True), images.amax(dim=(2, 3), keepdim=True)
    return torch.where(greatest > least, (images - least) * (255 / (greatest - least).clamp_min(1e-6)), images)


def equalise(images: Tensor, _: Tensor) -> Tensor:
    """Each channel's values spread so that all are about as frequent, as Pillow does it: by whole values."""
    values = images.round().clamp_(0, 255).long().flatten(2)
    counts = torch.zeros(*values.shape[:2], 256, dtype=torch.long, device=images.device)
    counts.scatter_add_(2, values, torch.ones_like(values))
    last = counts.gather(2, values.amax(dim=2, keepdim=True))  # how often the greatest value occurs
    step = (values.shape[2] - last) // 255
    below = counts.cumsum(dim=2) - counts
    table = ((below + step // 2) // step.clamp_min(1)).clamp_(0, 255)
    spread = table.gather(2, values).view_as(images).to(images.dtype)
    return torch.where((step > 0)[..., None], spread, images)


def affine(images: Tensor, matrices: Tensor) -> Tensor:
    """Pixels taken from where the matrices (N, 2, 3) send their places; black where that is outside.

    Places run from -1 to 1, as in `torch.nn.functional.affine_grid`.
    """
    grid = F.affine_grid(matrices, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def shear_x(images: Tensor, amount: Tensor) -> Tensor:
    return affine(images, _matrices(amount, x_from_y=amount))


def shear_y(images: Tensor, amount: Tensor) -> Tensor:
    return affine(images, _matrices(amount, y_from_x=amount))


def shift_x(images: Tensor, share: Tensor) -> Tensor:
    return affine(images, _matrices(share, x=2 * share))


def shift_y(images: Tensor, share: Tensor) -> Tensor:
    return affine(images, _matrices(share, y=2 * share))


def rotate(images: Tensor, degrees: Tensor) -> Tensor:
    """Square pictures about their middle."""
    cosine, sine = degrees.deg2rad().cos(), degrees.deg2rad().sin()
    return affine(images, _matrices(degrees, x_from_x=cosine, x_from_y=-sine, y_from_x=sine, y_from_y=cosine))


def same(images: Tensor, _: Tensor) -> Tensor:
    return images


def _matrices(like: Tensor, *, x_from_x=1.0, x_from_y=0.0, x=0.0, y_from_x=0.0, y_from_y=1.0, y=0.0) -> Tensor:
    rows = ((x_from_x, x_from_y, x), (y_from_x, y_from_y, y))
    return torch.stack([torch.stack([torch.zeros_like(like) + entry for entry in row], dim=1) for row in rows], dim=1)


def _grey(images: Tensor) -> Tensor:
    return (images * images.new_tensor(GREY).view(-1, 1, 1)).sum(dim=1, keepdim=True)


def _blend(none: Tensor, images: Tensor, amount: Tensor) -> Tensor:
    """The pictures at amount 1, `none` at 0, beyond 1 more of what tells them from it."""
    return torch.lerp(none, images, amount.view(-1, 1, 1, 1)).clamp_(0, 255)


def _numbers(values: np.ndarray, like: Tensor) -> Tensor:
    return torch.from_numpy(values).to(like)


def jitter(images: Tensor, random: np.random.Generator) -> Tensor:
    """Brightness, contrast and colour each times 0.6 to 1.4, drawn for each picture.

    As in the training of torchvision's first ResNets and of He et al. 2018, "Bag of Tricks", section 2.1.
    """
    for change in (brighten, contrast, colour):
        images = change(images, _numbers(random.uniform(0.6, 1.4, len(images)), images))
    return images


def trivial(images: Tensor, random: np.random.Generator) -> Tensor:
    """One change, drawn for each picture with its strength: Müller & Hutter 2021, "TrivialAugment", table 6 (wide).

    Changes that have a direction go either way.
    """
    chosen, strengths = random.integers(0, len(TRIVIAL), len(images)), random.integers(0, 31, len(images)) / 30
    signs = random.choice((-1.0, 1.0), len(images))
    images = images.clone()
    for number, (change, strength) in enumerate(TRIVIAL):
        members = np.flatnonzero(chosen == number)
        if len(members):
            at = torch.from_numpy(members).to(images.device)
            images[at] = change(images[at], _numbers(strength(strengths[members], signs[members]), images))
    return images


Change = Callable[[Tensor, Tensor], Tensor]
Strength = Callable[[np.ndarray, np.ndarray], np.ndarray]  # 0 to 1, and a sign -> the change's amount


def up_to(most: float, around: float = 0.0) -> Strength:
    return lambda strength, sign: around + most * strength * sign


TRIVIAL: tuple[tuple[Change, Strength], ...] = (
    (same, up_to(0)),
    (shear_x, up_to(0.99)),
    (shear_y, up_to(0.99)),
    (shift_x, up_to(32 / 224)),
    (shift_y, up_to(32 / 224)),
    (rotate, up_to(135)),
    (brighten, up_to(0.99, around=1)),
    (colour, up_to(0.99, around=1)),
    (contrast, up_to(0.99, around=1)),
    (sharpen, up_to(0.99, around=1)),
    (posterise, lambda strength, _: 8 - np.round(6 * strength)),
    (solarise, lambda strength, _: 255 * (1 - strength)),
    (stretch, up_to(0)),
    (equalise, up_to(0)),
)
POLICIES = {"colour": jitter, "strong": trivial}


def erase(images: Tensor, random: np.random.Generator, chance: float, fill: Tensor) -> Tensor:
    """A rectangle of every picture is erased by `chance` and takes the value `fill` (3).

    Area 0.02 to 1/3 of the picture's, ratio log-uniform between 0.3 and 1 / 0.3: Zhong et al. 2017, "Random Erasing
    Data Augmentation", with timm's upper bounds; cut to what fits.
    """
    count, _, height, width = images.shape
    area, ratio = random.uniform(0.02, 1 / 3, count), np.exp(random.uniform(np.log(0.3), -np.log(0.3), count))
    shares = np.column_stack([np.sqrt(area * ratio), np.sqrt(area / ratio)])
    inside = _rectangles(shares, random, (height, width), images.device)
    wanted = torch.from_numpy(random.random(count) < chance).to(images.device).view(-1, 1, 1, 1)
    return torch.where(inside & wanted, fill.view(-1, 1, 1), images)


def mix(
    images: Tensor, targets: Tensor, random: np.random.Generator, classes: int, mixup: float, cutmix: float
) -> tuple[Tensor, Tensor]:
    """Each picture is mixed with another of its batch: images (N, 3, S, S), targets (N) -> shares of classes (N, K).

    mixup: alpha of the Beta distribution from which the share comes (Zhang et al. 2018, "mixup", section 2); cutmix:
    the same, and a rectangle of that area comes from the other picture (Yun et al. 2019, "CutMix", section 3.1).
    Where both are above 0, each picture meets one of the two, by half.
    """
    count, _, height, width = images.shape
    cuts = random.random(count) < (0.5 if mixup and cutmix else float(cutmix > 0))
    share = np.where(cuts, random.beta(cutmix or 1, cutmix or 1, count), random.beta(mixup or 1, mixup or 1, count))
    sides = np.sqrt(1 - share)
    inside = _rectangles(np.column_stack([sides, sides]), random, (height, width), images.device)
    own = torch.where(
        torch.from_numpy(cuts).to(images.device).view(-1, 1, 1, 1), ~inside, _numbers(share, images).view(-1, 1, 1, 1)
    )
    mixed = torch.lerp(images.flip(0), images, own)
    one_hot = F.one_hot(targets, classes).float()
    return mixed, torch.lerp(one_hot.flip(0), one_hot, own.mean(dim=(1, 2, 3)).view(-1, 1))


def _rectangles(shares: np.ndarray, random: np.random.Generator, size: tuple[int, int], device: torch.device) -> Tensor:
    """bool (N, 1, H, W): where a rectangle at random lies within each picture; shares (N, 2): of height and width."""
    extents = np.minimum(np.rint(shares * size), size)
    starts = np.floor(random.random(shares.shape) * (size - extents + 1))
    corners = torch.from_numpy(np.hstack([starts, starts + extents])).to(device, torch.float32)
    top, left, bottom, right = (corner.view(-1, 1, 1, 1) for corner in corners.unbind(dim=1))
    rows, columns = torch.arange(size[0], device=device).view(1, 1, -1, 1), torch.arange(size[1], device=device)
    return (rows >= top) & (rows < bottom) & (columns >= left) & (columns < right)
