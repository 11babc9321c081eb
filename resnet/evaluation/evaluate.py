"""Evaluate a model on a part of a data set: through the predictor, from the original files."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from resnet.data.dataset import Dataset, Record
from resnet.errors import UserError
from resnet.evaluation import LOOKED_AT_AGAIN
from resnet.evaluation.metrics import cross_fitted, doubtful_labels, summarize
from resnet.predictor import Predictor
from resnet.predictor.predictor import softmax
from resnet.predictor.ranks import ALONE, Ranks
from resnet.store import FORMAT, Store
from resnet.text import Message

AGREEMENT = 0.01  # of the largest logit; engines of 32 bits differ by a ten-thousandth of it, those of 16 by more
LISTED = 100  # mistakes kept in a report, the most confident first; doubtful labels, the least probable first


class Evaluation:
    """Logits and targets of a part of a data set, and the report that is made of them.

    records: the N pictures that could be read; logits float32 (N, K); targets int64 (N), indices of the model's labels.
    """

    def __init__(
        self, predictor: Predictor, records: Sequence[Record], logits: np.ndarray, targets: np.ndarray
    ) -> None:
        self.predictor, self.records, self.logits, self.targets = predictor, records, logits, targets

    def report(self, data: Dataset, split: str, *, fitted: bool | None = None) -> dict:
        """The contract's `evaluate` object, with the largest mistakes and the labels in doubt.

        fitted: the model's temperature is that of these very pictures, so the scores are judged at one that is
        cross-fitted. None: on the check part of the data set that the model says it was made from.
        """
        predictor = self.predictor
        if fitted is None:
            fitted = split == "val" and predictor.config.summary.get("data_id") == data.id
        labels, temperature = predictor.config.labels, predictor.config.temperature
        temperatures = cross_fitted(self.logits, self.targets) if fitted else np.full(len(self.targets), temperature)
        summary = summarize(self.logits, self.targets, labels, temperatures)
        probabilities = softmax(self.logits / temperatures[:, None])
        return {
            "format": FORMAT,
            "model": predictor.name,
            "engine": predictor.engine.name,
            "device": predictor.device,
            "data": {"id": data.id, "name": data.name},
            "split": split,
            "temperature": temperature,
            **summary,
            "mistakes": self._mistakes(data, probabilities),
            "suspects": suspects(data, self.records, labels, probabilities, self.targets),
        }

    def _mistakes(self, data: Dataset, probabilities: np.ndarray) -> list[dict]:
        predicted, score = probabilities.argmax(axis=1), probabilities.max(axis=1)
        wrong = np.flatnonzero(predicted != self.targets)
        wrong = wrong[np.argsort(-score[wrong], kind="stable")][:LISTED]
        labels = self.predictor.config.labels
        return [_entry(data, self.records[i], labels[predicted[i]], score[i]) for i in wrong]


def suspects(
    data: Dataset, records: Sequence[Record], labels: list[str], probabilities: np.ndarray, targets: np.ndarray
) -> list[dict]:
    """The pictures whose label is in doubt (see `doubtful_labels`), as a report lists them."""
    return [
        {
            **_entry(data, records[i], labels[seems], probabilities[i, seems]),
            "label_score": float(probabilities[i, targets[i]]),
        }
        for i, seems in list(zip(*doubtful_labels(probabilities, targets), strict=True))[:LISTED]
    ]


def _entry(data: Dataset, record: Record, predicted: str, score: float) -> dict:
    return {
        "file": record.path.relative_to(data.folder).as_posix(),
        "sha256": record.sha256,
        "label": record.label,
        "predicted": predicted,
        "score": float(score),
    }


def evaluate(
    model: Predictor | str | Path, data: Dataset | str, split: str = "val", *, store: Store | None = None
) -> dict:
    """How good `model` is on `data`'s part `split` (train, val, test, all): what `python -m resnet evaluate` prints.

    model: a Predictor, or what one is made of; data: a Dataset, or the id or name of one in the workspace.
    """
    store = store or Store.open()
    predictor = model if isinstance(model, Predictor) else Predictor(model, store=store)
    data = data if isinstance(data, Dataset) else Dataset.open(store.dataset(data))
    return examine(predictor, data, split).report(data, split)


def examine(
    predictor: Predictor,
    data: Dataset,
    part: str | Sequence[Record] = "val",
    progress: Callable[[int, int], None] | None = None,
    ranks: Ranks = ALONE,
    known: np.ndarray | None = None,
) -> Evaluation:
    """What `predictor` makes of a part of `data`: train, val, test, all, or some of its records.

    Classes are matched by label, never by position. Raises UserError where the part is empty or the model lacks a
    class of it. progress: called with the pictures done and their number. Of several ranks each looks at its share,
    and all have the evaluation of the whole.
    known: logits (N, K) of the part that a training has found with the same weights; the predictor looks at the first
    few pictures, and where it agrees it looks at no more.
    """
    records = part
    if isinstance(part, str):
        records = data.records if part == "all" else data.part(part)
        if not records:
            raise UserError("part_empty", data=data.name, split=part)
    position = {label: index for index, label in enumerate(predictor.config.labels)}
    missing = sorted({record.label for record in records} - position.keys())
    if missing:
        raise UserError(
            "classes_unknown", model=predictor.name, missing=missing[:5], known=predictor.config.labels[:10]
        )
    targets = np.array([position[record.label] for record in records], dtype=np.int64)
    if known is not None:
        few = examine(predictor, data, records[:LOOKED_AT_AGAIN], progress, ranks).logits
        if np.abs(few - known[: len(few)]).max() <= AGREEMENT * np.abs(few).max():
            return Evaluation(predictor, records, known, targets)
    rows, own = [], [records[place].path for place in ranks.share(len(records))]
    for done, output in enumerate(predictor.logits(own), start=1):
        rows.append(output)
        if progress:
            progress(done, len(own))
    rows = ranks.gathered(rows)
    lost = [record for record, row in zip(records, rows, strict=True) if isinstance(row, Message)]
    if lost:
        raise UserError("data_damaged", data=data.name, n=len(lost), file=lost[0].path.name)
    return Evaluation(predictor, records, np.stack(rows).astype(np.float32), targets)
