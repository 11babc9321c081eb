"""A training step on the CPU as workers allocate its memory, beside the same step as the system does (Linux).

    python -m tests.benchmarks.allocation [--model resnet18d] [--size 128] [--batch 32] [--rounds 5]

Each is a process of its own, in turn: images per second of the step alone, and MB of memory, its highest.
"""

import argparse
import os
import statistics
import subprocess
import sys

from resnet.jobs.launcher import ALLOCATION
from resnet.store import PROJECT
from tests.benchmarks.measuring import quotients, spread

STEPS = """
import resource, sys, torch
from resnet.nn.network import create
from resnet.settings import TrainSettings, resolve
from resnet.training.full import FullStage
from resnet.training.stage import Pictures
from resnet.weights.preprocessing import Preprocessing
from tests.benchmarks.throughput import step_alone
model, size, batch = sys.argv[1], *map(int, sys.argv[2:])
chosen = TrainSettings("", model, "scratch", train_size=size, batch_size=batch, device="cpu", precision="float32")
settings = resolve(chosen, images=batch, model_size=size, crop_mode="center")
pictures = Pictures([""] * batch, [0] * batch)
stage = FullStage(create(model, 10), Preprocessing(size), pictures, pictures, settings)
print(step_alone(stage), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="resnet18d")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    words = [sys.executable, "-c", STEPS, options.model, str(options.size), str(options.batch)]
    rounds = [(steps(words, ALLOCATION), steps(words, {})) for _ in range(options.rounds)]
    for index, unit in enumerate(("images/s", "MB")):
        ones, others = ([found[index] for found in column] for column in zip(*rounds, strict=True))
        print(
            f"ours {statistics.median(ones):.0f} {unit}, the system's {statistics.median(others):.0f}; "
            f"ratio {spread(quotients(ones, others))}"
        )


def steps(words: list[str], allocation: dict[str, str]) -> tuple[float, float]:
    environment = {"OMP_WAIT_POLICY": "PASSIVE", **os.environ, **allocation}
    speed, memory = subprocess.check_output(words, cwd=PROJECT, env=environment, text=True).split()
    return float(speed), float(memory)


if __name__ == "__main__":
    main()
