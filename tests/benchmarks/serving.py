"""What a training run and requests to classify cost each other on the same processor.

    python -m tests.benchmarks.serving --data FOLDER [--seconds 30] [--rounds 3]

An app is started as a process, and asked over plain HTTP with kept-alive connections: upload, call, event stream. In
each round: one request a second of a client alone; a training run alone (mode full, the app's own worker); both at
once. Told are the request's p50 and p95 in ms, idle and beside the run, and the run's steps/s, from its own count of
them, without and with requests.
"""

import argparse
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np

from resnet import jobs
from resnet.data.importing import import_dataset
from resnet.store import PROJECT, Store
from tests.benchmarks.cold_start import answer
from tests.benchmarks.measuring import spread
from tests.processes import free_port
from tests.waiting import until

EVERY = 1.0  # seconds from one request to the next


class App:
    """An app at work on a workspace that has a data set, and one client of it."""

    def __init__(self, home: str, data: Path) -> None:
        self.store, self.pictures = Store.open(home), sorted(path for path in data.rglob("*.jp*g"))
        self.data = import_dataset(data, self.store).id
        port = free_port()
        words = [sys.executable, "app.py", "--port", str(port), "--home", home]
        self.process = subprocess.Popen(words, cwd=PROJECT, stdout=subprocess.DEVNULL)
        self.address = f"http://127.0.0.1:{port}"
        until(lambda: answer(self.address, "classify", self.pictures[0], ["", 5]))
        self.client = httpx.Client(base_url=f"{self.address}/gradio_api", timeout=60)

    def end(self) -> None:
        self.client.close()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def call(self, endpoint: str, *data: object) -> list:
        event = self.client.post(f"/call/{endpoint}", json={"data": data}).json()["event_id"]
        told = self.client.get(f"/call/{endpoint}/{event}").text
        assert "event: complete" in told, told
        return json.loads(told.split("data: ")[-1])

    def classify(self, picture: Path) -> float:
        """Seconds for the answer to one picture, its upload included."""
        start = time.perf_counter()
        (path,) = self.client.post("/upload", files={"files": (picture.name, picture.read_bytes())}).json()
        self.call("classify", {"path": path, "meta": {"_type": "gradio.FileData"}}, "", 5)
        return time.perf_counter() - start

    def requests(self, seconds: float) -> list[float]:
        """One request a second: what each took."""
        times, end = [], time.monotonic() + seconds
        while (start := time.monotonic()) < end:
            times.append(self.classify(self.pictures[len(times) % len(self.pictures)]))
            time.sleep(max(0.0, EVERY - (time.monotonic() - start)))
        return times

    def train(self, model: str, seed: int) -> Path:
        """A run that is past its first steps."""
        settings = {"model": model, "mode": "full", "epochs": 1000, "seed": seed}
        folder = self.store.run(self.call("start_run", self.data, settings)[0]["run"])
        until(lambda: jobs.status(folder)["stage"] == "full" and jobs.status(folder)["step"] > 3)
        return folder

    def speed(self, folder: Path, meanwhile: Callable[[], object]) -> float:
        """Steps a second that a run takes meanwhile, a look at the validation part included."""
        before, start = jobs.status(folder), time.time()
        meanwhile()
        after = jobs.status(folder)
        assert after["state"] == "running", after
        return (after["step"] - before["step"]) / (after["updated"] - before["updated"] or time.time() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="resnet18d.imagenette")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        app = App(home, options.data)
        try:
            measure(app, options)
        finally:
            app.end()


def measure(app: App, options: argparse.Namespace) -> None:
    app.requests(5)  # the engine is built, and the worker loaded, before anything is timed
    until(lambda: (app.store.root / "engines").is_dir())
    time.sleep(20)
    idle, beside, alone, both = [], [], [], []
    for seed in range(options.rounds):
        idle += app.requests(options.seconds)
        folder = app.train(options.model, seed)
        alone.append(app.speed(folder, lambda: time.sleep(options.seconds)))
        both.append(app.speed(folder, lambda: beside.extend(app.requests(options.seconds))))
        app.call("stop_run", folder.name)
        until(lambda folder=folder: jobs.status(folder)["state"] not in jobs.ALIVE)
    for name, times in (("idle", idle), ("beside a run", beside)):
        middle, late = (1000 * np.quantile(times, share) for share in (0.5, 0.95))
        print(f"/classify, {name}: p50 {middle:.0f} ms, p95 {late:.0f} ms, n {len(times)}")
    print(
        f"p95 beside a run against idle: {np.quantile(beside, 0.95) / np.quantile(idle, 0.95):.2f} (aim: at most 2.5)"
    )
    lost = [1 - with_them / without for without, with_them in zip(alone, both, strict=True)]
    print(f"steps/s of the run alone {statistics.median(alone):.2f}, with requests {statistics.median(both):.2f}")
    print(f"share of its speed that requests take: {spread(lost)} (aim: at most 0.2)")


if __name__ == "__main__":
    main()
