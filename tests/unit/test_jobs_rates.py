"""The search for a learning rate in a process of its own."""

import subprocess
import sys
from subprocess import PIPE

import pytest

from resnet.errors import UserError
from resnet.jobs import RateSearch
from resnet.settings import TrainSettings
from resnet.store import PROJECT, Lock, Store
from tests.waiting import until


def settings(data, model, **said: object) -> TrainSettings:
    return TrainSettings(data.id, str(model), "full", device="cpu", **said)


def test_a_search_tells_each_step_and_suggests(store: Store, data, small_model) -> None:
    search = RateSearch(store, settings(data, small_model))
    until(lambda: search.state != "running")
    assert search.state == "done", search.problem
    assert [point["step"] for point in search.points] == list(range(1, len(search.points) + 1))
    assert search.suggestion == min(search.points, key=lambda point: point["smoothed"])["rate"] / 10
    assert search.process.wait(60) == 0 and not store.runs.exists()


def test_a_search_that_is_stopped_gives_the_device_back(store: Store, data, small_model) -> None:
    search = RateSearch(store, settings(data, small_model))
    search.stop()
    assert search.state == "stopped"
    until(lambda: search.process.poll() is not None, 10)
    assert Lock(store.device_lock("cpu")).acquire()


def test_a_search_ends_with_whoever_started_it(store: Store, data, small_model) -> None:
    search = RateSearch(store, settings(data, small_model))
    search.process.stdin.close()
    until(lambda: search.process.poll() is not None)


def test_no_search_while_a_run_has_the_device_and_none_of_wrong_settings(store: Store, data, small_model) -> None:
    path = store.device_lock("cpu")
    code = f"from resnet.store import Lock, Path; lock = Lock(Path({str(path)!r})); print(lock.acquire()); input()"
    with subprocess.Popen([sys.executable, "-u", "-c", code], cwd=PROJECT, stdin=PIPE, stdout=PIPE) as run:
        run.stdout.readline()
        with pytest.raises(UserError, match="cpu is in use by a run"):
            RateSearch(store, settings(data, small_model))
        run.communicate(b"\n")
    with pytest.raises(UserError, match="dropout is 2"):
        RateSearch(store, settings(data, small_model, dropout=2))
    search = RateSearch(store, TrainSettings(data.id, str(small_model), "head", device="cpu"))
    until(lambda: search.state != "running")
    assert search.problem.key == "not_one_of"
