"""Data sets: imported, corrected, deleted."""

from collections.abc import Callable
from pathlib import Path

from resnet import jobs
from resnet.data import corrections
from resnet.data.dataset import Dataset, list_datasets
from resnet.data.importing import import_dataset, import_uploads
from resnet.data.samples import import_samples
from resnet.errors import UserError
from resnet.store import Store
from resnet.ui.service.received import discard, received
from resnet.views.result import Result


class Datasets:
    def __init__(self, store: Store) -> None:
        self.store = store

    def all(self) -> list[dict]:
        """{id, name, images, classes, split} of each, newest first."""
        return list_datasets(self.store)[::-1]

    def open(self, reference: str) -> Dataset:
        return Dataset.open(self.store.dataset(reference))

    def import_from(self, source: str, name: str | None = None, progress: Callable | None = None) -> Dataset:
        """Import an uploaded archive, or a folder of this machine."""
        if not source.strip():
            raise UserError("no_folder_given")
        return import_dataset(Path(source.strip()).expanduser(), self.store, name=name or None, progress=progress)

    def import_uploads(self, sent: object, progress: Callable | None = None) -> Dataset:
        """Import what the page's script has sent, see received.py; nothing of it stays among the uploads."""
        uploads = received(sent, self.store.uploads)
        try:
            return import_uploads(uploads, self.store, progress)
        finally:
            discard(uploads)

    def discard_uploads(self, sent: object) -> None:
        discard(received(sent, self.store.uploads))

    def import_samples(self) -> Dataset:
        return import_samples(self.store)

    def delete(self, reference: str) -> None:
        jobs.delete_dataset(self.store, reference)

    # the one behind a result

    def correct(self, result: Result, sha256: str, label: str | None) -> None:
        corrections.correct(behind(result), sha256, label)

    def undo_correction(self, result: Result) -> None:
        corrections.undo(behind(result))

    def corrected(self, result: Result) -> Dataset:
        """Its new version."""
        return corrections.corrected(behind(result), self.store)


def behind(result: Result) -> Dataset:
    if result.data is None:
        raise UserError("dataset_unknown", reference=result.report["data"]["name"])
    return result.data
