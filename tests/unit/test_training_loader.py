"""Batches to learn from: each picture once an epoch, the same bits wherever one begins and wherever pictures lie."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from resnet.data import cache
from resnet.data.dataset import Dataset
from resnet.settings import TrainSettings, resolve
from resnet.training.loader import Loader, ahead
from resnet.training.preview import augmented
from resnet.training.stage import Pictures
from resnet.weights.preprocessing import Preprocessing

MEAN = (0.5, 0.4, 0.3)
Batches = list[tuple[Tensor, Tensor]]


def loader(data: Dataset, **changes) -> Loader:
    settings = TrainSettings("", "", mode="full", image_size=48, batch_size=8, seed=5, device="cpu")
    train = data.part("train")
    settings = resolve(replace(settings, **changes), images=len(train), model_size=48, crop_mode="center")
    pictures = Pictures([r.path for r in train], [r.target for r in train], data=data)
    made = Loader(pictures, settings, len(data.classes), MEAN)
    list(made.fill())
    return made


def equal(ones: Batches, others: Batches) -> bool:
    return all(
        torch.equal(one, other) for pair in zip(ones, others, strict=True) for one, other in zip(*pair, strict=True)
    )


ALL = {"augment": "strong", "mixup": 0.2, "cutmix": 1.0, "erasing": 0.5}


def test_an_epoch_shows_each_picture_once_in_batches_of_nearly_one_size(data):
    epochs = [list(loader(data).epoch(epoch)) for epoch in (0, 1)]
    targets = [torch.cat([wanted for _, wanted in epoch]) for epoch in epochs]
    expected = sorted(record.target for record in data.part("train"))
    assert all(wanted.sort().values.tolist() == expected for wanted in targets)
    assert not torch.equal(*targets)
    assert {len(images) for images, _ in epochs[0]} <= {7, 8}
    images, wanted = epochs[0][0]
    assert images.shape[1:] == (3, 32, 32) and images.dtype == torch.uint8 and wanted.dtype == torch.int64
    assert images.min() >= 0 and images.max() > 100


@pytest.mark.parametrize("how", [{}, ALL], ids=["light", "all"])
def test_from_any_beginning_and_with_nothing_kept_come_the_same_bits(data, how, monkeypatch):
    whole = list(loader(data, **how).epoch(3))
    assert equal(list(loader(data, **how).epoch(3, first=2)), whole[2:])
    monkeypatch.setattr(cache, "MOST", 0)
    assert equal(list(loader(data, **how).epoch(3, first=1)), whole[1:])
    assert not torch.equal(
        next(
            loader(
                data,
                **how,
            ).epoch(4)
        )[0],
        whole[0][0],
    )
    assert not torch.equal(next(loader(data, **{**how, "seed": 6}).epoch(3))[0], whole[0][0])


def test_pictures_that_fit_into_the_devices_memory_are_moved_there_and_give_the_same_batches(data, monkeypatch):
    one, other = loader(data), loader(data)
    batches = list(one.epoch(0))
    monkeypatch.setattr(Loader, "_fits_on_device", lambda loader: loader is other)
    for (images, targets), (again, same) in zip(batches, other.epoch(0), strict=True):
        torch.testing.assert_close(images.float(), again, rtol=0, atol=1.01)  # not rounded
        assert torch.equal(targets, same)
    assert one.on_device is None and other.on_device is not None


def test_mixed_pictures_have_shares_of_the_classes_for_targets(data):
    for images, targets in loader(data, **ALL).epoch(0):
        assert targets.shape == (len(images), len(data.classes)) and targets.dtype == torch.float32
        torch.testing.assert_close(targets.sum(dim=1), torch.ones(len(images)))


def test_a_thread_works_ahead_in_order_and_its_errors_come_through():
    taken = []

    def items():
        for number in range(6):
            taken.append(number)
            yield number
        raise ValueError("the end")

    got = ahead(items())
    assert next(got) == 0
    got_rest = []
    with pytest.raises(ValueError, match="the end"):
        got_rest.extend(got)
    assert taken == list(range(6))
    assert list(ahead(iter("abc"))) == ["a", "b", "c"]
    left = ahead(iter(range(100)))
    assert next(left) == 0
    left.close()


def test_what_is_shown_before_is_what_steps_see(data):
    """One picture, at the size that is learned from, each time otherwise; and with every change that is chosen."""
    settings = TrainSettings(data.id, "resnet18", "full", image_size=64, crop_mode="center")
    settings = resolve(settings, images=20, model_size=64, crop_mode="center")
    record, preprocessing = data.part("train")[0], Preprocessing(64)
    seen = augmented(data, record, settings, preprocessing)
    assert seen.shape == (8, settings.train_size, settings.train_size, 3)
    assert len({version.tobytes() for version in seen}) == 8
    erased = augmented(data, record, replace(settings, erasing=1.0, cutmix=1.0, augment="strong"), preprocessing)
    assert erased.shape == seen.shape and not (erased == seen).all()
