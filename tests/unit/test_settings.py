"""Settings: all problems at once, defaults from the data."""

import json
from dataclasses import fields

import pytest

from resnet.errors import UserError
from resnet.settings import FULL_ONLY, HEAD_ONLY, RANGES, TrainSettings, device_queue, read_said, resolve


def test_all_problems_are_named_together_with_value_and_range():
    settings = TrainSettings("data", "model", mode="magic", epochs=0, learning_rate=float("nan"))
    sentence = str(UserError.of(settings.problems()))
    assert "mode is magic; choose one of: auto, head, full, scratch." in sentence
    assert "epochs is 0; it must be a whole number between 1 and 1000." in sentence
    assert "learning_rate is nan" in sentence


@pytest.mark.parametrize("field", RANGES)
def test_both_ends_of_every_range_hold(field):
    low, high = RANGES[field]
    for value, expected in ((low, 0), (high, 0), (low - 1, 1), (high + 1, 1)):
        assert len(TrainSettings("d", "m", **{field: value}).problems()) == expected


@pytest.mark.parametrize("field", ["epochs", "seed", "batch_size"])
def test_words_and_fractions_are_refused_where_numbers_belong(field):
    assert TrainSettings("d", "m", **{field: "3"}).problems()
    assert TrainSettings("d", "m", **{field: 2.5}).problems()
    assert TrainSettings("d", "m", **{field: True}).problems()


def resolved(mode: str, **chosen: object) -> TrainSettings:
    settings = TrainSettings("d", "m", mode=mode, **chosen)
    return resolve(settings, images=195, model_size=160, crop_mode="squash")


@pytest.mark.parametrize(("mode", "ignored"), [("auto", ()), ("head", FULL_ONLY), ("full", HEAD_ONLY)])
def test_resolving_leaves_only_the_name_folds_what_torch_must_settle_and_what_the_mode_ignores(mode, ignored):
    settings = resolved(mode, weight_decay=0.1, head_weight_decay=0.1)  # the head's is otherwise left to its folds
    open_fields = {field.name for field in fields(settings) if getattr(settings, field.name) is None}
    assert open_fields == {"name", "folds", "device", "devices", "precision", "minutes", *ignored}
    assert not settings.problems()


def test_in_mode_head_epochs_and_rate_are_the_heads():
    head = resolved("head", epochs=7, learning_rate=0.5)
    assert (head.head_epochs, head.head_learning_rate, head.epochs, head.learning_rate) == (7, 0.5, None, None)
    head = resolved("head", epochs=7, learning_rate=0.5, head_epochs=9, head_learning_rate=0.1)
    assert (head.head_epochs, head.head_learning_rate) == (9, 0.1)
    auto = resolved("auto", epochs=7, learning_rate=0.5)
    assert (auto.epochs, auto.learning_rate, auto.head_epochs, auto.head_learning_rate) == (7, 0.5, 40, 1.0)


def test_the_heads_weight_decay_stays_open_until_its_folds_are_looked_at():
    assert resolved("head").head_weight_decay is None


def test_minutes_take_the_place_of_epochs_but_not_in_mode_head():
    assert (resolved("auto", minutes=3).epochs, resolved("auto", minutes=3).head_epochs) == (None, 40)
    head = resolved("head", minutes=3)
    assert (head.minutes, head.head_epochs) == (None, 40)
    (problem,) = TrainSettings("d", "m", minutes=3, epochs=2).problems()
    assert problem.say() == "minutes is 3 and epochs is 2; give one of the two, or neither."


def test_the_first_gpu_has_one_queue_whatever_it_is_called():
    assert device_queue("cuda") == device_queue("cuda:0") != device_queue("cuda:1")
    assert device_queue("cpu") == "cpu"


def test_what_the_user_chose_stays():
    chosen = TrainSettings("d", "m", epochs=7, image_size=96, crop_mode="center")
    settings = resolve(chosen, images=195, model_size=160, crop_mode="squash")
    assert (settings.epochs, settings.image_size, settings.crop_mode, settings.train_size) == (7, 96, "center", 80)


def test_the_smallest_sets_get_settings_that_are_allowed():
    for images in (2, 3, 8):
        settings = resolve(TrainSettings("d", "m"), images=images, model_size=160, crop_mode="center")
        assert not settings.problems()


def test_a_file_of_settings_says_what_was_said():
    settings = TrainSettings("0" * 16, "resnet18d", "full", epochs=3, learning_rate=0.01, seed=7)
    kept = read_said(json.dumps(settings.said()))
    assert kept == {"model": "resnet18d", "mode": "full", "epochs": 3, "learning_rate": 0.01, "seed": 7}
    assert read_said(json.dumps({"format": 1, "settings": {"data": "x", **kept, "minutes": None}})) == kept


@pytest.mark.parametrize("text", ["", "[]", "3", "{", "[" * 10_000, '{"settings": []}', '{"epoch": 3}', "null"])
def test_what_is_no_file_of_settings_is_refused(text):
    with pytest.raises(UserError, match=r"no file of settings|no setting called epoch"):
        read_said(text)
