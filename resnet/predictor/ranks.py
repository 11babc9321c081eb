"""Processes that work on one thing together, each with a device of its own: ranks, as torch.distributed calls them.

Every rank runs the same program and comes to the same calls in the same order; those wait for all. Where a rank has
ended, they raise UserError in the others. Nothing here loads torch.
"""

import functools
import importlib
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from resnet.predictor.engines import launched

if TYPE_CHECKING:
    from torch import Tensor

T = TypeVar("T")
R = TypeVar("R")


class Ranks:
    """This process among `count`: its rank, 0 and up, and its device ("": whatever is wanted). As it stands: alone.

    Several are a `Group`, from resnet.predictor.group.
    """

    rank, count, device = 0, 1, ""

    def share(self, number: int) -> np.ndarray:
        """Which of `number` things are this rank's: places, in order. Shares differ by one at most."""
        return np.array_split(np.arange(number), self.count)[self.rank]

    def any(self, *flags: bool) -> list[bool]:
        """For each flag, whether it is set in some rank."""
        return [total > 0 for total in self.totals(*flags)]

    def totals(self, *numbers: int) -> list[int]:
        """Each number, added up over the ranks."""
        return list(numbers)

    def first(self, value: T) -> T:
        """What rank 0 has for `value`."""
        return value

    def gathered(self, items: list[T]) -> list[T]:
        """The items of all ranks, those of rank 0 first."""
        return items

    def in_step(self, items: Generator[T, None, R], rest: T) -> Generator[T, None, R]:
        """The items, then `rest` until those of all ranks are at their end: all ranks take equally many turns.

        What makes the items must not wait for other ranks itself.
        """
        return (yield from items)

    def follow(self, tensors: Sequence["Tensor"]) -> None:
        """Let the tensors be those of rank 0."""

    def add(self, tensors: Sequence["Tensor"]) -> None:
        """Let float32 tensors be their sums over the ranks: to the same bits in every rank, in one message."""


ALONE = Ranks()


@functools.cache
def join(device: str) -> Ranks:
    """Meet the processes that were launched together with this one, if any; of several GPUs each has its own.

    device: "cuda", "cpu" or the like. Raises UserError where accelerate is not installed.
    """
    return ALONE if launched()[1] == 1 else importlib.import_module("resnet.predictor.group").Group(device)
