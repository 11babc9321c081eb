"""Batches: each picture once an epoch, the same crops whatever the workers and wherever one begins."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from resnet.data.batches import (
    Crops,
    Draw,
    epoch_order,
    fitted_batches,
    random_box,
    random_crop,
    steps_per_epoch,
    training_batches,
)
from resnet.text import Message
from resnet.weights.preprocessing import Preprocessing

CROPS = Crops(size=32, scale=0.3, squash=False)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    random = np.random.default_rng(0)
    paths = [tmp_path / f"{i}.png" for i in range(10)]
    for path in paths:
        Image.fromarray(random.integers(0, 256, (40, 60, 3), dtype=np.uint8)).save(path)
    return paths


def batches(files: list[Path], **changes) -> list[tuple[np.ndarray, np.ndarray]]:
    settings = {"batch_size": 4, "epochs": 2, "seed": 5, "workers": 0, **changes}
    return list(training_batches(files, range(10), CROPS, **settings))


def test_files_pictures_and_fitted_pixels_come_in_order_and_in_batches(files, tmp_path):
    (tmp_path / "notes.png").write_text("no picture")
    preprocessing = Preprocessing(16)
    pictures = [Image.open(file) for file in files]
    expected = [preprocessing.pixels(picture) for picture in pictures]
    sources = [files[0], tmp_path / "notes.png", pictures[1], expected[2], *files[3:8], pictures[8], files[9]]
    made = list(fitted_batches(sources, preprocessing, 4))
    assert [len(batch) for batch in made] == [4, 4, 3]
    first, refused, *rest = (pixels for batch in made for pixels in batch)
    assert isinstance(refused, Message) and refused.key == "image_text"
    for pixels, right in zip([first, *rest], expected, strict=True):
        assert np.array_equal(pixels, right)
    with pytest.raises(ValueError, match="were not made for this model"):
        list(fitted_batches([expected[0]], Preprocessing(17), 4))


def test_an_epoch_shows_each_picture_once_in_batches_of_nearly_one_size(files):
    assert steps_per_epoch(10, 4) == 3
    made = batches(files)
    assert [len(targets) for _, targets in made] == [4, 3, 3] * 2
    epochs = [np.concatenate([targets for _, targets in made[i : i + 3]]).tolist() for i in (0, 3)]
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert epochs[0] != epochs[1]
    assert made[0][0].shape == (4, 3, 32, 32)
    assert made[0][0].dtype == np.uint8


@pytest.mark.parametrize(("images", "batch_size", "steps"), [(3, 2, 1), (195, 2, 97), (2, 32, 1), (64, 32, 2)])
def test_no_batch_is_of_a_single_picture(images, batch_size, steps):
    assert steps_per_epoch(images, batch_size) == steps


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_any_number_of_processes_and_any_beginning_give_the_same_batches(files, workers):
    whole, rest = batches(files), batches(files, workers=workers, first_step=2)
    assert len(rest) == 4
    for (images, targets), (again, same) in zip(whole[2:], rest, strict=True):
        assert np.array_equal(images, again)
        assert np.array_equal(targets, same)


def test_other_seeds_give_other_crops(files):
    assert not np.array_equal(batches(files)[0][0], batches(files, seed=6)[0][0])


@pytest.mark.parametrize("aspect", [0.2, 1.0, 1.5, 6.0])
def test_boxes_lie_inside_and_show_enough(aspect):
    random = np.random.default_rng(1)
    for _ in range(300):
        left, top, width, height = random_box(random, 0.3, aspect)
        assert left >= 0 and top >= 0 and left + width <= 1 + 1e-9 and top + height <= 1 + 1e-9
        if aspect == 1.0:
            assert 0.3 <= width * height <= 1 + 1e-9
        assert 3 / 4 - 1e-9 <= width * aspect / height <= 4 / 3 + 1e-9


def test_a_crop_is_mirrored_half_the_time(tmp_path: Path):
    ramp = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (64, 1))
    Image.fromarray(np.stack([ramp] * 3, axis=-1)).save(tmp_path / "ramp.png")
    crops = [random_crop(Draw(tmp_path / "ramp.png", 0, (0, 0, i)), CROPS) for i in range(200)]
    mirrored = sum(int(crop[0, 0, 0]) > int(crop[0, -1, 0]) for crop in crops)
    assert 70 < mirrored < 130


def test_balanced_epochs_show_every_class_as_often_and_pictures_of_one_class_in_turn():
    targets = [0] * 20 + [1] * 5 + [2] * 2
    order = epoch_order(targets, 1, 0, balanced=True)
    assert len(order) == 27 and np.bincount(np.array(targets)[order]).tolist() == [9, 9, 9]
    times = np.bincount(order, minlength=27)
    assert times[:20].max() == 1 and set(times[20:25]) == {1, 2} and sorted(times[25:]) == [4, 5]
    assert order.tolist() == epoch_order(targets, 1, 0, balanced=True).tolist()
    assert order.tolist() != epoch_order(targets, 1, 1, balanced=True).tolist()
    assert sorted(epoch_order(targets, 1, 0, balanced=False)) == list(range(27))
