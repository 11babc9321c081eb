"""A split of our own making: seeded, by class, groups kept together."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from random import Random


def stratified(
    labels: Sequence[str], groups: Sequence[Hashable | None], seed: int, val_share: float = 0.2
) -> list[str]:
    """ "train" or "val" for each picture, in order.

    Of each class `val_share` goes to val, at least one picture to each side where there are two. Pictures of one
    group (None or "": a group of its own) go to one side. The same order and seed give the same split anywhere.
    """
    units = [("group", group) if group else ("picture", index) for index, group in enumerate(groups)]
    sizes: dict[str, Counter] = defaultdict(Counter)  # class -> unit -> pictures
    for label, unit in zip(labels, units, strict=True):
        sizes[label][unit] += 1
    side: dict[Hashable, str] = {}
    for label in sorted(sizes):
        _split_class(sizes[label], side, Random(f"{seed} {label}"), val_share)
    return [side[unit] for unit in units]


def _split_class(sizes: dict[Hashable, int], side: dict[Hashable, str], random: Random, val_share: float) -> None:
    """Put each unit of one class on a side: `sizes` are its pictures of this class; some may have one already."""
    total = sum(sizes.values())
    wanted = min(max(round(val_share * total), 1), total - 1)
    val = sum(size for unit, size in sizes.items() if side.get(unit) == "val")
    undecided = [unit for unit in sizes if unit not in side]
    random.shuffle(undecided)
    for unit in undecided:
        if val + sizes[unit] <= wanted:
            side[unit] = "val"
            val += sizes[unit]
    left = [unit for unit in undecided if unit not in side]
    if val == 0 and left and len(sizes) > 1:  # every group is too large: the smallest, rather than none
        side[min(left, key=sizes.get)] = "val"
    for unit in left:
        side.setdefault(unit, "train")
