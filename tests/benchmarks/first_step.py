"""From the click to the first step of a run: by a worker that waits, and by one that is started for it.

    python -m tests.benchmarks.first_step --data FOLDER [--model resnet18d.imagenette] [--modes head full] [--runs 5]

Seconds from the call of `resnet.jobs.start` until status.json tells of a step (8 pictures in `head`, a batch in
`full`), looked at every 2 ms. The data set is imported, its files are in the disk's cache. The command line is measured
from the start of `python -m resnet train`. All ways in turn; the first turn warms up and is left out.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from resnet import jobs
from resnet.data.importing import import_dataset
from resnet.jobs.launcher import Workers
from resnet.settings import TrainSettings
from resnet.store import PROJECT, Store, folders
from resnet.weights.find import default_model
from tests.benchmarks.measuring import spread
from tests.waiting import until


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default=str(default_model()))
    parser.add_argument("--modes", nargs="+", default=["head", "full"])
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        store = Store.open(home)
        data = import_dataset(options.data, store).id
        for mode in options.modes:
            settings = TrainSettings(data, options.model, mode, epochs=1)
            times = [[way(store, settings) for way in WAYS.values()] for _ in range(options.runs + 1)][1:]
            for name, seconds in zip(WAYS, zip(*times, strict=True), strict=True):
                print(f"{mode}, {name}: {spread(seconds)} s to the first step", flush=True)


def waiting(store: Store, settings: TrainSettings) -> float:
    jobs.runs.workers = workers = Workers()
    workers.keep_one_ready()
    until(lambda: workers.ready() is not None)
    print(f"a worker waits, {workers.ready()} MB", file=sys.stderr)
    return new(store, settings)


def new(store: Store, settings: TrainSettings) -> float:
    start = time.perf_counter()
    folder = store.runs / jobs.start(store, settings)
    return stepped(store, folder, start)


def command(store: Store, settings: TrainSettings) -> float:
    known = set(folders(store.runs))
    words = ["--data", settings.data, "--model", settings.model, "--mode", settings.mode, "--epochs", "1"]
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "resnet", "train", *words],
        cwd=PROJECT,
        env={**os.environ, "RESNET_HOME": str(store.root)},
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    begun = look(lambda: set(folders(store.runs)) - known)
    seconds = stepped(store, begun.pop(), start)
    process.wait()
    return seconds


def stepped(store: Store, folder: Path, start: float) -> float:
    """Seconds since `start` at the first step of a run, which is then ended."""
    look(lambda: jobs.status(folder)["step"])
    seconds = time.perf_counter() - start
    jobs.stop(store, folder.name)
    until(lambda: jobs.status(folder)["state"] not in jobs.ALIVE)
    assert jobs.status(folder)["state"] in ("stopped", "done"), jobs.status(folder)
    jobs.shutdown()
    return seconds


def look(found: Callable[[], object]) -> object:
    while not (thing := found()):
        time.sleep(0.002)
    return thing


WAYS = {"waiting worker": waiting, "new worker": new, "command line": command}

if __name__ == "__main__":
    main()
