"""Metrics against scikit-learn and torchmetrics, and against numbers from the literature where those have none."""

import numpy as np
import pytest
import torch
from scipy.stats import binomtest
from sklearn import metrics as oracle
from torchmetrics.functional import classification as other_oracle

from resnet.errors import UserError
from resnet.evaluation.metrics import (
    calibration,
    confusion_matrix,
    coverage,
    cross_fitted,
    doubtful_labels,
    expected_calibration_error,
    fit_temperature,
    log_loss,
    mcnemar,
    summarize,
    top_k_accuracy,
    unknown_threshold,
    wilson_interval,
)
from resnet.predictor.predictor import softmax

Predictions = tuple[np.ndarray, np.ndarray]  # logits (N, K), targets (N)


def drawn(n: int, classes: int) -> Predictions:
    random = np.random.default_rng(n)
    logits, targets = random.normal(size=(n, classes)), random.integers(0, classes, n)
    logits[np.arange(n), targets] += 1
    return logits, targets


def odd(kind: str) -> Predictions:
    """Predictions of which something is missing."""
    logits, targets = drawn(60, 6)
    if kind == "a class absent":
        targets[targets == 3] = 4
    elif kind == "a class never answered":
        logits[:, 3] = -10
    elif kind == "one class only":
        targets[:] = 2
    elif kind == "all wrong":
        logits[np.arange(60), targets] = -10
    elif kind == "all right":
        logits[np.arange(60), targets] = 10
    elif kind == "one picture":
        logits, targets = logits[:1], targets[:1]
    return logits, targets


ODD = ("a class absent", "a class never answered", "one class only", "all wrong", "all right", "one picture")


@pytest.fixture(params=[(200, 2), (500, 10), (40, 7)], ids=str)
def predictions(request) -> Predictions:
    return drawn(*request.param)


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true", "ignore:A single label was found")
@pytest.mark.parametrize("made", [(drawn, 200, 2), (drawn, 500, 10), (drawn, 40, 7), *((odd, kind) for kind in ODD)])
def test_a_summary_equals_scikit_learns_and_torchmetrics(made):
    function, *arguments = made
    logits, targets = function(*arguments)
    classes = range(logits.shape[1])
    summary, predicted = summarize(logits, targets, [str(k) for k in classes]), logits.argmax(axis=1)
    present = np.unique(targets)
    assert summary["n"] == len(targets)
    assert summary["accuracy"] == pytest.approx(oracle.accuracy_score(targets, predicted))
    assert summary["balanced_accuracy"] == pytest.approx(oracle.balanced_accuracy_score(targets, predicted))
    f1 = oracle.f1_score(targets, predicted, labels=present, average="macro", zero_division=0)
    assert summary["macro_f1"] == pytest.approx(f1)  # of the classes that are there
    assert summary["log_loss"] == pytest.approx(oracle.log_loss(targets, softmax(logits), labels=classes), rel=1e-6)
    assert summary["uncalibrated"] == {name: summary[name] for name in ("log_loss", "ece")}
    assert summary["confusion"] == oracle.confusion_matrix(targets, predicted, labels=classes).tolist()
    expected = oracle.precision_recall_fscore_support(targets, predicted, labels=classes, zero_division=0)
    for row, precision, recall, f1, n in zip(summary["per_class"], *expected, strict=True):
        assert (row["n"], row["precision"], row["recall"], row["f1"]) == pytest.approx((n, precision, recall, f1))

    answers, truth, count = torch.from_numpy(logits).softmax(1), torch.from_numpy(targets), len(classes)
    ece = other_oracle.multiclass_calibration_error(answers, truth, count, n_bins=15, norm="l1")
    assert summary["ece"] == pytest.approx(float(ece), abs=1e-6)
    confusion = other_oracle.multiclass_confusion_matrix(answers, truth, count)
    assert summary["confusion"] == confusion.tolist()
    if count <= 5:
        assert summary["top_k"] is None
        return
    top_5 = other_oracle.multiclass_accuracy(answers, truth, count, average="micro", top_k=5)
    assert summary["top_k"] == {"k": 5, "accuracy": pytest.approx(float(top_5))}
    assert top_k_accuracy(logits, targets, 2) == pytest.approx(
        oracle.top_k_accuracy_score(targets, logits, k=2, labels=classes)
    )


def test_of_equal_logits_the_first_counts_as_the_answer():
    logits, targets = np.zeros((4, 4)), np.arange(4)
    assert [top_k_accuracy(logits, targets, k) for k in (1, 2, 4)] == [0.25, 0.5, 1]
    assert summarize(logits, targets, list("abcd"))["accuracy"] == 0.25


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_logits_that_are_no_numbers_are_refused(value):
    logits, targets = drawn(20, 3)
    logits[7, 1] = value
    with pytest.raises(UserError, match="no number for an answer to 1 of 20 pictures"):
        summarize(logits, targets, list("abc"))


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
    logits, targets = (
        np.repeat(array, 20_000 // len(predictions[1]), axis=0) for array in predictions
    )  # so many that the target is all but 1
    temperature = fit_temperature(logits, targets)
    losses = [log_loss(softmax(logits / (temperature * factor)), targets) for factor in (0.98, 1, 1.02)]
    assert min(losses) == losses[1]
    assert fit_temperature(3 * logits, targets) == pytest.approx(3 * temperature, rel=1e-6)


def test_a_few_pictures_that_are_all_right_make_nothing_certain():
    logits, targets = np.eye(4)[[0, 1, 2, 3]] * 8, np.arange(4)
    scores = softmax(logits / fit_temperature(logits, targets))
    assert scores.max(axis=1) == pytest.approx(5 / 6)  # the rule of succession: (4 + 1) / (4 + 2)
    assert fit_temperature(logits[:0], targets[:0]) == 1
    assert fit_temperature(logits, (targets + 1) % 4) == pytest.approx(10)  # all wrong: as unsure as can be


def test_a_cross_fitted_temperature_has_not_seen_its_picture():
    logits, targets = drawn(200, 3)
    folds = np.arange(200) % 4
    temperatures = cross_fitted(logits, targets, folds)
    for fold in range(4):
        expected = fit_temperature(logits[folds != fold], targets[folds != fold])
        assert temperatures[folds == fold] == pytest.approx(np.full(50, expected))
    spread = cross_fitted(logits, targets)
    for label in range(3):  # by default each class is spread over all folds
        assert len(np.unique(spread[targets == label])) == 5
    assert cross_fitted(logits[:1], targets[:1]).tolist() == [1]


def test_a_cross_fitted_temperature_mends_scores_that_are_too_sure():
    logits, targets = drawn(2000, 5)
    summary = summarize(4 * logits, targets, list("abcde"), cross_fitted(4 * logits, targets))
    assert summary["ece"] < 0.05 < 0.3 < summary["uncalibrated"]["ece"]
    assert summary["log_loss"] < summary["uncalibrated"]["log_loss"]


def test_labels_that_were_swapped_are_doubted_first():
    logits, targets = drawn(400, 4)
    logits[np.arange(400), targets] += 4
    wrong = np.arange(0, 400, 40)
    given = targets.copy()
    given[wrong] = (targets[wrong] + 1) % 4
    doubtful, seems = doubtful_labels(softmax(logits), given)
    assert set(doubtful[:9]) <= set(wrong) and len(doubtful) < 30
    assert all(seems[doubtful == i] == targets[i] for i in doubtful[:9])
    own = softmax(logits)[doubtful, given[doubtful]]
    assert own.tolist() == sorted(own)


def test_a_class_without_pictures_is_never_what_a_doubtful_one_shows():
    probabilities = np.array([[0.1, 0.0, 0.9], [0.6, 0.4, 0.0], [0.3, 0.7, 0.0]])
    doubtful, seems = doubtful_labels(probabilities, np.array([0, 0, 1]))
    assert (doubtful.tolist(), seems.tolist()) == ([], [])
    doubtful, seems = doubtful_labels(np.array([[0.2, 0.8], [0.9, 0.1], [0.4, 0.6]]), np.array([0, 0, 1]))
    assert (doubtful.tolist(), seems.tolist()) == ([0], [1])


def test_threshold_parts_known_from_other():
    threshold, kept, refused = unknown_threshold(np.array([0.9, 0.8, 0.95, 0.4]), np.array([0.3, 0.5, 0.6, 0.2]))
    assert threshold == 0.8
    assert (kept, refused) == (0.75, 1.0)


@pytest.mark.parity
@pytest.mark.parametrize(("only_one", "only_other"), [(0, 0), (1, 0), (5, 9), (0, 12), (40, 41), (700, 900)])
def test_mcnemar_is_the_binomial_test_of_the_pictures_that_one_alone_has_right(only_one, only_other):
    one = np.repeat([True, False, True, False], [only_one, only_other, 30, 10])
    other = np.repeat([False, True, True, False], [only_one, only_other, 30, 10])
    n = only_one + only_other
    expected = binomtest(only_one, n).pvalue if n else 1.0
    assert mcnemar(one, other) == (only_one, only_other, pytest.approx(expected))


def test_a_threshold_leaves_out_what_lies_below_it():
    generator = np.random.default_rng(0)
    score, right = generator.random(200).round(2), generator.random(200) < 0.7
    thresholds = np.linspace(0, 1.01, 50)
    answered, rights = coverage(score, right, thresholds)
    assert list(answered) == [(score >= t).sum() for t in thresholds]
    assert list(rights) == [right[score >= t].sum() for t in thresholds]


def test_bins_of_confidence_tell_how_often_they_are_right():
    probabilities = np.repeat([[0.55, 0.45], [0.95, 0.05]], [10, 20], axis=0)
    targets = np.repeat([0, 1, 0, 1], [6, 4, 19, 1])
    assert calibration(probabilities, targets, 10) == [
        (10, pytest.approx(0.55), pytest.approx(0.6)),
        (20, pytest.approx(0.95), pytest.approx(0.95)),
    ]
