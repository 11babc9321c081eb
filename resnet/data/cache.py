"""Decoded pictures, kept: a training decodes each picture once, and cuts all its random crops from what is kept.

DATASET/cache/SIDE.VERSION holds, for every picture of the data set, a check (8 bytes: that the picture is there, and
the CRC-32 of its pixels) and room for its pixels, as long as the picture needs: nothing is padded. What is not there
yet takes no room on the disk. Whatever is absent, half-written or damaged fails its check and is decoded anew; so the
file may be left at any moment, and two runs that fill it at once write the same bytes. It goes with the data set.
Shapes: N pictures of a part, 3 channels, H x W pixels.
"""

import contextlib
import itertools
import math
import os
import shutil
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from resnet.data.dataset import Dataset
from resnet.data.decoder import readable, resized

VERSION = 1  # of the file's form, and of how pictures are decoded
MOST = 20 * 10**9  # bytes of a part that are kept; more is decoded whenever it is needed
KEPT = 2  # files of a data set, for as many sizes; older ones go
HERE = 1 << 32  # in a check: the picture is there


class Cache:
    """The pictures at `paths`, files of `data`, each as uint8 (H, W, 3), no larger than a training needs them.

    side, squash: as `kept_size` has them.
    """

    def __init__(self, data: Dataset, paths: Sequence[Path], side: int, squash: bool) -> None:
        count, places = len(data.records), {record.path: place for place, record in enumerate(data.records)}
        own = np.array([places[path] for path in paths])
        shapes = np.array([kept_size(record.width, record.height, side, squash) for record in data.records])
        sizes = 3 * shapes.prod(axis=1)
        self.paths, self.places, self.shapes, self.sizes = paths, own, shapes[own], sizes[own]  # shapes (N, 2): H, W
        self.starts = (8 * count + np.cumsum(sizes) - sizes)[own]  # in the file, bytes
        self.file = kept_in(data, side, squash)
        self.verified = np.zeros(len(paths), bool)
        self.content = self._map(8 * count + int(sizes.sum()))  # None where the pictures are not kept
        self.checks = None if self.content is None else self.content[: 8 * count].view(np.uint64)

    def _map(self, length: int) -> np.ndarray | None:
        """The file, made where there is none: uint8 (length)."""
        whole = self.file.is_file() and self.file.stat().st_size == length
        self.file.parent.mkdir(exist_ok=True)
        if self.nbytes > MOST or (not whole and self.nbytes > shutil.disk_usage(self.file.parent).free / 2):
            return None
        if not whole:
            with open(self.file, "ab") as file:
                file.truncate(length)
        os.utime(self.file)
        _prune(self.file.parent)
        return np.memmap(self.file, np.uint8, "r+")  # torch takes no memory that is to read only

    @property
    def nbytes(self) -> int:
        return int(self.sizes.sum())

    def fill(self, own: np.ndarray | None = None) -> Iterator[int]:
        """Decode what is not there yet of the pictures at these places of `paths`, or all; after each, how many are.

        Raises as `read` does.
        """
        own = np.arange(len(self.paths)) if own is None else own
        if self.content is not None:
            absent = own[self.checks[self.places[own]] == 0]
            there = len(own) - len(absent)
            for done, (index, pixels) in enumerate(zip(absent, self._decode(absent), strict=True), start=1):
                self._write(index, pixels)
                yield there + done

    def read(self, order: Iterable[int]) -> Iterator[np.ndarray]:
        """The pictures at these places of `paths`, in this order: uint8 (H, W, 3).

        Raises UserError where a file can no longer be read.
        """
        return self._decode(order) if self.content is None else map(self._kept, order)

    def _kept(self, index: int) -> np.ndarray:
        start = self.starts[index]
        row = self.content[start : start + self.sizes[index]]
        if not self.verified[index]:
            if self.checks[self.places[index]] != HERE | zlib.crc32(row):
                (pixels,) = self._decode([index])
                self._write(index, pixels)
                return pixels
            self.verified[index] = True
        return row.reshape(*self.shapes[index], 3)

    def _decode(self, order: Iterable[int]) -> Iterator[np.ndarray]:
        order, ahead = itertools.tee(order)
        for index, pixels in zip(order, resized(self._source(index) for index in ahead), strict=True):
            yield readable(self.paths[index], pixels)

    def _source(self, index: int) -> tuple[Path, int, int]:
        height, width = self.shapes[index].tolist()
        return self.paths[index], height, width

    def _write(self, index: int, pixels: np.ndarray) -> None:
        """The pixels first, then their check: who is killed in between leaves a picture that is absent."""
        check = np.uint64(HERE | zlib.crc32(pixels))
        with open(self.file, "r+b", buffering=0) as file:
            for place, content in ((self.starts[index], pixels), (8 * self.places[index], check)):
                file.seek(place)
                file.write(content.tobytes())


def kept_in(data: Dataset, side: int, squash: bool) -> Path:
    return data.folder / "cache" / f"{side}{'-squash' if squash else ''}.{VERSION}"


def kept_side(train_size: int, crop_scale: float) -> int:
    """The side (pixels) at which crops of `train_size` that show a share `crop_scale` of a picture are as sharp."""
    return math.ceil(train_size / math.sqrt(crop_scale))


def kept_count(data: Dataset, side: int, squash: bool) -> int:
    """How many pictures of `data` were decoded at that size before."""
    file = kept_in(data, side, squash)
    checks = np.fromfile(file, np.uint64, len(data.records)) if file.is_file() else np.zeros(0)
    return int(np.count_nonzero(checks))


def kept_size(width: int, height: int, side: int, squash: bool) -> tuple[int, int]:
    """H, W (pixels) that a picture is kept at: its shorter side brought down to `side`, never up.

    squash: both sides, each for itself, for crops that squash the picture to a square anyway.
    """
    if squash:
        return min(height, side), min(width, side)
    scale = min(1.0, side / min(width, height))
    return max(1, round(height * scale)), max(1, round(width * scale))


def _prune(folder: Path) -> None:
    """Delete all but the files that were used last. A run that still reads one keeps it to its end."""
    used = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in used[KEPT:]:
        with contextlib.suppress(OSError):  # Windows deletes no file that is read
            path.unlink()
