"""What the page and the HTTP endpoints call: one object, without Gradio, that knows what this app may do.

In hosted mode (an app that strangers reach, without a login) it classifies with shipped models and shows their
reports; everything else is refused here, behind every way in, not merely hidden in the page.
"""

import contextlib
import dataclasses
import functools
import importlib
import random
import threading
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

import resnet
from resnet import jobs
from resnet.data import corrections
from resnet.data.bounds import MB, Limits
from resnet.data.dataset import Dataset, list_datasets
from resnet.data.decoder import fitted_one
from resnet.data.gathering import Picture, check_count, gather
from resnet.data.images import shown
from resnet.data.importing import import_dataset, import_uploads
from resnet.data.samples import import_samples
from resnet.data.uploads import Upload
from resnet.errors import UserError
from resnet.evaluation.embeddings import EMBEDDINGS, embed
from resnet.evaluation.predictions import NOW
from resnet.predictor.engines import likely_device
from resnet.settings import TrainSettings, read_said
from resnet.store import Store, file_name, name_of, new_id, read_json, read_lines, write_bytes, write_json
from resnet.text import Message
from resnet.ui.batch import Selection
from resnet.ui.downloads import Download, Downloads
from resnet.ui.received import discard, received
from resnet.views import report as report_page
from resnet.views import tables
from resnet.views.answers import write_csv
from resnet.views.result import Result
from resnet.weights import hub
from resnet.weights.find import HUB, HubName, default_model, find, hub_config, shipped, source
from resnet.weights.folder import CONFIG, LAB, WEIGHTS, ModelConfig, read_config, set_unknown_threshold
from resnet.weights.published import Published, offers
from resnet.worker.record import read_settings

if TYPE_CHECKING:  # torch
    from resnet.evaluation.explain import Explanation

LOADED = 3  # models kept in memory: the one in use, one beside it, and the one before
STRANGERS = Limits(files=200, bytes=200 * MB)  # what a hosted app looks at, at once


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """What the machine refuses (no space, no permission) becomes a UserError too; it is not ours to mend."""
    try:
        yield
    except OSError as error:
        raise UserError("machine_refuses", reason=error.strerror or error, path=error.filename or "-") from error


def at_home(method: Callable) -> Callable:
    """A method that only a local app offers, of an object that is `hosted` or not."""

    @functools.wraps(method)
    def guarded(self: object, *arguments: object, **named: object) -> object:
        if self.hosted:
            raise UserError("hosted_off")
        return method(self, *arguments, **named)

    return guarded


class Service:
    """One workspace and the models in memory, shared by all visitors of an app.

    reach: "local" (visitors sit at this machine), "remote" (they come from elsewhere and may do the same) or "hosted".
    """

    def __init__(self, store: Store, reach: str = "local") -> None:
        self.store, self.reach, self.hosted = store, reach, reach == "hosted"
        self._predictors: OrderedDict[tuple, object] = OrderedDict()
        self._loading: defaultdict[tuple, threading.Lock] = defaultdict(threading.Lock)  # one a predictor
        self._changing = threading.Lock()
        self._explained: tuple | None = None  # what the network that explained last was loaded from, and itself
        self._explaining = threading.Lock()
        self.limits = STRANGERS if self.hosted else Limits()  # of what is classified at once
        self._downloads = Downloads()
        self.rates: jobs.RateSearch | None = None
        self._result: tuple = None, None  # the last that was looked at: what it was read from, and itself
        self._live = _Remembered(self._read_live, seconds=0.8)

    # models

    def models(self) -> list[dict]:
        """Models at hand: own runs first, newest first, then what ships; {reference, name, config, report, own}.

        One whose files are damaged is left out.
        """
        found = []
        for run in [] if self.hosted else self.runs():
            folder = self.store.runs / run["run"] / "model"
            with contextlib.suppress(UserError):
                if (folder / CONFIG).is_file():
                    found.append(_model(run["run"], run["name"], folder, own=True))
        return found + [_model(folder.name, folder.name, folder, own=False) for folder in shipped()]

    def published(self) -> list[Published]:
        """timm's pretrained weights, those on this machine first."""
        return [] if self.hosted else offers()

    def find(self, reference: str) -> Path | HubName:
        """What a model's name means: "" the default, then what the page lists, then whatever a user may have typed.

        The page lists shipped models by name and runs by id, so that no run hides a model by being called as that is.
        """
        if not reference:
            return default_model()
        return _shipped(reference) or find(reference, self.store, local=not self.hosted)

    def config(self, reference: str) -> ModelConfig | None:
        """What a model knows; None where only loading it would tell."""
        found = self.find(reference)
        if isinstance(found, HubName):
            return hub_config(found) if self.is_here(reference) else None
        return read_config(found) if found.is_dir() else None

    def predictor(
        self, reference: str = "", engine: str = "", progress: Callable[[str, int, int], None] | None = None
    ) -> "resnet.Predictor":
        """The model ready to classify; the first call for it loads it, or builds the engine that is named."""
        self._want_here(reference)
        found = self.find(reference)
        key = (*_dated(found), engine)
        with self._changing:
            self._forget_outdated()
            loading = self._loading[key]
        with loading:  # others go on with what is loaded
            predictor = self._predictors.get(key) or self._load(found, engine, progress)
        with self._changing:
            self._predictors[key] = predictor
            self._predictors.move_to_end(key)
            while len(self._predictors) > LOADED:
                self._predictors.popitem(last=False)
        return predictor

    def _forget_outdated(self) -> None:
        """Leave those whose model was deleted, or trained further."""
        for old in [old for old in self._predictors if old[:2] != _dated(old[0])]:
            del self._predictors[old]

    def _load(self, found: Path | HubName, engine: str, progress: Callable | None) -> "resnet.Predictor":
        predictor = resnet.Predictor(_loadable(found), store=self.store, engine=engine, progress=progress)
        is_run = isinstance(found, Path) and found.parent.parent == self.store.runs
        predictor.name = name_of(found.parent) if is_run else found.name
        return predictor

    def int8_figures(self, reference: str) -> dict:
        """How good a model is in integers, which it has been built in: see resnet.predictor.int8."""
        return importlib.import_module("resnet.predictor.int8").built(self.find(reference), self.store).figures

    def warm_up(self) -> None:
        """Load the default model, so that the first answer need not wait; what is wrong with it is said then.

        Then a worker, so that the first run need not.
        """
        with contextlib.suppress(UserError):
            self.predictor()
        if not self.hosted:
            jobs.workers.keep_one_ready()

    # downloads

    def offer(self, reference: str) -> hub.Offer | None:
        """What a model of the Hub's is, which the Hub is asked for unless the model is here; None for all others."""
        place = self._place(reference)
        return hub.describe(place) if place else None

    def is_here(self, reference: str) -> bool:
        """Whether a model can be used without a download. A name that means nothing is refused where it is used."""
        try:
            place = self._place(reference)
        except UserError:
            return True
        return place is None or hub.cached(place) is not None

    def download_of(self, reference: str, *, only_running: bool = False) -> Download | None:
        """The last download of a model, where it is one of the Hub's; with only_running, none that is over."""
        place = self._place(reference)
        return self._downloads.get(place) if place and (not only_running or self._downloads.is_running(place)) else None

    @at_home
    def start_download(self, reference: str) -> Download:
        self._downloads.start(self._place(reference))
        return self.download_of(reference)

    @at_home
    def cancel_download(self, reference: str) -> None:
        self.download_of(reference).cancel()

    def fetch(self, reference: str) -> None:
        """Download a model unless it is here, for callers that have no button to press; wait for it."""
        if not self.is_here(reference):
            hub.download(self._place(reference))

    def _place(self, reference: str) -> hub.Source | None:
        found = self.find(reference)
        return source(found) if isinstance(found, HubName) else None

    def _want_here(self, reference: str) -> None:
        if not self.is_here(reference):
            raise UserError("model_not_here", model=reference)

    # classify

    def classify(
        self, picture: str | Path, reference: str = "", top_k: int = 5, engine: str = ""
    ) -> tuple[dict, Image.Image]:
        """The answer to one picture, and the picture as the network saw it."""
        predictor = self.predictor(reference, engine)
        preprocessing = predictor.config.preprocessing
        pixels = fitted_one(Path(picture), preprocessing)  # uint8 (C, S, S)
        return predictor.predict([pixels], top_k=top_k), preprocessing.picture(pixels)

    def explain(self, picture: str | Path, reference: str = "", label: str = "") -> "Explanation":
        """What in a picture speaks for a label of the model's; "" is its answer."""
        self._want_here(reference)
        found = self.find(reference)
        with self._explaining:  # others wait, rather than load it too
            if self._explained is None or self._explained[0] != _dated(found):
                self._explained = _dated(found), resnet.load(_loadable(found), self.store)
            network = self._explained[1]
        pixels = fitted_one(Path(picture), network.config.preprocessing)
        return importlib.import_module("resnet.evaluation.explain").explain(network, pixels, label)

    def select(self, files: Sequence[str]) -> Selection:
        """What Gradio uploaded, pictures and archives, to be classified."""
        return self._selected([(Path(file).name, Path(file)) for file in files])

    def select_sent(self, sent: object) -> Selection:
        """Likewise the pictures of a folder that the page's script has sent, see resnet.ui.received."""
        uploads = [upload for upload in received(sent, self._uploads) if upload.file]
        return self._selected([(upload.name, upload.file) for upload in uploads], uploads)

    def _selected(self, sources: list[tuple[str, Path]], uploads: Sequence[Upload] = ()) -> Selection:
        selection = Selection(self.store.temporary(), uploads)
        try:
            selection.pictures = gather(sources, selection.folder, self.limits)
        except UserError:
            selection.discard()
            raise
        return selection

    def classify_each(
        self, pictures: Sequence[Picture], reference: str = "", beside: str = "", engine: str = ""
    ) -> Iterator[dict]:
        """The answers to many as they come, each with its best label; what is wrong with a model is said before.

        An unreadable picture costs only itself: its `error` is a Message. beside: another model, whose answer to the
        same picture stands in "beside"; "" is none.
        """
        check_count(len(pictures), self.limits)
        paths = [picture.path for picture in pictures]
        answers = self.predictor(reference, engine).stream(paths, top_k=1)
        others = self.predictor(beside).stream(paths, top_k=1) if beside else [None] * len(paths)
        return (
            {**_called(answer, picture.name), "path": picture.path, "beside": other and _called(other, picture.name)}
            for picture, answer, other in zip(pictures, answers, others, strict=True)
        )

    def answers_file(self, images: list[dict], language: str) -> str:
        """Answers as a CSV, which lies among the uploads, for a day."""
        file = self._new_file("answers.csv")
        with open(file, "w", encoding="utf-8-sig", newline="") as table:  # marked: Excel takes it for UTF-8 then
            write_csv(table, images, language)
        return str(file)

    def classify_many(self, files: Sequence[str], reference: str = "", top_k: int = 5) -> dict:
        """The answers to many, together, in the contract's form; but an `error` is a Message."""
        check_count(len(files), self.limits)
        result = self.predictor(reference).answers(files, top_k)
        images = [_called(image, Path(file).name) for image, file in zip(result["images"], files, strict=True)]
        return {**result, "images": images}

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
    def import_uploads(self, sent: object, progress: Callable | None = None) -> Dataset:
        """Import what the page's script has sent, see resnet.ui.received; nothing of it stays among the uploads."""
        uploads = received(sent, self._uploads)
        try:
            return import_uploads(uploads, self.store, progress)
        finally:
            discard(uploads)

    @at_home
    def discard_uploads(self, sent: object) -> None:
        discard(received(sent, self._uploads))

    @at_home
    def import_samples(self) -> Dataset:
        return import_samples(self.store)

    @at_home
    def delete_dataset(self, reference: str) -> None:
        jobs.delete_dataset(self.store, reference)

    # runs

    @at_home
    def plan(self, settings: TrainSettings, data: Dataset | None = None) -> jobs.Plan:
        """The settings with every default filled in; UserError names all that is wrong with them.

        data: their data set, where it was opened before.
        """
        if not settings.data:
            raise UserError("start_needs_pictures")
        if needs_weights(settings):
            self._want_here(settings.model)
        return jobs.plan(self.store, _unmistakable(settings), data)

    @at_home
    def preview(self, settings: TrainSettings) -> list[Image.Image]:
        """A picture that would be learned from, drawn by chance, as several steps would see it."""
        planned = self.plan(settings)
        record = random.choice(planned.data.part("train"))
        augmented = importlib.import_module("resnet.training.preview").augmented  # with torch
        seen = augmented(planned.data, record, planned.settings, planned.preprocessing)
        return [Image.fromarray(pixels) for pixels in seen]

    @at_home
    def estimates(self, settings: TrainSettings, planned: jobs.Plan, modes: tuple[str, ...]) -> dict[str, float]:
        """Seconds that a run would take here, roughly, in each mode that is possible.

        planned: the plan in the mode of `settings`.
        """
        plans = {settings.mode: planned}
        for mode in modes:
            if mode != settings.mode:
                with contextlib.suppress(UserError):  # from scratch alone a model can do that is not here
                    plans[mode] = self.plan(dataclasses.replace(settings, mode=mode), planned.data)
        return {mode: jobs.estimate(self.store, plan) for mode, plan in plans.items()}

    @at_home
    def start(self, settings: TrainSettings) -> str:
        if needs_weights(settings):
            self._want_here(settings.model)
        return jobs.start(self.store, _unmistakable(settings))

    @at_home
    def start_remedy(self, run: str, number: int) -> str:
        return self.start(self.remedies(run)[number][1])

    @at_home
    def worker_ready(self) -> int | None:
        """MB of memory that the worker takes which waits for a run, 0 where that is not known; None: none waits."""
        return jobs.workers.ready()

    @at_home
    def search_rates(self, settings: TrainSettings) -> None:
        """Look for a learning rate; one search at a time, the last of which is kept."""
        if needs_weights(settings):
            self._want_here(settings.model)
        if self.rates and self.rates.state == "running":
            raise UserError("device_busy", device=likely_device())
        self.rates = jobs.RateSearch(self.store, _unmistakable(settings))

    @at_home
    def stop(self, run: str) -> None:
        jobs.stop(self.store, run)

    @at_home
    def resume(self, run: str) -> None:
        jobs.resume(self.store, run)

    @at_home
    def rename(self, run: str, name: str) -> None:
        jobs.rename(self.store, run, name)

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
        here = [run for run in (*live, watched, unfinished) if run and (self.store.runs / run).is_dir()]
        return watched if watched in here and watched in live else next(iter(here), "")

    @at_home
    def version(self, run: str) -> tuple:
        """Changes whenever there is something new to show of a run."""
        if not run:
            return ()
        folder = self.store.runs / run
        files = (folder / name for name in ("status.json", "metrics.jsonl", "report.json"))
        return (*(file.stat().st_mtime_ns for file in files if file.exists()), self._state(run))

    @at_home
    def progress(self, run: str) -> tuple[dict, list[dict], str]:
        """Status, lines of metrics, and name of a run."""
        folder = self.store.run(run)
        return jobs.status(folder), read_lines(folder / "metrics.jsonl"), name_of(folder) or run

    @at_home
    def validated(self, run: str) -> int:
        """When a model that is learning was last tried on the pictures that it is checked with; 0: not yet."""
        file = self.store.runs / run / NOW
        return file.stat().st_mtime_ns if file.is_file() else 0

    @at_home
    def so_far(self, run: str) -> Result:
        """What that trial has shown."""
        folder = self.store.run(run)
        data = self.dataset(read_settings(folder)["data"]["id"])
        return Result(run, folder, {"classes": data.classes, "temperature": 1.0}, {}, data, NOW)

    @at_home
    def remedies(self, run: str) -> list[jobs.Remedy]:
        return jobs.remedies(self.store.run(run))

    def _state(self, run: str) -> str:
        folder = self.store.runs / run
        return jobs.status(folder)["state"] if folder.is_dir() else "deleted"

    def _read_live(self) -> tuple[list[str], str]:
        """Runs on their way, the one at work before those that wait, the older first; and the newest, if unfinished."""
        runs = self.runs()
        live = [run for run in reversed(runs) if run["state"] in jobs.ALIVE]
        unfinished = runs[0]["run"] if runs and runs[0]["state"] in jobs.RESUMABLE else ""
        return [run["run"] for run in sorted(live, key=lambda run: run["state"] == "queued")], unfinished

    @at_home
    def bring_in(self, source: str) -> str:
        """Take an uploaded run into the workspace; its id."""
        return jobs.bring_in(source, self.store)

    @at_home
    def take_out(self, run: str) -> str:
        """A whole run as a zip, which lies among the uploads for a day."""
        return str(jobs.take_out(self.store, run, self._taken_away / self.store.run(run).name))

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
        report = jobs.read_report(folder)
        if not report:
            raise UserError("no_report_yet", name=self.name(reference))
        return report

    def has_report(self, reference: str) -> bool:
        return (self._report_folder(reference) / "report.json").is_file()

    def result(self, reference: str) -> Result:
        """The same with all that is here of it: its single answers, and the data set that it was made on."""
        folder, report = self._report_folder(reference), self.report(reference)
        here = (self.store.datasets / str(report["data"]["id"])).is_dir()
        files = (folder / name for name in ("report.json", "name.json", EMBEDDINGS))
        key = (folder, *(file.stat().st_mtime_ns for file in files if file.exists()), here)
        if self._result[0] != key:
            name, words, data = self.name(reference), self.words(reference), self.data_of(report)
            self._result = key, Result(name, folder, report, words, data)
        return self._result[1]

    @at_home
    def settings_of(self, run: str) -> TrainSettings:
        """All settings of a run as they were resolved, for another one like it."""
        settings = TrainSettings.from_json(read_settings(self.store.run(run))["settings"])
        start = Path(settings.model)
        return dataclasses.replace(settings, name=None, model=start.name if start in shipped() else settings.model)

    @at_home
    def settings_file(self, settings: TrainSettings) -> str:
        """A file of the settings, which lies among the uploads, for a day."""
        file = self._new_file("settings.json")
        write_json(file, settings.said())
        return str(file)

    @at_home
    def read_settings_file(self, file: str) -> TrainSettings:
        """Raises UserError for what is no such file, and with all that is wrong with what it says."""
        settings = TrainSettings("", **{"model": "", **read_said(Path(file).read_text("utf-8", "replace"))})
        if problems := settings.problems():
            raise UserError.of(problems)
        return settings

    @at_home
    def set_threshold(self, run: str, threshold: float | None) -> None:
        """What the model of a run answers "unknown" below."""
        set_unknown_threshold(_model_folder(self.store.run(run)), threshold)

    @at_home
    def embed(self, run: str, progress: Callable[[int, int], None] | None = None) -> None:
        """Compute what the model of a run sees in its pictures, and keep it with the run."""
        result, predictor = self.result(run), self.predictor(run)
        embed(predictor, _data_behind(result), progress).write(result.folder / EMBEDDINGS)

    @at_home
    def correct(self, result: Result, sha256: str, label: str | None) -> None:
        corrections.correct(_data_behind(result), sha256, label)

    @at_home
    def undo_correction(self, result: Result) -> None:
        corrections.undo(_data_behind(result))

    @at_home
    def corrected(self, result: Result) -> Dataset:
        """The new version of the data set behind a result."""
        return corrections.corrected(_data_behind(result), self.store)

    def words(self, reference: str) -> dict[str, str]:
        """Class keys -> words, of the model behind a result; empty where it cannot be read."""
        try:
            return read_config(_model_folder(self._report_folder(reference))).descriptions
        except UserError:
            return {}

    def data_of(self, report: dict) -> Dataset | None:
        """The data set that a report was made on, where it is still here."""
        return None if self.hosted else jobs.data_of(self.store, report)

    def is_own(self, reference: str) -> bool:
        return _shipped(reference) is None

    def export(self, reference: str, to: str, progress: Callable[[str, int, int], None] | None = None) -> dict:
        """A model in one of the formats of resnet.exporters, checked: the zip lies among the uploads, for a day.

        Answers, and calls `progress`, as resnet.export does.
        """
        self._want_here(reference)
        found = self.find(reference)
        model, place = _loadable(found), found.name if isinstance(found, HubName) else found.parent.name
        return resnet.export(model, to, self._taken_away / place.replace("/", "-"), self.store, progress)

    def report_page(self, reference: str, language: str) -> str:
        """The report as a page of one file, which lies among the uploads for a day."""
        result = self.result(reference)
        page = report_page.html(result.report, result.data, result.words, language)
        return self._taken(result, "report.html", page)

    def predictions_table(self, reference: str) -> str:
        """The predictions as a CSV, which lies likewise."""
        result = self.result(reference)
        return self._taken(result, "predictions.csv", tables.csv(tables.predictions(result)))

    @at_home
    def push(self, reference: str, repository: str, token: str, private: bool) -> str:
        """Send a model folder to the Hub; its address there. The token goes there and is kept nowhere.

        Without one, who sits at this machine may use its own login; nobody from elsewhere may.
        """
        token = token.strip()
        if not token and self.reach != "local":
            raise UserError("push_no_token", endpoint=hub.constants.ENDPOINT)
        return hub.push(self.find(reference), repository.strip(), token or None, private=private)

    def _taken(self, result: Result, kind: str, content: str) -> str:
        """The file among the uploads that holds what is taken away of a result."""
        folder = self._taken_away / result.folder.name
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{file_name(result.name)}-{kind}"
        write_bytes(path, content.encode())
        return str(path)

    def _new_file(self, name: str) -> Path:
        """A place among the uploads for a file that nothing else is called as."""
        folder = self._taken_away / new_id()
        folder.mkdir(parents=True)
        return folder / name

    @property
    def _taken_away(self) -> Path:
        return self._uploads / "taken-away"

    @property
    def _uploads(self) -> Path:
        """Where Gradio keeps them."""
        return self.store.root / "tmp" / "uploads"

    def _report_folder(self, reference: str) -> Path:
        ship = _shipped(reference)
        if self.hosted and ship is None:
            raise UserError("hosted_off")
        return ship or self.store.run(reference)


def _called(answer: dict, name: str) -> dict:
    """An answer under the name that the picture came with."""
    error = answer["error"]
    return {**answer, "file": name, "error": error and Message(error.key, {**error.values, "file": shown(name)})}


def _shipped(name: str) -> Path | None:
    return next((folder for folder in shipped() if folder.name == name), None)


def _data_behind(result: Result) -> Dataset:
    if result.data is None:
        raise UserError("dataset_unknown", reference=result.report["data"]["name"])
    return result.data


def _model_folder(folder: Path) -> Path:
    """The model folder of a run; a shipped one is that itself."""
    return folder / "model" if (folder / "model").is_dir() else folder


def _loadable(found: Path | HubName) -> str | Path:
    """By what name a model is loaded that was found."""
    return found.name if isinstance(found, HubName) else found.resolve()


def _dated(found: Path | HubName) -> tuple[Path | HubName, tuple[int, ...]]:
    """A model and when its files last changed: nothing for one that is downloaded, or gone."""
    if isinstance(found, HubName):
        return found, ()
    files = (found / WEIGHTS, found / LAB) if found.is_dir() else (found,)
    return found, tuple(file.stat().st_mtime_ns for file in files if file.is_file())


def needs_weights(settings: TrainSettings) -> bool:
    """From random weights, an architecture is enough, which a model folder of the Hub's names in one of its files."""
    return isinstance(settings.model, str) and (settings.mode != "scratch" or settings.model.startswith(HUB))


def _unmistakable(settings: TrainSettings) -> TrainSettings:
    """A shipped start model by its path: a run may be called by its name."""
    folder = _shipped(settings.model)
    return dataclasses.replace(settings, model=str(folder)) if folder else settings


def _model(reference: str, name: str, folder: Path, own: bool) -> dict:
    report = jobs.read_report(folder)
    return {"reference": reference, "name": name, "config": read_config(folder), "report": report, "own": own}


def _shipped_result(folder: Path) -> dict:
    """A shipped model's own training, in the form of a run's summary."""
    report = read_json(folder / "report.json")
    summary = report["summary"]
    return {
        "run": folder.name,
        "name": folder.name,
        "data": report["data"]["name"],
        "architecture": summary["architecture"],
        "mode": summary["mode"],
        "created": summary["finished"],
        **{name: report[name] for name in ("accuracy", "interval", "n")},
        "seconds": summary["seconds"]["total"],
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
