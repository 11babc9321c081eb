"""The parent's part: a worker for a kind, its time and its memory watched, and what became of its cases."""

import contextlib
import itertools
import json
import math
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from resnet.store import PROJECT

KINDS = ("image", "archive", "weights", "folder")
SECONDS = {kind: 30 for kind in KINDS} | {"control": 3}  # for one case
# Private memory that a case may take on top, with what decoders take, of which each is bounded by itself to 2000 MB.
MEGABYTES = {"image": 2500, "archive": 2500, "weights": 1000, "folder": 300, "control": 200}
LOOK = 0.02  # seconds between two looks at the memory; to touch a gigabyte takes about ten times as long
START = 120  # seconds that a worker has to load its libraries, or to make a case


@dataclass
class Tally:
    """What became of a kind's cases."""

    accepted: int = 0
    refused: int = 0
    failures: list[tuple[int, str]] = field(default_factory=list)  # case, what went wrong
    slowest: tuple[float, int] = (0.0, 0)  # seconds, case
    most: float = 0.0  # MB on top
    last: str = ""  # what the last case was answered

    @property
    def cases(self) -> int:
        return self.accepted + self.refused + len(self.failures)


def fuzz(kind: str, seed: int, numbers: Iterable[int], keep: Path | None = None) -> Tally:
    """Run the cases of these numbers one after the other; inputs that failed are copied to `keep`."""
    tally, worker = Tally(), None
    with tempfile.TemporaryDirectory(prefix="fuzzing-", ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch, "world")
        try:
            for number in numbers:
                worker = worker or Worker(kind, seed, folder)
                answer, tally.last = worker.ask(number)
                tally.slowest = max(tally.slowest, (worker.seconds, number))
                tally.most = max(tally.most, worker.most)
                tally.accepted += answer == "accepted"
                tally.refused += answer == "refused"
                if answer == "failed":
                    tally.failures.append((number, tally.last))
                    if keep:
                        _keep(folder / "input", keep / f"{kind}-{seed}-{number}")
                if worker.ended:
                    worker = None
        finally:
            if worker and not worker.ended:
                worker.end()
    return tally


def _keep(failed: Path, into: Path) -> None:
    def pipes(at: str, names: list[str]) -> list[str]:
        return [name for name in names if Path(at, name).is_fifo()]

    shutil.rmtree(into, ignore_errors=True)
    shutil.copytree(failed, into, symlinks=True, ignore=pipes)


def for_minutes(minutes: float) -> Iterator[int]:
    """Numbers of cases, for so long."""
    end = time.monotonic() + 60 * minutes
    return itertools.takewhile(lambda _: time.monotonic() < end, itertools.count())


class Worker:
    """A process that runs cases of one kind in a folder made anew."""

    def __init__(self, kind: str, seed: int, folder: Path) -> None:
        self.kind, self.ended = kind, False
        self.before = self.most = self.seconds = 0.0  # MB that it had before the case, and on top; the case's seconds
        shutil.rmtree(folder, ignore_errors=True)
        for name in ("workspace/tmp", "cwd", "home", "tmp"):
            (folder / name).mkdir(parents=True)
        (folder / "secret.txt").write_text("nobody's business")
        self.log = tempfile.TemporaryFile()  # noqa: SIM115 (open as long as the process lives)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.fuzzing.worker", kind, str(seed), str(folder)],
            cwd=folder / "cwd",
            env={**os.environ, **_environment(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            start_new_session=True,
        )
        self.lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()
        ready, problem = self._answer(START, math.inf)
        if ready != "ready":
            raise RuntimeError(f"the worker of kind {kind} does not start: {problem}")

    def ask(self, number: int) -> tuple[str, str]:
        """Run a case: (accepted, refused or failed; the sentence or what went wrong). Failed, this may have ended."""
        self.process.stdin.write(f"{number}\n")
        self.process.stdin.flush()
        answer, problem = self._answer(START, math.inf)  # making the case takes time and memory of its own
        if answer == "failed":
            return answer, problem
        self.before, self.most, start = private_megabytes(self.process.pid), 0.0, time.monotonic()
        answer = self._answer(SECONDS[self.kind], MEGABYTES[self.kind])
        self.seconds = time.monotonic() - start
        return answer

    def end(self) -> None:
        """End the process and its decoders."""
        self.ended = True
        with contextlib.suppress(ProcessLookupError):
            if hasattr(os, "killpg"):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.log.close()

    def _listen(self) -> None:
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put("")

    def _answer(self, seconds: float, limit: float) -> tuple[str, str]:
        """The worker's next line, or what befell it in place of one. limit: MB of memory on top of what it had."""
        deadline, line = time.monotonic() + seconds, None
        while line is None:
            self.most = max(self.most, private_megabytes(self.process.pid) - self.before)
            if self.most > limit:
                return self._give_up(f"{self.most:.0f} MB of memory, and {limit} are the most")
            if time.monotonic() > deadline:
                return self._give_up(f"no answer within {seconds} s")
            with contextlib.suppress(queue.Empty):
                line = self.lines.get(timeout=LOOK)
        if line:
            return tuple(json.loads(line))
        self.log.seek(0)
        said = self.log.read().decode(errors="replace")
        return self._give_up(f"the process ended with status {self.process.wait()}: {said[:1500]}")

    def _give_up(self, problem: str) -> tuple[str, str]:
        self.end()
        return "failed", problem


def _environment(folder: Path) -> dict[str, str]:
    return {
        **{"HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp"), "RESNET_HOME": str(folder / "workspace")},
        **{"PYTHONPATH": str(PROJECT), "PYTHONDONTWRITEBYTECODE": "1", "HF_HUB_OFFLINE": "1"},
        **{"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"},
    }


def private_megabytes(pid: int) -> float:
    """What a process and those that it started have of memory that is theirs alone; 0 where there is no /proc."""
    try:
        with open(f"/proc/{pid}/status") as file:
            own = next((int(line.split()[1]) for line in file if line.startswith("RssAnon")), 0)
        children = []
        for task in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{task}/children") as file:
                children += file.read().split()
    except OSError:
        return 0.0
    return own / 1024 + sum(private_megabytes(int(child)) for child in children)
