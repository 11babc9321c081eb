"""Batches: pictures as a network sees them, and the parts of pictures from which it learns."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from resnet.data.batches import epoch_order, fitted_batches, random_boxes, steps_per_epoch
from resnet.text import Message
from resnet.weights.preprocessing import Preprocessing


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    random = np.random.default_rng(0)
    paths = [tmp_path / f"{i}.png" for i in range(10)]
    for path in paths:
        Image.fromarray(random.integers(0, 256, (40, 60, 3), dtype=np.uint8)).save(path)
    return paths


@pytest.mark.parametrize(("device", "batches"), [("cpu", [8, 3]), ("cuda", [11])])
def test_files_pictures_and_fitted_pixels_come_in_order_and_in_batches(files, tmp_path, device, batches):
    (tmp_path / "notes.png").write_text("no picture")
    preprocessing = Preprocessing(16)
    pictures = [Image.open(file) for file in files]
    expected = [preprocessing.pixels(picture) for picture in pictures]
    sources = [files[0], tmp_path / "notes.png", pictures[1], expected[2], *files[3:8], pictures[8], files[9]]
    made = list(fitted_batches(sources, preprocessing, device))
    assert [len(batch) for batch in made] == batches
    first, refused, *rest = (pixels for batch in made for pixels in batch)
    assert isinstance(refused, Message) and refused.key == "image_text"
    for pixels, right in zip([first, *rest], expected, strict=True):
        assert np.array_equal(pixels, right)
    with pytest.raises(ValueError, match="were not made for this model"):
        list(fitted_batches([expected[0]], Preprocessing(17), device))


@pytest.mark.parametrize(("images", "batch_size", "steps"), [(3, 2, 1), (195, 2, 97), (2, 32, 1), (64, 32, 2)])
def test_no_batch_is_of_a_single_picture(images, batch_size, steps):
    assert steps_per_epoch(images, batch_size) == steps


@pytest.mark.parametrize("squash", [False, True])
def test_boxes_lie_inside_their_pictures_and_show_enough_of_them(squash):
    sizes = np.tile([(60, 90), (90, 60), (50, 50), (400, 30), (1, 1)], (300, 1))
    boxes = random_boxes(np.random.default_rng(1), sizes, 0.3, squash)
    corners, extents = boxes[:, :2], boxes[:, 2:]
    assert boxes.dtype == np.int64 and (corners >= 0).all() and (extents >= 1).all()
    assert (corners + extents <= sizes).all()
    long, rest = (sizes == (400, 30)).all(axis=1), sizes[:, 0] > 1
    fitting = rest if squash else rest & ~long
    share = (extents.prod(axis=1) / sizes.prod(axis=1))[fitting]
    assert 0.28 < share.min() < 0.35 < 0.9 < share.max()
    ratios = (extents[:, 1] / extents[:, 0] * (sizes[:, 0] / sizes[:, 1] if squash else 1))[rest]
    assert 3 / 4 - 0.05 < ratios.min() < 0.8 and 1.25 < ratios.max() < 4 / 3 + 0.06
    if not squash:  # no ratio fits: the square in the middle
        assert (boxes[long] == (185, 0, 30, 30)).all()
    else:
        assert len({tuple(box) for box in boxes[long]}) > 100


def test_boxes_reach_every_corner():
    boxes = random_boxes(np.random.default_rng(0), np.tile([(6, 6)], (500, 1)), 0.3, squash=False)
    ends = boxes[:, :2] + boxes[:, 2:]
    assert (boxes[:, :2].min(axis=0) == 0).all() and (ends.max(axis=0) == 6).all()


def test_balanced_epochs_show_every_class_as_often_and_pictures_of_one_class_in_turn():
    targets = [0] * 20 + [1] * 5 + [2] * 2
    order = epoch_order(targets, 1, 0, balanced=True)
    assert len(order) == 27 and np.bincount(np.array(targets)[order]).tolist() == [9, 9, 9]
    times = np.bincount(order, minlength=27)
    assert times[:20].max() == 1 and set(times[20:25]) == {1, 2} and sorted(times[25:]) == [4, 5]
    assert order.tolist() == epoch_order(targets, 1, 0, balanced=True).tolist()
    assert order.tolist() != epoch_order(targets, 1, 1, balanced=True).tolist()
    assert sorted(epoch_order(targets, 1, 0, balanced=False)) == list(range(27))
