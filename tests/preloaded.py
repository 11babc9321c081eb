"""`python -m tests.preloaded`: workers by the hundred, in a process that has loaded torch already.

Each line on standard input is a JSON object {folder, fault, log}; it is answered with the id of a new process, a fork
in which the run's worker is at work, as `python -m resnet.worker FOLDER` would be. fault: [n, kind] of tests.faults,
or null. counted: a file for the number of writes that it took, once it has ended.

The network is a small one that is in no table, so that a save takes a moment.
"""

import gc
import importlib
import json
import os
import signal
import sys
import traceback
from pathlib import Path

from resnet.nn.variants import VARIANTS, Variant
from tests.faults import OPEN, Faults

TINY = "resnet10"
ROW = Variant("basic", (1, 1, 1, 1), 0.9, 4.9)  # of the table of variants


def serve() -> None:
    VARIANTS[TINY] = ROW
    for module in ("resnet.worker.run", "resnet.worker.__main__", "safetensors.numpy", "torch._dynamo"):
        importlib.import_module(module)
    importlib.import_module("resnet.worker.run").SAVE_COST = 0  # every epoch is saved, however short
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no zombies
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            work(Path(order["folder"]), order["fault"], order["counted"])
        print(child, flush=True)


def work(folder: Path, fault: list | None, counted: str) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    with OPEN(folder / "log.txt", "ab") as log, OPEN(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    faults = Faults(*(fault or ()))
    try:
        importlib.import_module("resnet.worker.__main__").main(folder)
    except BaseException:
        traceback.print_exc()
    finally:
        with OPEN(counted, "w") as file:
            file.write(str(faults.count))
        os._exit(0)


if __name__ == "__main__":
    serve()
