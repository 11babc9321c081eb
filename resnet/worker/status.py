"""What a run says of itself (status.json), and what it is told."""

import signal
import time
from pathlib import Path

from resnet.store import is_locked, read_json, write_json

OFTEN = 0.5  # seconds between two writes while nothing but numbers changes
GRACE = 20  # seconds that a worker has, from its launch, to take the lock


def is_alive(folder: Path, record: dict) -> bool:
    """Whether a worker has the run in `folder`, whose status is `record`, or is about to take it."""
    launching = record["state"] == "queued" and abs(time.time() - record["launched"]) < GRACE
    return launching or is_locked(folder / "lock")


class ToldToEnd(Exception):
    """The work was left because the process was told to end, or the run to leave the queue."""


class Control:
    """What the run is told: by the file `stop`, or by a signal."""

    def __init__(self, folder: Path) -> None:
        self.stop_file = folder / "stop"
        self.told_to_end = False
        signal.signal(signal.SIGTERM, self._note)
        signal.signal(signal.SIGINT, self._note)

    def _note(self, *_: object) -> None:
        self.told_to_end = True

    @property
    def asked_to_stop(self) -> bool:
        return self.stop_file.exists()

    def leave_if_told(self) -> None:
        if self.told_to_end:
            raise ToldToEnd


class Status:
    """status.json, replaced whole: at once where the state or stage changes, else at most twice a second."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "status.json"
        self.record = read_json(self.path)
        self.written = 0.0

    def update(self, **changes: object) -> None:
        urgent = any(changes.get(name, self.record[name]) != self.record[name] for name in ("state", "stage"))
        self.record.update(changes)
        if not self.path.exists():
            raise SystemExit("The folder of this run was deleted.")
        if urgent or time.monotonic() - self.written > OFTEN:
            self.record["updated"] = time.time()
            write_json(self.path, self.record)
            self.written = time.monotonic()
