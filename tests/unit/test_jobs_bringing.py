"""A run that goes to another workspace and is whole there; and strangers' files, of which nothing bad comes in."""

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from resnet import jobs
from resnet.cli import main
from resnet.data.bounds import Limits
from resnet.errors import UserError
from resnet.evaluation.predictions import read_predictions
from resnet.jobs import bringing, forms
from resnet.predictor import Predictor
from resnet.settings import TrainSettings
from resnet.store import Store, name_of, read_json, read_lines, write_json
from resnet.ui.service import Service
from resnet.views.report import html

ELSEWHERE = "/home/somebody/models/theirs"


@pytest.fixture
def taken(finished: Path, tmp_path: Path) -> Path:
    """The zip of a run."""
    return jobs.take_out(Store.of(finished), finished.name, tmp_path / "taken")


@pytest.fixture
def folder(finished: Path, tmp_path: Path) -> Path:
    """A run's folder that may be changed, with what never comes along."""
    copy = tmp_path / "theirs" / finished.name
    shutil.copytree(finished, copy)
    (copy / "last").mkdir(exist_ok=True)
    (copy / "last" / "state.pt").write_bytes(b"a pickle")
    (copy / "run.py").write_text("import os")
    return copy


def packed(folder: Path, top: str = "", **more: bytes) -> Path:
    """A zip of all in a folder, as a person makes one."""
    archive = folder.parent / "packed.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            file.write(path, f"{top}{path.relative_to(folder)}")
        for name, content in more.items():
            file.writestr(name, content)
    return archive


def change(file: Path, **fields: object) -> None:
    write_json(file, {**read_json(file), **fields})


def refused(source: Path, store: Store, *keys: str) -> str:
    """It is refused with one of the sentences `keys`, and nothing is left behind."""
    with pytest.raises(UserError) as raised:
        jobs.bring_in(source, store)
    assert raised.value.message.key in keys, raised.value
    assert not store.runs.exists() or not list(store.runs.iterdir())
    assert not [path for path in (store.root / "tmp").rglob("*") if path.is_file()]
    assert raised.value.message.say("zh")
    return str(raised.value)


def test_a_run_is_whole_in_another_workspace(finished, taken, store):
    run = store.runs / jobs.bring_in(taken, store)
    assert run.name != finished.name and name_of(run) == "drawn"
    assert jobs.status(run)["state"] == "done" and jobs.read_report(run) == jobs.read_report(finished)
    assert read_lines(run / "metrics.jsonl") == read_lines(finished / "metrics.jsonl")
    found, own = (read_predictions(folder / "predictions.npz") for folder in (run, finished))
    assert np.array_equal(found.logits, own.logits) and np.array_equal(found.sha256, own.sha256)
    pictures = [record.path for record in jobs.data_of(Store.of(finished), jobs.read_report(finished)).part("val")]
    answers = [Predictor(folder / "model", "cpu", engine="torch")(pictures) for folder in (run, finished)]
    assert answers[0] == answers[1]
    (listed,) = jobs.list_runs(store)
    assert (listed["run"], listed["accuracy"]) == (run.name, jobs.read_report(finished)["accuracy"])
    service = Service(store)
    assert service.results.data_of(service.results.report(run.name)) is None
    assert html(service.results.report(run.name), None, service.results.words(run.name))
    jobs.delete_run(store, run.name)


def test_what_goes_is_the_run_and_no_word_of_this_machine(finished, taken, small_model):
    with zipfile.ZipFile(taken) as archive:
        names = {name.removeprefix("drawn/") for name in archive.namelist()}
        content = b"".join(archive.read(name) for name in archive.namelist())
    assert taken.name == "drawn-run.zip"
    assert {"settings.json", "status.json", "report.json", "predictions.npz", "model/model.safetensors"} <= names
    assert names <= bringing.KNOWN.keys()
    assert str(small_model.parent) in (finished / "settings.json").read_text("utf-8")
    assert str(small_model.parent).encode() not in content and str(finished.parent).encode() not in content


def test_the_same_again_is_no_second_run(taken, folder, store):
    first = jobs.bring_in(taken, store)
    assert jobs.bring_in(taken, store) == first and len(jobs.list_runs(store)) == 1
    whole = jobs.bring_in(folder, store)
    assert whole != first and jobs.bring_in(packed(folder), store) == whole == jobs.bring_in(
        packed(folder, "a/b/"), store
    )


def test_known_files_alone_come_in(folder, store):
    for source in (folder, packed(folder)):
        run = store.runs / jobs.bring_in(source, store)
        files = {path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()}
        assert files <= bringing.KNOWN.keys() and "model/model.safetensors" in files


@pytest.mark.parametrize("state", ["queued", "running", "stopping", "failed"])
def test_a_run_that_was_on_its_way_comes_in_as_stopped_and_out_of_every_queue(folder, store, state):
    change(folder / "status.json", state=state, queued=1e300, launched=1e300)
    run = store.runs / jobs.bring_in(folder, store)
    assert jobs.status(run)["state"] == ("failed" if state == "failed" else "stopped")
    assert read_json(run / "status.json")["queued"] == 0


def test_settings_that_would_act_here_do_not(folder, store):
    settings = {**read_json(folder / "settings.json")["settings"], "model": f"{ELSEWHERE}/model"}
    change(folder / "settings.json", settings=settings, queue="../../../tmp/x", hook="os.system", name="theirs")
    record = read_json(store.runs / jobs.bring_in(folder, store) / "settings.json")
    assert record["queue"] == "cpu" and "hook" not in record and record["settings"]["model"] == "model"
    assert TrainSettings.from_json(record["settings"]).problems() == []


def test_a_run_without_a_report_comes_in_and_goes_out(folder, store, tmp_path):
    for name in ("report.json", "predictions.npz"):
        (folder / name).unlink()
    shutil.rmtree(folder / "model")
    change(folder / "status.json", state="stopped")
    run = jobs.bring_in(folder, store)
    assert jobs.list_runs(store)[0]["accuracy"] is None
    assert zipfile.is_zipfile(jobs.take_out(store, run, tmp_path / "again"))


def test_a_run_on_its_way_is_not_taken_out(finished, store, tmp_path, monkeypatch):
    monkeypatch.setattr("resnet.jobs.bringing.status", lambda folder: {"state": "running"})
    with pytest.raises(UserError, match="Stop it, or wait"):
        jobs.take_out(Store.of(finished), finished.name, tmp_path)
    assert list(tmp_path.glob("*.zip")) == []


# strangers' files

DAMAGE: dict[str, Callable[[Path], object]] = {
    "no settings": lambda folder: (folder / "settings.json").unlink(),
    "settings no JSON": lambda folder: (folder / "settings.json").write_text("{"),
    "settings wrong": lambda folder: change(folder / "settings.json", settings={"mode": "x", "data": "", "model": ""}),
    "another architecture": lambda folder: change(folder / "settings.json", architecture="vit"),
    "preprocessing": lambda folder: change(folder / "settings.json", preprocessing={"mean": [1]}),
    "data set's id": lambda folder: change(folder / "settings.json", data={"id": "../../x", "name": "x"}),
    "a long name": lambda folder: change(folder / "settings.json", data={"id": "", "name": "x" * 2000}),
    "versions": lambda folder: change(folder / "settings.json", versions={"torch": {}}),
    "a newer format": lambda folder: change(folder / "settings.json", format=2),
    "state": lambda folder: change(folder / "status.json", state="<b>"),
    "message": lambda folder: change(folder / "status.json", message={"key": "__class__", "values": {}}),
    "report no JSON": lambda folder: (folder / "report.json").write_text("[" * 100_000),
    "accuracy": lambda folder: change(folder / "report.json", accuracy=2),
    "confusion": lambda folder: change(folder / "report.json", confusion=[[1]]),
    "classes": lambda folder: change(folder / "report.json", classes="abcde"),
    "mistakes": lambda folder: change(folder / "report.json", mistakes=[{"file": 1}]),
    "curves": lambda folder: change(folder / "report.json", curves=[{"stage": {}}]),
    "folds": lambda folder: change(folder / "report.json", folds={"k": 3}),
    "a confusion of the folds": lambda folder: with_folds(folder, confusion=[[1]]),
    "classes of the folds": lambda folder: with_folds(folder, classes=["a", "b", "c", "d", "e"]),
    "other predictions of the folds": lambda folder: with_folds(folder, n=7),
    "test": lambda folder: change(folder / "report.json", test=[]),
    "temperature": lambda folder: change(folder / "report.json", temperature=0),
    "suspects": lambda folder: change(folder / "report.json", suspects=None),
    "summary": lambda folder: change(folder / "report.json", summary={"seconds": {"total": 1}}),
    "the model's report": lambda folder: change(folder / "model/report.json", per_class=[{}]),
    "no model": lambda folder: shutil.rmtree(folder / "model"),
    "no report": lambda folder: (folder / "report.json").unlink(),
    "config": lambda folder: change(folder / "model/config.json", architecture="os.system"),
    "temperature of the model": lambda folder: change(folder / "model/lab.json", temperature=-1),
    "weights cut": lambda folder: cut(folder / "model/model.safetensors"),
    "weights of another shape": lambda folder: other_weights(folder / "model/model.safetensors"),
    "weights that are a pickle": lambda folder: as_pickle(folder / "model"),
    "predictions": lambda folder: (folder / "predictions.npz").write_bytes(b"\x80\x04."),
    "other predictions": lambda folder: other_predictions(folder / "predictions.npz"),
}


def with_folds(folder: Path, **wrong: object) -> None:
    """As if its answers were those of folds, too."""
    shutil.copy(folder / "predictions.npz", folder / "predictions-folds.npz")
    pooled = {name: read_json(folder / "report.json")[name] for name in forms.SUMMARY}
    folds = {"k": 3, "accuracy": {"mean": 0.5, "sd": 0.1}, "pooled": {**pooled, **wrong}}
    change(folder / "report.json", folds=folds)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-10])


def other_weights(file: Path) -> None:
    state = load_file(file)
    save_file({**state, "fc.bias": state["fc.bias"][:-1]}, file)


def as_pickle(model: Path) -> None:
    (model / "model.safetensors").rename(model / "pytorch_model.bin")


def other_predictions(file: Path) -> None:
    np.savez(file, logits=np.zeros((1, 2), np.float32), targets=np.array([0]), sha256=np.array(["a" * 64]))


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_what_cannot_be_relied_upon_does_not_come_in(folder, store, damage):
    damage(folder)
    said = refused(folder, store, "bring_none", "bring_damaged", "bring_refused")
    assert "\n" not in said and folder.name in said
    refused(packed(folder), store, "bring_none", "bring_damaged", "bring_refused")


def test_folds_come_in(folder, store):
    with_folds(folder)
    assert Service(store).results.open(jobs.bring_in(folder, store)).looked_at.predictions.fold is None


def test_links_lead_nowhere(folder, store, tmp_path):
    (tmp_path / "secret.json").write_text(json.dumps(read_json(folder / "settings.json")))
    (folder / "settings.json").unlink()
    (folder / "settings.json").symlink_to(tmp_path / "secret.json")
    refused(folder, store, "bring_none")
    shutil.move(folder / "model", tmp_path / "model")
    (folder / "settings.json").unlink()
    shutil.copy(tmp_path / "secret.json", folder / "settings.json")
    (folder / "model").symlink_to(tmp_path / "model")
    refused(folder, store, "bring_damaged")


def test_zips_that_climb_or_burst_are_refused(folder, store, tmp_path, monkeypatch):
    refused(packed(folder, **{"../../evil.json": b"{}"}), store, "archive_climbs")
    bomb = packed(folder, **{"best/README.md": b"0" * 150_000_000})  # stored; packed anew below
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as file, zipfile.ZipFile(bomb) as whole:
        for name in ("settings.json", "status.json", "best/README.md"):
            file.writestr(name, whole.read(name))
    refused(tmp_path / "bomb.zip", store, "archive_ratio")
    monkeypatch.setattr(bringing, "LIMITS", Limits(bytes=1000))
    refused(packed(folder), store, "many_bytes")


def test_a_file_that_is_too_large_is_named(folder, store, monkeypatch):
    monkeypatch.setitem(bringing.KNOWN, "metrics.jsonl", 10)
    assert "metrics.jsonl" in refused(folder, store, "bring_damaged")


@pytest.mark.parametrize("content", [b"", b"words", b"PK\3\4", b"PK\5\6" + bytes(18)])
def test_what_is_no_zip_of_a_run_is_refused(store, tmp_path, content):
    (tmp_path / "x.zip").write_bytes(content)
    refused(tmp_path / "x.zip", store, "bring_no_zip", "archive_truncated", "bring_none")


def test_another_zip_and_no_file_at_all_are_refused(store, tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("cats/1.jpg", "a picture")
    (tmp_path / "cats.zip").write_bytes(buffer.getvalue())
    assert "holds no run" in refused(tmp_path / "cats.zip", store, "bring_none")
    refused(tmp_path / "none.zip", store, "source_no_access")


def test_every_report_of_ours_has_the_form(finished):
    report = jobs.read_report(finished)
    assert forms.report_misfit(report) == ""
    for name in forms.REPORT:
        assert forms.report_misfit({**report, name: object()})


# the command line


def test_out_and_in_on_the_command_line(finished, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RESNET_HOME", str(Store.of(finished).root))
    assert main(["export-run", "drawn", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith(f"{tmp_path / 'drawn-run.zip'}: ")
    monkeypatch.setenv("RESNET_HOME", str(tmp_path / "other"))
    assert main(["import-run", str(tmp_path / "drawn-run.zip"), "--json", "-"]) == 0
    run = json.loads(capsys.readouterr().out)["run"]
    files = [tmp_path / "report.html", tmp_path / "predictions.csv"]
    assert main(["report", run, "--html", str(files[0]), "--csv", str(files[1])]) == 0
    assert files[0].read_text("utf-8").startswith("<!doctype html>")
    assert files[1].read_text("utf-8").startswith("file,sha256,label,predicted,score,probability_")
    assert main(["import-run", str(tmp_path / "gone.zip")]) == 1
