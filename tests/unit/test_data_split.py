"""The split that we make: shares, both sides, groups, the same everywhere."""

from collections import Counter
from pathlib import Path
from random import Random

import pytest

from resnet.data.dataset import Record
from resnet.data.split import draw, folds, stratified, unspread

SEED_0 = "ttttvtvtttttttvttvtt"  # twenty pictures named 0 to 19, drawn by seed 0: t is train, v val


def split(count: int, seed: int = 0, **options: float) -> dict[str, str]:
    """The sides of `count` pictures of one class."""
    units = sorted((str(i) for i in range(count)), key=lambda content: draw(content, seed))
    return dict(stratified(((unit, 1, None) for unit in units), count, **options))


@pytest.mark.parametrize("count", [2, 3, 5, 10, 11, 99, 1000])
def test_a_fifth_and_one_at_least(count):
    got = Counter(split(count).values())
    assert got == {"val": max(1, round(count / 5)), "train": count - max(1, round(count / 5))}


def test_a_single_picture_is_learnt_from():
    assert split(1) == {"0": "train"}


def test_other_shares():
    assert Counter(split(10, val_share=0.5).values())["val"] == 5
    assert Counter(split(10, val_share=0.99).values())["val"] == 9


def test_the_same_everywhere():
    """Fixed by seed and content alone, so that a data set is split alike on every machine."""
    assert "".join(split(20)[str(i)][0] for i in range(20)) == SEED_0
    assert split(20, seed=0) == split(20, seed=0) != split(20, seed=1)


def test_groups_stay_together():
    groups = [(f"group {i}", 4, None) for i in range(10)]
    got = dict(stratified(groups, 40))
    assert Counter(got.values()) == {"val": 2, "train": 8}


def test_large_groups_still_leave_both_sides():
    assert dict(stratified([("x", 6, None), ("y", 4, None)], 10)) == {"x": "train", "y": "val"}
    assert dict(stratified([("x", 10, None)], 10)) == {"x": "train"}


@pytest.mark.parametrize("side", ["train", "val"])
def test_a_group_that_another_class_has_decided(side):
    """It stays where it is, and counts."""
    got = dict(stratified([("shared", 2, side), *((str(i), 1, None) for i in range(8))], 10))
    assert "shared" not in got
    assert Counter(got.values())["val"] == (2 if side == "train" else 0)


def test_drawing_is_even():
    """Of contents in any order, each has the same chance: the first hundred names are no likelier than the last."""
    contents = [str(i) for i in range(1000)]
    Random(0).shuffle(contents)
    first = sorted(contents, key=lambda content: draw(content, 0))[:200]
    assert 70 < sum(int(content) < 500 for content in first) < 130


def record(label: str, content: str, group: str = "") -> Record:
    return Record(Path(content), label, 0, "train", content, 1, 1, 1, group, "", content)


@pytest.mark.parametrize("count", [2, 5, 20])
def test_folds_spread_each_class_evenly_and_are_of_one_size(count):
    records = [record(label, f"{label}{i}") for label, n in {"a": 41, "b": 23, "c": 2}.items() for i in range(n)]
    fold_of = folds(records, count, seed=0)
    for label in "abc":
        of_class = Counter(fold for fold, one in zip(fold_of, records, strict=True) if one.label == label)
        counts = [of_class[fold] for fold in range(count)]
        assert max(counts) - min(counts) <= 1
    sizes = Counter(fold_of)
    assert len(sizes) == count and max(sizes.values()) - min(sizes.values()) <= 2
    assert fold_of == folds(records, count, seed=0) != folds(records, count, seed=1)
    by_content = {one.sha256: fold for one, fold in zip(records, fold_of, strict=True)}
    assert folds(records[::-1], count, seed=0) == [by_content[one.sha256] for one in records[::-1]]


def test_a_group_is_in_one_fold_and_so_is_the_same_content_twice():
    random = Random(0)
    records = [record(random.choice("ab"), f"{i}", random.choice(["", "p", "q", "r", "s"])) for i in range(200)]
    records += [record("a", "twice"), record("a", "twice")]
    fold_of = folds(records, 4, seed=0)
    for group in ("p", "q", "r", "s"):
        assert len({fold for fold, one in zip(fold_of, records, strict=True) if one.group == group}) == 1
    assert fold_of[-1] == fold_of[-2]
    assert max(Counter(fold_of).values()) <= 60  # the large groups are apart, and the single pictures fill up


def test_a_class_in_one_fold_only_is_named():
    records = [*(record("a", f"a{i}") for i in range(6)), *(record("b", f"b{i}", "one patient") for i in range(6))]
    assert unspread(records, folds(records, 2, seed=0)) == ["b"]
    assert unspread(records[:6], folds(records[:6], 2, seed=0)) == []
