"""A worker that is loaded ahead of its run: as good as any, it outlives its app, and ends with it before it has one."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from resnet import jobs
from resnet.data.dataset import Dataset
from resnet.jobs.launcher import Workers
from resnet.settings import TrainSettings
from resnet.store import PROJECT, Lock, Store, is_locked
from tests.waiting import until

APP = """
import sys
from resnet import jobs
from resnet.settings import TrainSettings
from resnet.store import Store
from tests.waiting import until
jobs.launcher.NICE = 0  # or it takes its time
jobs.workers.keep_one_ready()
until(lambda: jobs.workers.waiting)
pid = jobs.workers.waiting.process.pid
if len(sys.argv) > 1:
    home, data, model = sys.argv[1:]
    print(jobs.start(Store.open(home), TrainSettings(data, model, device="cpu")))
print(pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def settings(data: Dataset, small_model: Path) -> TrainSettings:
    return TrainSettings(data.id, str(small_model), "auto", epochs=2, head_epochs=2, device="cpu")


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workers]:
    workers = Workers()
    monkeypatch.setattr("resnet.jobs.runs.workers", workers)
    yield workers
    jobs.shutdown()


@pytest.fixture
def busy(store: Store) -> Iterator[Lock]:
    """The CPU is taken, so that a started run stays in the queue."""
    lock = Lock(store.device_lock("cpu"))
    assert lock.acquire()
    yield lock
    lock.release()


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_its_run_ends_in_the_same_bits_and_tells_estimates_what_it_took(store, settings, workers):
    cold = store.runs / jobs.start(store, settings)
    until(lambda: jobs.status(cold)["state"] not in jobs.ALIVE)
    workers.keep_one_ready()
    until(lambda: workers.ready() is not None)
    waiting = workers.waiting.process
    if Path("/proc").exists():
        assert workers.ready() > 50
    folder = store.runs / jobs.start(store, replace(settings, name="warm"))
    assert workers.launched[folder] is waiting and workers.ready() is None
    until(lambda: jobs.status(folder)["state"] not in jobs.ALIVE)
    assert [jobs.status(run)["state"] for run in (cold, folder)] == ["done", "done"]
    weights = [(run / "model" / "model.safetensors").read_bytes() for run in (cold, folder)]
    assert weights[0] == weights[1]
    until(lambda: workers.waiting)  # the next
    took = jobs.read_report(folder)["summary"]["seconds"]["total"]
    assert jobs.estimate(store, jobs.plan(store, settings)) == pytest.approx(took)


@pytest.mark.skipif(not hasattr(os, "getpriority"), reason="Windows knows classes of priority")
def test_workers_make_way_for_all_else(store, settings, busy, workers, monkeypatch):
    monkeypatch.setattr("resnet.jobs.launcher.NICE", 7)
    folder = store.runs / jobs.start(store, settings)
    process = workers.launched[folder]
    assert os.getpriority(os.PRIO_PROCESS, process.pid) == os.nice(0) + 7
    group = Path(f"/proc/{process.pid}/autogroup")
    assert not group.exists() or group.read_text().endswith(f"nice {os.nice(0) + 7}\n")


def test_what_it_prints_goes_to_its_runs_log(store, settings, busy, workers):
    workers.keep_one_ready()
    until(lambda: workers.waiting)
    folder = store.runs / jobs.start(store, settings)
    until(lambda: is_locked(folder / "lock"))
    folder.rename(store.root / "elsewhere")
    workers.launched[folder].wait(60)
    assert "was deleted, or moved away" in (store.root / "elsewhere" / "log.txt").read_text()


def test_where_it_died_a_new_one_takes_the_run(store, settings, busy, workers):
    workers.keep_one_ready()
    until(lambda: workers.waiting)
    dead = workers.waiting.process
    dead.kill()
    dead.wait()
    folder = store.runs / jobs.start(store, settings)
    until(lambda: is_locked(folder / "lock"))
    assert workers.launched[folder] is not dead


def test_with_a_run_it_outlives_a_killed_app_and_without_one_it_ends(store, settings, busy):
    def app(*words: str) -> tuple[list[str], int]:
        pipe = subprocess.PIPE
        process = subprocess.Popen([sys.executable, "-c", APP, *words], cwd=PROJECT, stdin=pipe, stdout=pipe, text=True)
        said = [process.stdout.readline().strip() for _ in range(1 + bool(words))]
        process.kill()
        process.communicate()
        return said, int(said[-1])

    _, idle = app()
    (run, _), worker = app(str(store.root), settings.data, settings.model)
    folder = store.runs / run
    until(lambda: is_locked(folder / "lock"))
    assert jobs.status(folder)["state"] == "queued"
    until(lambda: gone(idle))
    assert not gone(worker)
    os.kill(worker, signal.SIGTERM)
    until(lambda: jobs.status(folder)["state"] == "stopped" and gone(worker))


def test_it_ends_when_the_app_does(workers):
    workers.keep_one_ready()
    until(lambda: workers.waiting)
    waiting = workers.waiting.process
    assert jobs.shutdown() == []
    assert waiting.wait(60) == 0 and workers.waiting is None
