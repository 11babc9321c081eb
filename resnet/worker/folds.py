"""A run's folds: for each a model that learns from the other folds and is tried on it; then the delivered model."""

from pathlib import Path

import numpy as np
import torch

from resnet.data.dataset import Dataset, Record
from resnet.data.split import folds
from resnet.evaluation.evaluate import Evaluation, suspects
from resnet.evaluation.metrics import cross_fitted, cross_validated
from resnet.evaluation.predictions import write_predictions
from resnet.predictor.predictor import softmax
from resnet.settings import TrainSettings
from resnet.training.stage import State

LOGITS = "folds.logits"  # the name of the tensor in a save


class Folds:
    """Which of a run's models is learning, and what those before it made of pictures that they did not learn from.

    The folds are of train and val together, N pictures of K classes; the test part has no part in it. Without folds
    there is nothing but the delivered model.
    """

    def __init__(self, data: Dataset, settings: TrainSettings) -> None:
        self.data, self.count, self.bound = data, settings.folds or 0, settings.minutes
        self.records = [record for record in data.records if record.split != "test"] if self.count else []
        self.fold_of = np.array(folds(self.records, self.count, settings.seed), dtype=np.int64)
        self.logits = np.zeros((len(self.records), len(data.classes)), dtype=np.float32)
        self.done = 0  # models tried; where all are, it is the delivered one's turn
        self.since = 0.0  # seconds of work on the run when the present model's turn came

    @property
    def present(self) -> int | None:
        """The number of the fold whose model is learning, from 1; None for the delivered model."""
        return self.done + 1 if self.done < self.count else None

    @property
    def after(self) -> int:
        """Models that are still to come after the present one."""
        return self.count - self.done

    @property
    def minutes(self) -> float | None:
        """What the present model may take where minutes bound the run: as much as each of those after it."""
        return None if self.bound is None else (self.bound - self.since / 60) / (1 + self.after)

    def parts(self) -> tuple[list[Record], list[Record]]:
        """What the present model learns from, and what it is checked with."""
        if self.present is None:
            return self.data.part("train"), self.data.part("val")
        own = self.fold_of == self.done
        return [self.records[i] for i in np.flatnonzero(~own)], [self.records[i] for i in np.flatnonzero(own)]

    def note(self, evaluation: Evaluation, now: float) -> None:
        """What the present model made of its own fold; from `now` (seconds of work on the run) on it is the next one's
        turn."""
        self.logits[self.fold_of == self.done] = evaluation.logits
        self.done += 1
        self.since = now

    def state(self) -> State:
        """A part of what a run saves."""
        tensors = {LOGITS: torch.from_numpy(self.logits)} if self.count else {}
        return tensors, {"folds": self.done, "since": self.since}

    def load_state(self, state: State) -> None:
        tensors, counters = state
        self.done, self.since = counters.get("folds", 0), counters.get("since", 0.0)
        if self.count:
            self.logits = tensors[LOGITS].numpy()

    def report(self) -> dict:
        """What the run's report says of them: `folds`, and `suspects` among all pictures rather than the val part's."""
        if not self.count:
            return {"folds": None}
        labels, targets = self.data.classes, np.array([record.target for record in self.records])
        temperatures = cross_fitted(self.logits, targets, self.fold_of)
        probabilities = softmax(self.logits / temperatures[:, None])
        return {
            "folds": cross_validated(self.logits, targets, self.fold_of, labels),
            "suspects": suspects(self.data, self.records, labels, probabilities, targets),
        }

    def write(self, path: Path) -> None:
        """The predictions of all pictures of train and val, with the fold (N) of each."""
        if self.count:
            write_predictions(path, self.records, self.logits, fold=self.fold_of)
