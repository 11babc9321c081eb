"""Splits of our own making: seeded, by class, groups kept together."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from resnet.data.dataset import Record

Unit = TypeVar("Unit")


def draw(content: str, seed: int) -> str:
    """A picture's place in the order of drawing, or a group's: by chance, and the same on every machine, whatever
    files are called and in which order they come."""
    return hashlib.sha256(f"{seed} {content}".encode()).hexdigest()


def stratified(
    units: Iterable[tuple[Unit, int, str | None]], images: int, val_share: float = 0.2
) -> Iterator[tuple[Unit, str]]:
    """(unit, "train" or "val") of one class's units; the last one said of a unit holds.

    A unit is a picture, or a group of pictures that stay on one side.
    units: (unit, its images of this class, its side where another class has decided it), the decided ones first, the
    others in the order of drawing.
    images: of this class. `val_share` of them goes to val, at least one image to each side where there are two units.
    """
    wanted = min(max(round(val_share * images), 1), images - 1)
    val, smallest = 0, (images, None)
    for unit, size, side in units:
        if side is None:
            side = "val" if val + size <= wanted else "train"
            if side == "train" and size < smallest[0]:
                smallest = (size, unit)
            yield unit, side
        val += size if side == "val" else 0
    if val == 0 and smallest[0] < images:  # every group is too large: the smallest, rather than none
        yield smallest[1], "val"


def folds(records: Sequence[Record], count: int, seed: int) -> list[int]:
    """The fold of each picture, 0 to `count` - 1: those of a class spread evenly, a group in one.

    The larger groups come first, pictures in the order of drawing; each goes to the fold that has the fewest of its
    class, of several to the smallest. The class of a group is that of most of its pictures.
    """
    units: dict[str, list[Record]] = {}
    for record in records:
        units.setdefault(record.group or record.sha256, []).append(record)
    in_class, in_fold, fold_of = Counter(), Counter(), {}
    for unit in sorted(units, key=lambda unit: (-len(units[unit]), draw(unit, seed))):
        labels = Counter(record.label for record in units[unit])
        label = max(sorted(labels), key=labels.get)
        fold = min(range(count), key=lambda fold: (in_class[fold, label], in_fold[fold], fold))
        in_class.update({(fold, label): n for label, n in labels.items()})
        in_fold[fold] += len(units[unit])
        fold_of[unit] = fold
    return [fold_of[record.group or record.sha256] for record in records]


def unspread(records: Sequence[Record], fold_of: Sequence[int]) -> list[str]:
    """The classes that are in one fold only: a model that is tried there has learned nothing of them."""
    found: dict[str, set[int]] = {}
    for record, fold in zip(records, fold_of, strict=True):
        found.setdefault(record.label, set()).add(fold)
    return sorted(label for label, folds in found.items() if len(folds) == 1)
