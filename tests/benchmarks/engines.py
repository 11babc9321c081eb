"""Engines: pictures of 224 px in, logits out, ours beside timm and a bare session of ONNX Runtime.

    python -m tests.benchmarks.engines [--models resnet50 resnet18] [--batches 1 16] [--threads 2] [--starts 5]

Networks have random weights and random statistics. Every way is a process of its own, with as many threads as all
others, on the same cores: in one process the waiting threads of torch and of ONNX Runtime take each other's cores.
They compute in turn, in every round each for half a second or two batches, while the others sleep; a ratio is of two
medians of one round. After so many rounds all are started anew: where a process happens to lie in memory is worth some
per cent. Ours get pictures as they were decoded (uint8) and normalise them within the time that is
measured; timm and the bare session, which has the file that torch.onnx.export writes of timm's network, get them
normalised. With a GPU, all get uint8 in the processor's memory and give logits there.
"""

import argparse
import contextlib
import logging
import multiprocessing
import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import onnxruntime
import timm
import torch
from torch import nn

from resnet.nn.network import create
from resnet.predictor import Predictor, built
from resnet.predictor.onnx_engine import OnnxEngine
from resnet.predictor.quantise import quantise
from resnet.store import Store
from resnet.weights.folder import ModelConfig, write_folder
from resnet.weights.preprocessing import Preprocessing
from tests.benchmarks.measuring import quotients, spread, timed

SIZE = 224  # pixels
CLASSES = 1000
SECONDS, CALLS = 0.5, 2  # at least, of each way in each round, after a call that is not counted
PREPROCESSING = Preprocessing(SIZE)
Way = Callable[[Path, np.ndarray], Callable[[], np.ndarray]]  # (folder, uint8 (N, C, H, W)) -> () -> logits (N, K)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="*", default=["resnet50", "resnet18"])
    parser.add_argument("--batches", nargs="*", type=int, default=[1, 16])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3, help="of each start")
    options = parser.parse_args()
    same_for_all(options.threads)
    for name in options.models:
        with tempfile.TemporaryDirectory() as folder:
            prepare(Path(folder), name)
            print(f"{name}: the probe chose {built.faster(name, Store(Path(folder)))}", flush=True)
            for batch in options.batches:
                compare(f"{name}, batch {batch}, {options.threads} threads", CPU, Path(folder), batch, options)
            if torch.cuda.is_available():
                for batch in (1, 256):
                    title = f"{name}, batch {batch}, {torch.cuda.get_device_name()}"
                    compare(title, CUDA, Path(folder), batch, options)
    if not torch.cuda.is_available():
        print("no CUDA: nothing was measured on a GPU")


def same_for_all(threads: int) -> None:
    """The processes that are started from now on have so many threads and cores, and wait as their libraries do."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    os.environ.pop("OMP_WAIT_POLICY", None)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def prepare(folder: Path, name: str) -> None:
    """Write what the ways open: model/ (a model folder), engines/ (ours, built), bare.onnx, int8.onnx."""
    torch.manual_seed(0)
    network = create(name, CLASSES).eval()
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):  # as made, all are alike, and some are zero
            nn.init.uniform_(layer.weight, 0.5, 1.0)
            nn.init.uniform_(layer.bias, -0.2, 0.2)
            nn.init.uniform_(layer.running_mean, -0.2, 0.2)
            nn.init.uniform_(layer.running_var, 0.5, 1.5)
    config = ModelConfig(name, [f"class {index}" for index in range(CLASSES)], PREPROCESSING)
    write_folder(folder / "model", network.state_dict(), config, card="")

    theirs = timm_network(folder)
    shape = {"images": {0: "N"}}
    with warnings.catch_warnings(action="ignore"):
        example = (torch.zeros(2, 3, SIZE, SIZE),)
        torch.onnx.export(
            theirs, example, folder / "bare.onnx", input_names=["images"], dynamic_axes=shape, dynamo=False
        )
    predictor = Predictor(folder / "model", "cpu", Store(folder), "onnx")  # builds
    graph = built.engine_file(predictor.found, predictor.config, predictor.store)
    logging.disable(logging.WARNING)  # advice for users of the quantiser
    with contextlib.redirect_stdout(None):
        quantise(graph, pictures(16), PREPROCESSING, folder / "int8.onnx")


def pictures(count: int) -> np.ndarray:
    """uint8 (N, 3, H, W): noise."""
    return np.random.default_rng(0).integers(0, 256, (count, 3, SIZE, SIZE), dtype=np.uint8)


def compare(title: str, ways: dict[str, Way], folder: Path, batch: int, options: argparse.Namespace) -> None:
    """Print milliseconds of each way, how near its logits are to the first's, and the ratios of PAIRS."""
    print(title)
    times = {name: [] for name in ways}
    for _ in range(options.starts):
        workers = {name: Worker(ways[name], folder, batch) for name in ways}
        logits = {name: worker.ask("logits") for name, worker in workers.items()}
        for _ in range(options.rounds):
            for name, worker in workers.items():
                times[name].append(worker.ask("time"))
                time.sleep(0.05)  # until its threads sleep
        for worker in workers.values():
            worker.end()
    expected = next(iter(logits.values()))
    for name in ways:
        off = np.abs(logits[name] - expected).max() / np.abs(expected).max()
        print(f"  {name}: {1000 * statistics.median(times[name]):.1f} ms; off by {off:.1e} of the largest logit")
    for one, other in PAIRS:
        if one in ways and other in ways:
            print(f"  {one}, times the speed of {other}: {spread(quotients(times[other], times[one]))}", flush=True)


class Worker:
    """A process that computes one way when it is asked to."""

    def __init__(self, way: Way, folder: Path, batch: int) -> None:
        self.connection, theirs = CONTEXT.Pipe()
        self.process = CONTEXT.Process(target=work, args=(theirs, way, folder, batch), daemon=True)
        self.process.start()
        theirs.close()

    def ask(self, question: str) -> object:
        self.connection.send(question)
        return self.connection.recv()

    def end(self) -> None:
        self.connection.close()
        self.process.join()


CONTEXT = multiprocessing.get_context("spawn")


def work(connection: Connection, way: Way, folder: Path, batch: int) -> None:
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    call = way(folder, pictures(batch))
    try:
        while question := connection.recv():
            connection.send(call() if question == "logits" else median_seconds(call))
    except EOFError:
        return


def median_seconds(call: Callable[[], object]) -> float:
    call()
    times = []
    while len(times) < CALLS or sum(times) < SECONDS:
        times.append(timed(call))
    return statistics.median(times)


# The ways


def timm_network(folder: Path) -> nn.Module:
    return timm.create_model(f"local-dir:{folder / 'model'}", pretrained=True).eval()


def timm_eager(folder: Path, images: np.ndarray) -> Callable[[], np.ndarray]:
    network, normalised = timm_network(folder), PREPROCESSING.normalise(torch.from_numpy(images))
    return torch.inference_mode()(lambda: network(normalised).numpy())


def bare_session(folder: Path, images: np.ndarray) -> Callable[[], np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ["OMP_NUM_THREADS"])
    session = onnxruntime.InferenceSession(folder / "bare.onnx", options, providers=["CPUExecutionProvider"])
    normalised = PREPROCESSING.normalise(torch.from_numpy(images)).numpy()
    return lambda: session.run(None, {"images": normalised})[0]


def ours_onnx(folder: Path, images: np.ndarray) -> Callable[[], np.ndarray]:
    return ours(folder, images, "onnx", "cpu")


def ours_torch(folder: Path, images: np.ndarray) -> Callable[[], np.ndarray]:
    return ours(folder, images, "torch", "cpu")


def ours(folder: Path, images: np.ndarray, engine: str, device: str) -> Callable[[], np.ndarray]:
    engine = Predictor(folder / "model", device, Store(folder), engine).engine
    return lambda: engine.logits(images)


def ours_int8(folder: Path, images: np.ndarray) -> Callable[[], np.ndarray]:
    engine = OnnxEngine(folder / "int8.onnx", PREPROCESSING, "onnx-int8")
    return lambda: engine.logits(images)


def ours_cuda(folder: Path, images: np.ndarray) -> Callable[[], np.ndarray]:
    return ours(folder, images, "torch", "cuda")


def timm_cuda(folder: Path, images: np.ndarray) -> Callable[[], np.ndarray]:
    network, host = timm_network(folder).cuda(), torch.from_numpy(images)
    return torch.inference_mode()(lambda: network(PREPROCESSING.normalise(host.cuda())).cpu().numpy())


def timm_cuda_bf16(folder: Path, images: np.ndarray) -> Callable[[], np.ndarray]:
    form = {"dtype": torch.bfloat16, "memory_format": torch.channels_last}
    network, host = timm_network(folder).cuda().to(**form), torch.from_numpy(images)
    enter = lambda: PREPROCESSING.normalise(host.cuda()).to(**form)  # noqa: E731 (beside its one use)
    return torch.inference_mode()(lambda: network(enter()).float().cpu().numpy())


CPU: dict[str, Way] = {
    "timm eager": timm_eager,
    "a bare session": bare_session,
    "our onnx": ours_onnx,
    "our torch": ours_torch,
    "our onnx-int8": ours_int8,
}
CUDA: dict[str, Way] = {
    "timm eager": timm_cuda,
    "timm eager, bf16, channels_last": timm_cuda_bf16,
    "our torch": ours_cuda,
}
PAIRS = (
    ("a bare session", "timm eager"),
    ("our onnx", "timm eager"),
    ("our torch", "timm eager"),
    ("our onnx", "a bare session"),
    ("our onnx-int8", "our onnx"),
    ("our torch", "timm eager, bf16, channels_last"),
)

if __name__ == "__main__":
    main()
