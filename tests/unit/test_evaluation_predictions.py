"""predictions.npz: what is written is read again, and what is anything else is refused with a sentence."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from resnet.data.dataset import Dataset
from resnet.errors import UserError
from resnet.evaluation.predictions import read_predictions, write_predictions
from resnet.store import PROJECT

LOGITS = np.array([[2, -1, 0], [0.5, 1, 0]], dtype=np.float32)
WHOLE = {"logits": LOGITS, "targets": np.array([0, 2]), "sha256": np.array(["a" * 64, "b" * 64])}


def test_what_is_written_is_read_again(data: Dataset, tmp_path: Path):
    records = data.part("val")
    logits = np.random.default_rng(0).normal(size=(len(records), len(data.classes))).astype(np.float32)
    fold = np.arange(len(records)) % 3
    write_predictions(tmp_path / "predictions.npz", records, logits, fold=fold)
    found = read_predictions(tmp_path / "predictions.npz")
    assert found.fold.tolist() == fold.tolist()
    assert len(found) == len(records) and np.array_equal(found.logits, logits)
    assert found.targets.tolist() == [record.target for record in records]
    assert found.sha256.tolist() == [record.sha256 for record in records]


@pytest.mark.parametrize(
    "changed",
    [
        {"logits": LOGITS.astype(np.float64)},
        {"logits": LOGITS[:1]},
        {"logits": np.full_like(LOGITS, np.inf)},
        {"targets": np.array([0, 3])},
        {"targets": np.array([-1, 0])},
        {"targets": np.array([[0], [1]])},
        {"sha256": np.array([b"a" * 64, b"b" * 64])},
        {"sha256": np.array(["a" * 64, {}], dtype=object)},
        {"fold": np.array([0, 20])},
        {"fold": np.array([0])},
        {"fold": np.array([0.0, 1.0])},
    ],
)
def test_what_no_run_writes_is_refused(tmp_path: Path, changed: dict):
    np.savez(tmp_path / "predictions.npz", **{**WHOLE, **changed})
    with pytest.raises(UserError, match=r"its predictions\.npz cannot be relied upon"):
        read_predictions(tmp_path / "predictions.npz")


def test_every_cut_file_and_every_other_kind_is_refused(tmp_path: Path):
    whole, file = tmp_path / "whole.npz", tmp_path / "predictions.npz"
    np.savez(whole, **WHOLE)
    content = whole.read_bytes()
    read_predictions(whole)
    for end in range(len(content)):
        file.write_bytes(content[:end])
        with pytest.raises(UserError):
            read_predictions(file)
    np.savez_compressed(file, **WHOLE)
    with pytest.raises(UserError, match="compressed"):
        read_predictions(file)
    np.savez(file, logits=LOGITS)
    with pytest.raises(UserError):
        read_predictions(file)
    with pytest.raises(UserError):
        read_predictions(tmp_path / "missing.npz")


def test_comes_without_torch():
    code = "import sys, resnet.evaluation.predictions; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT).returncode == 0
