"""Decoding 12-megapixel JPEGs for a 224 px cache, against plain Pillow; and decoders against threads.

    python -m tests.benchmarks.decoding [--data FOLDER] [--count 6] [--rounds 5]

Without --data, on photographs that the program makes: 4000 x 3000, 4:2:0, quality 90. All ways are measured in turn;
medians, and the ratios' medians and spread.
"""

import argparse
import statistics
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from resnet.data.decoder import fitted, measured
from resnet.data.images import measure, open_image
from resnet.data.parallel import WORKERS
from resnet.weights.preprocessing import Preprocessing
from tests.benchmarks.measuring import quotients, spread, timed

SHORT = 224  # pixels of the shorter side in the cache
PREPROCESSING = Preprocessing(SHORT)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="a folder of JPEGs; the first --count are taken")
    parser.add_argument("--count", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.data:
            large = sorted(Path(options.data).rglob("*.jp*g"))[: options.count]
        else:
            large = [photograph(Path(folder) / f"{seed}.jpg", seed) for seed in range(options.count)]
        first = f"{Image.open(large[0]).size} pixels, {large[0].stat().st_size / 1e6:.1f} MB"
        print(f"{len(large)} JPEGs, the first of {first}")
        small = [smaller(path, Path(folder) / f"small {index}.jpg") for index, path in enumerate(large)] * 60
        compare("for the cache", {"ours": ours, "thumbnail()": thumbnail, "plain Pillow": plain}, large, options.rounds)
        print(f"ours and plain differ by {difference(large):.2f} of 255 on average")
        for name, paths in (("large", large * 2), (f"{SHORT} px", small)):
            compare_all(f"fit, {name}", fit_in_decoders, fit_in_threads, paths, options.rounds)
            compare_all(f"measure, {name}", measure_in_decoders, measure_in_threads, paths, options.rounds)


def compare(name: str, ways: dict[str, Callable[[Path], object]], paths: list[Path], rounds: int) -> None:
    """Milliseconds a picture of each way, and how many times the last's the others' speed is."""
    times = [
        [timed(lambda way=way: [way(path) for path in paths]) / len(paths) for way in ways.values()]
        for _ in range(rounds)
    ]
    for way, column in zip(ways, zip(*times, strict=True), strict=True):
        ratios = quotients([row[-1] for row in times], column)
        print(f"{name}, {way:12} {1000 * statistics.median(column):7.1f} ms a picture; ratio {spread(ratios)}")


def compare_all(name: str, ours: Callable, other: Callable, paths: list[Path], rounds: int) -> None:
    """Pictures a second in decoders and in as many threads, and the ratio of the two."""
    ours(paths[:20])  # starts the decoders
    pairs = [(len(paths) / timed(lambda: ours(paths)), len(paths) / timed(lambda: other(paths))) for _ in range(rounds)]
    one, two = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = f"ratio {spread(quotients(*zip(*pairs, strict=True)))}"
    print(f"{name}: {WORKERS} decoders {one:.1f} pictures/s, {WORKERS} threads {two:.1f}; {ratio}")


def ours(path: Path) -> Image.Image:
    image = open_image(path, at_least=SHORT)
    return image.resize(fitting(image.size), Image.Resampling.BILINEAR)


def thumbnail(path: Path) -> Image.Image:
    with Image.open(path) as image:
        image.thumbnail(fitting(image.size), Image.Resampling.BILINEAR)
        return image.convert("RGB")


def plain(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB").resize(fitting(image.size), Image.Resampling.BILINEAR)


def fitting(size: tuple[int, int]) -> tuple[int, int]:
    """The size of a picture whose shorter side has become SHORT."""
    return tuple(round(length * SHORT / min(size)) for length in size)


def difference(paths: list[Path]) -> float:
    return float(np.mean([np.abs(np.subtract(ours(path), plain(path), dtype=np.int16)).mean() for path in paths]))


def fit_in_decoders(paths: list[Path]) -> None:
    for _ in fitted(paths, PREPROCESSING):
        pass


def fit_in_threads(paths: list[Path]) -> None:
    in_threads(lambda path: PREPROCESSING.pixels(open_image(path)), paths)


def measure_in_decoders(paths: list[Path]) -> None:
    for _ in measured((path, path.name) for path in paths):
        pass


def measure_in_threads(paths: list[Path]) -> None:
    in_threads(lambda path: measure(path.read_bytes(), path.name), paths)


def in_threads(work: Callable[[Path], object], paths: list[Path]) -> None:
    with ThreadPoolExecutor(WORKERS) as threads:
        for _ in threads.map(work, paths):
            pass


def photograph(path: Path, seed: int, width: int = 4000, height: int = 3000) -> Path:
    """Noise of a photograph's spectrum: amplitudes fall as 1 / frequency to the power of 1.2 (Tolhurst et al. 1992,
    "Amplitude spectra of natural images"), with a sensor's grain on it."""
    random = np.random.default_rng(seed)
    frequencies = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)).astype(np.float32)
    frequencies[0, 0] = np.inf
    light = field(random, frequencies, (height, width))
    pixels = np.empty((height, width, 3), np.uint8)
    for channel in range(3):  # mostly light and shade, some colour
        value = light + 0.4 * field(random, frequencies, (height, width))
        pixels[..., channel] = np.clip(128 + 50 * value + random.normal(0, 1, (height, width)), 0, 255)
    Image.fromarray(pixels).save(path, quality=90, subsampling="4:2:0")
    return path


def field(random: np.random.Generator, frequencies: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """float32 `shape`, of unit variance."""
    phases = np.exp(2j * np.pi * random.random(frequencies.shape, dtype=np.float32)).astype(np.complex64)
    made = np.fft.irfft2(phases / frequencies**1.2, shape)
    return (made / made.std()).astype(np.float32)


def smaller(source: Path, path: Path) -> Path:
    plain(source).save(path, quality=90)
    return path


if __name__ == "__main__":
    main()
