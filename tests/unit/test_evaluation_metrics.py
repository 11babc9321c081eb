"""Metrics against scikit-learn, and against numbers from the literature where it has none."""

import numpy as np
import pytest
from sklearn import metrics as oracle

from resnet.evaluation.metrics import (
    confusion_matrix,
    expected_calibration_error,
    fit_temperature,
    log_loss,
    summarize,
    unknown_threshold,
    wilson_interval,
)
from resnet.predictor.predictor import softmax


@pytest.fixture(params=[(200, 2), (500, 10), (40, 7)], ids=str)
def predictions(request) -> tuple[np.ndarray, np.ndarray]:
    n, classes = request.param
    random = np.random.default_rng(n)
    logits, targets = random.normal(size=(n, classes)), random.integers(0, classes, n)
    logits[np.arange(n), targets] += 1
    return logits, targets


@pytest.mark.parity
def test_summary_equals_scikit_learns(predictions):
    logits, targets = predictions
    labels = [str(k) for k in range(logits.shape[1])]
    summary, predicted = summarize(logits, targets, labels), logits.argmax(axis=1)
    assert summary["n"] == len(targets)
    assert summary["accuracy"] == pytest.approx(oracle.accuracy_score(targets, predicted))
    assert summary["balanced_accuracy"] == pytest.approx(oracle.balanced_accuracy_score(targets, predicted))
    assert summary["macro_f1"] == pytest.approx(oracle.f1_score(targets, predicted, average="macro"))
    assert summary["log_loss"] == pytest.approx(oracle.log_loss(targets, softmax(logits), labels=range(len(labels))))
    assert summary["confusion"] == oracle.confusion_matrix(targets, predicted, labels=range(len(labels))).tolist()
    expected = oracle.precision_recall_fscore_support(targets, predicted, labels=range(len(labels)), zero_division=0)
    for row, precision, recall, f1, n in zip(summary["per_class"], *expected, strict=True):
        assert (row["n"], row["precision"], row["recall"], row["f1"]) == pytest.approx((n, precision, recall, f1))


def test_wilson_interval_equals_published_values():
    # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3
    for right, n, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        assert wilson_interval(right, n) == pytest.approx((low, high), abs=5e-5)
    assert wilson_interval(0, 0) == (0, 1)
    assert wilson_interval(50, 50)[1] == pytest.approx(1)


def test_a_class_that_never_occurs_spoils_nothing():
    summary = summarize(np.eye(3)[[0, 0, 1]], np.array([0, 0, 1]), ["a", "b", "c"])
    assert summary["accuracy"] == summary["balanced_accuracy"] == summary["macro_f1"] == 1
    assert summary["per_class"][2] == {"label": "c", "n": 0, "precision": 0, "recall": 0, "f1": 0}


def test_calibration_error_is_the_gap_between_confidence_and_accuracy():
    probabilities = np.tile([0.8, 0.2], (100, 1))
    assert expected_calibration_error(probabilities, np.array([0] * 80 + [1] * 20)) == pytest.approx(0)
    assert expected_calibration_error(probabilities, np.array([0] * 50 + [1] * 50)) == pytest.approx(0.3)


def test_rows_of_the_confusion_matrix_are_true_classes():
    assert confusion_matrix(np.array([0, 0, 1]), np.array([1, 0, 1]), 2).tolist() == [[1, 1], [0, 1]]


def test_the_temperature_is_the_one_of_smallest_log_loss(predictions):
    logits, targets = predictions
    temperature = fit_temperature(logits, targets)
    losses = [log_loss(softmax(logits / (temperature * factor)), targets) for factor in (0.98, 1, 1.02)]
    assert min(losses) == losses[1]
    assert fit_temperature(3 * logits, targets) == pytest.approx(3 * temperature, rel=1e-6)


def test_threshold_parts_known_from_other():
    threshold, kept, refused = unknown_threshold(np.array([0.9, 0.8, 0.95, 0.4]), np.array([0.3, 0.5, 0.6, 0.2]))
    assert threshold == 0.8
    assert (kept, refused) == (0.75, 1.0)
