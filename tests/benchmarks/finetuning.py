"""A small data set, tuned: `python -m resnet train` beside fastai, from the same start weights, on the same pictures.

    python -m tests.benchmarks.finetuning --data HYMENOPTERA [--seeds 5] [--size 224]    (needs fastai, tried with 2.8)

head: ours from a folder of files to the report: the whole command, cold; and import and run by a worker that waits, as
the page does it. fastai: three epochs with the body frozen, from the data
loaders to the last validation, its imports not counted.
full: what one more epoch of all layers takes, the validation after it included; ours of a run's own lines, the second
epoch's; fastai's second. All in turn, in every seed's round. All processes have the same cores.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from resnet import jobs
from resnet.jobs.launcher import Workers
from resnet.predictor import built
from resnet.store import PROJECT, Store, read_lines
from resnet.weights.find import default_model
from tests.benchmarks.measuring import quotients, spread, timed
from tests.waiting import until

START = "resnet18d.imagenette"

FASTAI = """
import json, random, sys, time
import numpy, torch
from fastai.callback.core import Callback
from fastai.vision.all import (
    CrossEntropyLossFlat, FlipItem, ImageDataLoaders, Normalize, RandomResizedCrop, accuracy, set_seed, vision_learner
)
from timm.models import load_state_dict
data, start, size, seed, mode = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
weights = load_state_dict(f"{start}/model.safetensors")
weights = {name: value.float() for name, value in weights.items() if not name.startswith("fc.")}
begin = time.perf_counter()
set_seed(seed, reproducible=True)
loaders = ImageDataLoaders.from_folder(
    data, train="train", valid="val", seed=seed, bs=32, item_tfms=[RandomResizedCrop(size, min_scale=0.35), FlipItem()],
    batch_tfms=[Normalize.from_stats([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])],
)
learner = vision_learner(loaders, "resnet18d", pretrained=False, normalize=False, metrics=accuracy)
learner.model[0].model.load_state_dict(weights)
ends = []
class Clock(Callback):
    def after_epoch(self): ends.append(time.perf_counter())
with learner.no_bar(), learner.no_logging():
    if mode == "head":
        learner.freeze()
        learner.fit_one_cycle(3, 2e-3, cbs=Clock())
    else:
        learner.unfreeze()
        learner.fit_one_cycle(2, slice(1e-5, 1e-3), cbs=Clock())
right = round(float(learner.recorder.values[-1][-1]) * len(loaders.valid_ds))
print(json.dumps({"total": ends[-1] - begin, "epoch": ends[-1] - ends[-2], "right": right, "n": len(loaders.valid_ds)}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="a folder with train/ and val/ over class folders")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--size", type=int, default=224)
    options = parser.parse_args()
    rows = [measure(options, seed) for seed in range(options.seeds)]
    for mode, unit, ways in (
        ("head", "total", ("fastai head", "cold", "waiting")),
        ("full", "epoch", ("fastai full", "float32", "default")),
    ):
        for name in ways:
            seconds = spread([row[name][unit] for row in rows])
            right = f"; right {[row[name]['right'] for row in rows]}" if mode == "head" else ""
            print(f"{mode}, {name}: {seconds} s{right}")
        for name in ways[1:]:
            theirs, ours = ([row[way][unit] for row in rows] for way in (ways[0], name))
            print(f"{mode}, {name}, times the speed of fastai: {spread(quotients(theirs, ours))}")
    behind = statistics.mean(row["fastai head"]["right"] - row["cold"]["right"] for row in rows)
    print(f"head: pictures fewer right than fastai's, mean over seeds: {behind:+.1f} of {rows[0]['cold']['n']}")


def measure(options: argparse.Namespace, seed: int) -> dict[str, dict]:
    words = [options.data, str(PROJECT / "checkpoints" / START), str(options.size), str(seed)]
    found = {
        f"fastai {mode}": json.loads(output(sys.executable, "-c", FASTAI, *words, mode)) for mode in ("head", "full")
    }
    found["cold"], found["waiting"] = ours(options, seed, "head"), by_waiting_worker(options, seed)
    found["float32"] = ours(options, seed, "full", "--epochs", "2", "--precision", "float32")
    found["default"] = ours(options, seed, "full", "--epochs", "2")
    print(json.dumps(found), file=sys.stderr)
    return found


def ours(options: argparse.Namespace, seed: int, mode: str, *more: str) -> dict:
    """A run in a workspace of its own."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["RESNET_HOME"] = home
        words = ["--data", options.data, "--model", START, "--mode", mode, "--image-size", str(options.size), *more]
        results = []
        total = timed(
            lambda: results.append(
                output(sys.executable, "-m", "resnet", "train", *words, "--seed", str(seed), "--json", "-")
            )
        )
        result = json.loads(results[0])
        (metrics,) = Path(home).glob("*/runs/*/metrics.jsonl")
        ends = [line["time"] for line in read_lines(metrics) if "val_accuracy" in line]
        n = result["images"]["val"]
        return {"total": total, "epoch": ends[-1] - ends[-2], "right": round(result["val"]["accuracy"] * n), "n": n}


def by_waiting_worker(options: argparse.Namespace, seed: int) -> dict:
    with tempfile.TemporaryDirectory() as home:
        store, results = Store.open(home), []
        built.build(default_model(), store)  # as the app does when it is started: which engine is faster is known
        jobs.runs.workers = workers = Workers()
        workers.keep_one_ready()
        until(lambda: workers.ready() is not None)
        settings = {"mode": "head", "image_size": options.size, "seed": seed}
        total = timed(lambda: results.append(jobs.train(options.data, START, store=store, **settings)))
        jobs.shutdown()
        n = results[0]["images"]["val"]
        return {"total": total, "right": round(results[0]["val"]["accuracy"] * n), "n": n}


def output(*words: str) -> str:
    return subprocess.run(words, cwd=PROJECT, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    main()
