"""Accuracy of a small network that learns from our batches, against the usual pipeline, crop by crop.

    python -m tests.benchmarks.augmentation --data FOLDER_OR_ZIP [--size 32] [--train 4500] [--epochs 6] [--seeds 10]

The usual pipeline: torchvision's RandomResizedCrop and RandomHorizontalFlip on the whole picture, in Pillow. Both start
from the same weights, see the same pictures in the same order, and take the same steps; each draws its own crops. All
pictures of the data that are not learned from are looked at in the end. Differences are ours less the usual one's, by
seed: their mean with its 95 % interval (Student's t).
"""

import argparse
import tempfile
from collections.abc import Iterator

import numpy as np
import torch
from PIL import Image
from scipy import stats
from torch import Tensor
from torchvision import transforms

from resnet.data.batches import steps_per_epoch
from resnet.data.dataset import Dataset, Record
from resnet.data.decoder import fitted
from resnet.data.images import open_image
from resnet.data.importing import import_dataset
from resnet.nn.network import create
from resnet.predictor.torch_engine import TorchEngine, best_device
from resnet.settings import TrainSettings, resolve
from resnet.store import Store
from resnet.training.full import FullStage
from resnet.training.loader import Loader
from resnet.training.recipe import rate_at
from resnet.training.stage import Pictures
from resnet.weights.preprocessing import Preprocessing
from tests.benchmarks.measuring import timed

MODEL = "resnet20_cifar"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--train", type=int, default=4500)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--seeds", type=int, default=10)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        data = import_dataset(options.data, Store.open(home))
        shuffled = [data.records[index] for index in np.random.default_rng(0).permutation(len(data.records))]
        train, rest = shuffled[: options.train], shuffled[options.train :]
        print(f"{MODEL} at {options.size} px, {options.epochs} epochs of {len(train)} pictures, tried on {len(rest)}")
        compare(data, train, rest, options)


def compare(data: Dataset, train: list[Record], rest: list[Record], options: argparse.Namespace) -> None:
    preprocessing = Preprocessing(options.size)
    seen = np.stack(list(fitted([record.path for record in rest], preprocessing)))
    targets = np.array([record.target for record in rest])
    pictures = [open_image(record.path) for record in train]
    differences = []
    for seed in range(options.seeds):
        stage = full_stage(data, train, preprocessing, options.epochs, seed)
        ours = Loader(stage.train, stage.settings, len(data.classes), preprocessing.mean)
        for _ in ours.fill():
            pass
        found, seconds = [], []
        for source in (ours, Usual(pictures, stage)):
            stage = full_stage(data, train, preprocessing, options.epochs, seed)
            seconds.append(timed(lambda stage=stage, source=source: learn(stage, source)))
            found.append(100 * accuracy(stage, seen, targets))
        differences.append(found[0] - found[1])
        times = " and ".join(f"{value:.0f} s" for value in seconds)
        print(f"seed {seed}: {found[0]:.2f} and {found[1]:.2f} %, {times}", flush=True)
    mean, error = np.mean(differences), stats.sem(differences)
    low, high = stats.t.interval(0.95, len(differences) - 1, mean, error)
    print(f"ours less the usual: {mean:+.2f} points ({low:+.2f} to {high:+.2f}), n {len(differences)}")


def full_stage(data: Dataset, train: list[Record], preprocessing: Preprocessing, epochs: int, seed: int) -> FullStage:
    size = preprocessing.size
    chosen = TrainSettings(
        data.id, MODEL, mode="scratch", epochs=epochs, image_size=size, train_size=size, seed=seed,
        device=best_device(), precision="float32", crop_scale=0.35,
    )  # fmt: skip
    settings = resolve(chosen, images=len(train), model_size=size, crop_mode="center")
    pictures = Pictures([record.path for record in train], [record.target for record in train], data=data)
    torch.manual_seed(seed)
    return FullStage(create(MODEL, len(data.classes)), preprocessing, pictures, pictures, settings)


class Usual:
    """The usual pipeline: batches of crops of whole pictures, made one by one."""

    def __init__(self, pictures: list[Image.Image], stage: FullStage) -> None:
        self.pictures, self.targets, self.settings = pictures, torch.tensor(stage.train.targets), stage.settings
        self.transform = transforms.Compose([
            transforms.RandomResizedCrop(stage.settings.train_size, scale=(stage.settings.crop_scale, 1)),
            transforms.RandomHorizontalFlip(),
            transforms.PILToTensor(),
        ])  # fmt: skip

    def epoch(self, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        settings, count = self.settings, len(self.pictures)
        torch.manual_seed(1000 * settings.seed + epoch)
        order = np.random.default_rng((settings.seed, epoch)).permutation(count)
        for batch in np.array_split(order, steps_per_epoch(count, settings.batch_size)):
            yield torch.stack([self.transform(self.pictures[index]) for index in batch]), self.targets[batch]


def learn(stage: FullStage, source: Loader | Usual) -> None:
    for epoch in range(stage.epochs):
        for images, targets in source.epoch(epoch):
            stage.step += 1
            rate = stage.highest_rate * rate_at(stage.step / stage.steps, stage.settings.warmup)
            stage._learn(images, targets, rate, len(images))


def accuracy(stage: FullStage, seen: np.ndarray, targets: np.ndarray) -> float:
    engine = TorchEngine(stage.delivered(), stage.preprocessing, stage.settings.device)
    logits = np.concatenate([engine.logits(part) for part in np.array_split(seen, len(seen) // 200 + 1)])
    return float((logits.argmax(axis=1) == targets).mean())


if __name__ == "__main__":
    main()
