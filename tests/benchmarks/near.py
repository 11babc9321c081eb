"""Near duplicates: how many altered copies are found again, how many pairs of different pictures are taken for such.

    python -m tests.benchmarks.near FOLDER [FOLDER …] [--every 8]

All pictures in the folders are hashed as at an import; of every eighth, altered copies are made too. Then the matching
of 100,000 random hashes is timed.
"""

import argparse
import io
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance

from resnet.data.images import is_picture, measure, open_image
from resnet.data.near import RADIUS, is_told, near_pairs

RADII = (8, 10, 12, 14, 16)  # bits


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--every", type=int, default=8)
    options = parser.parse_args()
    files = sorted(path for folder in options.folders for path in folder.rglob("*") if is_picture(path.name))
    with ProcessPoolExecutor() as pool:
        hashes = np.array(list(pool.map(hash_file, files, chunksize=50)), "S16")
        some = files[:: options.every]
        copies = np.array(list(pool.map(hash_copies, some, chunksize=10)), "S16")
    told = is_told(hashes)
    print(f"{f'{len(files)} pictures, {np.count_nonzero(~told)} too plain to tell; bits':45}" + columns(RADII))
    pairs = count_pairs(hashes[told])
    print(f"{'pairs of different pictures':45}" + columns(pairs[list(RADII)].tolist()))
    for name, column in zip(ALTERED, copies.T, strict=True):
        distance = np.where(told[:: options.every] & is_told(column), bits(hashes[:: options.every], column), 128)
        shares = [100 * float(np.mean(distance <= radius)) for radius in RADII]
        print(f"{f'{name}, found of {len(some)}, %':45}" + columns(shares))
    drawn = np.random.default_rng(0).integers(0, 256, (100_000, 16), np.uint8).view("S16")[:, 0]
    start = time.perf_counter()
    found = sum(len(a) for a, _ in near_pairs(drawn))
    print(f"100,000 random hashes: {found} pairs within {RADIUS} bits, {time.perf_counter() - start:.1f} s")


def columns(values: list) -> str:
    return "".join(f"{value:8.1f}" if isinstance(value, float) else f"{value:8}" for value in values)


def bits(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Bits in which hashes differ."""
    different = a.copy().view(np.uint64).reshape(-1, 2) ^ b.copy().view(np.uint64).reshape(-1, 2)
    return np.bitwise_count(different).sum(1)


def count_pairs(hashes: np.ndarray) -> np.ndarray:
    """How many pairs differ in so many bits or fewer, for 0 to 128."""
    counts = np.zeros(129, np.int64)
    for i in range(len(hashes) - 1):
        counts += np.bincount(bits(hashes[i : i + 1], hashes[i + 1 :]), minlength=129)
    return counts.cumsum()


def hash_file(path: Path) -> bytes:
    return measure(path.read_bytes())[1]


def hash_copies(path: Path) -> list[bytes]:
    image = open_image(path)
    return [measure(alter(image))[1] for alter in ALTERED.values()]


def save(image: Image.Image, format: str = "JPEG", quality: int = 85) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, quality=quality)
    return buffer.getvalue()


def scaled(image: Image.Image, factor: float) -> bytes:
    return save(image.resize((round(image.width * factor), round(image.height * factor))))


def cut(image: Image.Image, share: float) -> bytes:
    """Without so much of its width and height at each side."""
    x, y = round(image.width * share), round(image.height * share)
    return save(image.crop((x, y, image.width - x, image.height - y)))


ALTERED: dict[str, Callable[[Image.Image], bytes]] = {
    "JPEG, quality 30": partial(save, quality=30),
    "WebP, quality 50": partial(save, format="WEBP", quality=50),
    "half the size": partial(scaled, factor=0.5),
    "twice the size": partial(scaled, factor=2),
    "grey": lambda image: save(image.convert("L")),
    "a quarter brighter": lambda image: save(ImageEnhance.Brightness(image).enhance(1.25)),
    "cut by 1 % at each side": partial(cut, share=0.01),
    "cut by 2 %": partial(cut, share=0.02),
    "cut by 4 %": partial(cut, share=0.04),
}


if __name__ == "__main__":
    main()
