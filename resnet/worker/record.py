"""What stands in a run's folder, read with care: one damaged file costs its own run only.

    settings.json   what to do; written at the start, settled by the worker, never changed again
    status.json     how it is going
    report.json     how good the model is; there from the first evaluation on

Files of an older version lack fields, which then have their defaults; fields that are not known are passed over.
"""

import math
from dataclasses import asdict
from pathlib import Path

from resnet.errors import UserError
from resnet.settings import TrainSettings, device_queue
from resnet.store import name_of, read_json
from resnet.text import Message

ALIVE = ("queued", "running", "stopping")  # states in which a worker holds the folder's lock
STATES = (*ALIVE, "stopped", "done", "failed")
STAGES = ("queue", "start", "features", "head", "decode", "full", "scratch", "evaluate")
NEVER = 1e11  # seconds since 1970; no date is later
WRONG = (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError)  # of odd content
FIGURES = (
    *("fold", "folds", "epoch", "epochs", "step", "steps", "images_per_second", "seconds_left"),
    *("megabytes", "train_loss", "val_accuracy"),
)


def read_settings(folder: Path) -> dict:
    """settings.json: {name, settings, data: {id, name}, architecture, preprocessing, queue, created, versions}.

    Raises UserError("run_damaged") where it cannot be relied upon.
    """
    record = _read(folder, "settings.json")
    try:
        settings = TrainSettings.from_json({"optimizer": "sgd", **record["settings"]})  # once there was no other
        if problems := settings.problems():
            raise ValueError(" ".join(problem.say() for problem in problems))
        defaults = {
            "name": name_of(folder) or folder.name,
            "data": {"id": settings.data, "name": settings.data},
            "queue": device_queue(settings.device or "cpu"),
            "created": 0.0,
            "versions": {},
        }
        record = {**defaults, **record, "settings": asdict(settings)}
        _check(
            record, name=str, data=dict, architecture=str, preprocessing=dict, queue=str, created=float, versions=dict
        )
        _check(record["data"], id=str, name=str)
        if not 0 <= record["created"] < NEVER:
            raise ValueError(f"created is {record['created']}")
    except WRONG as error:
        raise _damaged(folder, "settings.json", error) from error
    return record


def read_status(folder: Path) -> dict:
    """status.json. Raises UserError: "run_unknown" where the run was deleted, "run_damaged" as above."""
    record = _read(folder, "status.json")
    try:
        record = {"stage": "queue", "message": None, "queued": 0.0, "launched": 0.0, "updated": 0.0, **record}
        record = {**dict.fromkeys(FIGURES), **record}
        _check(record, state=STATES, stage=STAGES, queued=float, launched=float, updated=float)
        _check({name: record[name] or 0 for name in FIGURES}, **dict.fromkeys(FIGURES, float))
        if record["message"] is not None:
            Message.from_json(record["message"]).say()
    except WRONG as error:
        raise _damaged(folder, "status.json", error) from error
    return record


def read_report(folder: Path) -> dict:
    """report.json; {} where there is none yet. Raises UserError("run_damaged") as above."""
    if not (folder / "report.json").exists():
        return {}
    record = _read(folder, "report.json")
    try:
        _check(record, accuracy=float, n=float, interval=list, summary=dict)
        _check(record["summary"], seconds=dict)
        _check(record["summary"]["seconds"], total=float)
        low, high = record["interval"]
        _check({"low": low, "high": high}, low=float, high=float)
        if not all(0 <= share <= 1 for share in (record["accuracy"], low, high)):
            raise ValueError(f"accuracy is {record['accuracy']}, between {low} and {high}")
    except WRONG as error:
        raise _damaged(folder, "report.json", error) from error
    return record


def _read(folder: Path, file: str) -> dict:
    try:
        return read_json(folder / file)
    except (OSError, ValueError) as error:
        if not folder.is_dir():
            raise UserError("run_unknown", reference=folder.name) from error  # deleted meanwhile
        raise _damaged(folder, file, error) from error


def _check(record: dict, **kinds: type | tuple[str, ...]) -> None:
    """Every field is there and of its kind: a type, one of some words, or a number, for which `float` stands."""
    for name, kind in kinds.items():
        value = record[name]
        if isinstance(kind, tuple):
            fits = isinstance(value, str) and value in kind
        elif kind is float:
            fits = isinstance(value, int | float) and math.isfinite(value)
        else:
            fits = isinstance(value, kind)
        if not fits:
            raise ValueError(f"{name} is {value!r}")


def _damaged(folder: Path, file: str, error: Exception) -> UserError:
    reason = f"no {error}" if isinstance(error, KeyError) else getattr(error, "strerror", None) or str(error)
    return UserError("run_damaged", run=folder.name, file=file, reason=" ".join(reason.split())[:200])
