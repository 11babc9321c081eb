"""Batches of pictures, decoded in parallel: to look at as a model's preprocessing has it, or to learn from.

To learn from, pictures are shuffled, cropped and flipped at random. Randomness is counter-based: what happens to a
picture is a function of (seed, epoch, picture) alone, so that a resumed run needs no loader state and the number of
decoding processes changes nothing. Decoding processes import this module, so it is free of torch.
"""

import functools
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from resnet.data import decoder
from resnet.data.images import open_image, to_rgb
from resnet.data.parallel import in_processes
from resnet.text import Message
from resnet.weights.preprocessing import Preprocessing

Source = Path | Image.Image | np.ndarray  # a file, a picture, or what `Preprocessing.pixels` made of one


def fitted_batches(
    sources: Sequence[Source], preprocessing: Preprocessing, batch_size: int
) -> Iterator[list[np.ndarray | Message]]:
    """Per batch and source uint8 (C, S, S) as the network sees it, or the reason why it cannot be read.

    Files are decoded by processes of their own, ahead of the reader; pixels that were made before pass as they are.
    """
    files = decoder.fitted([source for source in sources if isinstance(source, Path)], preprocessing)
    fitted = (next(files) if isinstance(source, Path) else _fit(source, preprocessing) for source in sources)
    for _ in range(0, len(sources), batch_size):
        yield list(itertools.islice(fitted, batch_size))


def _fit(source: Image.Image | np.ndarray, preprocessing: Preprocessing) -> np.ndarray:
    if isinstance(source, np.ndarray):
        shape = (len(preprocessing.mean), preprocessing.size, preprocessing.size)
        if source.shape != shape:
            raise ValueError(f"pixels of shape {source.shape} were not made for this model, which takes {shape}")
        return source
    return preprocessing.pixels(to_rgb(source))


@dataclass(frozen=True)
class Draw:
    """One picture in one epoch: all that a worker process needs to make its crop."""

    path: Path
    target: int
    key: tuple[int, int, int]  # seed, epoch, place in the epoch: where classes are balanced, a picture has several


@dataclass(frozen=True)
class Crops:
    """How training crops are made."""

    size: int  # pixels, height and width of the crop as the network gets it
    scale: float  # least share of the picture's area that a crop shows
    squash: bool  # the evaluation squashes pictures to a square, so training does too


def steps_per_epoch(images: int, batch_size: int) -> int:
    """No batch is of a single picture: batch normalisation finds no variance in it."""
    return max(1, min(math.ceil(images / batch_size), images // 2))


def epoch_order(targets: Sequence[int], seed: int, epoch: int, *, balanced: bool) -> np.ndarray:
    """The N pictures of the training part in the order in which an epoch shows them, as indices (N).

    balanced: every class is shown as often as any other, to within one: of a frequent class not all pictures, of a
    rare one each several times.
    """
    random = np.random.default_rng((seed, epoch))
    order = random.permutation(len(targets))
    if not balanced:
        return order
    shuffled = np.asarray(targets)[order]
    members = [order[shuffled == target] for target in random.permutation(np.unique(shuffled))]
    turns = (divmod(place, len(members)) for place in range(len(order)))
    return random.permutation([members[target][turn % len(members[target])] for turn, target in turns])


def training_batches(
    paths: Sequence[Path],
    targets: Sequence[int],
    crops: Crops,
    *,
    batch_size: int,
    epochs: int,
    seed: int,
    workers: int,
    first_step: int = 0,
    balanced: bool = False,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """All batches of a run from `first_step` on: images uint8 (N, 3, H, W), targets int64 (N).

    An epoch shows each picture once, or is `balanced` (see `epoch_order`). Its batches differ in size by at most one,
    so that no small last batch spoils the batch statistics.
    """
    steps = steps_per_epoch(len(paths), batch_size)

    def draws(step: int) -> list[Draw]:
        epoch, batch = divmod(step, steps)
        order = epoch_order(targets, seed, epoch, balanced=balanced)
        places = np.array_split(np.arange(len(order)), steps)[batch]
        return [Draw(paths[order[place]], targets[order[place]], (seed, epoch, int(place))) for place in places]

    load = functools.partial(load_batch, crops=crops)
    yield from in_processes(load, map(draws, range(first_step, epochs * steps)), workers)


def load_batch(draws: list[Draw], crops: Crops) -> tuple[np.ndarray, np.ndarray]:
    images = np.stack([random_crop(draw, crops) for draw in draws])
    return images.transpose(0, 3, 1, 2), np.array([draw.target for draw in draws], dtype=np.int64)


def random_crop(draw: Draw, crops: Crops) -> np.ndarray:
    """A random part of the picture, resized, mirrored half the time: uint8 (H, W, 3).

    Area and aspect ratio as in Szegedy et al. 2015, "Going deeper with convolutions", section 6: area uniform
    between `scale` and 1, ratio log-uniform between 3/4 and 4/3.
    """
    random = np.random.default_rng(draw.key)
    image = open_image(draw.path, at_least=math.ceil(crops.size / math.sqrt(crops.scale)))
    aspect = 1.0 if crops.squash else image.width / image.height
    left, top, width, height = random_box(random, crops.scale, aspect)
    box = (left * image.width, top * image.height, (left + width) * image.width, (top + height) * image.height)
    image = image.resize((crops.size, crops.size), Image.Resampling.BILINEAR, box=box)
    pixels = np.asarray(image)
    return pixels[:, ::-1] if random.random() < 0.5 else pixels


def random_box(random: np.random.Generator, scale: float, aspect: float) -> tuple[float, float, float, float]:
    """left, top, width, height of a crop, as shares of a picture whose width / height is `aspect`."""
    for _ in range(10):
        area = random.uniform(scale, 1)
        ratio = math.exp(random.uniform(math.log(3 / 4), math.log(4 / 3)))
        width, height = math.sqrt(area * ratio / aspect), math.sqrt(area / ratio * aspect)
        if width <= 1 and height <= 1:
            return random.uniform(0, 1 - width), random.uniform(0, 1 - height), width, height
    side = min(aspect, 1.0)  # no ratio fitted: the largest central square
    width, height = side / aspect, side
    return (1 - width) / 2, (1 - height) / 2, width, height
