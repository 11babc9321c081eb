"""The workspace: nothing half-written is ever read, ids never become other paths, locks end with their process."""

import errno
import itertools
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
    file_name,
    is_locked,
    mend,
    new_id,
    read_json,
    read_lines,
    replacing,
    replacing_folder,
    write_json,
)
from tests.faults import exchanges


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


KILLED = """
import sys
from pathlib import Path
from resnet import store
from resnet.store import replacing_folder, write_json
from tests.faults import Faults
if sys.argv[3] == "aside":
    store._exchange = lambda *_: False
folder = Path(sys.argv[1])
Faults(int(sys.argv[2]), "kill")
write_json(folder / "a.json", {"value": 2})
with replacing_folder(folder / "model") as made:
    for name in ("one", "two"):
        (made / name).write_text("new")
"""


@pytest.mark.parametrize("way", ["exchanged", "aside"])
def test_killed_at_every_write_files_and_folders_are_whole_and_old_or_new(tmp_path: Path, way: str):
    """At once where folders are exchanged in one step, else once the next process has mended what was left."""
    at_once = exchanges(tmp_path) and way == "exchanged"
    for at in itertools.count(1):
        folder = tmp_path / str(at)
        (folder / "model").mkdir(parents=True)
        for name in ("one", "two"):
            (folder / "model" / name).write_text("old")
        write_json(folder / "a.json", {"value": 1})
        ended = subprocess.run([sys.executable, "-c", KILLED, str(folder), str(at), way], cwd=PROJECT).returncode
        if at_once:
            assert sorted(os.listdir(folder / "model")) == ["one", "two"]
        mend(folder)
        assert sorted(os.listdir(folder)) == ["a.json", "model"]
        assert read_json(folder / "a.json")["value"] in (1, 2)
        assert sorted(os.listdir(folder / "model")) == ["one", "two"]
        assert len({(folder / "model" / name).read_text() for name in ("one", "two")}) == 1
        if ended == 0:
            break
        assert ended == -signal.SIGKILL
    assert at > 15


def test_what_a_killed_process_had_in_tmp_goes_and_what_living_ones_have_stays(store: Store):
    own = store.temporary()
    code = "import sys, time; from resnet.store import Store; "
    code += "print(Store.open(sys.argv[1]).temporary(), flush=True); time.sleep(60)"
    words = [sys.executable, "-c", code, str(store.root)]
    process = subprocess.Popen(words, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    other = Path(process.stdout.readline().strip())
    (other / "pictures").mkdir()
    assert store.temporary().is_dir() and own.is_dir() and (other / "pictures").is_dir()
    process.kill()
    process.communicate()
    store.temporary()
    assert own.is_dir() and not other.exists()
    assert len(list((store.root / "processes").iterdir())) == 2  # this process's, and the one of changing


def test_a_file_system_without_locks_is_told_and_not_waited_for(tmp_path: Path, monkeypatch):
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("resnet.store.fcntl.lockf", refuse)
    with pytest.raises(OSError, match="No locks available"):
        Lock(tmp_path / "lock").acquire(patience=60)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"7", b"\xff", b"[" * 100_000, b'{"format": 2}'])
def test_what_is_no_json_object_of_ours_is_a_value_error(tmp_path: Path, content: bytes):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(ValueError):
        read_json(tmp_path / "a.json")


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


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("ants & bees/2", "ants-bees-2"),
        ("../../etc", "etc"),
        ("鸟类 模型", "鸟类-模型"),
        ("résumé.v1", "résumé.v1"),
        ("-rf *", "rf"),
        ("???", "model"),
        ("x" * 300, "x" * 100),
        ("鸟" * 100, "鸟" * 33),
    ],
)
def test_a_name_becomes_the_name_of_a_file(name, file):
    assert file_name(name) == file
