"""One result and all that is at hand of it, from which the page shows what came of a run."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from resnet.data.dataset import Dataset, Record
from resnet.evaluation.embeddings import Embeddings, places
from resnet.evaluation.predictions import PREDICTIONS, Predictions, read_predictions
from resnet.predictor.predictor import softmax
from resnet.weights.folder import WEIGHTS


@dataclass(frozen=True)
class Result:
    """folder: of the run; words: class key -> words; data: None where the data set is not on this machine."""

    name: str
    folder: Path
    report: dict
    words: dict[str, str]
    data: Dataset | None = None
    file: str = PREDICTIONS  # of the predictions

    @property
    def classes(self) -> list[str]:
        return self.report["classes"]

    def word(self, label: str) -> str:
        return self.words.get(label, label)

    @cached_property
    def has_predictions(self) -> bool:
        """Whether the answers to the single pictures are here; else only the report tells of them."""
        return (self.folder / self.file).is_file()

    @cached_property
    def predictions(self) -> Predictions:
        """Raises UserError where they are damaged."""
        return read_predictions(self.folder / self.file)

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
    def probabilities(self) -> np.ndarray:
        """float (N, K), of the checked pictures, at the model's temperature."""
        return softmax(self.predictions.logits / self.report["temperature"])

    @cached_property
    def answers(self) -> np.ndarray:
        """int (N)."""
        return self.probabilities.argmax(axis=1)

    @cached_property
    def right(self) -> np.ndarray:
        """bool (N)."""
        return self.answers == self.predictions.targets

    @cached_property
    def places(self) -> dict[str, int]:
        """sha256 -> its place among the checked pictures; empty where the answers are not here."""
        return places(self.predictions.sha256) if self.has_predictions else {}

    def cell(self, shown: int, answered: int) -> list[dict]:
        """The pictures of a class that were answered with a class, the most certain first."""
        places = np.flatnonzero((self.predictions.targets == shown) & (self.answers == answered))
        return self.entries(places[np.argsort(-self.probabilities[places, answered], kind="stable")])

    def doubtful(self, most: int) -> list[dict]:
        """The pictures that it was least certain of."""
        return self.entries(np.argsort(self.probabilities.max(axis=1), kind="stable")[:most])

    def worst(self, most: int) -> list[dict]:
        """The mistakes that it was most certain of."""
        wrong = np.flatnonzero(~self.right)
        return self.entries(wrong[np.argsort(-self.probabilities[wrong].max(axis=1), kind="stable")][:most])

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
        scores, target, answer = self.probabilities[place], self.predictions.targets[place], self.answers[place]
        return {
            "sha256": str(self.predictions.sha256[place]),
            "label": self.classes[target],
            "predicted": self.classes[answer],
            "score": float(scores[answer]),
            "label_score": float(scores[target]),
        }
