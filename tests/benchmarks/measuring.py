"""Seconds, memory, and how figures are printed."""

import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tests.processes import family, highest_memory, private_memory


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def quotients(ones: Sequence[float], others: Sequence[float]) -> list[float]:
    """Round by round."""
    return [one / other for one, other in zip(ones, others, strict=True)]


def spread(values: Iterable[float], digits: int = 2) -> str:
    """1.85 (1.80 to 1.91), n 7: the median, the least and the most."""
    values = list(values)
    middle, least, most = (f"{f(values):.{digits}f}" for f in (statistics.median, min, max))
    return f"{middle} ({least} to {most}), n {len(values)}"


@dataclass
class Peak:
    """MB of memory that a process had at most, looked at every 10 ms (Linux)."""

    own: float = 0.0  # for itself: RssAnon
    resident: float = 0.0  # libraries and files too: VmHWM
    all: float = 0.0  # for themselves, it and the processes that it started, at one moment

    def look(self, pid: int) -> None:
        self.own = max(self.own, private_memory(pid))
        self.resident = max(self.resident, highest_memory(pid))
        self.all = max(self.all, sum(map(private_memory, family(pid))))


def watched(process: subprocess.Popen) -> Peak:
    """The peak of a process, which is waited for."""
    peak, over = Peak(), threading.Event()

    def watch() -> None:
        while not over.wait(0.01):
            peak.look(process.pid)

    watcher = threading.Thread(target=watch)
    watcher.start()
    process.wait()
    over.set()
    watcher.join()
    return peak
