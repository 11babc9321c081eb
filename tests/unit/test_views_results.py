"""What the page shows of a result's pictures, of several results, and of trust in scores: HTML, tables, sentences."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from resnet.data.dataset import Dataset
from resnet.errors import UserError
from resnet.evaluation.metrics import cross_validated, summarize
from resnet.evaluation.predictions import FOLDS, write_predictions
from resnet.ui.results import said
from resnet.views import comparison, figures, palette, pictures, tables, trust
from resnet.views.result import Result
from tests.unit.test_views_figures import HARMLESS, HOSTILE, Tags

HARMLESS |= {"button", "ul", "li"}


def result_of(data: Dataset, folder: Path, right: float = 1.0, name: str = "pets", seed: int = 0) -> Result:
    """A result on the val part of `data`; right: the share of pictures that its model has right."""
    records, k = data.part("val"), len(data.classes)
    random = np.random.default_rng(seed)
    targets = np.array([record.target for record in records])
    answers = np.where(random.random(len(targets)) < right, targets, (targets + 1) % k)
    logits = random.normal(size=(len(targets), k)).astype(np.float32) * 0.1
    logits[np.arange(len(targets)), answers] += 2
    folder.mkdir()
    write_predictions(folder / "predictions.npz", records, logits)
    settings = {"mode": "head", "epochs": 5, "seed": seed, "name": name}
    summary = {"mode": "head", "data": "pets", "seconds": {"total": 9.0}, "settings": settings, "finished": 0.0}
    report = {**summarize(logits, targets, data.classes), "temperature": 1.0, "data": {"id": data.id, "name": "pets"}}
    report |= {"summary": {**summary, "stopped_early": False}}
    curves = [{"stage": "head", "epoch": epoch, "val_loss": 1 / epoch, "val_accuracy": 0.5} for epoch in (1, 2)]
    return Result(name, folder, {**report, "mistakes": [], "suspects": [], "curves": curves}, {}, data)


def with_folds(result: Result) -> Result:
    """The same after three folds, whose models are mostly wrong where that of `result` is right."""
    records, k, random = result.data.records, len(result.classes), np.random.default_rng(1)
    targets, fold = np.array([record.target for record in records]), np.arange(len(records)) % 3
    logits = random.normal(size=(len(records), k)).astype(np.float32)
    logits[np.arange(len(records)), (targets + 1) % k] += 1
    write_predictions(result.folder / FOLDS, records, logits, fold=fold)
    folds = cross_validated(logits, targets, fold, result.classes)
    return dataclasses.replace(result, report={**result.report, "folds": folds})


@pytest.fixture
def result(data: Dataset, tmp_path: Path) -> Result:
    return result_of(data, tmp_path / "run", right=0.5)


def test_the_cells_of_the_confusion_matrix_hold_all_pictures_once(result: Result):
    k = len(result.classes)
    found = [[len(result.cell(i, j)) for j in range(k)] for i in range(k)]
    assert found == result.report["confusion"]
    html = figures.confusion(result.report, {}, choose=True)
    chosen = sum(f'data-choice="{i} {j}"' in html for i in range(k) for j in range(k))
    assert chosen == np.count_nonzero(found)
    assert "button" not in figures.confusion(result.report, {})


def test_a_cell_shows_its_pictures_the_most_certain_first(result: Result):
    i, j = next((i, j) for i, row in enumerate(result.report["confusion"]) for j in range(len(row)) if row[j] > 1)
    cards = pictures.cell(result, f"{i} {j}")
    assert Tags(cards).found.count("img") == len(result.cell(i, j))
    mark = palette.sign(result.classes[i], result.classes)
    assert cards.count(f"<strong>{mark}{result.classes[i]}</strong>") == len(result.cell(i, j))
    scores = [entry["score"] for entry in result.cell(i, j)]
    assert scores == sorted(scores, reverse=True)


def test_with_folds_all_pictures_are_looked_at_as_models_saw_them_that_had_not_learned_from_them(
    result: Result, data: Dataset
):
    folded, k = with_folds(result), len(result.classes)
    found = [[folded.cell(i, j) for j in range(k)] for i in range(k)]
    assert [list(map(len, row)) for row in found] == folded.figures["confusion"]
    assert sorted(entry["sha256"] for row in found for cell in row for entry in cell) == sorted(
        record.sha256 for record in data.records
    )
    html = said(folded, "en")
    judged = f"From 3 folds: each of the {len(data.records)} pictures is judged by a model that has not seen it."
    assert [judged in part for part in html] == [False, *[True] * 5]
    assert html[0].startswith(said(result, "en")[0].split("</p>")[0])  # the headline is that of the model itself
    learned = data.part("train")[0]
    entry = folded.find(learned.sha256)
    assert "had not seen it" in pictures.chosen(entry, learned, folded, entry["label"])
    assert not any("From 3 folds" in part for part in said(result, "en"))


def test_with_folds_results_are_compared_and_trusted_by_their_own_answers_alone(result: Result, data, tmp_path: Path):
    folded, other = with_folds(result), result_of(data, tmp_path / "other", name="other")
    for results in ([folded, other], [other, folded], [folded, with_folds(other)]):
        assert f"On the {len(data.part('val'))} pictures" in comparison.differences(results)[0]
    assert comparison.differences([folded, other]) == comparison.differences([result, other])
    assert trust.covered(folded).equals(trust.covered(result))
    assert trust.reliability(folded).equals(trust.reliability(result))
    assert tables.predictions(folded).equals(tables.predictions(result))


def test_without_the_folds_answers_their_figures_stand(result: Result):
    folded = with_folds(result)
    (folded.folder / FOLDS).unlink()
    parts = said(dataclasses.replace(folded), "en")
    assert "button" not in Tags(parts[1]).found and "not on this machine" in parts[4]


@pytest.mark.parametrize("choice", ["", "0", "0 99", "-1 0", "a b", HOSTILE, "0 0 0", "٣ 0"])
def test_a_choice_that_is_no_cell_shows_nothing(result: Result, choice: str):
    assert "card" not in pictures.cell(result, choice)


def test_the_least_certain_come_first_and_are_few(result: Result):
    scores = [entry["score"] for entry in result.doubtful(5)]
    assert scores == sorted(result.checked.probabilities.max(axis=1))[:5]


def test_names_are_text_and_a_deleted_data_set_leaves_the_words(result: Result):
    words = dict.fromkeys(result.classes, HOSTILE)
    gone = dataclasses.replace(result, data=None, words=words)
    html = pictures.doubtful(gone)
    Tags(html)
    assert "img" not in Tags(html).found and "pictures_elsewhere" not in html
    entry = gone.find(str(gone.checked.predictions.sha256[0]))
    Tags(pictures.chosen(entry, None, gone, HOSTILE))


def test_a_picture_is_found_among_the_checked_and_among_the_doubted(result: Result, data: Dataset):
    checked, learned = data.part("val")[0], data.part("train")[0]
    assert result.find(checked.sha256)["label"] == checked.label
    assert result.find(learned.sha256) == {"sha256": learned.sha256, "label": learned.label}
    assert result.find("0" * 64) is None
    doubted = {"sha256": learned.sha256, "label": learned.label, "predicted": data.classes[1], "score": 0.9}
    result.report["suspects"].append({**doubted, "label_score": 0.01})
    assert result.find(learned.sha256)["score"] == 0.9


def test_what_has_been_corrected_is_said_the_last_first(result: Result, data: Dataset):
    one, other = data.records[:2]
    html = pictures.corrections({one.sha256: data.classes[-1], other.sha256: None}, result)
    assert html.index("left out") < html.index(f"→ {data.classes[-1]}")
    assert "Nothing has been corrected" in pictures.corrections({}, result)


def test_damaged_predictions_are_told_where_they_are_wanted(result: Result):
    (result.folder / "predictions.npz").write_bytes(b"PK\3\4 no")
    with pytest.raises(UserError, match=r"predictions\.npz"):
        pictures.doubtful(result)


def test_without_the_single_answers_the_report_stands(result: Result):
    (result.folder / "predictions.npz").unlink()
    assert "not on this machine" in pictures.doubtful(result)
    assert "not both here" in comparison.differences([result, result])[0]


def test_a_difference_by_chance_and_a_real_one_are_told_apart(data: Dataset, tmp_path: Path):
    good, same = (result_of(data, tmp_path / name, name=name) for name in ("good", "same"))
    bad = result_of(data, tmp_path / "bad", right=0.0, name="bad")
    by_chance, real = comparison.differences([good, same, bad])
    assert "neither is shown to be better" in by_chance and "p = 1" in by_chance
    assert "“good” is better" in real
    assert f"only “good” is right on {len(good.checked)}" in real


def test_pictures_under_other_labels_and_other_pictures_are_not_compared(result: Result, data: Dataset, tmp_path: Path):
    first, second, *rest = result.classes
    relabelled = dataclasses.replace(result, report={**result.report, "classes": [second, first, *rest]})
    kept = sum(record.label in rest for record in data.part("val"))
    assert f"On the {kept} pictures" in comparison.differences([result, relabelled])[0]
    other = result_of(data, tmp_path / "other")
    train = data.part("train")
    write_predictions(other.folder / "predictions.npz", train, np.zeros((len(train), len(data.classes)), np.float32))
    assert "different pictures" in comparison.differences([result, other])[0]


def test_settings_that_differ_and_curves_stand_beside_each_other(data: Dataset, tmp_path: Path):
    results = [result_of(data, tmp_path / str(seed), name="same name", seed=seed) for seed in (1, 2)]
    table = comparison.settings(results)
    assert list(table.columns) == ["setting", "same name (1)", "same name (2)"]
    assert list(map(tuple, table.to_numpy())) == [("seed", "1", "2")]
    curves = comparison.curves(results, "loss").dropna()
    assert set(curves["series"]) == {"same name (1)", "same name (2)"} and len(curves) == 4
    assert list(comparison.accuracies(results)["name"]) == ["same name"] * 2


def test_thresholds_trade_answers_for_rightness(result: Result):
    frame = trust.covered(result)
    answered = frame[frame["series"] == "answered"]["share"].to_numpy()
    assert answered[0] == 1 and answered[-1] == 0 and (np.diff(answered) <= 0).all()
    assert "answers none" in trust.at_threshold(result, 1.0)
    n, right = len(result.checked), result.checked.right.sum()
    assert f"answers {n} of the {n} checked pictures, and has {right} of those right" in trust.at_threshold(result, 0)
    measured = trust.reliability(result)
    assert set(measured["series"]) == {"as sure as right", "measured"}
    assert measured["share"].between(0, 1).all()


def test_a_hundred_classes_and_ten_thousand_pictures_stay_within_bounds(tmp_path: Path):
    random = np.random.default_rng(0)
    targets, logits = random.integers(0, 100, 10_000), random.normal(size=(10_000, 100)).astype(np.float32)
    logits[np.arange(10_000), targets] += 3
    np.savez(tmp_path / "predictions.npz", logits=logits, targets=targets, sha256=np.array(["0" * 64] * 10_000))
    report = {**summarize(logits, targets, [f"class {i}" for i in range(100)]), "temperature": 1.0, "mistakes": []}
    result = Result("large", tmp_path, report, {})
    html = figures.confusion(report, {}, choose=True) + pictures.doubtful(result) + pictures.cell(result, "3 3")
    assert len(trust.covered(result)) and len(html) < 2_000_000  # bytes, on their way to a browser
