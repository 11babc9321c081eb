"""Start, watch, stop, resume and delete runs. A run's worker is a detached process: it outlives whoever started it."""

import contextlib
import importlib.metadata
import os
import platform
import shutil
import signal
import subprocess
import time
from dataclasses import asdict
from pathlib import Path

from resnet.data.dataset import Dataset
from resnet.data.importing import clean_name, import_dataset
from resnet.errors import UserError
from resnet.jobs.launcher import WINDOWS, Workers
from resnet.jobs.plan import Plan, plan
from resnet.predictor.engines import likely_device
from resnet.settings import TrainSettings, device_queue
from resnet.store import (
    FORMAT,
    Store,
    delete_folder,
    folders,
    is_locked,
    mend,
    name_of,
    new_id,
    replacing_folder,
    write_json,
)
from resnet.text import Message
from resnet.worker.record import ALIVE, FIGURES, read_report, read_settings, read_status
from resnet.worker.status import is_alive

RESUMABLE = ("stopped", "failed", "lost", "damaged")
TWICE = 5  # seconds within which the same start again is taken for a second click
END = 10  # seconds that a worker has to save and go

SAVE_AND_END = signal.CTRL_BREAK_EVENT if WINDOWS else signal.SIGTERM

workers = Workers()  # of this process, so that they end with it


def start(store: Store, settings: TrainSettings) -> str:
    """Queue a run and return its id. Raises UserError with every problem of settings, data and model."""
    planned = plan(store, settings)
    with store.exclusive():
        store.dataset(planned.data.id)  # UserError where it was deleted meanwhile
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
        "license": planned.license,
        "notes": [note.to_json() for note in planned.notes],
        "queue": device_queue(settings.device or likely_device()),
        "created": now,
        "versions": _versions(),
    }
    store.runs.mkdir(parents=True, exist_ok=True)
    mend(store.runs)  # of a start that was killed
    with replacing_folder(store.runs / run_id) as folder:
        write_json(folder / "settings.json", record)
        write_json(folder / "name.json", {"format": FORMAT, "name": settings.name})
        write_json(folder / "status.json", _queued(store))
    workers.launch(store.runs / run_id)
    return run_id


def status(folder: Path) -> dict:
    """status.json; its state is `lost` where a worker should hold the folder's lock and none does, or is about to.

    And `damaged` where it cannot be read: the message says what to do. Raises UserError where there is no such run.
    """
    workers.reap()
    try:
        record = read_status(folder)
        if record["state"] in ALIVE and not _is_worked_on(folder, record):
            record = read_status(folder)  # it may have ended between the two looks
            if record["state"] in ALIVE and not _is_worked_on(folder, record):
                return {**record, "state": "lost", "message": Message("run_lost").to_json()}
    except UserError as error:
        if error.message.key != "run_damaged":
            raise
        if is_locked(folder / "lock"):  # its worker is about to write it anew
            return {**_damaged(error), "state": "running", "message": None}
        return _damaged(error)
    if record["state"] in ALIVE and (folder / "stop").exists():
        return {**record, "state": "stopping"}
    return record


def _is_worked_on(folder: Path, record: dict) -> bool:
    return is_alive(folder, record) or folder in workers.at_work()  # a busy machine may take long to begin


def list_runs(store: Store) -> list[dict]:
    """One summary a run, newest first; a damaged one is listed as such, with a message."""
    summaries = []
    for folder in folders(store.runs):
        with contextlib.suppress(UserError, FileNotFoundError):  # deleted meanwhile
            summaries.append(_summary(folder))
    return sorted(summaries, key=lambda summary: summary["created"], reverse=True)


def stop(store: Store, run: str) -> None:
    """Ask a run to finish its step, save and evaluate; one in the queue leaves it. Not waited for."""
    folder = store.run(run)
    with store.exclusive():
        if status(folder)["state"] in ALIVE:
            (folder / "stop").touch()


def diverged(record: dict) -> bool:
    """Whether a run, by its status, failed because its loss left the numbers: it would do so again."""
    return record["state"] == "failed" and (record["message"] or {}).get("key") == "loss_not_finite"


def resume(store: Store, run: str) -> str:
    """Put a stopped, failed or lost run back into the queue; it goes on from its last save.

    Of a damaged one, all but its settings is written anew.
    """
    folder = store.run(run)
    with store.exclusive():
        record = _summary(folder)
        if record["state"] not in RESUMABLE:
            raise UserError("run_not_resumable", run=folder.name, state=record["state"])
        if diverged(record):
            raise UserError("run_diverged", run=folder.name)
        for place in (folder, folder / "last"):
            if place.is_dir():
                mend(place)
        store.dataset(read_settings(folder)["data"]["id"])  # UserError where it was deleted
        (folder / "stop").unlink(missing_ok=True)
        write_json(folder / "status.json", _queued(store, record))
        workers.launch(folder)
    return folder.name


def delete_run(store: Store, run: str) -> None:
    """Delete a run. Nobody finds it from now on, and a worker that has it ends at its next step without saving.

    Its end is waited for, unless its step takes long.
    """
    temporary = store.temporary()
    try:
        with store.exclusive():
            folder = store.run(run)
            os.replace(folder, temporary / folder.name)
        deadline = time.monotonic() + END
        while is_locked(temporary / folder.name / "lock") and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def rename(store: Store, run: str, name: str) -> None:
    """Call a run otherwise. Raises UserError for a name of nothing but blanks."""
    if not name.strip():
        raise UserError("name_empty")
    write_json(store.run(run) / "name.json", {"format": FORMAT, "name": clean_name(name)})


def delete_dataset(store: Store, data: str) -> None:
    """Delete a data set that no living run learns from."""
    folder = store.dataset(data)
    with store.exclusive():
        for run in folders(store.runs):
            if _learns_from(run, folder.name) and (state := status(run)["state"]) in ALIVE:
                raise UserError("data_in_use", data=name_of(folder), run=run.name, state=state)
        if folder.is_dir():  # else somebody else was first
            delete_folder(folder, store.temporary())


def _learns_from(run: Path, data: str) -> bool:
    try:
        return read_settings(run)["data"]["id"] == data
    except UserError:  # damaged, or deleted meanwhile
        return False


def shutdown() -> list[str]:
    """End the runs that this process started: they save, skip the evaluation, and can be resumed. Their ids."""
    workers.dismiss()
    at_work = workers.at_work()
    for process in at_work.values():
        process.send_signal(SAVE_AND_END)
    deadline = time.monotonic() + END
    for folder, process in at_work.items():
        with contextlib.suppress(subprocess.TimeoutExpired, UserError):
            process.wait(max(0.0, deadline - time.monotonic()))
            record = read_status(folder)
            if record["state"] == "queued":  # it ended before it could listen
                write_json(folder / "status.json", {**record, "state": "stopped"})
    return [folder.name for folder in at_work]


def result(folder: Path) -> dict:
    """What `train` answers: the contract's object; figures are None where the run has no report yet.

    With it, of a run that has them, `test` and `folds` as they stand in the report.
    """
    report = read_report(folder)
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
        **{name: report[name] for name in ("test", "folds") if report.get(name)},
    }


def data_of(store: Store, report: dict) -> Dataset | None:
    """The data set that a report was made on, where it is still here."""
    known = report["data"]["id"]
    here = any(folder.name == known for folder in folders(store.datasets))
    return Dataset.open(store.datasets / known) if here else None


def train(data: str | Path, model: str = "", *, store: Store | None = None, **settings: object) -> dict:
    """Train and wait: the Python way in. `data` is a data set, or a folder or zip to import.

    settings: fields of TrainSettings. Returns what the command line's `train --json` prints; raises UserError where
    the run fails. An interrupt ends the run, which can be resumed.
    """
    store = store or Store.open()
    workers.load_one()
    if Path(data).exists():
        data = import_dataset(Path(data), store).id
    folder = store.runs / start(store, TrainSettings(str(data), model, **settings))
    try:
        while status(folder)["state"] in ALIVE:
            time.sleep(0.1)
    except KeyboardInterrupt:
        shutdown()
        raise
    raise_failure(folder)
    return result(folder)


def raise_failure(folder: Path) -> None:
    """UserError with the reason of a run that failed or was lost."""
    record = status(folder)
    if record["state"] in ("failed", "lost", "damaged"):
        message = Message.from_json(record["message"])
        raise UserError(message.key, **message.values)


def _refuse_twice(store: Store, settings: TrainSettings) -> None:
    wanted = {name: value for name, value in asdict(settings).items() if value is not None}
    for folder in folders(store.runs):
        try:
            record, state = read_settings(folder), status(folder)["state"]
        except UserError:  # damaged, or deleted meanwhile
            continue
        just_now = abs(time.time() - record["created"]) < TWICE
        if just_now and wanted.items() <= record["settings"].items() and state in ALIVE:
            raise UserError("run_started_twice", run=folder.name)


def _queued(store: Store, before: dict | None = None) -> dict:
    """status.json of a run that has just been queued; figures of an earlier part of it stay.

    It comes after all that were queued before, also where the clock was set back since.
    """
    now, places = time.time(), [0.0]
    for folder in folders(store.runs):
        with contextlib.suppress(UserError):
            places.append(read_status(folder)["queued"])
    return {
        "format": FORMAT,
        "state": "queued",
        "stage": "queue",
        **{name: (before or {}).get(name) for name in FIGURES},
        "message": None,
        "queued": max(now, max(places) + 1e-3),
        "launched": now,
        "updated": now,
    }


def _summary(folder: Path) -> dict:
    """What lists show of a run, as much of it as can be read."""
    record, report = {}, {}
    state = status(folder)
    try:
        record = read_settings(folder)
        report = read_report(folder)
    except UserError as error:
        if state["state"] not in ALIVE:
            state = _damaged(error)
    return {
        "run": folder.name,
        "name": name_of(folder) or folder.name,
        "data": record["data"]["name"] if record else "",
        "architecture": record.get("architecture", ""),
        "mode": record["settings"]["mode"] if record else "unknown",
        "created": record["created"] if record else folder.stat().st_mtime,
        "accuracy": report.get("accuracy"),
        "interval": report.get("interval"),
        "n": report.get("n"),
        "seconds": report["summary"]["seconds"]["total"] if report else None,
        **state,
    }


def _damaged(error: UserError) -> dict:
    """What stands for the status of a run that cannot be read."""
    figures = dict.fromkeys((*FIGURES, "queued", "launched", "updated"))
    return {"state": "damaged", "stage": "queue", **figures, "message": error.message.to_json()}


def _versions() -> dict[str, str]:
    packages = ("torch", "torchvision", "timm", "gradio", "pillow", "numpy")
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in packages}}
