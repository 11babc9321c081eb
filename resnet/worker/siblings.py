"""The processes of a run on several devices of this machine."""

import contextlib
import importlib.util
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from resnet.data.batches import steps_per_epoch
from resnet.data.dataset import Dataset
from resnet.predictor.engines import launched
from resnet.settings import TrainSettings
from resnet.store import PROJECT
from resnet.text import Message

GRACE = 10  # seconds in which this process may find out by itself


def sharing_problems(settings: TrainSettings, data: Dataset) -> list[Message]:
    """What stands against sharing out the steps of resolved settings among several devices."""
    devices = max(settings.devices or 1, launched()[1])
    if devices == 1:
        return []
    problems = [] if importlib.util.find_spec("accelerate") else [Message("accelerate_missing")]
    images = len(data.part("train"))
    if settings.folds:  # about as many as the models of folds learn from
        images = min(images, (images + len(data.part("val"))) * (settings.folds - 1) // settings.folds)
    least = images // steps_per_epoch(images, settings.batch_size)
    if least < 2 * devices and settings.mode != "head":
        problems.append(Message("devices_too_many", {"devices": devices, "images": least}))
    return problems


@contextlib.contextmanager
def siblings(folder: Path, devices: int) -> Iterator[None]:
    """This process is the first of as many as there are devices; all end with any of them, however that ends.

    Where all of them were launched by somebody else, by accelerate or torchrun, there is nothing to do.
    """
    if devices == 1 or launched()[1] > 1:
        yield
        return
    threads = max(1, (os.cpu_count() or 1) // devices)
    together = {"WORLD_SIZE": devices, "LOCAL_WORLD_SIZE": devices, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": _port()}
    common = {"OMP_NUM_THREADS": threads, **os.environ, **together}
    words = [sys.executable, "-m", "resnet.worker", str(folder)]
    processes = [
        subprocess.Popen(words, cwd=PROJECT, env=_environment(common, rank), stdin=subprocess.PIPE)
        for rank in range(1, devices)
    ]
    os.environ.update(_environment(common, 0))
    over = threading.Event()
    threading.Thread(target=_watch, args=(processes, over), name="siblings", daemon=True).start()
    try:
        yield
    finally:
        over.set()
        for process in processes:
            process.stdin.close()


def _watch(processes: list[subprocess.Popen], over: threading.Event) -> None:
    """Where one has failed, what waits for it is mostly told so; what is not, such as a GPU, would wait on."""
    while not over.wait(1):
        if any(process.poll() for process in processes) and not over.wait(GRACE):
            os._exit(1)


def _environment(common: dict, rank: int) -> dict[str, str]:
    return {name: str(value) for name, value in {**common, "RANK": rank, "LOCAL_RANK": rank}.items()}


def _port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def end_with_the_first() -> None:
    """This process is a sibling: where nobody holds the other end of its input any more, it ends."""

    def wait() -> None:
        sys.stdin.read()
        os._exit(1)

    threading.Thread(target=wait, name="the first process", daemon=True).start()
