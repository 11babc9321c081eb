"""One result and all that is at hand of it, from which the page shows what came of a run."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from resnet.data.dataset import Dataset, Record
from resnet.evaluation.embeddings import Embeddings, places
from resnet.evaluation.metrics import cross_fitted
from resnet.evaluation.predictions import FOLDS, PREDICTIONS, Predictions, read_predictions
from resnet.predictor.predictor import softmax
from resnet.weights.folder import WEIGHTS


@dataclass(frozen=True)
class Answers:
    """What was made of N pictures of K classes. probabilities: float (N, K)."""

    predictions: Predictions
    probabilities: np.ndarray

    def __len__(self) -> int:
        return len(self.predictions)

    @cached_property
    def predicted(self) -> np.ndarray:
        """int (N)."""
        return self.probabilities.argmax(axis=1)

    @cached_property
    def right(self) -> np.ndarray:
        """bool (N)."""
        return self.predicted == self.predictions.targets


@dataclass(frozen=True)
class Result:
    """folder: of the run; words: class key -> words; data: None where the data set is not on this machine."""

    name: str
    folder: Path
    report: dict
    words: dict[str, str]
    data: Dataset | None = None
    file: str = PREDICTIONS  # of the model's own

    @property
    def classes(self) -> list[str]:
        return self.report["classes"]

    def word(self, label: str) -> str:
        return self.words.get(label, label)

    @cached_property
    def has_predictions(self) -> bool:
        """Whether the answers to the single pictures are here; else only the report tells of them."""
        files = {self.file, FOLDS} if self.folds else {self.file}
        return all((self.folder / file).is_file() for file in files)

    @cached_property
    def checked(self) -> Answers:
        """The model's own answers, to the pictures that it was checked with, at its temperature.

        Raises UserError where they are damaged, as does `looked_at`.
        """
        found = read_predictions(self.folder / self.file)
        return Answers(found, softmax(found.logits / self.report["temperature"]))

    @cached_property
    def looked_at(self) -> Answers:
        """Those by which single pictures are looked at, each of a model that has not seen the picture: with folds of
        all pictures of train and val, at a cross-fitted temperature; else the model's own."""
        if not self.folds:
            return self.checked
        found = read_predictions(self.folder / FOLDS)
        return Answers(found, softmax(found.logits / cross_fitted(found.logits, found.targets, found.fold)[:, None]))

    @property
    def folds(self) -> dict | None:
        """What the report says of them."""
        return self.report.get("folds")

    @property
    def figures(self) -> dict:
        """A report's figures on the pictures that are looked at: classes, per_class, confusion among them."""
        return self.folds["pooled"] if self.folds else self.report

    @cached_property
    def can_be_mapped(self) -> bool:
        """Whether the model and its pictures are here."""
        return self.data is not None and (self.folder / "model" / WEIGHTS).is_file()

    @cached_property
    def embeddings(self) -> Embeddings | None:
        """Of its pictures, where they were computed with its present model. Raises UserError where they are damaged."""
        return Embeddings.of(self.folder) if self.can_be_mapped else None

    @cached_property
    def records(self) -> dict[str, Record]:
        """sha256 -> the picture, in the data set; one that stands in several parts once."""
        return {record.sha256: record for record in self.data.records} if self.data else {}

    @cached_property
    def places(self) -> dict[str, int]:
        """sha256 -> its place among the pictures that are looked at; empty where the answers are not here."""
        return places(self.looked_at.predictions.sha256) if self.has_predictions else {}

    def cell(self, shown: int, answered: int) -> list[dict]:
        """The pictures of a class that were answered with a class, the most certain first."""
        found = self.looked_at
        places = np.flatnonzero((found.predictions.targets == shown) & (found.predicted == answered))
        return self.entries(places[np.argsort(-found.probabilities[places, answered], kind="stable")])

    def doubtful(self, most: int) -> list[dict]:
        """The pictures that it was least certain of."""
        return self.entries(np.argsort(self.looked_at.probabilities.max(axis=1), kind="stable")[:most])

    def worst(self, most: int | None = None) -> list[dict]:
        """The mistakes that it was most certain of; None: all."""
        wrong = np.flatnonzero(~self.looked_at.right)
        scores = self.looked_at.probabilities[wrong].max(axis=1)
        return self.entries(wrong[np.argsort(-scores, kind="stable")][:most])

    def entries(self, places: Iterable[int]) -> list[dict]:
        """{sha256, label, predicted, score, label_score} of each, as a report lists its mistakes."""
        return [self._entry(place) for place in places]

    def find(self, sha256: str) -> dict | None:
        """The same of one picture, be it checked or a label in doubt; of any other one {sha256, label} alone."""
        if sha256 in self.places:
            return self._entry(self.places[sha256])
        listed = (*self.report.get("suspects", []), *self.report["mistakes"])
        found = next((entry for entry in listed if entry["sha256"] == sha256), None)
        record = self.records.get(sha256)
        return found or ({"sha256": sha256, "label": record.label} if record else None)

    def _entry(self, place: int) -> dict:
        found = self.looked_at
        scores, target, answer = found.probabilities[place], found.predictions.targets[place], found.predicted[place]
        return {
            "sha256": str(found.predictions.sha256[place]),
            "label": self.classes[target],
            "predicted": self.classes[answer],
            "score": float(scores[answer]),
            "label_score": float(scores[target]),
        }
