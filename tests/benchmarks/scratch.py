"""From random weights: `python -m resnet train --mode scratch` as it chooses, and fastai's recipe on the same pictures.

    python -m tests.benchmarks.scratch --data FOLDER --model resnet18d --size 128 --epochs 5 [--seeds N] [--fastai]
    python -m tests.benchmarks.scratch --data FOLDER --model resnet20_cifar --size 32 --epochs 20

FOLDER: train/ and val/ (or test/, where there is no val/) over class folders; all of train/ is learned from. cifar10
instead of it: torchvision's data set, downloaded to the working directory. Prints the accuracy on the other part,
which has no say in anything, and the seconds of an epoch and of the whole command. What follows the options that are
named here goes to `train`.

--fastai: its Imagenette leaderboard's recipe (github.com/fastai/imagenette, examples/train_imagenette.py): xresnet50
with Mish and simple self-attention, Ranger at 8e-3 flat and then falling by a cosine, batches of 64. Needs fastai,
tried with 2.8.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from torchvision.datasets import CIFAR10

from resnet.store import PROJECT, read_lines
from tests.benchmarks.measuring import timed

FASTAI = """
import json, sys, time
from functools import partial
from fastai.vision.all import *
data, size, epochs, seed = sys.argv[1], *map(int, sys.argv[2:])
set_seed(seed, reproducible=True)
loaders = ImageDataLoaders.from_folder(
    data, train="train", valid="val", seed=seed, bs=64, item_tfms=[RandomResizedCrop(size, min_scale=0.35), FlipItem()],
    batch_tfms=[Normalize.from_stats(*imagenet_stats)],
)
network = xresnet50(n_out=loaders.c, act_cls=Mish, sa=True)
ranger = partial(ranger, mom=0.95, sqr_mom=0.99, eps=1e-6)
learner = Learner(loaders, network, LabelSmoothingCrossEntropy(), ranger, metrics=accuracy)
ends = [time.perf_counter()]
class Clock(Callback):
    def after_epoch(self): ends.append(time.perf_counter())
with learner.no_bar(), learner.no_logging():
    learner.fit_flat_cos(epochs, 8e-3, wd=1e-2, cbs=Clock())
accuracies = [float(values[-1]) for values in learner.recorder.values]
print(json.dumps({"accuracies": accuracies, "epoch": ends[-1] - ends[-2], "total": ends[-1] - ends[0]}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--data", required=True, help="a folder of train/ and val/ or test/, or cifar10")
    parser.add_argument("--model", default="resnet18d")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--fastai", action="store_true")
    options, more = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        data = with_val(
            fetched(Path(folder)) if options.data == "cifar10" else Path(options.data), Path(folder) / "data"
        )
        peers = {"ours": lambda seed: ours(options, more, data, seed)}
        if options.fastai:
            peers["fastai"] = lambda seed: fastai(options, data, seed)
        for name, peer in peers.items():
            found = [peer(seed) for seed in range(options.seeds)]
            last = [each["accuracies"][-1] for each in found]
            print(f"{name}: {statistics.mean(last):.2%} {[f'{accuracy:.2%}' for accuracy in last]}, after each epoch:")
            for each in found:
                print("  ", *(f"{accuracy:.1%}" for accuracy in each["accuracies"]), end="; ")
                print(f"{each['epoch']:.0f} s an epoch, {each['total']:.0f} s in all", flush=True)


def ours(options: argparse.Namespace, more: list[str], data: Path, seed: int) -> dict:
    """A run in a workspace of its own: the last accuracy is its report's."""
    with tempfile.TemporaryDirectory() as home:
        words = ["--mode", "scratch", "--model", options.model, "--data", str(data), "--image-size", str(options.size)]
        words += ["--epochs", str(options.epochs), "--seed", str(seed), *more]
        command = [sys.executable, "-m", "resnet", "train", *words, "--json", "-"]
        outputs, environment = [], {**os.environ, "RESNET_HOME": home}
        total = timed(lambda: outputs.append(subprocess.check_output(command, cwd=PROJECT, env=environment)))
        (metrics,) = Path(home).glob("*/runs/*/metrics.jsonl")
        ends = [line for line in read_lines(metrics) if "val_accuracy" in line]
        accuracies = [line["val_accuracy"] for line in ends[:-1]]
        epoch = ends[-1]["time"] - ends[-2]["time"] if len(ends) > 1 else total
        return {"accuracies": [*accuracies, json.loads(outputs[0])["val"]["accuracy"]], "epoch": epoch, "total": total}


def fastai(options: argparse.Namespace, data: Path, seed: int) -> dict:
    words = [str(data), str(options.size), str(options.epochs), str(seed)]
    return json.loads(subprocess.check_output([sys.executable, "-c", FASTAI, *words]))


def with_val(source: Path, target: Path) -> Path:
    """A folder whose train/ and val/ are those of `source`, or its test/ where it has no val/, without copies."""
    for part, own in (("train", "train"), ("val", "val" if (source / "val").is_dir() else "test")):
        for path in (source / own).glob("*/*"):
            (target / part / path.parent.name).mkdir(parents=True, exist_ok=True)
            os.symlink(path.resolve(), target / part / path.parent.name / path.name)
    return target


def fetched(folder: Path) -> Path:
    """CIFAR-10 as torchvision has it, as PNG files, which lose nothing."""
    for part in ("train", "test"):
        data = CIFAR10(".", train=part == "train", download=True)
        for index, (picture, target) in enumerate(data):
            place = folder / "cifar10" / part / data.classes[target]
            place.mkdir(parents=True, exist_ok=True)
            picture.save(place / f"{index}.png")
    return folder / "cifar10"


if __name__ == "__main__":
    main()
