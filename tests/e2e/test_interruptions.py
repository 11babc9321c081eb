"""Any interruption: killed at any moment, refused at any write, a run loses nothing and ends in the same bits.

`python -m pytest -m slow -n 0 tests/e2e/test_interruptions.py` kills 200 times, and fails every single write once in
each of six ways; the default run does a few of each. Every interruption is followed by a look at all that must still be
there: the data set, byte by byte, the earlier model, the list of runs, the reports. In the end each run is resumed, and
what it delivers must be that of the run that was never interrupted.

Most workers here are forks of a process that has torch loaded (tests/preloaded.py).
"""

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from resnet import jobs
from resnet.data.dataset import Dataset
from resnet.data.importing import import_dataset
from resnet.data.samples import draw
from resnet.errors import UserError
from resnet.nn.variants import VARIANTS
from resnet.settings import TrainSettings
from resnet.store import PROJECT, Lock, Store, is_locked, mend, new_id, read_json, read_lines, write_json
from resnet.weights.folder import WEIGHTS, read_config
from resnet.worker import checkpoint
from resnet.worker.record import read_status
from tests.faults import KINDS, exchanges
from tests.preloaded import ROW, TINY
from tests.waiting import until

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="workers are forked here, which Windows cannot")

DISK = {"run_disk_full", "run_machine_refuses"}  # the sentences that name a disk's refusal
OUTSIDE = ("time", "images_per_second")  # of a line of metrics; all else is the run's own
STAGES = ("features", "head", "full", "evaluate")  # of a run of both kinds of learning


class Workers:
    """Starts workers in place of jobs' own launcher; the next one with a fault, where one is set."""

    def __init__(self, place: Path) -> None:
        words = [sys.executable, "-m", "tests.preloaded"]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        self.server = subprocess.Popen(
            words, cwd=PROJECT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.counted, self.fault, self.process = place / "counted", None, 0

    def launch(self, folder: Path) -> None:
        self.counted.unlink(missing_ok=True)
        order = {"folder": str(folder), "fault": self.fault, "counted": str(self.counted)}
        self.server.stdin.write(json.dumps(order) + "\n")
        self.server.stdin.flush()
        self.process, self.fault = int(self.server.stdout.readline()), None

    def alive(self) -> bool:
        return Path(f"/proc/{self.process}").exists() if Path("/proc").exists() else _signalled(self.process, 0)

    def kill(self) -> None:
        _signalled(self.process, signal.SIGKILL)
        self.wait()

    def wait(self) -> None:
        until(lambda: not self.alive())


def _signalled(process: int, number: int) -> bool:
    try:
        os.kill(process, number)
    except ProcessLookupError:
        return False
    return True


@dataclass
class Lab:
    """A workspace with a data set, runs on it, and what must be true of them."""

    store: Store
    workers: Workers
    settings: TrainSettings
    pictures: dict[Path, str]  # of the data set: hashes
    at_once: bool  # folders are exchanged in one step here, so that there is nothing to mend

    def start(self, **changes: object) -> Path:
        return self.store.runs / jobs.start(self.store, replace(self.settings, name=new_id(), **changes))

    def resume(self, folder: Path, fault: list | None = None) -> None:
        """Resume, as soon as the run is known to be lost where it was killed before it said anything."""
        self.age(folder)
        self.workers.fault = fault
        jobs.resume(self.store, folder.name)

    def age(self, folder: Path) -> None:
        """As if the worker of a queued run had been launched long ago."""
        if read_status(folder)["state"] == "queued":
            write_json(folder / "status.json", {**read_json(folder / "status.json"), "launched": 0.0})

    def ended(self, folder: Path) -> str:
        self.workers.wait()
        return jobs.status(folder)["state"]

    def finish(self, folder: Path) -> None:
        self.resume(folder)
        assert self.ended(folder) == "done", (jobs.status(folder), (folder / "log.txt").read_text())

    def copy(self, folder: Path) -> Path:
        """The run `folder` once more, under another id."""
        twin = self.store.runs / new_id()
        shutil.copytree(folder, twin)
        return twin

    def look(self, folder: Path, models: set[str]) -> None:
        """All that must be there after an interruption: the data set, the run in the list, its report, its model."""
        assert hashes(self.store.datasets) == self.pictures
        (run,) = [run for run in jobs.list_runs(self.store) if run["run"] == folder.name]
        assert run["state"] != "damaged", run["message"]
        jobs.read_report(folder)
        if not self.at_once:
            mend(folder)
        if models:
            read_config(folder / "model")
            assert sha256(folder / "model" / WEIGHTS) in models
        state, damaged = checkpoint.load(folder / "last")
        assert damaged == 0 and (state or not models)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def hashes(folder: Path) -> dict[Path, str]:
    """Of all files but decoded pictures, which come and go."""
    return {path: sha256(path) for path in folder.rglob("*") if path.is_file() and path.parent.name != "cache"}


def curve(folder: Path) -> list[dict]:
    lines = read_lines(folder / "metrics.jsonl")
    return [{name: value for name, value in line.items() if name not in OUTSIDE} for line in lines]


def same(folder: Path, reference: Path) -> bool:
    """Whether model, predictions and curves are the same in every bit, and nothing lies about."""
    with np.load(folder / "predictions.npz") as own, np.load(reference / "predictions.npz") as other:
        predictions = all(np.array_equal(own[name], other[name]) for name in other.files)
    weights = sha256(folder / "model" / WEIGHTS) == sha256(reference / "model" / WEIGHTS)
    listed = [sorted(path.name for path in run.iterdir()) for run in (folder, reference)]
    return predictions and weights and curve(folder) == curve(reference) and listed[0] == listed[1]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    place = tmp_path_factory.mktemp("interruptions")
    draw(place / "shapes", per_class=4)
    store, workers = Store.open(place / "workspace"), Workers(place)
    data = import_dataset(place / "shapes", store)
    settings = TrainSettings(
        data.id, TINY, mode="scratch", epochs=3, image_size=32, train_size=32, batch_size=8, device="cpu"
    )
    settings = replace(settings, precision="float32", head_epochs=None)
    launch, jobs.workers.launch = jobs.workers.launch, workers.launch
    VARIANTS[TINY] = ROW
    yield Lab(store, workers, settings, hashes(store.datasets), exchanges(store.temporary()))
    jobs.workers.launch = launch
    del VARIANTS[TINY]
    workers.server.stdin.close()
    workers.server.wait(60)


@pytest.fixture(scope="module")
def begun(lab: Lab) -> Path:
    """A run from random weights that is both stages' start: finished, so that it has a model."""
    folder = lab.start()
    assert lab.ended(folder) == "done", (folder / "log.txt").read_text()
    return folder


@pytest.fixture(scope="module")
def reference(lab: Lab, begun: Path) -> Path:
    """A run of both stages that nobody interrupts; tuned from the one before."""
    folder = lab.start(model=begun.name, mode="auto", head_epochs=2)
    assert lab.ended(folder) == "done", (folder / "log.txt").read_text()
    return folder


@pytest.fixture(scope="module")
def stopped(lab: Lab, begun: Path, reference: Path) -> Path:
    """The same run, stopped half-way: it has an earlier model, a report and saves. Never resumed; copied."""
    folder = lab.start(model=begun.name, mode="auto", head_epochs=2, seed=0)
    until(
        lambda: any(line["stage"] == "full" for line in read_lines(folder / "metrics.jsonl")) or not lab.workers.alive()
    )
    jobs.stop(lab.store, folder.name)
    assert lab.ended(folder) == "stopped", "it was too quick to be stopped"
    return folder


@pytest.fixture(scope="module")
def writes(lab: Lab, stopped: Path, reference: Path) -> int:
    """How many writes a resume takes that goes on to the end."""
    folder = lab.copy(stopped)
    lab.finish(folder)
    assert same(folder, reference)
    return int(lab.workers.counted.read_text())


def refused(lab: Lab, stopped: Path, reference: Path, writes: int, at: int, kind: str) -> str:
    """Resume a stopped run whose `at`-th write goes wrong; all is there, and the next resume ends as it should."""
    folder = lab.copy(stopped)
    lab.resume(folder, [at, kind])
    state = lab.ended(folder)
    status = jobs.status(folder)
    told = (status["message"] or {}).get("key")
    assert (state, told) in {("failed", key) for key in DISK} | {("lost", "run_lost"), ("queued", None), ("done", None)}
    if kind in ("ENOSPC", "EDQUOT", "EIO") and state != "done":
        # not so where it is at its first words, or the room for its last words is given up already
        assert told in DISK or not 20 <= at < 0.8 * writes, (at, kind, state)  # their number varies a little
    lab.look(folder, {sha256(run / "model" / WEIGHTS) for run in (stopped, reference)})
    if state == "done":
        mend(folder)  # of what could not be deleted
    else:
        lab.finish(folder)
    assert same(folder, reference), (at, kind)
    shutil.rmtree(folder)
    return state


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_a_write_that_fails_or_is_killed_loses_nothing(lab, stopped, reference, writes, share):
    at = 1 + int(share * writes)
    refused(lab, stopped, reference, writes, at, KINDS[at % len(KINDS)])


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_write_fails_or_is_killed_once(lab, stopped, reference, writes, kind, capsys):
    states = Counter(refused(lab, stopped, reference, writes, at, kind) for at in range(1, writes + 30))
    with capsys.disabled():
        print(f"\n{kind} at each of {writes} writes: {dict(states)}")
    assert states["done"]  # those after the last write


# an import


IMPORT = """
import sys
from resnet.data.importing import import_dataset
from resnet.store import Store
from tests.faults import Faults
faults = Faults(int(sys.argv[3]), sys.argv[4])
try:
    import_dataset(sys.argv[1], Store.open(sys.argv[2]))
finally:
    print(faults.count)
"""


def import_with(lab: Lab, source: Path, at: int, kind: str) -> subprocess.CompletedProcess:
    words = [sys.executable, "-c", IMPORT, str(source), str(lab.store.root), str(at), kind]
    return subprocess.run(words, cwd=PROJECT, capture_output=True, text=True)


def import_refused(lab: Lab, source: Path, at: int, kind: str) -> None:
    """An import whose `at`-th write goes wrong leaves no half data set; the next one makes it, and cleans up."""
    ended = import_with(lab, source, at, kind)
    left = hashes(lab.store.datasets)
    data = import_dataset(source, lab.store)  # the same as ever
    made, records = hashes(lab.store.datasets), data.records
    jobs.delete_dataset(lab.store, data.id)
    assert left in (lab.pictures, made)
    assert len(records) == 6 and all(made[record.path] == record.sha256 for record in records)
    assert hashes(lab.store.datasets) == lab.pictures
    assert [path for path in (lab.store.root / "tmp").iterdir() if not path.name.startswith(own(lab.store))] == []
    if kind in ("ENOSPC", "EDQUOT") and ended.returncode != 0:
        assert "the disk" in ended.stderr.lower() or "No space left" in ended.stderr or "quota" in ended.stderr


def own(store: Store) -> str:
    """What begins the names of this process's temporary folders."""
    folder = store.temporary()
    folder.rmdir()
    return folder.name[:16]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six pictures of two classes, none of them in the lab's data set."""
    folder, noise = tmp_path_factory.mktemp("source"), np.random.default_rng(0)
    for label in ("ants", "bees"):
        (folder / label).mkdir()
        for number in range(3):
            pixels = noise.integers(0, 255, (32, 32, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / label / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def import_writes(lab: Lab, source: Path) -> int:
    ended = import_with(lab, source, 0, "kill")
    count = int(ended.stdout)
    assert count > 20, ended.stderr
    jobs.delete_dataset(lab.store, import_dataset(source, lab.store).id)
    return count


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_an_import_that_fails_or_is_killed_leaves_no_half_data_set(lab, source, import_writes, share):
    at = 1 + int(share * import_writes)
    import_refused(lab, source, at, KINDS[at % len(KINDS)])


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_write_of_an_import_fails_or_is_killed_once(lab, source, import_writes, kind):
    for at in range(1, import_writes + 2):
        import_refused(lab, source, at, kind)


# kills at any moment


class Kills:
    """Kills of every kind, and what came of them."""

    def __init__(
        self, lab: Lab, begun: Path, reference: Path, source: Path, writes: int, import_writes: int, seed: int
    ) -> None:
        self.lab, self.begun, self.reference, self.source = lab, begun, reference, source
        self.writes, self.import_writes = writes, import_writes
        self.draw = random.Random(seed)
        self.at, self.wrong = Counter(), Counter()  # stage -> kills; what went wrong -> how often

    def run(self, kills: int) -> None:
        """Runs, one after the other, each killed one to five times and resumed, with an import killed between."""
        while self.at.total() < kills:
            self._import()
            self._queue()
            self._one_run(min(self.draw.randint(1, 5), max(1, kills - self.at.total())))

    def _import(self) -> None:
        self.at["import"] += 1
        at = self.draw.randint(1, self.import_writes)
        self._note("lost data sets", lambda: import_refused(self.lab, self.source, at, "kill"))

    def _queue(self) -> None:
        """A worker is killed in the queue; its run is taken up and goes on, and is the next to be killed."""
        busy = Lock(self.lab.store.device_lock("cpu"))
        assert busy.acquire()
        self.folder = self.lab.start(model=self.begun.name, mode="auto", head_epochs=2)
        until(lambda: is_locked(self.folder / "lock"))
        self.lab.workers.kill()
        busy.release()
        self.at["queue"] += 1
        self._note("unreadable runs", lambda: self.lab.look(self.folder, set()))

    def _one_run(self, kills: int) -> None:
        for _ in range(kills):
            self._killed()
        self._note("failed resumes", self._finish)
        self._note("unequal bits", self._equal)
        shutil.rmtree(self.folder)

    def _killed(self) -> None:
        """Killed at one of its writes, or at any moment of one of its stages."""
        workers = self.lab.workers
        if jobs.status(self.folder)["state"] == "done":
            return
        if self.draw.random() < 0.5:  # writes that are left are fewer than a whole resume takes, so some are not met
            self.lab.resume(self.folder, [self.draw.randint(1, self.writes), self.draw.choice(("kill", "torn"))])
            workers.wait()
        else:
            self.lab.resume(self.folder)
            moment = self.draw.choice(STAGES)
            until(lambda: self._stage() == moment or not workers.alive())
            time.sleep(self.draw.uniform(0, 0.5))
            workers.kill()
        if jobs.status(self.folder)["state"] == "done":
            return  # it was quicker: no kill
        self.at[self._where()] += 1
        self._note("unreadable runs", lambda: self.lab.look(self.folder, set()))

    def _stage(self) -> str:
        return read_status(self.folder)["stage"]

    def _where(self) -> str:
        """Where in its work the run was killed."""
        if (self.folder / "last").is_dir() and list((self.folder / "last").glob(".*")):
            return "saving"
        draft = self.folder / ".draft"
        return "delivering" if (draft / "report.json").exists() else self._stage()

    def _finish(self) -> None:
        if jobs.status(self.folder)["state"] != "done":
            self.lab.finish(self.folder)

    def _equal(self) -> None:
        assert same(self.folder, self.reference)

    def _note(self, wrong: str, look: Callable[[], None]) -> None:
        try:
            look()
        except (AssertionError, UserError, OSError) as error:
            self.wrong[wrong] += 1
            print(f"{wrong}: {error!r}", file=sys.stderr)

    def summary(self) -> str:
        stages = "\n".join(f"    {stage:14} {count:4}" for stage, count in self.at.most_common())
        wrong = ("lost data sets", "unreadable runs", "failed resumes", "unequal bits")
        return "\n".join(
            [f"{self.at.total()} kills", stages, *(f"{self.wrong[name]} {name}" for name in wrong)],
        )


@pytest.mark.parametrize("kills", [5, pytest.param(180, marks=pytest.mark.slow)])
def test_killed_at_any_moment_nothing_is_lost(lab, begun, reference, source, writes, import_writes, kills, capsys):
    done = Kills(lab, begun, reference, source, writes, import_writes, seed=kills)
    done.run(kills)
    with capsys.disabled():
        print(f"\n{done.summary()}")
    assert not done.wrong


APP = """
import json, sys
from resnet import jobs
from resnet.settings import TrainSettings
from resnet.store import Store
store, asked = Store.open(sys.argv[1]), json.loads(sys.argv[2])
run = jobs.start(store, TrainSettings(**asked)) if isinstance(asked, dict) else jobs.resume(store, asked)
print(run, jobs.workers.launched[store.runs / run].pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.slow
def test_apps_that_are_killed_with_or_without_their_workers_lose_nothing(lab, small_model, capsys):
    """20 kills of real processes: an app alone, whose worker goes on, or both, after which another app resumes."""
    settings = replace(lab.settings, model=str(small_model), mode="full", epochs=4, image_size=48)
    draw, at, apps = random.Random(0), Counter(), []

    def launch(asked: dict | str) -> tuple[Path, int]:
        words = [sys.executable, "-c", APP, str(lab.store.root), json.dumps(asked)]
        apps.append(subprocess.Popen(words, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        run, worker = apps[-1].stdout.readline().split()
        return lab.store.runs / run, int(worker)

    def ended(folder: Path) -> str:
        until(lambda: jobs.status(folder)["state"] not in jobs.ALIVE)
        return jobs.status(folder)["state"]

    unbroken, _ = launch(asdict(replace(settings, name="unbroken")))
    assert ended(unbroken) == "done"
    for number in range(20):
        folder, worker = launch(asdict(replace(settings, name=f"killed {number}")))
        both, moment = number % 2 == 1, draw.choice(("queue", "start", "full", "evaluate"))
        until(lambda folder=folder, moment=moment: jobs.status(folder)["stage"] in (moment, "evaluate"))
        time.sleep(draw.uniform(0, 1))
        for process in (apps[-1].pid, *([worker] if both else [])):
            _signalled(process, signal.SIGKILL)
        apps[-1].communicate()
        at["both" if both else "app"] += 1
        if both:
            until(lambda worker=worker: not _signalled(worker, 0) or zombie(worker))
            lab.look(folder, set())
            lab.age(folder)
            if jobs.status(folder)["state"] != "done":
                launch(folder.name)
        assert ended(folder) == "done"
        assert same(folder, unbroken)
        shutil.rmtree(folder)
    for app in apps:
        app.kill()
        app.communicate()
    with capsys.disabled():
        print(f"\n{at['app']} kills of an app, {at['both']} of an app and its worker: all runs ended in the same bits")


def zombie(process: int) -> bool:
    """Whether a process is dead and only waits for its parent to take note; in a container nobody may."""
    stat = Path(f"/proc/{process}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.parametrize("delay", [0.1, *(pytest.param(delay, marks=pytest.mark.slow) for delay in (0, 0.2, 0.4))])
def test_told_to_end_before_its_first_step_a_run_is_stopped_and_goes_on_later(lab, begun, reference, delay):
    folder = lab.start(model=begun.name, mode="auto", head_epochs=2)
    time.sleep(delay)
    _signalled(lab.workers.process, signal.SIGTERM)
    state = lab.ended(folder)
    assert state in ("stopped", "queued"), jobs.status(folder)  # the latter: it was not listening yet
    assert "Traceback" not in (folder / "log.txt").read_text()
    lab.finish(folder)
    assert same(folder, reference)


@pytest.mark.skipif(not Path("/proc").exists(), reason="children are found in /proc")
def test_decoding_processes_that_are_killed_are_replaced(lab, begun):
    """The worker goes on with new ones, and to the same bits as with none at all."""
    alone = lab.start(model=begun.name, mode="full")
    assert lab.ended(alone) == "done"
    folder = lab.start(model=begun.name, mode="full")
    until(lambda: any(line["stage"] == "full" for line in read_lines(folder / "metrics.jsonl")))
    for child in children(lab.workers.process):
        _signalled(child, signal.SIGKILL)
    assert lab.ended(folder) == "done", (folder / "log.txt").read_text()
    assert sha256(folder / "model" / WEIGHTS) == sha256(alone / "model" / WEIGHTS)


def children(process: int) -> list[int]:
    listed = Path(f"/proc/{process}/task/{process}/children")
    return [int(child) for child in listed.read_text().split()] if listed.exists() else []


# damaged saves


@pytest.mark.parametrize(
    "newest",
    ["a flipped bit", "a folder", *(pytest.param(how, marks=pytest.mark.slow) for how in ("cut short", "empty"))],
)
def test_a_damaged_save_is_told_and_the_one_before_is_taken(lab, stopped, reference, newest):
    folder = lab.copy(stopped)
    saves = sorted((folder / "last").iterdir())
    assert len(saves) == 2
    spoil(saves[-1], newest)
    lab.finish(folder)
    assert jobs.status(folder)["message"]["key"] == "run_save_damaged"
    assert same(folder, reference)
    shutil.rmtree(folder)


def test_where_no_save_is_whole_the_run_begins_anew(lab, stopped, reference):
    folder = lab.copy(stopped)
    for save in (folder / "last").iterdir():
        spoil(save, "a flipped bit")
    lab.finish(folder)
    assert jobs.status(folder)["message"]["key"] == "run_saves_damaged"
    assert same(folder, reference)
    shutil.rmtree(folder)


def test_a_bit_that_flips_anywhere_in_a_save_is_noticed(stopped, tmp_path):
    """In the header, in the first and last tensor, in between; every byte of a small file."""
    state, _ = checkpoint.load(stopped / "last")
    few = {name: tensor for name, tensor in state[0].items() if tensor.nbytes < 200}
    checkpoint.save(tmp_path / "last", (few, state[1]))
    (path,) = (tmp_path / "last").iterdir()
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :])
        assert checkpoint.load(tmp_path / "last") == (None, 1), place
    path.write_bytes(whole)
    assert checkpoint.load(tmp_path / "last")[1] == 0


def spoil(path: Path, how: str) -> None:
    content = bytearray(path.read_bytes())
    path.unlink()
    if how == "a folder":
        path.mkdir()
    elif how == "a flipped bit":
        content[len(content) // 2] ^= 4
        path.write_bytes(content)
    else:
        path.write_bytes(content[: len(content) // 2 if how == "cut short" else 0])


# a data set that changes, a run that vanishes


CHANGES = [("gone", "picture_gone"), ("longer", "picture_changed"), ("other", "picture_changed")]


@pytest.mark.parametrize(("change", "told"), CHANGES)
def test_a_data_set_that_changed_is_told(lab, stopped, change, told):
    folder, data = lab.copy(stopped), Dataset.open(lab.store.dataset(lab.settings.data))
    path = data.part("val")[0].path
    content = path.read_bytes()
    other = bytearray(content)
    other[15] ^= 1  # its density: another file of the same size, that shows the same picture
    path.unlink()
    if change != "gone":
        path.write_bytes(other if change == "other" else content + b"0")
    try:
        lab.resume(folder)
        assert lab.ended(folder) == "failed"
        message = jobs.status(folder)["message"]
        assert message["key"] == told and path.name in message["english"]
    finally:
        path.write_bytes(content)
    if change == "gone":
        lab.finish(folder)
    shutil.rmtree(folder)


def test_a_run_that_is_moved_away_under_its_worker_leaves_no_ghost(lab, begun, tmp_path):
    folder = lab.start(model=begun.name, mode="full", epochs=1000)
    until(lambda: read_lines(folder / "metrics.jsonl"))
    folder.rename(lab.store.root / "elsewhere")
    lab.workers.wait()
    assert not folder.exists()
    assert "was deleted, or moved away" in (lab.store.root / "elsewhere" / "log.txt").read_text()
    (lab.store.root / "elsewhere").rename(folder)
    assert jobs.status(folder)["state"] == "lost"
    shutil.rmtree(folder)
