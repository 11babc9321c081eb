"""A split of our own making: seeded, by class, groups kept together."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import TypeVar

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
