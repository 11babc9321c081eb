"""Work on pictures in parallel, results in order."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

WORKERS = min(16, os.cpu_count() or 1)  # processes that decode pictures


def in_order(submit: Callable, function: Callable[[T], R], items: Iterable[T], ahead: int) -> Iterator[R]:
    """The results of what was submitted, in order, at most `ahead` of them waiting for the reader."""
    waiting: deque[Future] = deque()
    try:
        for item in items:
            waiting.append(submit(function, item))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
