"""Work on pictures in parallel processes, results in order."""

import functools
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

PROCESSES = min(4, os.cpu_count() or 1)  # that decode pictures where nothing else is said


def ordered(function: Callable[[T], R], items: Iterable[T], workers: int = PROCESSES) -> Iterator[R]:
    """`function` of every item, in order, computed by `workers` processes a few items ahead of the reader.

    `function` must live in a module that is quick to import: processes are spawned. With no workers all happens
    in this process.
    """
    if workers == 0:
        yield from map(function, items)
        return
    waiting: deque[Future] = deque()
    try:
        for item in items:
            waiting.append(_pool(workers).submit(function, item))
            if len(waiting) > 3 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool:  # a process was killed, for want of memory most likely: the next caller gets new ones
        _pool.cache_clear()
        raise
    finally:
        for future in waiting:
            future.cancel()


@functools.cache
def _pool(workers: int) -> ProcessPoolExecutor:
    """Started once and kept. Spawned, not forked: a fork of a process with threads (torch's, Gradio's) may hang."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_live_and_die_with_parent)


def _live_and_die_with_parent() -> None:
    """Leave signals to the parent, and end when it ends, also when it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_after_parent, daemon=True).start()


def _end_after_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)
