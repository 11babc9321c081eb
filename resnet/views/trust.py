"""How far a model's scores can be trusted: as sure as it is right, and what it leaves unanswered below a threshold."""

import numpy as np
import pandas as pd

from resnet.evaluation.metrics import calibration, coverage
from resnet.text import say
from resnet.views import sentences
from resnet.views.result import Result

BINS = 10  # of confidence; fewer pictures than about ten in one tell little
THRESHOLDS = np.linspace(0, 1, 101)


def reliability(result: Result, language: str = "en") -> pd.DataFrame:
    """The reliability diagram as rows (confidence, share, series): how often it is right where it is how sure."""
    rows = [(0.0, 0.0, say("series_ideal", language)), (1.0, 1.0, say("series_ideal", language))]
    found = calibration(result.checked.probabilities, result.checked.predictions.targets, BINS)
    rows += [(round(sure, 3), round(right, 3), say("series_measured", language)) for _, sure, right in found]
    return pd.DataFrame(rows, columns=["confidence", "share", "series"])


def covered(result: Result, language: str = "en") -> pd.DataFrame:
    """What each threshold does as rows (threshold, share, series): answered, and right of what is answered."""
    answered, right = _coverage(result, THRESHOLDS)
    n = len(result.checked)
    rows = [(round(t, 2), a / n, say("series_answered", language)) for t, a in zip(THRESHOLDS, answered, strict=True)]
    rows += [
        (round(t, 2), r / a, say("series_right", language))
        for t, a, r in zip(THRESHOLDS, answered, right, strict=True)
        if a
    ]
    return pd.DataFrame(rows, columns=["threshold", "share", "series"])


def _coverage(result: Result, thresholds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return coverage(result.checked.probabilities.max(axis=1), result.checked.right, thresholds)


def at_threshold(result: Result, threshold: float, language: str = "en") -> str:
    """What comes of a threshold, in a sentence."""
    (answered,), (right,) = _coverage(result, np.array([threshold]))
    n = len(result.checked)
    values = {"threshold": sentences.percent(threshold), "n": f"{n:,}", "answered": f"{answered:,}"}
    if not answered:
        return say("threshold_nothing", language, **values)
    share = sentences.percent(right / answered)
    return say("threshold_does", language, right=f"{right:,}", percent=share, **values)


def said(report: dict, language: str = "en") -> list[str]:
    """How well the scores fit, in sentences: the expected calibration error, and the temperature."""
    fits = say("calibration_error", language, points=f"{100 * report['ece']:.1f}")
    if not (before := report.get("uncalibrated")):
        return [fits]
    points = f"{100 * before['ece']:.1f}"
    return [fits, say("temperature_is", language, temperature=f"{report['temperature']:.2f}", points=points)]
