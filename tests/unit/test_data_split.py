"""The split that we make: shares, both sides, groups, the same everywhere."""

from collections import Counter

import pytest

from resnet.data.split import stratified

SEED_0 = "tttvtvttvtttttttttvt"  # ten of class a and ten of b in turn, by seed 0: t is train, v val


def split(*labels: str, groups=None, seed=0, **options) -> list[str]:
    return stratified(labels, groups or [None] * len(labels), seed, **options)


@pytest.mark.parametrize("count", [2, 3, 5, 10, 11, 99, 1000])
def test_a_fifth_of_each_class_and_one_at_least(count):
    labels = ["a"] * count + ["b"] * 10
    got = Counter(zip(labels, split(*labels), strict=True))
    assert got["a", "val"] == max(1, round(count / 5))
    assert got["a", "train"] == count - got["a", "val"]
    assert (got["b", "val"], got["b", "train"]) == (2, 8)


def test_a_single_picture_is_learnt_from():
    assert split("a", "b", "b")[0] == "train"


def test_other_shares():
    assert split(*"a" * 10, val_share=0.5).count("val") == 5
    assert split(*"a" * 10, val_share=0.99).count("val") == 9


def test_the_same_everywhere():
    """Fixed by the seed alone, so that a data set is split alike on every machine."""
    assert "".join(part[0] for part in split(*"ab" * 10, seed=0)) == SEED_0
    assert split(*"ab" * 10, seed=0) == split(*"ab" * 10, seed=0)
    assert split(*"ab" * 10, seed=0) != split(*"ab" * 10, seed=1)


def test_a_class_more_changes_nothing_for_the_others():
    assert split(*"ab" * 10) == split(*"ab" * 10, *"c" * 7)[:20]


def test_groups_stay_together():
    labels = ["a"] * 40 + ["b"] * 40
    groups = [f"{label}{i // 4}" for i, label in enumerate(labels)]
    got = split(*labels, groups=groups)
    assert all(len({part for part, g in zip(got, groups, strict=True) if g == group}) == 1 for group in groups)
    assert Counter(zip(labels, got, strict=True)) == {
        ("a", "val"): 8,
        ("a", "train"): 32,
        ("b", "val"): 8,
        ("b", "train"): 32,
    }


def test_large_groups_still_leave_both_sides():
    got = split(*"a" * 10, groups=["x"] * 6 + ["y"] * 4)
    assert got == ["train"] * 6 + ["val"] * 4


def test_a_group_across_classes():
    got = split("a", "a", "b", "b", groups=["x", None, "x", None])
    assert got[0] == got[2]
