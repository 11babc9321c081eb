"""Numbers on predictions: pure functions of arrays.

Shapes: logits float (N, K), targets int (N), probabilities float (N, K); N images, K classes.
"""

import math

import numpy as np

from resnet.predictor.predictor import softmax

Z95 = 1.959964  # of the normal distribution, 95 % two-sided


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


def expected_calibration_error(probabilities: np.ndarray, targets: np.ndarray, bins: int = 15) -> float:
    """How far confidence lies from accuracy, over `bins` equal bins of confidence (Guo et al. 2017, eq. 3)."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == targets
    index = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    gaps = [
        abs(right[index == b].mean() - confidence[index == b].mean()) * (index == b).mean() for b in np.unique(index)
    ]
    return float(sum(gaps))


def summarize(logits: np.ndarray, targets: np.ndarray, labels: list[str], temperature: float = 1.0) -> dict:
    """What a report says of predictions: shares between 0 and 1, log_loss in nats, per class, confusion matrix."""
    probabilities = softmax(logits / temperature)
    confusion = confusion_matrix(targets, logits.argmax(axis=1), len(labels))
    classes = per_class(confusion)
    present = classes["n"] > 0
    right, n = int(np.trace(confusion)), len(targets)
    return {
        "n": n,
        "accuracy": right / n,
        "interval": list(wilson_interval(right, n)),
        "balanced_accuracy": float(classes["recall"][present].mean()),
        "macro_f1": float(classes["f1"][present].mean()),
        "log_loss": log_loss(probabilities, targets),
        "ece": expected_calibration_error(probabilities, targets),
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


def fit_temperature(logits: np.ndarray, targets: np.ndarray) -> float:
    """What to divide logits by for the smallest log loss (Guo et al. 2017, section 4.2), between 1/10 and 10.

    The log loss is convex in 1 / temperature, so the sign of its slope tells which half of an interval to keep.
    """
    low, high = -math.log(10), math.log(10)
    for _ in range(40):
        middle = (low + high) / 2
        scaled = logits / math.exp(middle)
        expected = (softmax(scaled) * logits).sum(axis=1)
        slope = (logits[np.arange(len(targets)), targets] - expected).mean()  # of the log loss, up to a positive factor
        low, high = (low, middle) if slope > 0 else (middle, high)
    return math.exp((low + high) / 2)


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
