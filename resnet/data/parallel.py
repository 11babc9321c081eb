"""Work on pictures in parallel, results in order."""

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

WORKERS = min(4, os.cpu_count() or 1)  # threads or processes that decode pictures where nothing else is said


def in_processes(function: Callable[[T], R], items: Iterable[T], workers: int) -> Iterator[R]:
    """`function` of every item, in order, computed by `workers` processes; with none, all happens in this one.

    Training needs them: beside threads that decode, its own steps wait for Python's lock (resnet18, 128 px, two
    cores: 60 images/s with threads, 127 with processes). `function` must live in a module that is quick to import.
    """
    if workers == 0:
        yield from map(function, items)
        return
    try:
        yield from in_order(_processes(workers).submit, function, items, 3 * workers)
    except BrokenProcessPool:  # a process was killed, for want of memory most likely: the next caller gets new ones
        _processes.cache_clear()
        raise


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


@functools.cache
def _processes(workers: int) -> ProcessPoolExecutor:
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
