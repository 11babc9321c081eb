"""What a run says of itself (status.json), and what it is told."""

import contextlib
import os
import signal
import time
from pathlib import Path

from resnet.store import is_locked, write_json
from resnet.worker.record import read_status

OFTEN = 0.5  # seconds between two writes while nothing but numbers changes
GRACE = 20  # seconds that a worker has, from its launch, to take the lock
RESERVE = 64 * 1024  # bytes kept in the run's folder, and given up so that a full disk holds the last status


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
        for number in (signal.SIGTERM, signal.SIGINT, *([signal.SIGBREAK] if os.name == "nt" else [])):
            signal.signal(number, self._note)

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
        self.path, self.reserve = folder / "status.json", folder / "reserve"
        self.record = read_status(folder)
        self.written = 0.0
        self.room = 10**6  # bytes that the run takes on the disk, as far as is known

    def update(self, **changes: object) -> None:
        urgent = any(changes.get(name, self.record[name]) != self.record[name] for name in ("state", "stage"))
        self.record.update(changes)
        self.leave_if_deleted()
        if urgent or time.monotonic() - self.written > OFTEN:
            self.record["updated"] = time.time()
            write_json(self.path, self.record)
            self.written = time.monotonic()

    def leave_if_deleted(self) -> None:
        if not self.path.exists():
            raise SystemExit("The folder of this run was deleted, or moved away.")

    def begin(self) -> None:
        """Keep some room for the words with which it will end."""
        self.reserve.write_bytes(bytes(RESERVE))

    def end(self, **changes: object) -> None:
        """The last update."""
        with contextlib.suppress(OSError):  # a disk that refuses to delete may still take the status
            self.reserve.unlink(missing_ok=True)
        self.update(**changes)
