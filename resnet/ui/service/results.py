"""What came of runs, and of the shipped models' own training."""

from collections.abc import Callable
from pathlib import Path

from resnet import jobs
from resnet.data.dataset import Dataset
from resnet.errors import UserError
from resnet.evaluation.embeddings import EMBEDDINGS, embed
from resnet.store import Store, file_name, read_json, write_bytes
from resnet.ui.service.access import at_home
from resnet.ui.service.datasets import behind
from resnet.ui.service.models import Models, shipped_as
from resnet.views import report as report_page
from resnet.views import tables
from resnet.views.result import Result
from resnet.weights.find import shipped
from resnet.weights.folder import read_config, set_unknown_threshold


class Results:
    def __init__(self, store: Store, models: Models) -> None:
        self.store, self.models, self.hosted = store, models, models.hosted
        self._opened: tuple = None, None  # the last that was looked at: what it was read from, and itself

    def all(self) -> list[dict]:
        """What the Results tab lists: own runs, newest first, then the shipped models' own training."""
        own = [] if self.hosted else jobs.list_runs(self.store)
        return [*own, *(_summary(folder) for folder in shipped())]

    def name(self, reference: str) -> str:
        return next((result["name"] for result in self.all() if result["run"] == reference), reference)

    def is_own(self, reference: str) -> bool:
        return shipped_as(reference) is None

    def has_report(self, reference: str) -> bool:
        return (self._folder(reference) / "report.json").is_file()

    def report(self, reference: str) -> dict:
        """The report of a run or of a shipped model; UserError where there is none yet."""
        report = jobs.read_report(self._folder(reference))
        if not report:
            raise UserError("no_report_yet", name=self.name(reference))
        return report

    def open(self, reference: str) -> Result:
        """The same with all that is here of it: its single answers, and the data set that it was made on."""
        folder, report = self._folder(reference), self.report(reference)
        here = (self.store.datasets / str(report["data"]["id"])).is_dir()
        files = (folder / name for name in ("report.json", "name.json", EMBEDDINGS))
        key = (folder, *(file.stat().st_mtime_ns for file in files if file.exists()), here)
        opened = self._opened
        if opened[0] != key:
            name, words, data = self.name(reference), self.words(reference), self.data_of(report)
            opened = self._opened = key, Result(name, folder, report, words, data)
        return opened[1]

    def find(self, reference: str) -> Result | None:
        """The same where there is one; none of "", nor of a run that is on its way."""
        return self.open(reference) if reference and self.has_report(reference) else None

    def words(self, reference: str) -> dict[str, str]:
        """Class keys -> words, of the model behind a result; empty where it cannot be read."""
        try:
            return read_config(_model_folder(self._folder(reference))).descriptions
        except UserError:
            return {}

    def data_of(self, report: dict) -> Dataset | None:
        """The data set that a report was made on, where it is still here."""
        return None if self.hosted else jobs.data_of(self.store, report)

    @at_home
    def set_threshold(self, run: str, threshold: float | None) -> None:
        """What the model of a run answers "unknown" below."""
        set_unknown_threshold(_model_folder(self.store.run(run)), threshold)

    @at_home
    def embed(self, run: str, progress: Callable[[int, int], None] | None = None) -> None:
        """Compute what the model of a run sees in its pictures, and keep it with the run."""
        result, predictor = self.open(run), self.models.predictor(run)
        embed(predictor, behind(result), progress).write(result.folder / EMBEDDINGS)

    def report_page(self, reference: str, language: str) -> str:
        """The report as a page of one file."""
        result = self.open(reference)
        page = report_page.html(result.report, result.data, result.words, language)
        return self._taken(result, "report.html", page)

    def predictions_table(self, reference: str) -> str:
        """The predictions as a CSV."""
        result = self.open(reference)
        return self._taken(result, "predictions.csv", tables.csv(tables.predictions(result)))

    def _taken(self, result: Result, kind: str, content: str) -> str:
        folder = self.store.taken_away(result.folder.name)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{file_name(result.name)}-{kind}"
        write_bytes(path, content.encode())
        return str(path)

    def _folder(self, reference: str) -> Path:
        ship = shipped_as(reference)
        if self.hosted and ship is None:
            raise UserError("hosted_off")
        return ship or self.store.run(reference)


def _model_folder(folder: Path) -> Path:
    """The model folder of a run; a shipped one is that itself."""
    return folder / "model" if (folder / "model").is_dir() else folder


def _summary(folder: Path) -> dict:
    """A shipped model's own training, in the form of a run's summary."""
    report = read_json(folder / "report.json")
    summary = report["summary"]
    return {
        **{name: report[name] for name in ("accuracy", "interval", "n")},
        **{name: summary[name] for name in ("architecture", "mode")},
        **{"run": folder.name, "name": folder.name, "data": report["data"]["name"], "state": "shipped"},
        **{"created": summary["finished"], "seconds": summary["seconds"]["total"]},
    }
