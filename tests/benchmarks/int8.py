"""What 8-bit integers cost the shipped model in accuracy, and what their build costs.

    python -m tests.benchmarks.int8 --data IMAGENETTE224

Imports the data set that the shipped model learned from into a workspace of its own, builds as `--engine onnx-int8`
does, in a process that is watched (Linux), and evaluates both engines on the same validation pictures.
"""

import argparse
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from resnet.data.importing import import_dataset
from resnet.evaluation.evaluate import examine
from resnet.predictor import Predictor
from resnet.store import PROJECT, Store, read_json
from resnet.weights.find import find
from resnet.weights.folder import REPORT
from tests.benchmarks.measuring import watched

BUILD = "from resnet.predictor import Predictor; Predictor('', 'cpu', engine='{}')"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="Imagenette's folder, in the copy of 224 px")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        store = Store(Path(home))
        data = import_dataset(Path(options.data), store)
        wanted = read_json(find("", store) / REPORT)["data"]["id"]
        assert data.id == wanted, f"this data set is {data.id}, the shipped model learned from {wanted}"
        for engine in ("onnx", "onnx-int8"):
            build(engine, home)
        right = {engine: correct(engine, data, store) for engine in ("onnx", "onnx-int8")}
    full, int8 = right["onnx"], right["onnx-int8"]
    lost, won = int(np.sum(full & ~int8)), int(np.sum(int8 & ~full))
    points = 100 * (lost - won) / len(full)
    error = 100 * math.sqrt(lost + won) / len(full)  # of the difference of two counts on the same pictures
    print(f"right on {len(full)}: fp32 {full.mean():.2%}, int8 {int8.mean():.2%}")
    print(f"points lost: {points:.2f}, standard error {error:.2f} ({lost} right before, {won} right now)")


def build(engine: str, home: str) -> None:
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", BUILD.format(engine)], cwd=PROJECT, env={**os.environ, "RESNET_HOME": home}
    )
    peak = watched(process)
    assert process.returncode == 0
    print(f"build of {engine}: {time.perf_counter() - start:.1f} s, {peak.all:.0f} MB in all processes", flush=True)


def correct(engine: str, data: object, store: Store) -> np.ndarray:
    """bool (N): which validation pictures the engine has right."""
    found = examine(Predictor("", "cpu", store, engine), data, "val")
    return found.logits.argmax(axis=1) == found.targets


if __name__ == "__main__":
    main()
