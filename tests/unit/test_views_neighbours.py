"""The map of a result's pictures, and those most like one: what is hostile stays text, what is missing is said."""

import dataclasses
import os
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from resnet.data.dataset import Dataset
from resnet.errors import UserError
from resnet.evaluation.embeddings import EMBEDDINGS, Embeddings, on_map
from resnet.views import neighbours, palette, pictures
from resnet.views.result import Result
from resnet.weights.folder import WEIGHTS
from tests.unit.test_views_figures import HOSTILE
from tests.unit.test_views_results import HARMLESS, Tags, result_of

HARMLESS |= {"path", "g"}


@pytest.fixture
def result(data: Dataset, tmp_path: Path) -> Result:
    """One whose pictures lie at random, but for two of different classes, which lie together."""
    found, records = result_of(data, tmp_path / "run", right=0.5), on_map(data)
    (found.folder / "model").mkdir()
    (found.folder / "model" / WEIGHTS).write_bytes(b"")
    vectors = np.random.default_rng(0).normal(size=(len(records), 16)).astype(np.float16)
    vectors[-1] = vectors[0]
    hashes = np.array([record.sha256 for record in records])
    Embeddings(vectors, vectors[:, :2].astype(np.float32), hashes).write(found.folder / EMBEDDINGS)
    return dataclasses.replace(found)


def drawn(result: Result) -> str:
    html, waits = neighbours.shown(result)
    assert not waits
    return html


def test_each_picture_is_a_point_that_chooses_it_and_mistakes_are_ringed(result: Result, data: Dataset):
    html = drawn(result)
    assert sorted(re.findall(r'data-choice="(\w+)"', html)) == sorted({record.sha256 for record in data.records})
    ringed = re.findall(r'data-choice="(\w+)"[^>]*class="wrong"', html)
    assert set(ringed) == set(result.checked.predictions.sha256[~result.checked.right])
    assert Tags(html).found.count("title") == len(result.checked) + len(data.classes)
    for x, y in re.findall(r'd="M([\d.-]+) ([\d.-]+)m', html.split("</svg>")[0]):
        assert 0 <= float(x) <= neighbours.WIDTH and 0 <= float(y) <= neighbours.HEIGHT
    assert all(choice in html for choice in data.classes)


def test_the_most_alike_come_first_and_those_under_other_labels_are_marked(result: Result, data: Dataset):
    records = on_map(data)
    one, twin = records[0], records[-1]
    assert one.label != twin.label
    html = neighbours.like(result, one.sha256)
    chosen = re.findall(r'class="card( other)?"[^>]* data-choice="(\w+)"', html)
    assert len(chosen) == neighbours.LIKE and chosen[0] == (" other", twin.sha256)
    assert one.sha256 not in [sha256 for _, sha256 in chosen]
    assert all(bool(other) == (result.records[sha256].label != one.label) for other, sha256 in chosen)
    assert f"Not filed under “{one.label}”: {Counter(map(bool, (o for o, _ in chosen)))[True]}." in html


def test_a_picture_that_was_not_checked_has_no_answer(result: Result, data: Dataset):
    learned = data.part("train")[0]
    html = pictures.chosen(result.find(learned.sha256), learned, result, learned.label)
    assert "not checked with this picture" in html and "The answer" not in html


def test_names_are_text(result: Result, data: Dataset):
    hostile = dataclasses.replace(result, words=dict.fromkeys(result.classes, HOSTILE))
    records = [dataclasses.replace(record, source=f"{HOSTILE}.jpg") for record in data.records]
    hostile.data.__dict__["records"] = records
    assert HOSTILE not in drawn(hostile) and Tags(drawn(hostile)).found.count("path") > len(records)
    Tags(neighbours.like(hostile, records[0].sha256))


def test_what_is_missing_is_said(result: Result):
    first = str(result.checked.predictions.sha256[0])
    assert "not on the map" in neighbours.like(result, "0" * 64)
    (result.folder / "predictions.npz").unlink()
    assert 'class="checked"' not in drawn(dataclasses.replace(result))
    away = dataclasses.replace(result, data=None)
    assert "not both here" in neighbours.shown(away)[0] and not neighbours.shown(away)[1]
    assert "not both here" in neighbours.like(away, first)
    (result.folder / "model" / WEIGHTS).unlink()
    assert "not both here" in neighbours.shown(dataclasses.replace(result))[0]


def test_a_map_of_an_older_model_waits_to_be_drawn_anew(result: Result):
    later = (result.folder / EMBEDDINGS).stat().st_mtime + 1
    os.utime(result.folder / "model" / WEIGHTS, (later, later))
    html, waits = neighbours.shown(result)
    assert waits and "svg" not in html
    assert "Draw the map first" in neighbours.like(result, str(result.checked.predictions.sha256[0]))


def test_a_damaged_map_is_told_and_can_be_drawn_anew(result: Result):
    (result.folder / EMBEDDINGS).write_bytes(b"PK\3\4 no")
    html, waits = neighbours.shown(result)
    assert waits and "Draw it anew" in html
    with pytest.raises(UserError, match="Draw it anew"):
        neighbours.like(result, str(result.checked.predictions.sha256[0]))


def test_what_the_map_leaves_out_is_said(result: Result):
    found = result.embeddings
    fewer = Embeddings(found.vectors[:-3], found.positions[:-3], found.sha256[:-3])
    fewer.write(result.folder / EMBEDDINGS)
    assert "3 more are left out" in drawn(dataclasses.replace(result))
    assert "left out" not in drawn(result)


def test_classes_have_marks_of_their_own_as_long_as_there_are_any():
    marks = [(palette.colour(place), palette.mark(place, 3)) for place in range(palette.MARKS + 1)]
    assert len(set(marks)) == palette.MARKS and marks[-1] == marks[0]


def test_five_thousand_points_stay_small(result: Result, data: Dataset, tmp_path: Path):
    some = data.part("train")
    records = [dataclasses.replace(some[i % len(some)], sha256=f"{i:064x}") for i in range(5000)]
    result.data.__dict__["records"] = records
    hashes = np.array([record.sha256 for record in records])
    positions = np.random.default_rng(0).normal(size=(5000, 2)).astype(np.float32)
    Embeddings(np.ones((5000, 4), np.float16), positions, hashes).write(result.folder / EMBEDDINGS)
    assert len(drawn(dataclasses.replace(result))) < 5000 * 160  # bytes, on their way to a browser
