"""Evaluation on data sets: classes by label, the contract's report, mistakes with the most confident first."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import resnet
from resnet.errors import UserError
from resnet.evaluation.evaluate import examine
from resnet.evaluation.metrics import cross_fitted, fit_temperature, summarize
from resnet.predictor import Predictor
from resnet.weights.files import read_state
from resnet.weights.folder import ModelConfig, read_config, write_folder

CONTRACT = {
    *("model", "data", "split", "n", "accuracy", "interval", "balanced_accuracy", "macro_f1", "log_loss", "ece"),
    *("classes", "per_class", "confusion"),
    *("engine", "device", "top_k", "temperature", "uncalibrated", "mistakes", "suspects"),
}


def reordered(model: Path, folder: Path, order: list[int]) -> Predictor:
    """The same model with its classes in another order, or some of them left out."""
    config, state = read_config(model), read_state(model / "model.safetensors")
    state |= {name: state[name][order] for name in ("fc.weight", "fc.bias")}
    labels = [config.labels[i] for i in order]
    write_folder(folder, state, ModelConfig(config.architecture, labels, config.preprocessing), card="")
    return Predictor(folder, "cpu")


@pytest.fixture
def evaluation(small_model, data):
    return examine(Predictor(small_model, "cpu"), data)


def test_classes_are_matched_by_label_not_by_position(small_model, data, tmp_path, evaluation):
    order = [3, 0, 4, 1, 2]
    other = examine(reordered(small_model, tmp_path / "other", order), data)
    one, two = evaluation.report(data, "val"), other.report(data, "val")
    assert two["classes"] == [one["classes"][i] for i in order]
    assert two["confusion"] == np.array(one["confusion"])[np.ix_(order, order)].tolist()
    assert [two[key] for key in ("accuracy", "macro_f1")] == pytest.approx(
        [one[key] for key in ("accuracy", "macro_f1")]
    )
    assert two["log_loss"] == pytest.approx(one["log_loss"], abs=1e-5)


def test_the_report_of_the_contract(data, evaluation):
    report = evaluation.report(data, "val")
    assert report.keys() >= CONTRACT and report["format"] == 1
    assert report["data"] == {"id": data.id, "name": data.name}
    assert (report["engine"], report["device"]) == (evaluation.predictor.engine.name, "cpu")
    assert report["n"] == len(data.part("val")) == np.sum(report["confusion"])
    assert [row["label"] for row in report["per_class"]] == report["classes"] == data.classes
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_python_users_name_model_and_data_or_hand_them_over(store, small_model, data, evaluation):
    report = resnet.evaluate(str(small_model), "shapes", split="val", store=store)
    assert report == {**evaluation.report(data, "val"), "model": str(small_model)}
    assert resnet.evaluate(evaluation.predictor, data) == evaluation.report(data, "val")


def test_rows_of_the_confusion_matrix_are_true_classes(data, evaluation):
    report = evaluation.report(data, "val")
    assert np.sum(report["confusion"], axis=1).tolist() == [row["n"] for row in report["per_class"]]
    right = evaluation.logits.argmax(axis=1) == evaluation.targets
    assert report["accuracy"] == right.mean()


def test_mistakes_come_with_the_most_confident_first(data, evaluation):
    report = evaluation.report(data, "val")
    mistakes, probabilities = report["mistakes"], evaluation.predictor.probabilities(evaluation.logits)
    scores = [mistake["score"] for mistake in mistakes]
    assert scores == sorted(scores, reverse=True)
    assert len(mistakes) == report["n"] - np.trace(report["confusion"])
    by_hash = {record.sha256: i for i, record in enumerate(evaluation.records)}
    for mistake in mistakes:
        i = by_hash[mistake["sha256"]]
        assert (data.folder / mistake["file"]) == evaluation.records[i].path
        assert mistake["label"] == evaluation.records[i].label != mistake["predicted"]
        assert mistake["score"] == pytest.approx(probabilities[i].max())


def test_all_parts_together_and_an_empty_one(small_model, data):
    predictor, counts = Predictor(small_model, "cpu"), []
    whole = examine(predictor, data, "all", lambda done, total: counts.append((done, total)))
    assert len(whole.records) == len(data.records)
    assert counts == [(i, len(data.records)) for i in range(1, len(data.records) + 1)]
    with pytest.raises(UserError, match=r"“shapes” has no pictures in its part “test”"):
        examine(predictor, data, "test")


def test_a_model_that_lacks_classes_names_them(small_model, data, tmp_path):
    lacking = reordered(small_model, tmp_path / "lacking", [0, 1, 2])
    with pytest.raises(
        UserError, match=r"does not know these classes of the data: stripes, triangles\. It knows: checks"
    ):
        examine(lacking, data)


def test_a_picture_that_is_gone_ends_it(small_model, data):
    data.part("val")[0].path.unlink()
    with pytest.raises(UserError, match=r"1 pictures of the data set “shapes” can no longer be read"):
        examine(Predictor(small_model, "cpu"), data)


def test_a_model_that_answers_no_numbers_is_refused(small_model, data, tmp_path):
    config, state = read_config(small_model), dict(read_state(small_model / "model.safetensors"))
    state["fc.weight"] = state["fc.weight"].sign() * 3e38  # finite; what it computes is not
    write_folder(tmp_path / "nan", state, config, card="")
    with pytest.raises(UserError, match="no number for an answer to 10 of 10 pictures"):
        examine(Predictor(tmp_path / "nan", "cpu"), data).report(data, "val")


def test_labels_in_doubt_are_listed_with_what_they_seem_to_show(data, evaluation):
    evaluation.logits = np.eye(5, dtype=np.float32)[evaluation.targets] * 8
    evaluation.logits[3] = np.eye(5)[(evaluation.targets[3] + 1) % 5] * 8
    report, record = evaluation.report(data, "val"), evaluation.records[3]
    (suspect,) = report["suspects"]
    assert (suspect["sha256"], suspect["label"]) == (record.sha256, record.label)
    assert suspect["predicted"] == data.classes[(record.target + 1) % 5] and suspect["label_score"] < 0.01
    assert report["mistakes"] == [{name: suspect[name] for name in report["mistakes"][0]}]


def test_scores_that_are_fitted_to_these_pictures_are_judged_by_cross_fitting(data, evaluation):
    evaluation.logits = np.random.default_rng(0).normal(size=(10, 5)) * 4 + 5 * np.eye(5)[evaluation.targets]
    temperature = fit_temperature(evaluation.logits, evaluation.targets)
    evaluation.predictor.config = replace(evaluation.predictor.config, temperature=temperature)
    shown, judged = (evaluation.report(data, "val", fitted=fitted) for fitted in (False, True))
    assert shown["temperature"] == judged["temperature"] == temperature
    crossed = cross_fitted(evaluation.logits, evaluation.targets)
    for report, at in ((shown, temperature), (judged, crossed)):
        expected = summarize(evaluation.logits, evaluation.targets, data.classes, at)
        assert {name: report[name] for name in expected} == expected
    assert shown["log_loss"] != judged["log_loss"]
    assert shown["uncalibrated"] == judged["uncalibrated"]
