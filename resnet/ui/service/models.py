"""Models: found by name, downloaded, loaded and kept in memory, taken away."""

import contextlib
import importlib
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from pathlib import Path

import resnet
from resnet import jobs
from resnet.errors import UserError
from resnet.store import Store, name_of
from resnet.ui.service.access import at_home
from resnet.ui.service.download import Download
from resnet.weights import hub
from resnet.weights.find import HubName, default_model, find, hub_config, shipped, source
from resnet.weights.folder import CONFIG, LAB, WEIGHTS, ModelConfig, read_config
from resnet.weights.published import Published, offers

LOADED = 3  # models kept in memory: the one in use, one beside it, and the one before


class Models:
    """Those of a workspace, those that ship, and where an app is not hosted, whatever else has a name."""

    def __init__(self, store: Store, reach: str) -> None:
        self.store, self.reach, self.hosted = store, reach, reach == "hosted"
        self._predictors: OrderedDict[tuple, resnet.Predictor] = OrderedDict()
        self._loading: defaultdict[tuple, threading.Lock] = defaultdict(threading.Lock)  # one a predictor
        self._changing = threading.Lock()
        self._downloads: dict[hub.Source, Download] = {}  # the last of each, which all pages watch

    # by name

    def at_hand(self) -> list[dict]:
        """Own runs first, newest first, then what ships; {reference, name, config, report, own}.

        One whose files are damaged is left out.
        """
        found = []
        for run in [] if self.hosted else jobs.list_runs(self.store):
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
        return shipped_as(reference) or find(reference, self.store, local=not self.hosted)

    def config(self, reference: str) -> ModelConfig | None:
        """What a model knows; None where only loading it would tell."""
        found = self.find(reference)
        if isinstance(found, HubName):
            return hub_config(found) if self.is_here(reference) else None
        return read_config(found) if found.is_dir() else None

    # from the Hub

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

    def want_here(self, reference: str) -> None:
        if not self.is_here(reference):
            raise UserError("model_not_here", model=reference)

    def download_of(self, reference: str, *, only_running: bool = False) -> Download | None:
        """The last download of a model, where it is one of the Hub's; with only_running, none that is over."""
        download = self._downloads.get(self._place(reference))
        return None if download and only_running and download.state != "running" else download

    @at_home
    def start_download(self, reference: str) -> Download:
        with self._changing:
            if not self.download_of(reference, only_running=True):
                place = self._place(reference)
                self._downloads[place] = Download(place)
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

    # in memory

    def predictor(
        self, reference: str = "", engine: str = "", progress: Callable[[str, int, int], None] | None = None
    ) -> "resnet.Predictor":
        """The model ready to classify; the first call for it loads it, or builds the engine that is named."""
        self.want_here(reference)
        found = self.find(reference)
        key = (*dated(found), engine)
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
        for old in [old for old in self._predictors if old[:2] != dated(old[0])]:
            del self._predictors[old]

    def _load(self, found: Path | HubName, engine: str, progress: Callable | None) -> "resnet.Predictor":
        predictor = resnet.Predictor(loadable(found), store=self.store, engine=engine, progress=progress)
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

    # to others

    def export(self, reference: str, to: str, progress: Callable[[str, int, int], None] | None = None) -> dict:
        """A model in one of the formats of resnet.exporters, checked, as a zip.

        Answers, and calls `progress`, as resnet.export does.
        """
        self.want_here(reference)
        found = self.find(reference)
        name = found.name if isinstance(found, HubName) else found.parent.name
        out = self.store.taken_away(name.replace("/", "-"))
        return resnet.export(loadable(found), to, out, self.store, progress)

    @at_home
    def push(self, reference: str, repository: str, token: str, private: bool) -> str:
        """Send a model folder to the Hub; its address there. The token goes there and is kept nowhere.

        Without one, who sits at this machine may use its own login; nobody from elsewhere may.
        """
        token = token.strip()
        if not token and self.reach != "local":
            raise UserError("push_no_token", endpoint=hub.constants.ENDPOINT)
        return hub.push(self.find(reference), repository.strip(), token or None, private=private)


def shipped_as(name: str) -> Path | None:
    return next((folder for folder in shipped() if folder.name == name), None)


def loadable(found: Path | HubName) -> str | Path:
    """By what name a model is loaded that was found."""
    return found.name if isinstance(found, HubName) else found.resolve()


def dated(found: Path | HubName) -> tuple[Path | HubName, tuple[int, ...]]:
    """A model and when its files last changed: nothing for one that is downloaded, or gone."""
    if isinstance(found, HubName):
        return found, ()
    files = (found / WEIGHTS, found / LAB) if found.is_dir() else (found,)
    return found, tuple(file.stat().st_mtime_ns for file in files if file.is_file())


def _model(reference: str, name: str, folder: Path, own: bool) -> dict:
    report = jobs.read_report(folder)
    return {"reference": reference, "name": name, "config": read_config(folder), "report": report, "own": own}
