"""Runs: planned, started, watched, stopped, resumed, carried to and from other workspaces."""

import contextlib
import dataclasses
import importlib
import json
import random
import threading
import time
from pathlib import Path

from PIL import Image

from resnet import jobs
from resnet.data.dataset import Dataset
from resnet.errors import UserError
from resnet.evaluation.predictions import NOW
from resnet.predictor.engines import likely_device
from resnet.settings import TrainSettings, read_said
from resnet.store import ID, Store, name_of, new_id, read_lines, write_json
from resnet.text import Message
from resnet.ui.service.models import Models, shipped_as
from resnet.views import curves, figures
from resnet.views.result import Result
from resnet.weights.find import HUB, shipped
from resnet.worker.record import read_settings

FRESH = 0.8  # seconds for which all pages share one look at the runs


class Runs:
    def __init__(self, store: Store, models: Models) -> None:
        self.store, self.models = store, models
        self.rates: jobs.RateSearch | None = None
        self._drawn: tuple[tuple | None, str] = None, ""
        self._looking, self._looked, self._seen = threading.Lock(), 0.0, ([], "")

    # before the start

    def plan(self, settings: TrainSettings, data: Dataset | None = None) -> jobs.Plan:
        """The settings with every default filled in; UserError names all that is wrong with them.

        data: their data set, where it was opened before.
        """
        if not settings.data:
            raise UserError("start_needs_pictures")
        return jobs.plan(self.store, self._ready(settings), data)

    def preview(self, settings: TrainSettings) -> list[Image.Image]:
        """A picture that would be learned from, drawn by chance, as several steps would see it."""
        planned = self.plan(settings)
        record = random.choice(planned.data.part("train"))
        augmented = importlib.import_module("resnet.training.preview").augmented  # with torch
        seen = augmented(planned.data, record, planned.settings, planned.preprocessing)
        return [Image.fromarray(pixels) for pixels in seen]

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

    def cautions(self, planned: jobs.Plan) -> list[Message]:
        return jobs.cautions(self.store, planned)

    def search_rates(self, settings: TrainSettings) -> None:
        """Look for a learning rate; one search at a time, the last of which is kept."""
        ready = self._ready(settings)
        if self.rates and self.rates.state == "running":
            raise UserError("device_busy", device=likely_device())
        self.rates = jobs.RateSearch(self.store, ready)

    def settings_of(self, run: str) -> TrainSettings:
        """All settings of a run as they were resolved, for another one like it."""
        settings = TrainSettings.from_json(read_settings(self.store.run(run))["settings"])
        start = Path(settings.model)
        return dataclasses.replace(settings, name=None, model=start.name if start in shipped() else settings.model)

    def settings_file(self, settings: TrainSettings) -> str:
        """A file of the settings."""
        file = self.store.taken_away(new_id()) / "settings.json"
        file.parent.mkdir(parents=True)
        write_json(file, settings.said())
        return str(file)

    def read_settings_file(self, file: str) -> TrainSettings:
        """Raises UserError for what is no such file, and with all that is wrong with what it says."""
        settings = TrainSettings("", **{"model": "", **read_said(Path(file).read_text("utf-8", "replace"))})
        if problems := settings.problems():
            raise UserError.of(problems)
        return settings

    def start(self, settings: TrainSettings) -> str:
        return jobs.start(self.store, self._ready(settings))

    def _ready(self, settings: TrainSettings) -> TrainSettings:
        """The settings with a shipped start model by its path: a run may be called by its name.

        Refuses those whose model must be downloaded first.
        """
        if needs_weights(settings):
            self.models.want_here(settings.model)
        folder = shipped_as(settings.model)
        return dataclasses.replace(settings, model=str(folder)) if folder else settings

    # from the start on

    def all(self) -> list[dict]:
        return jobs.list_runs(self.store)

    def stop(self, run: str) -> None:
        jobs.stop(self.store, run)

    def resume(self, run: str) -> None:
        jobs.resume(self.store, run)

    def remedies(self, run: str) -> list[jobs.Remedy]:
        return jobs.remedies(self.store.run(run))

    def start_remedy(self, run: str, number: int) -> str:
        return self.start(self.remedies(run)[number][1])

    def rename(self, run: str, name: str) -> None:
        jobs.rename(self.store, run, name)

    def delete(self, run: str) -> None:
        jobs.delete_run(self.store, run)

    def bring_in(self, source: str) -> str:
        """Take an uploaded run into the workspace; its id."""
        return jobs.bring_in(source, self.store)

    def take_out(self, run: str) -> str:
        """A whole run as a zip."""
        return str(jobs.take_out(self.store, run, self.store.taken_away(self.store.run(run).name)))

    # to be watched

    def status(self, run: str) -> dict:
        return jobs.status(self.store.run(run))

    def worth_watching(self, watched: str) -> str:
        """The run that a page shows: the one it watches, unless another is on its way and that one is not.

        A page that watches none shows the newest run where that was left unfinished, so that it can be resumed.
        """
        live, unfinished = self._live()
        known = [run for run in (*live, watched, unfinished) if ID.fullmatch(run)]
        here = [run for run in known if (self.store.runs / run).is_dir()]
        return watched if watched in here and watched in live else next(iter(here), "")

    def version(self, run: str, language: str) -> list:
        """Changes with what a visitor can do about a run, and with each trial of its model, when the last part does."""
        return self._version(run, self._status(run), language) if run else []

    def _version(self, run: str, status: dict, language: str) -> list:
        changed = [_changed(self.store.runs / run / name) for name in ("report.json", NOW)]
        return [language, run, status["state"], *changed]

    def news(self, watched: str, language: str) -> dict:
        """Of the run that a page shows: its version as text, the percent that are done, and what is to be seen."""
        run = self.worth_watching(watched)
        status = self._status(run)
        if not run or status["state"] == "deleted":
            return {"version": "", "percent": "", "views": {}}
        name = name_of(self.store.runs / run) or run
        views = {"run-view": figures.running(status, name, language), "run-curves": self._curves(run, language)}
        version = json.dumps(self._version(run, status, language))
        return {"version": version, "percent": figures.done(status), "views": views}

    def _status(self, run: str) -> dict:
        try:
            return jobs.status(self.store.runs / run) if run else {"state": "none"}
        except UserError:
            return {"state": "deleted"}

    def _curves(self, run: str, language: str) -> str:
        """Drawn anew where there are new points; one drawing is kept."""
        file, kept = self.store.runs / run / "metrics.jsonl", self._drawn
        of = file, _changed(file), language
        if kept[0] != of:
            kept = self._drawn = of, curves.drawings(read_lines(file), language)
        return kept[1]

    def so_far(self, run: str) -> Result:
        """What the last trial of a model that is learning has shown, on the pictures that it is checked with."""
        folder = self.store.run(run)
        data = Dataset.open(self.store.dataset(read_settings(folder)["data"]["id"]))
        return Result(run, folder, {"classes": data.classes, "temperature": 1.0}, {}, data, NOW)

    def _live(self) -> tuple[list[str], str]:
        """Runs on their way, the one at work before those that wait, the older first; and the newest, if unfinished."""
        with self._looking:
            if time.monotonic() - self._looked > FRESH:
                runs = self.all()
                live = [run for run in reversed(runs) if run["state"] in jobs.ALIVE]
                unfinished = runs[0]["run"] if runs and runs[0]["state"] in jobs.RESUMABLE else ""
                self._seen = [run["run"] for run in sorted(live, key=lambda run: run["state"] == "queued")], unfinished
                self._looked = time.monotonic()
            return self._seen


def _changed(file: Path) -> int:
    """When it last did, in nanoseconds; 0: it is not there."""
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def needs_weights(settings: TrainSettings) -> bool:
    """From random weights, an architecture is enough, which a model folder of the Hub's names in one of its files."""
    return isinstance(settings.model, str) and (settings.mode != "scratch" or settings.model.startswith(HUB))
