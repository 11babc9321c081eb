"""What a run delivers, and that it can be left anywhere: workers of this very process, left after any event."""

import itertools
import shutil
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from resnet import jobs
from resnet.data.dataset import Dataset
from resnet.data.importing import import_dataset
from resnet.data.samples import draw
from resnet.errors import UserError
from resnet.evaluation.evaluate import examine
from resnet.evaluation.metrics import fit_temperature
from resnet.evaluation.predictions import NOW, PREDICTIONS, read_predictions
from resnet.predictor import Predictor
from resnet.predictor.predictor import compute
from resnet.settings import TrainSettings
from resnet.store import Store, read_json, read_lines
from resnet.training import head
from resnet.training.trainer import Trainer
from resnet.weights.folder import read_config
from resnet.worker import run as worker
from resnet.worker.__main__ import reason
from resnet.worker.status import Status, ToldToEnd


class Control:
    """What a run is told at its so-manieth look: to stop; to save and end; or nothing, and then it is killed."""

    def __init__(self, at: int = 0, what: str = "") -> None:
        self.at, self.what, self.looks = at, what, 0

    @property
    def told_to_end(self) -> bool:
        return self.what == "save" and self.looks + 1 >= self.at

    def leave_if_told(self) -> None:
        self.looks += 1
        if self.what in ("save", "kill") and self.looks >= self.at:
            raise ToldToEnd

    @property
    def asked_to_stop(self) -> bool:
        return self.what == "stop" and self.looks >= self.at


@pytest.fixture
def start(store: Store, small_model: Path, monkeypatch):
    """start(data, **settings) -> the folder of a run that no process has taken."""
    monkeypatch.setattr(jobs.workers, "launch", lambda folder: None)
    monkeypatch.setattr(jobs.runs, "TWICE", 0)
    sizes = {"image_size": 32, "batch_size": 8, "device": "cpu"}

    def start(data: Dataset, model: Path = small_model, **settings: object) -> Path:
        folder = store.runs / jobs.start(store, TrainSettings(data.id, str(model), **{**sizes, **settings}))
        worker.settle(folder)
        return folder

    return start


@pytest.fixture
def parted(store: Store, tmp_path: Path) -> Dataset:
    """Drawn pictures in train, val and test: 4, 2 and 3 of each of five classes."""
    for number, (part, count) in enumerate({"train": 4, "val": 2, "test": 3}.items()):
        draw(tmp_path / "parted" / part, count, seed=number)
    return import_dataset(tmp_path / "parted", store)


def go(folder: Path, control: Control | None = None) -> str:
    return worker.run(folder, Status(folder), control or Control(), time.monotonic())


def test_the_test_part_is_looked_at_once_when_all_is_decided(start, parted, monkeypatch):
    looked = []

    def examined(predictor, data, records, *rest):
        looked.append({record.split for record in records})
        return examine(predictor, data, records, *rest)

    monkeypatch.setattr(worker, "examine", examined)
    folder = start(parted, mode="full", epochs=2)
    assert go(folder, Control(2, "stop")) == "stopped"
    assert looked == [{"val"}] and read_json(folder / "report.json")["test"] is None
    assert not (folder / "predictions-test.npz").exists()
    assert go(folder) == "done"
    assert looked == [{"val"}, {"val"}, {"test"}]

    report = read_json(folder / "report.json")
    found = examine(Predictor(folder / "model", "cpu", engine="torch"), parted, "test")
    expected = found.report(parted, "test")
    assert report["n"] == 10 and report["test"]["n"] == 15
    assert report["test"] == {name: expected[name] for name in report["test"]}
    with np.load(folder / "predictions-test.npz") as saved:
        assert np.array_equal(saved["logits"], found.logits) and np.array_equal(saved["targets"], found.targets)
        assert saved["sha256"].tolist() == [record.sha256 for record in found.records]
    assert "15 pictures of the test part, which was looked at once" in (folder / "model/README.md").read_text("utf-8")


def test_scores_of_a_delivered_model_are_at_the_temperature_of_its_validation_part(start, data):
    folder = start(data, mode="head", head_epochs=5)
    assert go(folder) == "done"
    report = read_json(folder / "report.json")
    with np.load(folder / "predictions.npz") as saved:
        expected = fit_temperature(saved["logits"], saved["targets"])
    assert report["test"] is None
    assert report["temperature"] == read_config(folder / "model").temperature == pytest.approx(expected)
    predictor = Predictor(folder / "model", "cpu", engine="torch")
    files = [record.path for record in data.part("val")]
    shown = [answer["labels"][0]["score"] for answer in predictor.predict(files, top_k=1)["images"]]
    calm = replace(predictor.config, temperature=1.0)
    predictor.config = calm
    plain = [answer["labels"][0]["score"] for answer in predictor.predict(files, top_k=1)["images"]]
    assert shown != plain


def test_validation_has_selected_the_epoch_only_where_it_was_asked(start, parted):
    folder = start(parted, mode="full", epochs=2, patience=5)
    for control, ended, selected in ((Control(2, "stop"), "stopped", "last"), (Control(), "done", "validation")):
        assert go(folder, control) == ended
        assert read_json(folder / "report.json")["summary"]["selected"] == selected


def test_a_run_of_one_step_learns(start, data):
    folder = start(data, mode="full", epochs=1, batch_size=64)
    assert go(folder) == "done"
    (line,) = (line for line in read_lines(folder / "metrics.jsonl") if "train_loss" in line)
    assert line["step"] == 1 and line["learning_rate"] > 0


def test_more_processes_than_a_step_can_be_shared_among_are_refused_when_it_goes_on(start, data, monkeypatch):
    folder = start(data, mode="full", epochs=1, batch_size=2)
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UserError, match="less than two for each of 2 devices"):
        worker.settle(folder)


def test_memory_that_is_full_anywhere_is_told_as_such(start, data):
    status = Status(start(data, mode="head"))
    for error in (torch.OutOfMemoryError("CUDA out of memory"), MemoryError()):
        assert reason(error, status).key == "run_memory_full"
    assert reason(RuntimeError("mat1 and mat2"), status).key == "run_failed"


def test_while_all_layers_learn_the_answers_of_the_last_epoch_are_there(start, data):
    folder = start(data, mode="full", epochs=3)
    with pytest.raises(ToldToEnd):
        go(folder, Control(12, "kill"))
    lines = read_lines(folder / "metrics.jsonl")
    tried = [line for line in lines if "val_accuracy" in line]
    steps = tried[0]["step"]  # of an epoch
    assert all(line["epoch"] == pytest.approx(line["step"] / steps, abs=1e-4) for line in lines) and steps > 1
    found = read_predictions(folder / NOW)
    assert found.sha256.tolist() == [record.sha256 for record in data.part("val")]
    assert (found.logits.argmax(1) == found.targets).mean() == pytest.approx(tried[-1]["val_accuracy"])
    assert go(folder) == "done"
    assert not (folder / NOW).exists() and (folder / PREDICTIONS).exists()
    assert read_json(folder / "status.json")["megabytes"] > 100


# folds


def same(one: Path, other: Path) -> None:
    """The same in every bit that is not a time."""
    for file in ("model/model.safetensors", "model/config.json"):
        assert (one / file).read_bytes() == (other / file).read_bytes()
    for file in ("predictions.npz", "predictions-folds.npz"):
        with np.load(one / file) as mine, np.load(other / file) as theirs:
            assert mine.files == theirs.files and all(np.array_equal(mine[name], theirs[name]) for name in mine)
    reports = [read_json(folder / "report.json") for folder in (one, other)]
    for report in reports:
        for name in ("seconds", "images_per_second", "finished"):
            del report["summary"][name]
        for line in report["curves"]:
            del line["time"]
            line.pop("images_per_second", None)
    assert reports[0] == reports[1]


def told(folder: Path) -> list[dict]:
    return [{**line, "time": 0, "images_per_second": 0} for line in read_lines(folder / "metrics.jsonl")]


@pytest.mark.parametrize("mode", ["head", "full", pytest.param("auto", marks=pytest.mark.slow)])
def test_a_run_with_folds_killed_and_left_anywhere_ends_in_the_same_bits(start, data, small_model, tmp_path, mode):
    epochs = {"epochs": None if mode == "head" else 1, "head_epochs": None if mode == "full" else 2}
    model = shutil.copytree(small_model, tmp_path / "start weights")
    whole, left = (start(data, model, mode=mode, folds=2, name="tried", **epochs) for _ in range(2))
    assert go(whole) == "done"
    ends, states = itertools.cycle([(3, "save"), (8, "kill"), (2, "save"), (15, "save"), (40, "kill")]), []
    while states[-1:] != ["done"]:
        try:
            states.append(go(left, Control(*next(ends))))
        except ToldToEnd:
            states.append("left")
            shutil.rmtree(model, ignore_errors=True)  # no fold needs them any more
    assert states.count("left") >= 4
    same(whole, left)
    assert told(whole) == told(left)


def test_every_picture_is_tried_by_a_model_that_did_not_learn_from_it(start, parted, monkeypatch):
    trained, tried, computed = [], [], []

    class Watched(Trainer):
        def __init__(self, model, preprocessing, train, val, *rest):
            trained.append(({*train.paths}, {*val.paths}))
            super().__init__(model, preprocessing, train, val, *rest)

    def examined(predictor, data, records, *rest):
        tried.append({record.path for record in records})
        return examine(predictor, data, records, *rest)

    def counted(network, preprocessing, paths, device):
        computed.extend(paths)
        return compute(network, preprocessing, paths, device)

    monkeypatch.setattr(worker, "Trainer", Watched)
    monkeypatch.setattr(worker, "examine", examined)
    monkeypatch.setattr(head, "compute", counted)
    folder = start(parted, mode="head", head_epochs=2, folds=3)
    assert go(folder) == "done"
    train, val, test = ({record.path for record in parted.part(part)} for part in ("train", "val", "test"))
    assert trained[-1] == (train, val) and tried[3:] == [val, test]
    assert all(learned == (train | val) - held for learned, held in trained[:3])
    assert tried[:3] == [held for _, held in trained[:3]]
    assert sorted(path for held in tried[:3] for path in held) == sorted(train | val)
    assert sorted(computed) == sorted(train | val)  # once for all models

    report, status = read_json(folder / "report.json"), read_json(folder / "status.json")
    with np.load(folder / "predictions-folds.npz") as saved:
        right = saved["logits"].argmax(axis=1) == saved["targets"]
        each = [right[saved["fold"] == fold].mean() for fold in range(3)]
        hashes = {record.sha256 for record in parted.records if record.split != "test"}
        assert {*saved["sha256"].tolist()} == hashes and len(right) == 30
    folds = report["folds"]
    assert (folds["k"], folds["accuracy"]["each"]) == (3, each) and folds["accuracy"]["mean"] == np.mean(each)
    assert (folds["pooled"]["n"], folds["pooled"]["accuracy"]) == (30, right.mean())
    assert {suspect["sha256"] for suspect in report["suspects"]} <= hashes
    assert all("fold" not in line for line in report["curves"])
    assert {line.get("fold") for line in read_lines(folder / "metrics.jsonl")} == {1, 2, 3, None}
    assert (status["fold"], status["folds"]) == (None, 3)
    assert jobs.result(folder)["folds"] == folds and jobs.result(folder)["test"] == report["test"]


def test_a_run_that_is_stopped_in_its_folds_has_no_model_yet_and_goes_on(start, data):
    folder = start(data, mode="head", head_epochs=2, folds=2)
    status = Status(folder)
    assert worker.run(folder, status, Control(4, "stop"), time.monotonic()) == "stopped"
    assert status.record["message"]["key"] == "run_stopped_in_folds" and status.record["fold"] == 1
    assert not (folder / "model").exists()
    assert go(folder) == "done" and read_json(folder / "report.json")["folds"]["k"] == 2


def test_minutes_are_shared_out_among_all_models(start, parted, monkeypatch):
    turns, clocks = [], []

    class Ticking:
        now, time = 0, time.time

        def monotonic(self) -> float:
            self.now += 1
            return self.now

    class Watched(Trainer):
        def __init__(self, model, preprocessing, train, val, settings, engine, clock, looks, ranks):
            turns.append((settings.minutes, looks))
            self.clock, self.bound = clock, settings.minutes
            unbounded = replace(settings, minutes=None, epochs=1)
            super().__init__(model, preprocessing, train, val, unbounded, engine, clock, looks, ranks)

        def fit(self):
            clocks.append(ticking.now + 1 - self.clock())
            yield from super().fit()

    ticking = Ticking()
    monkeypatch.setattr(worker, "time", ticking)
    monkeypatch.setattr(worker, "Trainer", Watched)
    folder = start(parted, mode="full", folds=2, minutes=30)
    assert worker.run(folder, Status(folder), Control(), 0.0) == "done"
    assert [looks for _, looks in turns] == [1, 1, 1 + 15 / 10]  # the test part is looked at once, at the end
    since = [30 * 60 - minutes * 60 * models for (minutes, _), models in zip(turns, (3, 2, 1), strict=True)]
    assert since == pytest.approx(clocks) and 0 == since[0] < since[1] < since[2] < ticking.now


def test_the_time_left_counts_all_models(start, data, monkeypatch):
    left = []

    def noted(self, **changes):
        if changes.get("stage") == "head":
            left.append((changes["fold"], changes["step"], changes["steps"], changes["seconds_left"]))

    def second(self, event):
        self.seconds_per_step = self.speed = 1.0
        return 1.0

    monkeypatch.setattr(Status, "update", noted)
    monkeypatch.setattr(worker._Pace, "took", second)  # a step takes a second
    assert go(start(data, mode="head", head_epochs=2, folds=3)) == "done"
    assert [place[0] for place in left if place[1] == place[2]] == [1, 2, 3, None]
    for fold, step, steps, seconds in left:
        assert seconds == steps - step + (4 - fold if fold else 0) * steps


def test_folds_that_cannot_be_made_are_refused_before_the_start(start, data, store, tmp_path):
    with pytest.raises(UserError, match="must be a whole number between 2 and 20"):
        start(data, mode="head", folds=1)
    draw(tmp_path / "few", 2)
    with pytest.raises(UserError, match="11 folds are more than these pictures"):
        start(import_dataset(tmp_path / "few", store), mode="head", folds=11)
