"""Start, watch, stop, resume and delete runs. A run's worker is a detached process: it outlives whoever started it."""

import contextlib
import importlib.metadata
import os
import platform
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path

from resnet.data.importing import import_dataset
from resnet.errors import UserError
from resnet.jobs.plan import Plan, likely_device, plan
from resnet.settings import TrainSettings, device_queue
from resnet.store import (
    FORMAT,
    PROJECT,
    Store,
    delete_folder,
    folders,
    name_of,
    new_id,
    read_json,
    replacing_folder,
    write_json,
)
from resnet.text import Message
from resnet.worker.status import is_alive

ALIVE = ("queued", "running", "stopping")  # states in which a worker holds the folder's lock
TWICE = 5  # seconds within which the same start again is taken for a second click
END = 10  # seconds that a worker has to save and go

_launched: dict[Path, subprocess.Popen] = {}  # by this process, so that they end with it
_changing = threading.Lock()  # held from looking at the runs to having changed them: two clicks come in two threads


def start(store: Store, settings: TrainSettings) -> str:
    """Queue a run and return its id. Raises UserError with every problem of settings, data and model."""
    planned = plan(store, settings)
    with _changing:
        _refuse_twice(store, planned.settings)
        return _enqueue(store, planned)


def _enqueue(store: Store, planned: Plan) -> str:
    run_id, now, settings = new_id(), time.time(), planned.settings
    record = {
        "format": FORMAT,
        "name": settings.name,
        "settings": asdict(settings),
        "data": {"id": planned.data.id, "name": planned.data.name},
        "architecture": planned.architecture,
        "preprocessing": planned.preprocessing.to_config(),
        "queue": device_queue(settings.device or likely_device()),
        "created": now,
        "versions": _versions(),
    }
    with replacing_folder(store.runs / run_id) as folder:
        write_json(folder / "settings.json", record)
        write_json(folder / "name.json", {"format": FORMAT, "name": settings.name})
        write_json(folder / "status.json", _queued(now))
    _launch(store.runs / run_id)
    return run_id


def status(folder: Path) -> dict:
    """status.json, with the state `lost` where a worker should hold the folder's lock and none does."""
    _reap()
    record = _read_status(folder)
    if record["state"] in ALIVE and not is_alive(folder, record):
        record = _read_status(folder)  # it may have ended between the two looks
        if record["state"] in ALIVE and not is_alive(folder, record):
            return {**record, "state": "lost", "message": Message("run_lost").to_json()}
    if record["state"] in ALIVE and (folder / "stop").exists():
        return {**record, "state": "stopping"}
    return record


def _read_status(folder: Path) -> dict:
    record = read_json(folder / "status.json", {})
    if not record:
        raise UserError("run_unknown", reference=folder.name)  # deleted meanwhile
    return record


def list_runs(store: Store) -> list[dict]:
    """One summary a run, newest first."""
    summaries = []
    for folder in folders(store.runs):
        with contextlib.suppress(UserError, OSError, ValueError, KeyError, TypeError):  # damaged, or deleted meanwhile
            summaries.append(_summary(folder))
    return sorted(summaries, key=lambda summary: summary["created"], reverse=True)


def stop(store: Store, run: str) -> None:
    """Ask a run to finish its step, save and evaluate; one in the queue leaves it. Not waited for."""
    folder = store.run(run)
    if status(folder)["state"] in ALIVE:
        (folder / "stop").touch()


def diverged(record: dict) -> bool:
    """Whether a run, by its status, failed because its loss left the numbers: it would do so again."""
    return record["state"] == "failed" and (record["message"] or {}).get("key") == "loss_not_finite"


def resume(store: Store, run: str) -> str:
    """Put a stopped, failed or lost run back into the queue; it goes on from its last save."""
    folder = store.run(run)
    with _changing:
        record = status(folder)
        if record["state"] not in ("stopped", "failed", "lost"):
            raise UserError("run_not_resumable", run=folder.name, state=record["state"])
        if diverged(record):
            raise UserError("run_diverged", run=folder.name)
        store.dataset(read_json(folder / "settings.json")["data"]["id"])  # UserError where it was deleted
        (folder / "stop").unlink(missing_ok=True)
        write_json(folder / "status.json", _queued(time.time(), record))
        _launch(folder)
    return folder.name


def delete_run(store: Store, run: str) -> None:
    """Delete a run that no worker has."""
    folder = store.run(run)
    with _changing:
        state = status(folder)["state"]
        if state in ALIVE:
            raise UserError("run_is_alive", run=folder.name, state=state)
        delete_folder(folder, store.temporary())


def delete_dataset(store: Store, data: str) -> None:
    """Delete a data set that no living run learns from."""
    folder = store.dataset(data)
    with _changing:
        for run in folders(store.runs):
            uses = read_json(run / "settings.json", {}).get("data", {}).get("id") == folder.name
            if uses and (state := status(run)["state"]) in ALIVE:
                raise UserError("data_in_use", data=name_of(folder), run=run.name, state=state)
        delete_folder(folder, store.temporary())


def shutdown() -> list[str]:
    """End the runs that this process started: they save, skip the evaluation, and can be resumed. Their ids."""
    workers = {folder: process for folder, process in _launched.items() if process.poll() is None}
    for process in workers.values():
        process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + END
    for folder, process in workers.items():
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, deadline - time.monotonic()))
            record = _read_status(folder)
            if record["state"] == "queued":  # it ended before it could listen
                write_json(folder / "status.json", {**record, "state": "stopped"})
    return [folder.name for folder in workers]


def result(folder: Path) -> dict:
    """What `train` answers: the contract's object; figures are None where the run has no report yet."""
    report = read_json(folder / "report.json", {})
    summary = report.get("summary", {})
    return {
        "run": folder.name,
        "state": status(folder)["state"],
        "model": str(folder / "model") if report else None,
        "epochs": summary.get("epochs"),
        "steps": summary.get("steps"),
        "images": summary.get("images"),
        "val": {name: report.get(name) for name in ("accuracy", "interval", "log_loss")},
        "seconds": summary.get("seconds"),
        "images_per_second": summary.get("images_per_second"),
    }


def train(data: str | Path, model: str = "", *, store: Store | None = None, **settings: object) -> dict:
    """Train and wait: the Python way in. `data` is a data set, or a folder or zip to import.

    settings: fields of TrainSettings. Returns what the command line's `train --json` prints; raises UserError where
    the run fails. An interrupt ends the run, which can be resumed.
    """
    store = store or Store.open()
    if Path(data).exists():
        data = import_dataset(Path(data), store).id
    folder = store.runs / start(store, TrainSettings(str(data), model, **settings))
    try:
        while status(folder)["state"] in ALIVE:
            time.sleep(0.2)
    except KeyboardInterrupt:
        shutdown()
        raise
    raise_failure(folder)
    return result(folder)


def raise_failure(folder: Path) -> None:
    """UserError with the reason of a run that failed or was lost."""
    record = status(folder)
    if record["state"] in ("failed", "lost"):
        message = Message.from_json(record["message"])
        raise UserError(message.key, **message.values)


def _refuse_twice(store: Store, settings: TrainSettings) -> None:
    wanted = {name: value for name, value in asdict(settings).items() if value is not None}
    for folder in folders(store.runs):
        record = read_json(folder / "settings.json", {"created": 0.0})
        just_now = abs(time.time() - record["created"]) < TWICE
        if just_now and wanted.items() <= record["settings"].items() and status(folder)["state"] in ALIVE:
            raise UserError("run_started_twice", run=folder.name)


def _queued(now: float, before: dict | None = None) -> dict:
    """status.json of a run that has just been queued; figures of an earlier part of it stay."""
    figures = ("epoch", "epochs", "step", "steps", "images_per_second", "seconds_left", "train_loss", "val_accuracy")
    return {
        "format": FORMAT,
        "state": "queued",
        "stage": "queue",
        **{name: (before or {}).get(name) for name in figures},
        "message": None,
        "queued": now,
        "launched": now,
        "updated": now,
    }


def _launch(folder: Path) -> None:
    # Threads that wait give their core away. With the default, waiting at full speed, a training step takes five
    # times as long as soon as anything else runs on the same cores (the page, a second app).
    environment = {"OMP_WAIT_POLICY": "PASSIVE", **os.environ, "PYTHONUNBUFFERED": "1"}
    with open(folder / "log.txt", "ab") as log:
        _launched[folder] = subprocess.Popen(
            [sys.executable, "-m", "resnet.worker", str(folder)],
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _reap() -> None:
    """Collect those of our workers that have ended, so that no zombies stay."""
    for folder in [folder for folder, process in list(_launched.items()) if process.poll() is not None]:
        _launched.pop(folder, None)


def _summary(folder: Path) -> dict:
    record, report = read_json(folder / "settings.json"), read_json(folder / "report.json", {})
    return {
        "run": folder.name,
        "name": read_json(folder / "name.json")["name"],
        "data": record["data"]["name"],
        "architecture": record["architecture"],
        "mode": record["settings"]["mode"],
        "created": record["created"],
        "accuracy": report.get("accuracy"),
        "interval": report.get("interval"),
        "n": report.get("n"),
        "seconds": report.get("summary", {}).get("seconds", {}).get("total"),
        **status(folder),
    }


def _versions() -> dict[str, str]:
    packages = ("torch", "torchvision", "timm", "gradio", "pillow", "numpy")
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in packages}}
