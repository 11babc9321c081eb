"""The workspace: nothing half-written is ever read, ids never become other paths, locks end with their process."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from resnet.errors import UserError
from resnet.store import (
    PROJECT,
    Lock,
    Store,
    append_line,
    is_locked,
    new_id,
    read_json,
    read_lines,
    replacing,
    replacing_folder,
    write_json,
)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path):
    write_json(tmp_path / "a.json", {"value": 1})
    with pytest.raises(RuntimeError), replacing(tmp_path / "a.json") as temporary:
        temporary.write_text("{half")
        raise RuntimeError
    with pytest.raises(ValueError):
        write_json(tmp_path / "a.json", {"value": float("nan")})
    assert read_json(tmp_path / "a.json") == {"value": 1}
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path: Path):
    for content in ("old", "new"):
        with replacing_folder(tmp_path / "model") as temporary:
            (temporary / content).write_text(content)
    with pytest.raises(RuntimeError), replacing_folder(tmp_path / "model") as temporary:
        (temporary / "third").touch()
        raise RuntimeError
    assert os.listdir(tmp_path) == ["model"]
    assert os.listdir(tmp_path / "model") == ["new"]


def test_half_a_line_is_passed_over_and_closed_off(tmp_path: Path):
    path = tmp_path / "metrics.jsonl"
    assert read_lines(path) == []
    append_line(path, {"step": 1})
    with open(path, "a") as file:
        file.write('{"step": 2, "los')  # a worker killed in the middle
    assert read_lines(path) == [{"step": 1}]
    append_line(path, {"step": 3})
    assert read_lines(path) == [{"step": 1}, {"step": 3}]


@pytest.mark.parametrize("reference", ["../secrets", "/etc", "..", "", "a/b", "*", "0" * 15, "\0"])
def test_references_never_become_other_paths(store: Store, reference: str):
    store.runs.mkdir(parents=True)
    (store.root / "secrets").mkdir()
    with pytest.raises(UserError):
        store.run(reference)


def test_runs_are_found_by_id_name_and_unique_beginning(store: Store):
    for run_id, name in (("0123456789abcdef", "ants"), ("01fedcba98765432", "bees"), ("a" * 16, "bees again")):
        (store.runs / run_id).mkdir(parents=True)
        write_json(store.runs / run_id / "name.json", {"name": name})
    assert store.run("0123").name == "0123456789abcdef"
    assert store.run("ants").name == store.run("an").name == "0123456789abcdef"
    assert store.run("bees").name == "01fedcba98765432"  # whole names come before beginnings
    with pytest.raises(UserError, match="fits more than one: 0123456789abcdef, 01fedcba98765432"):
        store.run("01")


def test_ids_are_unguessable():
    assert len({new_id() for _ in range(1000)}) == 1000


def test_owners_are_plain_names(tmp_path: Path):
    with pytest.raises(ValueError):
        Store.open(tmp_path, owner="../other")


def test_a_lock_ends_with_its_process_however_that_ends(tmp_path: Path):
    path = tmp_path / "lock"
    assert not is_locked(path)
    code = "import time; from resnet.store import *; "
    code += f"lock = Lock(Path({str(path)!r})); print(lock.acquire()); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-uc", code], cwd=PROJECT, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"True\n"
    assert is_locked(path)
    assert not Lock(path).acquire(patience=0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert not is_locked(path)
    lock = Lock(path)
    assert lock.acquire()
    lock.release()


def test_every_json_of_ours_says_its_format(data):
    for file in data.folder.glob("*.json"):
        assert json.loads(file.read_text())["format"] == 1
