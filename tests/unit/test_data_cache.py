"""Decoded pictures that are kept: the same as decoded anew, whatever happened to their file."""

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from resnet.data import cache
from resnet.data.cache import Cache, kept_size
from resnet.data.dataset import Dataset
from resnet.data.images import open_image
from resnet.data.importing import import_dataset
from resnet.errors import UserError
from resnet.store import PROJECT

SIDE = 24


@pytest.fixture
def data(store, tmp_path) -> Dataset:
    """Twelve pictures of noise, of different shapes: larger than SIDE and smaller; three are not to learn from."""
    noise = np.random.default_rng(0)
    for number in range(12):
        folder = tmp_path / "pictures" / ("train" if number < 9 else "val") / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        pixels = noise.integers(0, 256, (20 + 7 * (number % 5), 64 - 9 * (number % 6), 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return import_dataset(tmp_path / "pictures", store)


def of(data: Dataset, part: str = "train") -> Cache:
    return Cache(data, [record.path for record in data.part(part)], SIDE, squash=False)


def read(pictures: Cache) -> list[np.ndarray]:
    return [picture.copy() for picture in pictures.read(range(len(pictures.paths)))]


def equal(ones: list[np.ndarray], others: list[np.ndarray]) -> bool:
    return all(np.array_equal(one, other) for one, other in zip(ones, others, strict=True))


@pytest.fixture
def expected(data) -> list[np.ndarray]:
    made = []
    for record in data.part("train"):
        image = open_image(record.path)
        scale = min(1, SIDE / min(image.size))
        image = image.resize([round(side * scale) for side in image.size], Image.Resampling.LANCZOS)
        made.append(np.asarray(image))
    return made


def test_pictures_are_kept_whole_and_no_larger_than_asked_for_or_than_they_are(data, expected):
    pictures = of(data)
    assert list(pictures.fill()) == list(range(1, 10)) and list(pictures.fill()) == []
    assert equal(read(pictures), expected)
    assert {min(picture.shape[:2]) for picture in read(pictures)} == {19, 20, SIDE}
    assert list(of(data).fill()) == []  # a second run finds them
    order = [3, 3, 0]
    assert equal(list(of(data).read(order)), [expected[index] for index in order])


def test_other_parts_find_room_in_the_same_file(data):
    for part in ("train", "val"):
        assert len(list(of(data, part).fill())) == len(data.part(part))
    assert of(data, "train").file == of(data, "val").file
    assert len(read(of(data, "val"))) == 3


def test_for_crops_that_squash_both_sides_are_kept_short():
    assert kept_size(100, 50, 24, squash=False) == (24, 48)
    assert kept_size(100, 50, 24, squash=True) == (24, 24)
    assert kept_size(100, 20, 24, squash=True) == (20, 24)
    assert kept_size(100, 20, 24, squash=False) == (20, 100)


def test_left_while_it_is_filled_it_goes_on_from_there(data, expected, monkeypatch):
    decoded = []
    whole = Cache._decode
    monkeypatch.setattr(Cache, "_decode", lambda self, order: decoded.extend(order) or whole(self, order))
    filling = of(data).fill()
    assert [next(filling), next(filling)] == [1, 2]
    filling.close()
    assert list(of(data).fill()) == list(range(3, 10))
    assert decoded == [*range(9), *range(2, 9)]
    assert equal(read(of(data)), expected)


def flip_a_bit(content: bytearray) -> bytearray:
    content[len(content) - 2000] ^= 4
    return content


DAMAGES = {
    "a flipped bit": flip_a_bit,
    "torn": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "pixels gone": lambda content: content[: 8 * 12] + bytes(len(content) - 8 * 12),
    "checks gone": lambda content: bytes(8 * 12) + content[8 * 12 :],
    "noise": lambda content: np.random.default_rng(0).bytes(len(content)),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_what_is_damaged_is_decoded_anew(data, expected, damage: Callable):
    for part in ("train", "val"):
        list(of(data, part).fill())
    file = of(data).file
    file.write_bytes(damage(bytearray(file.read_bytes())))
    assert equal(read(of(data)), expected)
    damaged = of(data)
    list(damaged.fill())
    assert equal(read(damaged), expected)
    assert all(damaged.verified)  # it is mended on the disk, too


FILL = """
import sys
from pathlib import Path
from resnet.data.cache import Cache
from resnet.data.dataset import Dataset
data = Dataset.open(Path(sys.argv[1]))
pictures = Cache(data, [record.path for record in data.part("train")], int(sys.argv[2]), False)
print(sum(1 for _ in pictures.fill()))
"""


def test_two_runs_at_once_do_not_spoil_each_others_pictures(data, expected):
    words = [sys.executable, "-c", FILL, str(data.folder), str(SIDE)]
    runs = [subprocess.Popen(words, cwd=PROJECT, stdout=subprocess.PIPE) for _ in range(2)]
    own = of(data)
    list(own.fill())
    assert all(run.communicate()[0] and run.returncode == 0 for run in runs)
    assert equal(read(own), expected) and equal(read(of(data)), expected)


def test_beyond_the_bound_and_on_a_nearly_full_disk_nothing_is_kept(data, expected, monkeypatch):
    monkeypatch.setattr(cache, "MOST", 10_000)
    assert equal(read(of(data)), expected) and list(of(data).fill()) == []
    assert not of(data).file.exists()
    monkeypatch.undo()
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda path: _Usage)
    assert equal(read(of(data)), expected) and not of(data).file.exists()


class _Usage:
    free = 10_000


def test_files_of_sizes_that_were_used_last_stay(data):
    paths = [record.path for record in data.part("train")]
    files = [Cache(data, paths, side, squash=False).file for side in (10, 11, 12)]
    assert [file.exists() for file in files] == [False, True, True]


def test_a_picture_that_is_gone_is_told_by_name(data):
    record = data.part("train")[4]
    record.path.unlink()
    with pytest.raises(UserError, match=record.path.name):
        list(of(data).fill())
