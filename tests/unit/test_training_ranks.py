"""Two processes on one batch: what they learn and find together is what one would alone."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from resnet.data.importing import import_dataset
from resnet.errors import UserError
from resnet.predictor import group
from resnet.store import PROJECT, Store
from tests.processes import free_port


@pytest.fixture(scope="module")
def told(pictures, small_model, tmp_path_factory) -> dict:
    """What the first of two processes printed."""
    store = Store.open(tmp_path_factory.mktemp("ranks"))
    words = [sys.executable, "-m", "tests.two_ranks", str(store.root), import_dataset(pictures, store).id]
    common = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    ranks = [
        subprocess.Popen(
            [*words, str(small_model)],
            cwd=PROJECT,
            env={**os.environ, **common, "RANK": rank, "LOCAL_RANK": rank},
            stdout=subprocess.PIPE,
        )
        for rank in "01"
    ]
    printed, nothing = (process.communicate(timeout=300)[0] for process in ranks)
    assert nothing == b"" and [process.returncode for process in ranks] == [0, 0]
    return json.loads(printed)


@pytest.mark.parametrize("case", ["frozen", "augmented", "group norm", "batch norm"])
def test_losses_are_those_of_one_process_on_the_same_batches(told, case):
    """With batch norm, of one that normalises over the same groups of pictures."""
    found, expected = told["found"][case], told["expected"][case]
    assert found["images"] == expected["images"] == [8, 8, 7, 7]  # shares of 4 and 3 too
    assert np.abs(np.subtract(found["losses"], expected["losses"])).max() < 1e-5
    if case != "batch norm":  # whose running statistics are the ranks' mean, not what each share adds in turn
        assert np.abs(np.subtract(found["logits"], expected["logits"])).max() < 1e-4


def test_a_head_learns_the_same_from_features_that_were_shared_out(told):
    found, expected = told["found"]["head"], told["expected"]["head"]
    assert found["losses"] == pytest.approx(expected["losses"], abs=1e-6)
    assert np.abs(np.subtract(found["logits"], expected["logits"])).max() < 1e-5


def test_all_divide_where_one_is_out_of_memory(told):
    found = told["found"]["divided"]
    assert found["divided"] == [2]
    assert found["losses"] == pytest.approx(told["expected"]["frozen"]["losses"], abs=1e-5)


def test_resumed_in_between_they_end_in_the_same_bits(told):
    found, whole = told["found"]["resumed"], told["found"]["batch norm"]
    assert found["losses"] == whole["losses"][2:] and found["hash"] == whole["hash"]


def test_all_ranks_have_the_same_weights_to_the_bit(told):
    assert all(one == other for one, other in told["same"])


def test_evaluation_and_answers_are_those_of_one_process(told):
    found, expected = told["found"]["looks"], told["expected"]["looks"]
    assert_close(found, expected)


def assert_close(found: object, expected: object) -> None:
    """The same but for the last digits, which tell how many pictures were looked at at once."""
    if isinstance(expected, dict | list):
        assert type(found) is type(expected) and len(found) == len(expected)
        for key in expected if isinstance(expected, dict) else range(len(expected)):
            assert_close(found[key], expected[key])
    else:
        assert found == (pytest.approx(expected, rel=1e-4, abs=1e-6) if isinstance(expected, float) else expected)


def test_without_accelerate_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "accelerate", None)
    with pytest.raises(UserError, match="pip install accelerate"):
        group.Group("cpu")
