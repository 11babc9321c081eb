"""What computes a network. Nothing here loads torch, which takes seconds.

Shapes: N pictures, C channels, H x W pixels, K classes, F features that the classifier gets.
"""

import importlib
import os
import platform
import shutil
from pathlib import Path
from typing import Protocol

import numpy as np

ENGINES = ("torch", "onnx", "onnx-int8")  # the names that --engine takes


class Engine(Protocol):
    """Takes pictures as they were decoded, uint8 (N, C, H, W); gives float32."""

    name: str  # one of ENGINES
    device: str  # "cpu", "cuda:0", "mps"

    def logits(self, images: np.ndarray) -> np.ndarray:
        """(N, K)"""

    def features(self, images: np.ndarray) -> np.ndarray:
        """(N, F)"""

    def outputs(self, images: np.ndarray) -> np.ndarray:
        """(N, F + K): features and logits beside each other."""


def device_called(name: str | None) -> str:
    """The device of that name, or the best there is; UserError where there is none so called.

    torch is asked, unless a CPU is all that can be meant.
    """
    if name == "cpu" or (not name and likely_device() == "cpu"):
        return "cpu"
    torch_engine = importlib.import_module("resnet.predictor.torch_engine")
    return torch_engine.check_device(name) if name else torch_engine.best_device()


def likely_device() -> str:
    """The device that torch will find, guessed without loading it."""
    if Path("/dev/nvidia0").exists() or shutil.which("nvidia-smi"):
        return "cuda"
    return "mps" if (platform.system(), platform.machine()) == ("Darwin", "arm64") else "cpu"


def likely_devices() -> int:
    """How many devices of the best kind there are, guessed likewise."""
    return max(1, len(list(Path("/dev").glob("nvidia[0-9]*"))))


def launched() -> tuple[int, int]:
    """This process's rank, 0 and up, among those that were launched together; and their number.

    In the environment, as accelerate and torchrun put it there.
    """
    return int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
