"""What a run's model made of each picture that it was checked with."""

import contextlib
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from resnet.data.dataset import Record
from resnet.errors import UserError
from resnet.settings import RANGES
from resnet.store import replacing

# In a run's folder: of the pictures that its report is about, and of the test part; of all pictures of train and val,
# each by the model of a fold that it is not in; of the last epoch, while a model learns.
PREDICTIONS, TEST, FOLDS = "predictions.npz", "predictions-test.npz", "predictions-folds.npz"
NOW = "predictions-now.npz"
WRONG = (OSError, ValueError, KeyError, TypeError, EOFError, MemoryError, RuntimeError, struct.error)  # of odd content
WRONG_ZIP = (zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True)
class Predictions:
    """Of N pictures and K classes: logits float32 (N, K), targets int64 (N), sha256 of each picture (N), text.

    fold: int64 (N), that of each picture, whose model did not learn from it; None where there are no folds.
    """

    logits: np.ndarray
    targets: np.ndarray
    sha256: np.ndarray
    fold: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.targets)


def write_predictions(path: Path, records: Sequence[Record], logits: np.ndarray, **more: np.ndarray) -> None:
    """The fields of `Predictions`, of one record a row of `logits`, and `more` under its names."""
    targets = np.array([record.target for record in records], dtype=np.int64)
    hashes = np.array([record.sha256 for record in records])
    with replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, logits=logits, targets=targets, sha256=hashes, **more)


def read_predictions(path: Path) -> Predictions:
    """The predictions at `path`, which may be anyone's file. Raises UserError("run_damaged")."""
    with opened(path, "run_damaged") as saved:
        fold = saved["fold"] if "fold" in saved.files else None
        found = Predictions(saved["logits"], saved["targets"], saved["sha256"], fold)
        _check(found)
    return found


@contextlib.contextmanager
def opened(path: Path, damaged: str) -> Iterator[np.lib.npyio.NpzFile]:
    """The arrays at `path`, to be read and checked: whatever is wrong with them becomes UserError(damaged)."""
    try:
        with np.load(path, allow_pickle=False) as saved:
            if any(member.compress_type != zipfile.ZIP_STORED for member in saved.zip.infolist()):
                raise ValueError("compressed, which it never is")  # so it takes no more memory than disk
            yield saved
    except (*WRONG, *WRONG_ZIP) as error:
        reason = f"no {error}" if isinstance(error, KeyError) else getattr(error, "strerror", None) or str(error)
        reason = " ".join(reason.split())[:200]
        raise UserError(damaged, run=path.parent.name, file=path.name, reason=reason) from error


def check_forms(*forms: tuple[np.ndarray, str, int]) -> None:
    """Raises ValueError unless each array is of its type (numpy's code) and so many dimensions, and all as long."""
    for array, kind, dimensions in forms:
        if array.dtype != np.dtype(kind) or array.ndim != dimensions or len(array) != len(forms[0][0]):
            raise ValueError(f"{array.dtype} of shape {array.shape}")


def _check(found: Predictions) -> None:
    folds = [] if found.fold is None else [(found.fold, "i8", 1)]
    check_forms((found.logits, "f4", 2), (found.targets, "i8", 1), (found.sha256, "U64", 1), *folds)
    within = _within(found.targets, found.logits.shape[1]) and (not folds or _within(found.fold, RANGES["folds"][1]))
    if not (within and np.isfinite(found.logits).all()):
        raise ValueError("numbers that no run writes")


def _within(numbers: np.ndarray, count: int) -> bool:
    return bool(((numbers >= 0) & (numbers < count)).all())
