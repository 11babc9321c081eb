"""Processes that do runs: started for one, or ahead of it with torch loaded, so that a run begins at once.

A worker that waits ends with this process, however that ends: nobody holds the other end of its pipe any more. From
the moment it has a run it is like one that was started for it, and outlives this process.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

from resnet.predictor.engines import launched
from resnet.store import PROJECT

LOOK = 2  # seconds between two looks at whether a worker should be loaded
READY = b"ready\n"
# The memory of a step serves the next one instead of going back to the system (mallopt(3)), in large pages (torch's own
# switch): steps on a CPU are an eighth faster, for a sixth more memory.
ALLOCATION = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**40), "THP_MEM_ALLOC_ENABLE": "1"}
NICE = 10  # of 0 to 19: what else computes on the same cores gets nine times as much (sched(7), "the nice value")

# A worker outlives its launcher, and is sent nothing that is meant for it, such as the terminal's Ctrl-C.
WINDOWS = os.name == "nt"
DETACHED = (
    {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.BELOW_NORMAL_PRIORITY_CLASS}
    if WINDOWS
    else {"start_new_session": True}
)


class Workers:
    """The workers that this process has started."""

    def __init__(self) -> None:
        self.launched: dict[Path, subprocess.Popen] = {}  # by the run's folder
        self.waiting: _Waiting | None = None
        self._over = threading.Event()
        self._changing = threading.Lock()

    def launch(self, folder: Path) -> None:
        """Give the run in `folder` to the worker that waits, or to a new one.

        Processes that somebody has launched together do it themselves.
        """
        if launched()[1] > 1:
            return
        with self._changing:
            waiting, self.waiting = self.waiting, None
            given = waiting is not None and waiting.take(folder)
            self.launched[folder] = waiting.process if given else _started(folder)

    def load_one(self) -> None:
        """Load a worker for the run that is to come, while its pictures are imported."""
        with self._changing:
            if self.waiting is None and launched()[1] == 1:
                self.waiting = _Waiting()

    def keep_one_ready(self) -> None:
        """From now on a worker waits for the next run whenever none of ours is at work.

        One that dies is not replaced before a run was started without it.
        """
        threading.Thread(target=self._keep, name="workers", daemon=True).start()

    def _keep(self) -> None:
        while not self._over.is_set():
            with self._changing:
                if self.waiting is None and not self.at_work() and not self._over.is_set():
                    self.waiting = _Waiting()
            self._over.wait(LOOK)

    def at_work(self) -> dict[Path, subprocess.Popen]:
        return {folder: process for folder, process in list(self.launched.items()) if process.poll() is None}

    def reap(self) -> None:
        """Collect those that have ended, so that no zombies stay."""
        for folder in self.launched.keys() - self.at_work().keys():
            self.launched.pop(folder, None)

    def ready(self) -> int | None:
        """MB of memory that a loaded worker takes while it waits, 0 where the system does not tell; None: none does."""
        waiting = self.waiting
        return waiting.megabytes() if waiting and waiting.is_ready() else None

    def dismiss(self) -> None:
        """The worker that waits is not needed any more."""
        with self._changing:
            self._over.set()
            if self.waiting:
                self.waiting.process.stdin.close()
                self.waiting = None


class _Waiting:
    """A worker that loads what runs need, and then waits for one."""

    def __init__(self) -> None:
        self.process = _started(None)
        self._loaded = threading.Event()
        threading.Thread(target=self._listen, name="worker's word", daemon=True).start()

    def _listen(self) -> None:
        with self.process.stdout as words:
            if words.readline() == READY:
                self._loaded.set()

    def is_ready(self) -> bool:
        return self._loaded.is_set() and self.process.poll() is None

    def take(self, folder: Path) -> bool:
        """Whether the worker has got the run: it may have died meanwhile."""
        try:
            with self.process.stdin as line:
                line.write(json.dumps(str(folder)).encode() + b"\n")
        except OSError:
            return False
        return self.process.poll() is None

    def megabytes(self) -> int:
        """What it and its decoders have for themselves (Linux: RssAnon), in 1e6 bytes."""
        return _private_memory(self.process.pid) // 10**6


def _private_memory(process: int) -> int:
    try:
        status = Path(f"/proc/{process}/status").read_text()
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return 0
    own = next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("RssAnon")), 0)
    return own + sum(map(_private_memory, map(int, children)))


def _started(folder: Path | None) -> subprocess.Popen:
    """A worker with a run, whose log gets what it prints, or one that waits for a run. It makes way for others."""
    process = _popen(folder)
    make_way(process)
    return process


def make_way(process: subprocess.Popen) -> None:
    """Let what else computes here come first; `process` was started with DETACHED."""
    if WINDOWS:
        return
    nice = min(19, os.nice(0) + NICE)
    with contextlib.suppress(OSError):  # it has ended already
        os.setpriority(os.PRIO_PROCESS, process.pid, nice)
        if sys.platform == "linux":  # which may weigh sessions against each other, not processes: sched(7), "autogroup"
            Path(f"/proc/{process.pid}/autogroup").write_text(str(nice))


def _popen(folder: Path | None) -> subprocess.Popen:
    words = [sys.executable, "-m", "resnet.worker", *([str(folder)] if folder else [])]
    # Threads that wait give their core away. With the default, waiting at full speed, a training step takes five
    # times as long as soon as anything else runs on the same cores (the page, a second app).
    environment = {"OMP_WAIT_POLICY": "PASSIVE", **ALLOCATION, **os.environ, "PYTHONUNBUFFERED": "1"}
    started = {"cwd": PROJECT, "env": environment, **DETACHED}
    if folder is None:
        pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
        return subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=nothing, **started)
    with open(folder / "log.txt", "ab") as log:
        return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **started)
