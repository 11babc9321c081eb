"""Numbers on predictions: pure functions of arrays.

Shapes: logits float (N, K), targets int (N), probabilities float (N, K); N images, K classes.
"""

import math

import numpy as np

from resnet.errors import UserError
from resnet.predictor.predictor import softmax

Z95 = 1.959964  # of the normal distribution, 95 % two-sided
TOP = 5  # answers among which the true class is looked for, where there are more classes
FOLDS = 5  # of a cross-fitted temperature


def wilson_interval(right: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share of which `right` of `n` were seen (Wilson 1927; Brown et al. 2001, eq. 4)."""
    if n == 0:
        return 0.0, 1.0
    share, z2 = right / n, Z95**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def confusion_matrix(targets: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """int (K, K): row the true class, column the predicted one."""
    return np.bincount(targets * classes + predicted, minlength=classes**2).reshape(classes, classes)


def per_class(confusion: np.ndarray) -> dict[str, np.ndarray]:
    """n, precision, recall, f1, each (K); 0 where a class was never predicted or never there."""
    right, true, predicted = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    return {
        "n": true,
        "precision": _share(right, predicted),
        "recall": _share(right, true),
        "f1": _share(2 * right, true + predicted),
    }


def log_loss(probabilities: np.ndarray, targets: np.ndarray) -> float:
    """Mean negative log of the true class's probability, in nats."""
    true = probabilities[np.arange(len(targets)), targets]
    return float(-np.log(np.clip(true, 1e-12, 1.0)).mean())


def calibration(probabilities: np.ndarray, targets: np.ndarray, bins: int = 15) -> list[tuple[int, float, float]]:
    """n, mean confidence and share that was right, of each bin of confidence that holds any; `bins` equal ones from
    0 to 1 (Guo et al. 2017, section 2)."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == targets
    index = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    inside = [index == b for b in np.unique(index)]
    return [(int(own.sum()), float(confidence[own].mean()), float(right[own].mean())) for own in inside]


def expected_calibration_error(probabilities: np.ndarray, targets: np.ndarray, bins: int = 15) -> float:
    """How far confidence lies from accuracy, over the bins of `calibration` (Guo et al. 2017, eq. 3)."""
    found = calibration(probabilities, targets, bins)
    return sum(n * abs(right - confidence) for n, confidence, right in found) / len(targets)


def coverage(score: np.ndarray, right: np.ndarray, thresholds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What a model that answers only from a threshold of its top score on does: at each, how many it answers, and how
    many of those it has right.

    score: float (N), the top score of each picture; right: bool (N).
    """
    order = np.argsort(score)
    first = np.searchsorted(score[order], thresholds)  # what comes before is not answered
    since = np.concatenate([np.cumsum(right[order][::-1])[::-1], [0]])
    return len(score) - first, since[first]


def mcnemar(one: np.ndarray, other: np.ndarray) -> tuple[int, int, float]:
    """Of two models on the same pictures: how many only `one` has right, how many only `other`, and the probability
    that chance alone sets the two so far apart (McNemar 1947; the exact two-sided test, by the binomial distribution).

    one, other: bool (N), whether each picture was right.
    """
    counts = int((one & ~other).sum()), int((other & ~one).sum())
    n = sum(counts)
    tail = sum(math.comb(n, k) for k in range(min(counts) + 1))
    return *counts, min(1.0, 2 * tail / 2**n)


def top_k_accuracy(logits: np.ndarray, targets: np.ndarray, k: int) -> float:
    """The share whose true class is among the `k` first; of equal ones the lower index comes first, as in argmax."""
    true, index = logits[np.arange(len(targets)), targets][:, None], np.arange(logits.shape[1])
    before = (logits > true) | ((logits == true) & (index < targets[:, None]))
    return float((before.sum(axis=1) < k).mean())


def summarize(
    logits: np.ndarray, targets: np.ndarray, labels: list[str], temperature: float | np.ndarray = 1.0
) -> dict:
    """What a report says of predictions: shares between 0 and 1, log_loss in nats, per class, confusion matrix.

    temperature: of the model, or of each picture (N) where it is cross-fitted; `uncalibrated` is without one. Raises
    UserError for logits that are not finite.
    """
    if lost := int((~np.isfinite(logits)).any(axis=1).sum()):
        raise UserError("logits_not_finite", n=lost, total=len(logits))
    confusion = confusion_matrix(targets, logits.argmax(axis=1), len(labels))
    classes = per_class(confusion)
    present = classes["n"] > 0
    right, n = int(np.trace(confusion)), len(targets)
    top_k = {"k": TOP, "accuracy": top_k_accuracy(logits, targets, TOP)} if len(labels) > TOP else None
    return {
        "n": n,
        "accuracy": right / n,
        "interval": list(wilson_interval(right, n)),
        "top_k": top_k,
        "balanced_accuracy": float(classes["recall"][present].mean()),
        "macro_f1": float(classes["f1"][present].mean()),
        **_of_scores(softmax(logits / np.reshape(temperature, (-1, 1))), targets),
        "uncalibrated": _of_scores(softmax(logits), targets),
        "classes": labels,
        "per_class": [
            {
                "label": label,
                "n": int(classes["n"][i]),
                "precision": float(classes["precision"][i]),
                "recall": float(classes["recall"][i]),
                "f1": float(classes["f1"][i]),
            }
            for i, label in enumerate(labels)
        ],
        "confusion": confusion.tolist(),
    }


def _of_scores(probabilities: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    return {
        "log_loss": log_loss(probabilities, targets),
        "ece": expected_calibration_error(probabilities, targets),
    }


def fit_temperature(logits: np.ndarray, targets: np.ndarray) -> float:
    """What to divide logits by for the smallest log loss (Guo et al. 2017, section 4.2), between 1/10 and 10.

    The true class's share of the target is (N + 1) / (N + 2), and the others have the rest alike: a few pictures, all
    of them right, are no reason to be sure without end (Platt 1999, "Probabilistic outputs for support vector
    machines", the targets of the fit). Without any picture, or with a single class, it is 1.
    The log loss is convex in 1 / temperature, so the sign of its slope tells which half of an interval to keep.
    """
    n, classes = logits.shape
    if n == 0 or classes == 1:
        return 1.0
    true, share = logits[np.arange(n), targets], (n + 1) / (n + 2)
    wanted = share * true + (1 - share) * (logits.sum(axis=1) - true) / (classes - 1)
    low, high = -math.log(10), math.log(10)
    for _ in range(40):
        middle = (low + high) / 2
        expected = (softmax(logits / math.exp(middle)) * logits).sum(axis=1)
        slope = (wanted - expected).mean()  # of the log loss, up to a negative factor, over 1 / temperature
        low, high = (low, middle) if slope > 0 else (middle, high)
    return math.exp((low + high) / 2)


def cross_fitted(logits: np.ndarray, targets: np.ndarray, folds: np.ndarray | None = None) -> np.ndarray:
    """(N): the temperature for each picture, fitted to the pictures of the other folds.

    folds: int (N), the fold of each picture; by default FOLDS of them, over which each class is spread.
    """
    if folds is None:
        folds = np.empty(len(targets), int)
        folds[np.argsort(targets, kind="stable")] = np.arange(len(targets)) % FOLDS
    temperatures = np.ones(len(targets))
    for fold in np.unique(folds):
        other = folds != fold
        temperatures[~other] = fit_temperature(logits[other], targets[other])
    return temperatures


def cross_validated(logits: np.ndarray, targets: np.ndarray, folds: np.ndarray, labels: list[str]) -> dict:
    """What a report says of a cross-validation: each fold's accuracy, their mean and standard deviation, all together.

    logits: of each picture from the model that did not learn from its fold; folds: int (N).
    """
    right = logits.argmax(axis=1) == targets
    each = [float(right[folds == fold].mean()) for fold in np.unique(folds)]
    return {
        "k": len(each),
        "accuracy": {"mean": float(np.mean(each)), "sd": float(np.std(each, ddof=1)), "each": each},
        "pooled": summarize(logits, targets, labels, cross_fitted(logits, targets, folds)),
    }


def doubtful_labels(probabilities: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pictures whose label may be wrong, the least probable label first, and the class that each seems to show.

    Confident learning (Northcutt et al. 2021, section 3.1): a picture counts as showing a class where that has at
    least the probability that it has on average on the pictures labelled so; of several, the most probable. In doubt
    are those that show another class than their label's. The model must not have learned from the pictures.
    """
    n, classes = probabilities.shape
    own, labelled = probabilities[np.arange(n), targets], np.bincount(targets, minlength=classes)
    mean = np.bincount(targets, weights=own, minlength=classes) / np.maximum(labelled, 1)
    shown = np.where((probabilities >= mean) & (labelled > 0), probabilities, -1.0)
    seems = np.where(shown.max(axis=1) >= 0, shown.argmax(axis=1), targets)
    doubtful = np.flatnonzero(seems != targets)
    doubtful = doubtful[np.argsort(own[doubtful], kind="stable")]
    return doubtful, seems[doubtful]


def unknown_threshold(known: np.ndarray, other: np.ndarray) -> tuple[float, float, float]:
    """threshold, share of `known` kept, share of `other` turned away.

    known, other: the top score of pictures of the model's classes and of other things. The threshold is the one at
    which the two shares have the largest sum (Youden 1950).
    """
    candidates = np.unique(np.concatenate([known, other]))
    kept = 1 - np.searchsorted(np.sort(known), candidates) / len(known)
    refused = np.searchsorted(np.sort(other), candidates) / len(other)
    best = int(np.argmax(kept + refused))
    return float(candidates[best]), float(kept[best]), float(refused[best])


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
