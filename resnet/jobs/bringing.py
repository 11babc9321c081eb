"""Runs that go from one workspace to another: a run packed as a zip, and somebody else's run taken in.

What goes is what tells of the run and its model. `last/` stays, which serves a resume alone, and so do the names of
folders of this machine. What comes is a stranger's: known files alone, of bounded size, read as strictly as can be
before anything of it is to be seen.
"""

import hashlib
import json
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from resnet import weights
from resnet.data.bounds import GB, MB, Bounds, Limits, size
from resnet.data.images import shown
from resnet.data.index import Index
from resnet.data.zips import unpack_zip
from resnet.errors import UserError
from resnet.evaluation.predictions import FOLDS, PREDICTIONS, TEST, read_predictions
from resnet.jobs.forms import misfit, named, report_misfit, text
from resnet.jobs.runs import status
from resnet.nn.variants import variant
from resnet.settings import device_queue
from resnet.store import FORMAT, ID, Store, file_name, name_of, put_in_place, replacing, write_json
from resnet.weights.find import HUB, TIMM
from resnet.weights.folder import CARD, CONFIG, LAB, REPORT, WEIGHTS, read_config
from resnet.weights.neighbours import MOST_BYTES, NEIGHBOURS
from resnet.weights.preprocessing import Preprocessing
from resnet.worker.record import ALIVE, WRONG, read_report, read_settings, read_status

SETTINGS, STATUS, NAME, METRICS = "settings.json", "status.json", "name.json", "metrics.jsonl"
ALL_PREDICTIONS = (PREDICTIONS, TEST, FOLDS)
MODELS = ("model", "best")
MODEL_FILES = {CONFIG: 16 * MB, LAB: 16 * MB, REPORT: 64 * MB, CARD: MB, NEIGHBOURS: MOST_BYTES, WEIGHTS: 4 * GB}
KNOWN = {  # what belongs to a run, and the most bytes that it may have
    **{SETTINGS: MB, STATUS: MB, NAME: MB, METRICS: 256 * MB, REPORT: 64 * MB},
    **dict.fromkeys(ALL_PREDICTIONS, 2 * GB),
    **{f"{model}/{name}": most for model in MODELS for name, most in MODEL_FILES.items()},
}
LIMITS = Limits(files=10_000, bytes=12 * GB, picture_bytes=4 * GB)


def take_out(store: Store, run: str, out: Path) -> Path:
    """Write NAME-run.zip into the folder `out`: all that belongs to a run that has ended."""
    folder = store.run(run)
    if (state := status(folder)["state"]) in ALIVE:
        raise UserError("run_not_taken", run=folder.name, state=state)
    told = {SETTINGS: _portable(read_settings(folder)), STATUS: {**read_status(folder), "message": None}}
    name = file_name(name_of(folder) or folder.name)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with replacing(out / f"{name}-run.zip") as temporary, zipfile.ZipFile(temporary, "w") as archive:
            for known, record in told.items():
                archive.writestr(f"{name}/{known}", json.dumps(record, ensure_ascii=False))
            for known in (known for known in KNOWN if known not in told and (folder / known).is_file()):
                packing = zipfile.ZIP_DEFLATED if known.endswith((".json", ".jsonl", ".md")) else zipfile.ZIP_STORED
                archive.write(folder / known, f"{name}/{known}", packing)
    except OSError as error:
        raise UserError("not_written", path=error.filename or out, reason=error.strerror or error) from error
    return out / f"{name}-run.zip"


def bring_in(source: str | Path, store: Store) -> str:
    """Take a run into the workspace: a zip of its folder, or the folder itself, which is left as it is. Its id here.

    The same content again gives the run that is there. A run that was on its way comes in as stopped. Loads torch, to
    read the weights. Raises UserError, with nothing left behind.
    """
    source, temporary = Path(source), store.temporary()
    try:
        files = dict(_in_folder(source) if source.is_dir() else _in_zip(source, temporary))
        for name, path in files.items():
            if path.stat().st_size > KNOWN[name]:
                raise _refused(source, name, f"more than {size(KNOWN[name])}")
        if SETTINGS not in files or STATUS not in files:
            raise UserError("bring_none", source=shown(source.name), files=[SETTINGS, STATUS])
        draft = temporary / _id_of(files)
        if not (store.runs / draft.name).is_dir():
            for name, path in files.items():
                (draft / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, draft / name)
            _checking(source, _settle, draft)
            _checking(source, _check, draft)
            _put(draft, store)
        return draft.name
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _put(draft: Path, store: Store) -> None:
    with store.exclusive():
        if not (store.runs / draft.name).exists():
            store.runs.mkdir(parents=True, exist_ok=True)
            put_in_place(draft, store.runs / draft.name)


# what is in it


def _in_folder(folder: Path) -> Iterator[tuple[str, Path]]:
    """The known files of a run's folder; no links, which may lead anywhere."""
    for name in KNOWN:
        path = folder / name
        if path.is_file() and not (path.is_symlink() or (path.parent != folder and path.parent.is_symlink())):
            yield name, path


def _in_zip(archive: Path, temporary: Path) -> Iterator[tuple[str, Path]]:
    """The same out of a zip, from where it has its settings; unpacked within bounds, each file under a number."""
    if not _is_zip(archive):
        raise UserError("bring_no_zip", source=shown(archive.name))
    unpacked = temporary / "unpacked"
    unpacked.mkdir()
    with Index(temporary / "index") as index:
        unpack_zip(archive, unpacked, index, Bounds(LIMITS), wanted=_is_known)
        rows = list(index.files("file.id IN (SELECT file FROM member)"))
    found = {name: unpacked / f"{number:06d}" for number, name, *_ in rows}
    tops = sorted((name.removesuffix(SETTINGS) for name in found if re.fullmatch(rf"(.*/)?{SETTINGS}", name)), key=len)
    for name in KNOWN if tops else ():
        if tops[0] + name in found:
            yield name, found[tops[0] + name]


def _is_known(name: str, bytes: int) -> bool:
    return any(name == known or name.endswith(f"/{known}") for known in KNOWN)


def _is_zip(path: Path) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(4) == b"PK\3\4"
    except OSError as error:
        raise UserError("source_no_access", source=shown(path.name), reason=error.strerror) from error


def _id_of(files: dict[str, Path]) -> str:
    """The same for the same content; nobody guesses it who does not have that."""
    whole = hashlib.sha256()
    for name in sorted(files):
        with open(files[name], "rb") as file:
            whole.update(f"{name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return whole.hexdigest()[:16]


# whether it will do


def _checking(source: Path, check: Callable[[Path], None], draft: Path) -> None:
    """What is wrong, said of what was brought: of the draft nobody knows."""
    try:
        check(draft)
    except UserError as error:
        if error.message.key == "run_damaged":
            raise _refused(source, **{name: error.message.values[name] for name in ("file", "reason")}) from error
        raise UserError("bring_refused", source=shown(source.name), reason=error.message) from error


def _refused(source: Path, file: str, reason: str) -> UserError:
    return UserError("bring_damaged", source=shown(source.name), file=file, reason=reason)


def _settle(draft: Path) -> None:
    """What the files of the run's state say, written anew: no more than is known, and nothing that acts here."""
    record, state = _portable(read_settings(draft)), read_status(draft)
    ended = state["state"] if state["state"] not in ALIVE else "stopped"
    # no place in the queue, and no launch
    write_json(draft / STATUS, {**state, "format": FORMAT, "state": ended, "queued": 0.0, "launched": 0.0})
    name = (name_of(draft) or str(record["name"]))[:200]
    write_json(draft / SETTINGS, record)
    write_json(draft / NAME, {"format": FORMAT, "name": name})


def _portable(record: dict) -> dict:
    """A run's settings as another machine may have them: no path, and nothing but what is known. Raises UserError."""
    variant(record["architecture"])
    settings, data, license = record["settings"], record["data"], record.get("license")
    if misfit(record, {"name": text, "data": {"id": text, "name": text}, "versions": named(text)}):
        raise _odd("name, data or versions")
    if not (license is None or text(license)) or not (ID.fullmatch(data["id"]) or not data["id"]):
        raise _odd("license or data")
    model = settings["model"]
    if not model.startswith((HUB, TIMM)):
        model = re.split(r"[/\\]", model)[-1]
    return {
        "format": FORMAT,
        "name": record["name"],
        "settings": {**settings, "model": model},
        "data": {"id": data["id"], "name": data["name"]},
        "architecture": record["architecture"],
        "preprocessing": Preprocessing.from_config(record["preprocessing"]).to_config(),
        "license": license,
        "queue": device_queue(settings["device"] or "cpu"),
        "created": record["created"],
        "versions": record["versions"],
    }


def _odd(reason: str) -> UserError:
    return UserError("run_damaged", run="", file=SETTINGS, reason=reason)


def _check(draft: Path) -> None:
    """Models load, reports are of the form that is shown, predictions are of the report's classes."""
    report = _check_report(draft)
    if bool(report) != (draft / "model" / CONFIG).is_file():
        raise UserError("run_damaged", run="", file="model", reason="a report and a model belong together")
    for model in (model for model in MODELS if (draft / model).is_dir()):
        config = read_config(draft / model)
        if report and config.labels != report["classes"]:
            raise UserError("run_damaged", run="", file=f"{model}/{CONFIG}", reason="other classes than the report's")
        weights.late("models").load(draft / model)
        _check_report(draft / model)
    counts = {PREDICTIONS: report.get("n"), **({FOLDS: folds["pooled"]["n"]} if (folds := report.get("folds")) else {})}
    for name in (name for name in ALL_PREDICTIONS if (draft / name).is_file()):
        found = read_predictions(draft / name)
        other = found.logits.shape[1] != len(report.get("classes", ()))
        if other or len(found) != counts.get(name, len(found)):
            raise UserError("run_damaged", run="", file=name, reason="other pictures or classes than the report's")


def _check_report(folder: Path) -> dict:
    report = read_report(folder)
    try:
        wrong = report_misfit(report) if report else ""
    except WRONG as error:
        wrong = str(error)
    if wrong:
        raise UserError("run_damaged", run="", file=REPORT, reason=wrong)
    return report
