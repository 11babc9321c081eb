"""A run in a process other than its first: it does the same work, and writes nothing."""

import time
from pathlib import Path

from resnet.predictor.ranks import join
from resnet.worker.record import read_settings
from resnet.worker.run import Run
from resnet.worker.status import Control, Status


def follow(folder: Path, control: Control) -> None:
    """Work with the first process on a run that it has settled. Raises as `run` does."""
    ranks = join(read_settings(folder)["settings"]["device"])
    ranks.first(None)  # the folder is in order
    Follower(folder, _Unwritten(folder), control, time.monotonic(), ranks).run()


class _Unwritten(Status):
    def update(self, **changes: object) -> None:
        self.leave_if_deleted()


class Follower(Run):
    """A rank above 0: all that a run writes is written by rank 0."""

    def _nothing(self, *_: object, **__: object) -> None:
        """Is not done here."""

    _say = _log = _note_validation = _nothing
    _write_state = _keep_lines = _write_best = _write_model = _write_delivered = _nothing
