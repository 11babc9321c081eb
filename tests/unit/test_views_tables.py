"""Tables from run data: empty, odd and large ones."""

import csv
import dataclasses
import io
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from resnet import jobs
from resnet.data.dataset import Dataset
from resnet.evaluation.predictions import PREDICTIONS
from resnet.predictor import Predictor
from resnet.settings import TrainSettings
from resnet.store import Store
from resnet.text import CATALOGUE, Message
from resnet.views import answers, tables
from resnet.views.result import Result

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
    frame = tables.answers(ANSWERS["images"])
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


def test_predictions_are_a_row_a_picture_as_pandas_reads_it(finished: Path) -> None:
    report = jobs.read_report(finished)
    data = jobs.data_of(Store.of(finished), report)
    frame = pd.read_csv(io.StringIO(tables.csv(tables.predictions(Result("drawn", finished, report, {}, data)))))
    records = data.part("val")
    assert frame["file"].tolist() == [record.source for record in records]
    assert frame["sha256"].tolist() == [record.sha256 for record in records]
    assert frame["label"].tolist() == [record.label for record in records]
    assert (frame["label"] == frame["predicted"]).mean() == pytest.approx(report["accuracy"])
    scores = frame[[f"probability_{label}" for label in report["classes"]]].to_numpy()
    assert scores.sum(axis=1) == pytest.approx(np.ones(len(records)), abs=1e-5)
    assert frame["score"].to_numpy() == pytest.approx(scores.max(axis=1))
    answer = Predictor(finished / "model", "cpu", engine="torch").predict([records[0].path], top_k=1)["images"][0]
    assert answer["labels"][0]["score"] == pytest.approx(frame["score"][0], abs=1e-4)
    assert (tables.predictions(Result("drawn", finished, report, {}))["file"] == "").all()


def test_no_cell_of_a_table_is_a_formula(tmp_path: Path) -> None:
    arrays = {"logits": np.zeros((6, 2), np.float32), "targets": np.array([0, 1] * 3)}
    np.savez(tmp_path / PREDICTIONS, **arrays, sha256=np.array(["a" * 64] * 6))
    for beginning in "=+-@\t\r":
        labels = [f"{beginning}cmd|' /C calc'!A0", "harmless"]
        text = tables.csv(tables.predictions(Result("", tmp_path, {"classes": labels, "temperature": 1.0}, {})))
        rows = list(csv.reader(io.StringIO(text, newline="")))
        assert len(rows) == 7 and {row[2] for row in rows[1:]} == {f"'{labels[0]}", "harmless"}
        assert not [cell for row in rows for cell in row if cell.startswith(answers.FORMULA)]
    assert tables.csv(pd.DataFrame({"=a": [-1.5, 2]})) == "'=a\r\n-1.5\r\n2.0\r\n"
