"""What the page and the HTTP endpoints call: one object, without Gradio, that knows what this app may do.

In hosted mode (an app that strangers reach, without a login) it classifies with shipped models and shows their
reports; everything else is refused here, behind every way in, not merely hidden in the page.
"""

import contextlib
import dataclasses
import functools
import threading
import time
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from PIL import Image

import resnet
from resnet import jobs
from resnet.data.dataset import Dataset, list_datasets
from resnet.data.images import open_image
from resnet.data.importing import import_dataset
from resnet.data.samples import import_samples
from resnet.errors import UserError
from resnet.nn.variants import VARIANTS
from resnet.settings import TrainSettings
from resnet.store import Store, read_json, read_lines
from resnet.text import Message
from resnet.weights.find import find, shipped
from resnet.weights.folder import CONFIG, WEIGHTS, ModelConfig, read_config

LOADED = 2  # models kept in memory: the one in use, and the one before it


def at_home(method: Callable) -> Callable:
    """A method that only a local app offers."""

    @functools.wraps(method)
    def guarded(self: "Service", *arguments: object, **named: object) -> object:
        if self.hosted:
            raise UserError("hosted_off")
        return method(self, *arguments, **named)

    return guarded


class Service:
    """One workspace and the models in memory, shared by all visitors of an app."""

    def __init__(self, store: Store, hosted: bool = False) -> None:
        self.store, self.hosted = store, hosted
        self._predictors: OrderedDict[str, object] = OrderedDict()
        self._loading = threading.Lock()
        self._live = _Remembered(self._read_live, seconds=0.8)

    # models

    def models(self) -> list[dict]:
        """Models at hand: own runs first, newest first, then what ships; {reference, name, config, report, own}."""
        own = [] if self.hosted else self.runs()
        return [
            *(
                _model(run["run"], run["name"], self.store.runs / run["run"] / "model", own=True)
                for run in own
                if (self.store.runs / run["run"] / "model" / CONFIG).is_file()
            ),
            *(_model(folder.name, folder.name, folder, own=False) for folder in shipped()),
        ]

    def folder(self, reference: str) -> Path | None:
        """The model folder behind a reference; None for a timm name, which has none."""
        found = find(reference, self.store, local=not self.hosted)
        return found if isinstance(found, Path) and found.is_dir() else None

    def config(self, reference: str) -> ModelConfig | None:
        folder = self.folder(reference)
        return read_config(folder) if folder else None

    def architecture(self, reference: str) -> str:
        """The network behind a model's name, for a start from random weights."""
        if reference in VARIANTS or not reference:
            return reference
        config = self.config(reference)
        return config.architecture if config else reference.split(".")[0]

    def predictor(self, reference: str = "") -> "resnet.Predictor":
        """The model ready to classify; the first call for it loads it, and torch with the first of all."""
        find(reference, self.store, local=not self.hosted)
        with self._loading:
            if reference not in self._predictors:
                self._predictors[reference] = resnet.Predictor(reference, store=self.store)
                while len(self._predictors) > LOADED:
                    self._predictors.popitem(last=False)
            self._predictors.move_to_end(reference)
            return self._predictors[reference]

    def warm_up(self) -> None:
        """Load the default model, so that the first answer need not wait; what is wrong with it is said then."""
        with contextlib.suppress(UserError):
            self.predictor()

    # classify

    def classify(self, picture: str | Path, reference: str = "", top_k: int = 5) -> tuple[dict, Image.Image]:
        """The answer to one picture, and the picture as the network saw it."""
        image = open_image(Path(picture))
        predictor = self.predictor(reference)
        return predictor.predict([image], top_k=int(top_k)), predictor.config.preprocessing.fit(image)

    def classify_many(
        self, pictures: list[str], reference: str = "", top_k: int = 5, progress: Callable[[int], None] | None = None
    ) -> dict:
        """The answers to many; an unreadable picture costs only itself: its `error` is a message, as JSON."""
        if not pictures:
            raise UserError("no_pictures_given")
        result = self.predictor(reference).predict([Path(p) for p in pictures], top_k=int(top_k), progress=progress)
        for image, picture in zip(result["images"], pictures, strict=True):
            image["file"] = Path(picture).name
            image["error"] = image["error"] and _refusal(Path(picture)).to_json()
        return result

    # data sets

    @at_home
    def datasets(self) -> list[dict]:
        """{id, name, images, classes, split} of each, newest first."""
        return list_datasets(self.store)[::-1]

    @at_home
    def dataset(self, reference: str) -> Dataset:
        return Dataset.open(self.store.dataset(reference))

    @at_home
    def import_from(self, source: str, name: str | None = None, progress: Callable | None = None) -> Dataset:
        """Import an uploaded archive, or a folder of this machine."""
        if not source.strip():
            raise UserError("no_folder_given")
        return import_dataset(Path(source.strip()).expanduser(), self.store, name=name or None, progress=progress)

    @at_home
    def import_samples(self) -> Dataset:
        return import_samples(self.store)

    # runs

    @at_home
    def plan(self, settings: TrainSettings) -> jobs.Plan:
        """The settings with every default filled in; UserError names all that is wrong with them."""
        return jobs.plan(self.store, settings)

    @at_home
    def estimates(self, settings: TrainSettings, modes: tuple[str, ...]) -> dict[str, float]:
        """Seconds that a run would take here in each mode, roughly."""
        plans = {}
        for mode in modes:
            model = self.architecture(settings.model) if mode == "scratch" else settings.model
            plans[mode] = self.plan(dataclasses.replace(settings, mode=mode, model=model))
        return {mode: jobs.estimate(plan) for mode, plan in plans.items()}

    def hindrance(self, settings: TrainSettings) -> Message | None:
        """Why a run with these settings cannot be started; None where it can."""
        if not settings.data:
            return Message("start_needs_pictures")
        try:
            self.plan(settings)
        except UserError as problem:
            return problem.message
        return None

    @at_home
    def start(self, settings: TrainSettings) -> str:
        return jobs.start(self.store, settings)

    @at_home
    def stop(self, run: str) -> None:
        jobs.stop(self.store, run)

    @at_home
    def resume(self, run: str) -> None:
        jobs.resume(self.store, run)

    @at_home
    def delete(self, run: str) -> None:
        jobs.delete_run(self.store, run)

    @at_home
    def status(self, run: str) -> dict:
        return jobs.status(self.store.run(run))

    @at_home
    def runs(self) -> list[dict]:
        return jobs.list_runs(self.store)

    def worth_watching(self, watched: str) -> str:
        """The run that a page shows: the one it watches, unless another is on its way and that one is not.

        A page that watches none shows the newest run where that was left unfinished, so that it can be resumed.
        """
        if self.hosted:
            return ""
        live, unfinished = self._live()
        kept = watched if watched and (self.store.runs / watched).is_dir() else unfinished
        return watched if watched in live else next(iter(live), kept)

    def version(self, run: str) -> tuple:
        """Changes whenever there is something new to show of a run."""
        if not run:
            return ()
        folder = self.store.runs / run
        files = (folder / name for name in ("status.json", "metrics.jsonl", "report.json"))
        return (*(file.stat().st_mtime_ns for file in files if file.exists()), self._state(run))

    def progress(self, run: str) -> tuple[dict, list[dict], str]:
        """Status, lines of metrics, and name of a run."""
        folder = self.store.run(run)
        name = read_json(folder / "name.json", {}).get("name", run)
        return jobs.status(folder), read_lines(folder / "metrics.jsonl"), name

    def _state(self, run: str) -> str:
        folder = self.store.runs / run
        return jobs.status(folder)["state"] if folder.is_dir() else "deleted"

    def _read_live(self) -> tuple[list[str], str]:
        """Runs on their way, the one at work before those that wait, the older first; and the newest, if unfinished."""
        runs = self.runs()
        live = [run for run in reversed(runs) if run["state"] in jobs.ALIVE]
        unfinished = runs[0]["run"] if runs and runs[0]["state"] in ("stopped", "failed", "lost") else ""
        return [run["run"] for run in sorted(live, key=lambda run: run["state"] == "queued")], unfinished

    # results

    def results(self) -> list[dict]:
        """What the Results tab lists: own runs, newest first, then the shipped models' own training."""
        own = [] if self.hosted else self.runs()
        return [*own, *(_shipped_result(folder) for folder in shipped())]

    def name(self, reference: str) -> str:
        return next((result["name"] for result in self.results() if result["run"] == reference), reference)

    def report(self, reference: str) -> dict:
        """The report of a run or of a shipped model; UserError where there is none yet."""
        folder = self._report_folder(reference)
        report = read_json(folder / "report.json", {})
        if not report:
            raise UserError("no_report_yet", name=self.name(reference))
        return report

    def has_report(self, reference: str) -> bool:
        return (self._report_folder(reference) / "report.json").is_file()

    def words(self, reference: str) -> dict[str, str]:
        """Class keys -> words, of the model behind a result; empty where it cannot be read."""
        folder = self._report_folder(reference)
        model = folder / "model" if (folder / "model").is_dir() else folder
        try:
            return read_config(model).descriptions
        except UserError:
            return {}

    def data_of(self, report: dict) -> Dataset | None:
        """The data set that a report was made on, where it is still here."""
        known = (report.get("data") or {}).get("id")
        if self.hosted or not any(data["id"] == known for data in self.datasets()):
            return None
        return self.dataset(known)

    def is_own(self, reference: str) -> bool:
        return not any(folder.name == reference for folder in shipped())

    def pack(self, reference: str, into: Path) -> Path:
        """The model folder as a zip in the folder `into`."""
        folder = self._report_folder(reference)
        model = folder / "model" if (folder / "model").is_dir() else folder
        if not (model / WEIGHTS).is_file():
            raise UserError("no_model_yet", name=self.name(reference))
        into.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(into / f"{reference}.zip", "w", zipfile.ZIP_STORED) as archive:
            for file in sorted(model.iterdir()):
                archive.write(file, f"{reference}/{file.name}")
        return into / f"{reference}.zip"

    def _report_folder(self, reference: str) -> Path:
        ship = next((folder for folder in shipped() if folder.name == reference), None)
        if self.hosted and ship is None:
            raise UserError("hosted_off")
        return ship or self.store.run(reference)


def _refusal(picture: Path) -> Message:
    """Why a picture cannot be read."""
    try:
        open_image(picture)
    except UserError as problem:
        return problem.message
    return Message("picture_changed", {"file": picture.name})


def _model(reference: str, name: str, folder: Path, own: bool) -> dict:
    report = read_json(folder / "report.json", {})
    return {"reference": reference, "name": name, "config": read_config(folder), "report": report, "own": own}


def _shipped_result(folder: Path) -> dict:
    """A shipped model's own training, in the form of a run's summary."""
    report = read_json(folder / "report.json", {})
    summary = report.get("summary", {})
    return {
        "run": folder.name,
        "name": folder.name,
        "data": report.get("data", {}).get("name"),
        "architecture": read_config(folder).architecture,
        "mode": summary.get("mode", "scratch"),
        "created": summary.get("finished"),
        "accuracy": report.get("accuracy"),
        "interval": report.get("interval"),
        "n": report.get("n"),
        "seconds": summary.get("seconds", {}).get("total"),
        "state": "shipped",
    }


class _Remembered:
    """A reading that many pages ask for: done at most once in so many seconds."""

    def __init__(self, read: Callable[[], tuple], seconds: float) -> None:
        self.read, self.seconds = read, seconds
        self.lock, self.moment, self.value = threading.Lock(), 0.0, None

    def __call__(self) -> tuple:
        with self.lock:
            if time.monotonic() - self.moment > self.seconds:
                self.value, self.moment = self.read(), time.monotonic()
            return self.value
