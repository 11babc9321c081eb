"""Runs with real workers: queued, stopped, ended, killed, resumed; whatever happens, the result is the same.

One workspace serves all tests here; its path has blanks and Chinese characters. A run that was never interrupted is
the reference that the others must equal bit by bit.
"""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from resnet import jobs
from resnet.data.importing import import_dataset
from resnet.errors import UserError
from resnet.settings import TrainSettings
from resnet.store import PROJECT, Lock, Store, read_json, read_lines, write_json
from resnet.weights.folder import read_config
from resnet.worker import checkpoint
from tests.processes import children
from tests.waiting import until

OUTSIDE = ("time", "images_per_second")  # of a line of metrics; all else is the run's own
TIMED = {"seconds", "images_per_second", "finished"}  # of a report's summary


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    store = Store.open(tmp_path_factory.mktemp("runs") / "my work 工作")
    yield store
    jobs.shutdown()


@pytest.fixture(scope="module")
def settings(store, pictures, small_model) -> TrainSettings:
    """Both stages, on decoding processes, at the device's own precision: 48 steps of all layers."""
    data = import_dataset(pictures, store)
    sizes = {"image_size": 48, "batch_size": 8}
    return TrainSettings(data.id, str(small_model), epochs=12, head_epochs=3, device="cpu", **sizes)


@pytest.fixture(scope="module")
def reference(store, settings) -> Path:
    """A run from beginning to end, whose launcher crashed."""
    code = (
        "import resnet, sys; from resnet import jobs; settings = resnet.TrainSettings(**eval(sys.argv[2])); "
        "print(jobs.start(resnet.Store.open(sys.argv[1]), settings), flush=True); input()"
    )
    arguments = [sys.executable, "-c", code, str(store.root), str(vars(settings))]
    launcher = subprocess.Popen(arguments, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    folder = store.runs / launcher.stdout.readline().strip()
    launcher.kill()
    launcher.communicate()
    assert ended(folder) == "done"
    return folder


def state(folder: Path) -> str:
    return jobs.status(folder)["state"]


def ended(folder: Path) -> str:
    until(lambda: state(folder) not in jobs.ALIVE)
    return state(folder)


def steps(folder: Path, stage: str = "full") -> int:
    """Steps taken in a stage, as the metrics tell."""
    return max((line["step"] for line in read_lines(folder / "metrics.jsonl") if line["stage"] == stage), default=0)


def in_the_middle(folder: Path, step: int) -> None:
    until(lambda: steps(folder) >= step or state(folder) not in jobs.ALIVE)
    assert state(folder) == "running"


def worker(folder: Path) -> subprocess.Popen:
    return jobs.workers.launched[folder]


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def assert_same(folder: Path, reference: Path) -> None:
    """The same model, predictions, curves and report, in every bit that is not a time."""
    assert (folder / "model" / "model.safetensors").read_bytes() == (reference / "model/model.safetensors").read_bytes()
    with np.load(folder / "predictions.npz") as own, np.load(reference / "predictions.npz") as other:
        assert own.files == other.files == ["logits", "targets", "sha256"]
        assert own["logits"].dtype == np.float32
        assert all(np.array_equal(own[name], other[name]) for name in own.files)
    assert curve(folder) == curve(reference)
    own, other = (read_json(path / "report.json") for path in (folder, reference))
    own["curves"] = other["curves"] = None
    summaries = [{k: v for k, v in report.pop("summary").items() if k not in TIMED} for report in (own, other)]
    assert own == other and summaries[0] == summaries[1]


def curve(folder: Path) -> list[dict]:
    lines = read_lines(folder / "metrics.jsonl")
    return [{name: value for name, value in line.items() if name not in OUTSIDE} for line in lines]


def test_a_crashed_launcher_leaves_the_run_alone(reference, settings):
    report, status = read_json(reference / "report.json"), jobs.status(reference)
    assert status["state"] == "done" and status["message"] is None
    assert report["summary"]["stopped_early"] is False and report["summary"]["epochs"] == settings.epochs
    assert {path.name for path in reference.iterdir()} == {
        *("settings.json", "status.json", "name.json", "metrics.jsonl", "log.txt", "lock", "model", "last"),
        *("predictions.npz", "report.json"),
    }
    decay = report["summary"]["settings"]["head_weight_decay"]
    told = f"Chosen on folds of the training part: head_weight_decay {decay:.2g}.\n"
    assert (reference / "log.txt").read_text() == told
    assert read_json(reference / "model" / "report.json") == report
    told = jobs.result(reference)
    assert (told["state"], told["epochs"], told["val"]["accuracy"]) == ("done", settings.epochs, report["accuracy"])
    assert told["model"] == str(reference / "model")
    assert status["step"] == status["steps"] == report["summary"]["steps"] == 48  # not those of the evaluation
    saves = max(int(path.stem) for path in (reference / "last").iterdir())
    assert saves < settings.epochs + settings.head_epochs  # short epochs are saved together


def test_a_delivered_model_names_no_folder_of_this_machine(reference, small_model):
    report = read_json(reference / "report.json")
    assert report["summary"]["start"] == report["summary"]["settings"]["model"] == small_model.name
    assert read_json(reference / "settings.json")["settings"]["model"] == str(small_model)  # the run finds it again
    for file in ("README.md", "lab.json", "report.json", "config.json"):
        text = (reference / "model" / file).read_text("utf-8")
        assert str(small_model.parent) not in text and str(reference.parent) not in text


def test_a_delivered_model_has_the_licence_of_its_start(reference):
    assert read_config(reference / "model").license == "cc-by-nc-4.0"
    assert "license: cc-by-nc-4.0" in (reference / "model" / "README.md").read_text("utf-8")


def test_ended_stopped_killed_and_resumed_a_run_is_the_same(store, settings, reference, small_model):
    folder = store.runs / jobs.start(store, settings)
    in_the_middle(folder, 5)
    assert jobs.shutdown() == [folder.name]  # Ctrl-C on the app; it waits a bounded time
    assert state(folder) == "stopped" and list((folder / "last").iterdir())
    assert not (folder / "model").exists() and not (folder / "report.json").exists()

    at = steps(folder)
    jobs.resume(store, folder.name)
    in_the_middle(folder, at + 5)
    jobs.stop(store, folder.name)
    assert state(folder) in ("stopping", "stopped")
    assert ended(folder) == "stopped"
    assert read_json(folder / "report.json")["summary"]["stopped_early"] is True
    assert (folder / "model" / "model.safetensors").is_file() and jobs.status(folder)["val_accuracy"] is not None

    at = steps(folder)
    jobs.resume(store, folder.name)
    in_the_middle(folder, at + 5)
    decoding = list(children(worker(folder).pid))
    assert decoding
    worker(folder).kill()
    until(lambda: state(folder) == "lost")
    assert jobs.status(folder)["message"]["key"] == "run_lost"
    until(lambda: not any(running(pid) for pid in decoding))

    hidden = small_model.rename(small_model.with_name("hidden"))  # the start weights are needed no more
    try:
        jobs.resume(store, folder.name)
        assert ended(folder) == "done"
    finally:
        hidden.rename(small_model)
    assert_same(folder, reference)


def test_the_queue_is_in_order(store, settings):
    """Three runs for one device: the first goes on until it is stopped, the second leaves, the third waits."""
    first = store.runs / jobs.start(store, replace(settings, mode="full", epochs=1000))
    second, third = (
        store.runs / jobs.start(store, replace(settings, mode="head", head_epochs=epochs)) for epochs in (1, 2)
    )
    in_the_middle(first, 5)
    assert [state(folder) for folder in (second, third)] == ["queued", "queued"]
    jobs.stop(store, second.name)
    assert ended(second) == "stopped" and not (second / "model").exists()
    assert state(first) == "running" and state(third) == "queued"

    jobs.resume(store, second.name)  # goes to the end of the queue
    jobs.stop(store, first.name)
    assert [ended(folder) for folder in (first, second, third)] == ["stopped", "done", "done"]
    finished = [read_json(folder / "report.json")["summary"]["finished"] for folder in (first, third, second)]
    assert finished == sorted(finished)


def test_a_run_is_deleted_in_the_middle_and_the_next_one_has_its_turn(store, settings):
    folder = store.runs / jobs.start(store, replace(settings, mode="full", epochs=1000))
    following = store.runs / jobs.start(store, replace(settings, mode="head", head_epochs=1))
    in_the_middle(folder, 5)
    deleted, decoding = worker(folder), list(children(worker(folder).pid))
    jobs.delete_run(store, folder.name)
    assert deleted.wait(10) == 1
    until(lambda: not any(running(pid) for pid in decoding))
    assert ended(following) == "done"
    assert not folder.exists() and folder.name not in [run["run"] for run in jobs.list_runs(store)]


def test_a_run_waits_for_the_device_that_torch_finds_not_only_for_the_guessed_one(
    store, settings, tmp_path, monkeypatch
):
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh")
    (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # a GPU's tools, and a torch that sees none
    taken = Lock(store.device_lock("cpu"))
    assert taken.acquire()
    folder = store.runs / jobs.start(store, replace(settings, mode="head", device=None))
    assert read_json(folder / "settings.json")["queue"] == "cuda:0"
    until(lambda: read_json(folder / "settings.json")["queue"] == "cpu" and state(folder) == "queued")
    assert not (folder / "metrics.jsonl").exists()
    taken.release()
    assert ended(folder) == "done" and read_json(folder / "settings.json")["settings"]["device"] == "cpu"


def test_a_run_killed_before_it_saved_begins_anew(store, settings):
    folder = store.runs / jobs.start(store, replace(settings, mode="head"))
    until(lambda: jobs.status(folder)["stage"] == "start")
    worker(folder).send_signal(signal.SIGKILL)
    until(lambda: state(folder) == "lost")
    jobs.resume(store, folder.name)
    assert ended(folder) == "done"


def test_failed_runs_say_why_in_a_sentence(store, settings, pictures, tmp_path):
    other = Store.open(tmp_path / "other")
    data = import_dataset(pictures, other)
    data.part("val")[0].path.unlink()
    damaged = other.runs / jobs.start(other, replace(settings, data=data.id, mode="head"))
    far_too_fast = {"head_epochs": 30, "head_learning_rate": 10.0, "head_weight_decay": 1.0}
    hot = store.runs / jobs.start(store, replace(settings, mode="head", **far_too_fast))
    for folder, words in ((damaged, "is gone. Delete the data set"), (hot, "The loss is no longer a number")):
        assert ended(folder) == "failed"
        status = read_json(folder / "status.json")
        assert words in status["message"]["english"]
        assert "Traceback" not in str(status) and "\n" not in status["message"]["english"]
        assert "Traceback" not in (folder / "log.txt").read_text()


def test_a_run_that_diverges_delivers_its_last_good_model_and_is_not_resumed(store, settings):
    folder = store.runs / jobs.start(store, replace(settings, mode="full", epochs=1000))
    in_the_middle(folder, 5)
    jobs.shutdown()
    at = steps(folder)
    record = read_json(folder / "settings.json")
    record["settings"] |= {"learning_rate": 10.0, "weight_decay": 1.0, "warmup": 0.0}  # weights grow ninefold a step
    write_json(folder / "settings.json", record)
    jobs.resume(store, folder.name)
    assert ended(folder) == "failed"
    assert "the learning rate of 10 is too high" in jobs.status(folder)["message"]["english"]
    summary = read_json(folder / "report.json")["summary"]
    assert (folder / "model" / "model.safetensors").is_file() and summary["stopped_early"] is True
    assert at <= steps(folder) <= summary["steps"]  # not every step has a line
    assert all(np.isfinite(tensor).all() for tensor in load_file(folder / "model" / "model.safetensors").values())
    with pytest.raises(UserError, match="would fail again"):
        jobs.resume(store, folder.name)


def test_patience_delivers_the_epoch_with_the_lowest_loss_and_says_that_validation_chose_it(store, settings):
    chosen = replace(settings, mode="full", epochs=6, patience=1, ema_decay=0.0, learning_rate=0.1, warmup=0.0)
    folder = store.runs / jobs.start(store, chosen)
    assert ended(folder) == "done"
    found = [line["val_loss"] for line in read_lines(folder / "metrics.jsonl") if "val_loss" in line]
    summary = read_json(folder / "report.json")["summary"]
    assert len(found) == summary["epochs"] and summary["selected"] == "validation"
    assert found[:-2] == sorted(found[:-2], reverse=True) and (len(found) == 6 or found[-1] >= found[-2])
    for file in ("model.safetensors", "config.json"):
        assert len({(folder / place / file).stat().st_size for place in ("model", "best")}) == 1
    weights = [load_file(folder / place / "model.safetensors") for place in ("model", "best")]
    assert all(np.array_equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert "selected on validation" in (folder / "model" / "README.md").read_text()


LITTLE_MEMORY = """
import sys
from pathlib import Path
import torch
from resnet.nn.network import ResNet
from resnet.worker.__main__ import main

def forward_features(network, x, forward=ResNet.forward_features):
    if network.training and len(x) > 3:
        raise torch.OutOfMemoryError("CUDA out of memory.")
    return forward(network, x)

ResNet.forward_features = forward_features
main(Path(sys.argv[1]))
"""


def test_a_run_whose_steps_do_not_fit_into_memory_takes_them_in_parts_and_says_so(store, settings, monkeypatch):
    started = []
    launch = [sys.executable, "-c", LITTLE_MEMORY]
    monkeypatch.setattr(jobs.workers, "launch", lambda folder: started.append(subprocess.Popen([*launch, folder])))
    folder = store.runs / jobs.start(store, replace(settings, mode="full", epochs=1))
    started[0].wait()
    assert state(folder) == "done" and steps(folder) == 4
    message = jobs.status(folder)["message"]
    assert message["key"] == "run_divided" and message["values"] == {"batch": 8, "images": 2}
    assert message in read_json(folder / "report.json")["summary"]["adapted"]
    assert message["english"] in (folder / "model" / "README.md").read_text()
    assert checkpoint.load(folder / "last")[0][1]["micro_batch"] == 2
