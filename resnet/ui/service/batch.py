"""Many pictures on their way through a model: what was handed over, and the answers as they come. No Gradio here."""

import contextlib
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from resnet.data.bounds import Limits
from resnet.data.gathering import gather
from resnet.data.uploads import Upload
from resnet.errors import UserError
from resnet.ui.service.received import discard

BEAT = 1.0  # seconds between two looks at a batch


class Selection:
    """Pictures that somebody wants classified, with what was stored for that alone.

    folder: where archives are unpacked. uploads: what the page's script has sent.
    """

    def __init__(
        self, sources: list[tuple[str, Path]], folder: Path, limits: Limits, uploads: Sequence[Upload] = ()
    ) -> None:
        self.folder, self.uploads = folder, uploads
        try:
            self.pictures = gather(sources, folder, limits)
        except UserError:
            self.discard()
            raise

    def discard(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        discard(self.uploads)


class Batch:
    """The answers to many pictures, `count` of them: one thread takes them in, others look on, and may stop it.

    asked: what makes this batch this one; it is of no use to whoever asks for something else.
    models: what those are called that answer. classes: which the first of them knows.
    language: that of whoever looks on.
    """

    def __init__(
        self,
        answers: Iterator[dict],
        count: int,
        asked: tuple,
        models: list[str],
        classes: list[str],
        language: str,
    ) -> None:
        self._answers, self.count, self.asked = answers, count, asked
        self.models, self.classes, self.language = models, classes, language
        self.images: list[dict] = []
        self.thumbnails: dict[str, str] = {}  # of those that are shown: path -> data address
        self.state = "running"  # then "done" or "stopped"
        self.seconds = 0.0  # since the first answer; at the end, since it was begun
        self._wanted = True

    def stop(self) -> None:
        """Compute no more than what is being computed; the answers that have come stay."""
        self._wanted = False

    def beats(self, every: float = BEAT) -> Iterator[None]:
        """Take the answers in, pausing about so often (seconds) to let somebody look, and at the end."""
        yield
        start = first = due = time.monotonic()
        try:
            with contextlib.closing(self._answers):
                while self._wanted and (image := next(self._answers, None)):
                    now = time.monotonic()
                    first = first if self.images else now
                    self.images.append(image)
                    self.seconds = now - first
                    if now >= due:
                        yield
                        due = time.monotonic() + every
        finally:
            self.state = "done" if len(self.images) == self.count else "stopped"
            self.seconds = time.monotonic() - start
        yield
