"""Whether a data set's pictures are still those that were imported."""

import hashlib
from collections.abc import Sequence

from resnet.data.dataset import Record
from resnet.errors import UserError


def check_sizes(records: Sequence[Record]) -> None:
    """UserError where a file of the data set is gone, or has another size than it had when it was imported."""
    for record in records:
        if not record.path.is_file():
            raise UserError("picture_gone", file=record.path.name)
        if record.path.stat().st_size != record.bytes:
            raise UserError("picture_changed", file=record.path.name)


def check_content(records: Sequence[Record]) -> None:
    """UserError where a file of the data set is not, byte by byte, the one that was imported."""
    check_sizes(records)
    for record in records:
        if hashlib.sha256(record.path.read_bytes()).hexdigest() != record.sha256:
            raise UserError("picture_changed", file=record.path.name)
