"""Images per second of training and prediction, data included, beside the step and the forward pass alone.

    python -m tests.benchmarks.throughput [--data FOLDER_OR_ZIP] [--model resnet18] [--size 224]

Without --data, on drawn pictures. The two of a pair are measured in turn, three times; medians and their ratio.
"""

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from resnet.data.batches import batch_on
from resnet.data.dataset import Dataset
from resnet.data.decoder import fitted
from resnet.data.importing import import_dataset
from resnet.data.samples import import_samples
from resnet.nn.network import create
from resnet.predictor import Predictor
from resnet.predictor.predictor import compute
from resnet.predictor.torch_engine import TorchEngine, best_device, fast_precision
from resnet.settings import TrainSettings, resolve
from resnet.store import Store
from resnet.training.full import FullStage
from resnet.training.stage import Pictures, Progress
from resnet.weights.preprocessing import Preprocessing
from tests.benchmarks.decoding import photograph
from tests.benchmarks.measuring import quotients, spread, timed

ROUNDS = 3
STEPS = 12  # counted, after two that are not


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data")
    parser.add_argument("--model", default="resnet18")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--count", type=int, default=1000, help="JPEGs that `predict` gets of each kind")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        store = Store.open(home)
        data = import_dataset(options.data, store) if options.data else import_samples(store)
        device = best_device()
        print(f"{options.model} at {options.size} px on {device}, {torch.get_num_threads()} threads, {data.name}")
        for precision in dict.fromkeys(("float32", fast_precision(device))):
            stage = full_stage(data, options.model, options.size, device, precision)
            compare(f"full, {precision}", lambda stage=stage: training(stage), lambda stage=stage: step_alone(stage))
        engine = TorchEngine(create(options.model, len(data.classes)), Preprocessing(options.size), device)
        files = [record.path for record in data.records]
        compare("predict", lambda: prediction(engine, files), lambda: forward_alone(engine))
        for width, height, distinct in ((500, 375, 50), (4000, 3000, 4)):
            made = [photograph(Path(home) / f"{width} {seed}.jpg", seed, width, height) for seed in range(distinct)]
            predict_all(f"{width} x {height}", (made * options.count)[: options.count], store)


def compare(name: str, whole: Callable[[], float], alone: Callable[[], float]) -> None:
    one, other = zip(*[(whole(), alone()) for _ in range(ROUNDS)], strict=True)
    middle = f"{statistics.median(one):.1f} images/s, alone {statistics.median(other):.1f}"
    print(f"{name}: {middle}; ratio {spread(quotients(one, other))}")


def predict_all(name: str, files: list[Path], store: Store) -> None:
    """The shipped model's `predict`, beside what its two parts take when one comes after the other."""
    predictor = Predictor("", "cpu", store, "onnx")
    preprocessing = predictor.config.preprocessing
    random = np.random.default_rng(0)
    batch = batch_on("cpu")
    images = random.integers(0, 256, (batch, 3, preprocessing.size, preprocessing.size), dtype=np.uint8)
    predictor.predict(files[:8])  # starts the decoders
    rows = []
    for _ in range(ROUNDS):
        whole = len(files) / timed(lambda: predictor.predict(files))
        decoding = len(files) / timed(lambda: list(fitted(files, preprocessing)))
        computing = rate(lambda: predictor.engine.outputs(images), batch)
        rows.append((whole, decoding, computing, whole * (1 / decoding + 1 / computing)))
    whole, decoding, computing, ratios = zip(*rows, strict=True)
    parts = f"decoding alone {statistics.median(decoding):.1f}, engine alone {statistics.median(computing):.1f}"
    print(f"predict, {len(files)} of {name}: {statistics.median(whole):.1f} images/s, {parts}; ratio {spread(ratios)}")


def full_stage(data: Dataset, model: str, size: int, device: str, precision: str) -> FullStage:
    train, val = (
        Pictures([r.path for r in part], [r.target for r in part], data=data)
        for part in map(data.part, ("train", "val"))
    )
    chosen = TrainSettings(
        data.id, model, mode="full", epochs=1000, image_size=size, train_size=size, device=device, precision=precision
    )
    settings = resolve(chosen, images=len(train.paths), model_size=size, crop_mode="center")
    return FullStage(create(model, len(data.classes)), Preprocessing(size), train, val, settings)


def training(stage: FullStage) -> float:
    """Images per second of the training loop, pictures decoded before; validation is not counted."""
    steps = (event for event in stage.run() if isinstance(event, Progress) and event.stage == stage.name)
    for _ in itertools.islice(steps, 2):
        pass
    images, seconds = 0, 0.0
    start = time.perf_counter()
    for _ in range(STEPS):
        event = next(steps)
        if event.step % stage.epoch_steps != 1:  # the first of an epoch waited for the validation before it
            images, seconds = images + event.images, seconds + time.perf_counter() - start
        start = time.perf_counter()
    return images / seconds


def step_alone(stage: FullStage) -> float:
    """Images per second of the same step, on a batch that is there already."""
    size, count = stage.settings.train_size, len(stage.train.paths) // stage.epoch_steps
    images = 255 * torch.rand(count, 3, size, size, device=stage.settings.device)
    targets = torch.zeros(count, dtype=torch.int64, device=stage.settings.device)
    return rate(lambda: stage._learn(images, targets, 0.001, count), count)


def prediction(engine: TorchEngine, files: list[Path]) -> float:
    start = time.perf_counter()
    done = sum(1 for _ in compute(engine.logits, engine.preprocessing, files, engine.device))
    return done / (time.perf_counter() - start)


def forward_alone(engine: TorchEngine) -> float:
    size, batch = engine.preprocessing.size, batch_on(engine.device)
    images = np.random.default_rng(0).integers(0, 256, (batch, 3, size, size), dtype=np.uint8)
    return rate(lambda: engine.logits(images), batch)


def rate(work: Callable[[], object], images: int) -> float:
    for _ in range(2):
        work()
    start = time.perf_counter()
    for _ in range(STEPS):
        work()
    return STEPS * images / (time.perf_counter() - start)


if __name__ == "__main__":
    main()
