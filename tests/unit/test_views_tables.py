"""Tables from run data: empty, odd and large ones."""

import dataclasses
import math

import pytest

from resnet.data.dataset import Dataset
from resnet.settings import TrainSettings
from resnet.text import CATALOGUE, Message
from resnet.views import tables

BEE, ANT = {"label": "bee", "description": "bee"}, {"label": "ant", "description": "ant"}
MISSING = Message("image_missing", {"file": "no.txt"})
ANSWERS = {
    "images": [
        {"file": "sure.jpg", "known": True, "labels": [{**BEE, "score": 0.99}], "error": None},
        {"file": "odd.jpg", "known": False, "labels": [{**ANT, "score": 0.4}], "error": None},
        {"file": "no.txt", "known": False, "labels": [], "error": MISSING},
    ]
}


def test_curves_put_one_stage_behind_the_other_and_leave_out_what_is_no_number() -> None:
    lines = [
        {"stage": "head", "epoch": 1, "train_loss": 2.0},
        {"stage": "head", "epoch": 40, "val_loss": 1.0, "val_accuracy": 0.5},
        {"stage": "full", "epoch": 0.5, "train_loss": math.nan},
        {"stage": "full", "epoch": 1, "val_loss": 0.5, "val_accuracy": 0.75},
    ]
    assert list(tables.curves(lines, "loss").dropna()["epoch"]) == [1, 40, 41]
    assert list(tables.curves(lines, "accuracy").dropna()["accuracy"]) == [0.5, 0.75]


def test_curves_are_those_of_the_model_that_learns_now() -> None:
    lines = [{"stage": "head", "epoch": 1, "val_loss": 9.0, "fold": fold} for fold in (1, 2)]
    assert list(tables.curves(lines, "loss").dropna()["loss"]) == [9.0]
    lines.append({"stage": "head", "epoch": 1, "val_loss": 1.0})
    assert list(tables.curves(lines, "loss").dropna()["loss"]) == [1.0]


def test_labels_in_doubt_go_under_the_names_that_the_pictures_came_with(data: Dataset) -> None:
    record = data.records[0]
    known = {"file": "files/1.jpg", "sha256": record.sha256, "label": "\u202eant", "predicted": "bee"}
    report = {"suspects": [{**known, "score": 0.97, "label_score": 0.001}]}
    row = list(tables.suspects(report, data, {"bee": "honey bee"}).iloc[0])
    assert row == [record.source, "ant", "honey bee", "97 %", "< 1 %"]
    assert tables.suspects(report, None, {}).iloc[0, 0] == "files/1.jpg"
    assert tables.suspects({}, data, {}, "zh").empty  # a report of an older version


def test_answers_put_the_doubtful_first() -> None:
    frame = tables.answers(ANSWERS)
    assert list(frame["file"]) == ["no.txt", "odd.jpg", "sure.jpg"]
    assert list(frame["answer"]) == [
        MISSING.say(),
        "unknown (nearest: ant)",
        "bee",
    ]


def test_classes_show_a_test_part_only_where_there_is_one() -> None:
    counts = {"\u202eants": {"train": 8, "val": 2, "test": 0}}
    frame = tables.classes({"counts": counts})
    assert list(frame.columns) == ["class", "to learn from", "to check with"]
    assert frame["class"][0] == "ants"
    counts["bees"] = {"train": 8, "val": 2, "test": 5}
    assert list(tables.classes({"counts": counts})["final test"]) == [0, 5]


def test_runs_of_which_little_is_known() -> None:
    run = {"name": "<b>", "data": "pets", "architecture": "resnet18", "mode": "auto", "state": "lost"}
    run |= {"accuracy": None, "interval": None, "seconds": None, "created": None}
    assert list(tables.runs([run], "zh").iloc[0]) == [
        "<b>",
        "pets",
        "resnet18",
        "先末层，再全部",
        "–",
        "–",
        "–",
        "已中断",
    ]
    assert tables.runs([]).empty


def test_every_setting_has_a_name_in_words() -> None:
    missing = [f.name for f in dataclasses.fields(TrainSettings) if f"setting_{f.name}" not in CATALOGUE]
    missing += [f.name for f in dataclasses.fields(TrainSettings)[2:] if f"help_{f.name}" not in CATALOGUE]
    assert missing == []


@pytest.mark.parametrize(("value", "series"), [("loss", 2), ("accuracy", 1)])
def test_a_curve_without_points_has_its_axes_and_series_already(value, series):
    frame = tables.curves([], value)
    assert frame["epoch"].dtype == frame[value].dtype == float
    assert frame["series"].nunique() == len(frame) == series
    assert frame[value].isna().all()
