"""Batches of pictures: to look at, as a model's preprocessing has them, or to learn from, cut out at random."""

import itertools
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from resnet.data import decoder
from resnet.data.images import to_rgb
from resnet.text import Message
from resnet.weights.preprocessing import Preprocessing

Source = Path | Image.Image | np.ndarray  # a file, a picture, or what `Preprocessing.pixels` made of one


def fitted_batches(
    sources: Sequence[Source], preprocessing: Preprocessing, device: str
) -> Iterator[list[np.ndarray | Message]]:
    """Per batch and source uint8 (C, S, S) as the network sees it, or the reason why it cannot be read.

    Files are decoded by processes of their own, for a GPU ahead of the reader. A network on the CPU has use for all
    cores too, and its threads wait for each other: there both take turns. Pixels made before pass as they are.
    """
    turn = decoder.TURN if device == "cpu" else max(1, len(sources))
    for first in range(0, len(sources), turn):
        batches = _fitted(sources[first : first + turn], preprocessing, batch_on(device))
        yield from list(batches) if device == "cpu" else batches


def batch_on(device: str) -> int:
    """Pictures to compute at once: so few that a CPU's caches hold what goes from layer to layer, so many that a GPU
    is busy."""
    return 8 if device == "cpu" else 32


def _fitted(
    sources: Sequence[Source], preprocessing: Preprocessing, batch_size: int
) -> Iterator[list[np.ndarray | Message]]:
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


def random_boxes(random: np.random.Generator, sizes: np.ndarray, scale: float, squash: bool) -> np.ndarray:
    """A part of each picture, int64 (N, 4): top, left, height, width in its pixels. sizes: (N, 2), H and W.

    Area and aspect ratio as in Szegedy et al. 2015, "Going deeper with convolutions", section 6: area uniform between
    `scale` and 1, ratio log-uniform between 3/4 and 4/3; where ten draws do not fit, the largest central square.
    squash: ratios are those of pictures squashed to a square.
    """
    heights, widths = sizes[:, :1], sizes[:, 1:]
    aspect = np.ones_like(widths, float) if squash else widths / heights
    area = random.uniform(scale, 1, (len(sizes), TRIES))
    ratio = np.exp(random.uniform(np.log(3 / 4), np.log(4 / 3), area.shape))
    width, height = np.sqrt(area * ratio / aspect), np.sqrt(area / ratio * aspect)  # as shares of the picture's
    place = random.random((len(sizes), 2))
    fits = (width <= 1) & (height <= 1)
    first, rows = fits.argmax(axis=1), np.arange(len(sizes))
    square = np.minimum(aspect, 1)
    shown = np.column_stack([height[rows, first], width[rows, first]])
    fitted = fits.any(axis=1, keepdims=True)
    shown = np.where(fitted, shown, np.hstack([square, square / aspect]))
    extent = np.maximum(1, np.rint(shown * sizes)).astype(np.int64)
    corner = np.where(fitted, place * (sizes - extent + 1), (sizes - extent + 1) // 2).astype(np.int64)
    return np.hstack([corner, extent])


TRIES = 10
