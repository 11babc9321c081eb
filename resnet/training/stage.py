"""What the stages of a training have in common: what they learn from, the events they give, how they are saved.

A stage is a generator of events that can be left after any event, saved with `state`, and taken up again in another
process from there: on a CPU to the same bits. Shapes: N images, C channels, H x W pixels, K classes, F features.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from resnet.data.dataset import Dataset
from resnet.errors import UserError

State = tuple[dict[str, Tensor], dict]  # tensors, and counters that JSON can hold


@dataclass(frozen=True)
class Pictures:
    """A part of a data set: N files, their classes (indices, N) and groups ("" for none, N, or nothing at all)."""

    paths: Sequence[Path]
    targets: Sequence[int]
    groups: Sequence[str] = ()
    data: Dataset | None = None  # the data set; it keeps decoded pictures, which all layers learn from


@dataclass(frozen=True)
class Progress:
    """A step was taken. The last two fields are filled in at every so-manieth step, for the log."""

    stage: str
    epoch: int  # begun, counted from 1
    epochs: int
    step: int  # taken
    steps: int
    images: int  # in this step
    waited: float = 0.0  # seconds spent waiting for its pictures
    passed: float = 0.0  # epochs, with the share of the one begun
    train_loss: float | None = None  # mean since the last log line, nats
    learning_rate: float | None = None


@dataclass(frozen=True)
class Divided:
    """A step did not fit into memory and was not taken. Steps are now computed in parts of about `images` pictures."""

    batch: int  # pictures of the step
    images: int


@dataclass(frozen=True)
class Chosen:
    """A setting that was left open has got its value."""

    setting: str
    value: float
    tried: bool  # by what was measured on the training part; else the usual one


@dataclass(frozen=True)
class Validating:
    """Some of the validation pictures were looked at. Nothing has changed; it is a moment to leave at."""


@dataclass(frozen=True)
class Validated:
    """An epoch ended and the model was tried on the validation part: logits float32 (N, K)."""

    stage: str
    epoch: int
    step: int
    val_loss: float  # nats
    val_accuracy: float
    logits: np.ndarray


Event = Progress | Divided | Chosen | Validating | Validated


class Loss:
    """The mean training loss since the last log line; stays on the device until it is asked for."""

    def __init__(self) -> None:
        self.total: Tensor | float = 0.0
        self.count = 0

    def add(self, loss: Tensor) -> None:
        self.total = self.total + loss.detach().float()
        self.count += 1

    def mean(self, highest_rate: float) -> float:
        """The mean, from now on counted anew. Raises UserError where it is not finite."""
        mean = finite(float(self.total) / self.count, highest_rate)  # waits for the device
        self.total, self.count = 0.0, 0
        return mean


class Stage(Protocol):
    """What a stage tells of itself: `step` and `validated` count what is done, `steps` and `epochs` what will be.

    What will be is known before the first step; a stage that comes to its end in another way says so in `steps`.
    """

    name: str
    epochs: int
    steps: int
    epoch_steps: int
    step: int
    validated: int
    highest_rate: float
    loss: Loss


def progress(stage: Stage, epoch: int, images: int, waited: float, loss: float | None, rate: float | None) -> Progress:
    passed = stage.step / stage.epoch_steps
    return Progress(stage.name, epoch, stage.epochs, stage.step, stage.steps, images, waited, passed, loss, rate)


def counters(stage: Stage) -> dict:
    return {
        "step": stage.step,
        "validated": stage.validated,
        "loss": float(stage.loss.total),
        "losses": stage.loss.count,
    }


def load_counters(stage: Stage, counts: dict) -> None:
    stage.step, stage.validated = counts["step"], counts["validated"]
    stage.loss.total, stage.loss.count = counts["loss"], counts["losses"]


def validated(stage: Stage, epoch: int, logits: Tensor, targets: Tensor) -> Validated:
    loss = finite(float(F.cross_entropy(logits, targets)), stage.highest_rate)
    accuracy = (logits.argmax(dim=1) == targets).float().mean()
    return Validated(stage.name, epoch, stage.step, loss, float(accuracy), logits.numpy())


def finite(loss: float, highest_rate: float) -> float:
    if not math.isfinite(loss):
        raise diverged(highest_rate)
    return loss


def diverged(highest_rate: float) -> UserError:
    return UserError("loss_not_finite", rate=f"{highest_rate:.2g}")


def prefixed(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {prefix + name: tensor for name, tensor in tensors.items()}


def unprefixed(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """What the optimizer remembers, as "INDEX.NAME" -> tensor."""
    remembered = optimizer.state_dict()["state"]
    return {f"{i}.{name}": torch.as_tensor(value) for i, entry in remembered.items() for name, value in entry.items()}


def load_optimizer_tensors(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    entries: dict[int, dict] = {}
    for key, value in tensors.items():
        index, name = key.split(".")
        entries.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict({"state": entries, "param_groups": optimizer.state_dict()["param_groups"]})
