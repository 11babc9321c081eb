"""What is learned in one step: the head on cached features, or all layers on pictures.

A stage is a generator of events that can be left after any event, saved with `state`, and taken up again in another
process from there: on a CPU to the same bits. Shapes: N images, C channels, H x W pixels, K classes, F features.
"""

import math
import time
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from resnet.data.batches import Crops, steps_per_epoch, training_batches
from resnet.errors import UserError
from resnet.nn.network import ResNet
from resnet.predictor.engines import Engine
from resnet.predictor.graph import onnx_graph
from resnet.predictor.onnx_engine import OnnxEngine
from resnet.predictor.predictor import BATCH, compute
from resnet.predictor.torch_engine import TorchEngine, fastest
from resnet.settings import TrainSettings
from resnet.text import Message
from resnet.training.recipe import LAYER_DECAY, averaged, parameter_groups, rate_at
from resnet.weights.preprocessing import Preprocessing

KILLS = 3  # of decoding processes that an epoch survives; more are no accident
LOG_LINES = 400  # about so many points has a stage's curve at most

State = tuple[dict[str, Tensor], dict]  # tensors, and counters that JSON can hold


@dataclass(frozen=True)
class Pictures:
    """A part of a data set: N files and their classes (indices, N)."""

    paths: Sequence[Path]
    targets: Sequence[int]


@dataclass(frozen=True)
class Progress:
    """A step was taken. The last three fields are filled in at every so-manieth step, for the log."""

    stage: str
    epoch: int  # begun, counted from 1
    epochs: int
    step: int  # taken
    steps: int
    images: int  # in this step
    waited: float = 0.0  # seconds spent waiting for its pictures
    train_loss: float | None = None  # mean since the last log line, nats
    learning_rate: float | None = None


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


Event = Progress | Validating | Validated


class _Loss:
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


class HeadStage:
    """Only the classifier learns. The backbone's features are computed once and kept, so an epoch takes moments.

    For the fit the features are moved to mean 0 and scaled to a mean squared length of 1 over the training part, so
    that one learning rate suits every network. The linear map that undoes it is folded into the
    classifier: the delivered network is an ordinary one.
    """

    name = "head"

    def __init__(
        self,
        model: ResNet,
        preprocessing: Preprocessing,
        train: Pictures,
        val: Pictures,
        settings: TrainSettings,
        engine: str = "torch",
    ) -> None:
        self.model, self.train, self.val, self.settings = model.eval(), train, val, settings
        self.preprocessing, self.engine = preprocessing, engine
        self.features = torch.empty(0, model.num_features)
        self.head = nn.Linear(model.num_features, model.num_classes)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        decayed = {"params": [self.head.weight], "weight_decay": settings.head_weight_decay}
        groups = [decayed, {"params": [self.head.bias]}]
        self.optimizer = torch.optim.SGD(groups, lr=0.0, momentum=settings.momentum, nesterov=settings.momentum > 0)
        self.step, self.validated, self.loss = 0, 0, _Loss()  # steps taken, epochs ended and validated
        self.epochs, self.highest_rate = settings.head_epochs, settings.head_learning_rate
        self.epoch_steps = steps_per_epoch(len(train.paths), settings.batch_size)
        self.steps = self.epochs * self.epoch_steps

    def run(self) -> Iterator[Event]:
        yield from self._compute_features()
        features, mean, scale = self._centred()
        targets = torch.tensor([*self.train.targets, *self.val.targets])
        count = len(self.train.paths)
        while self.validated < self.epochs:
            epoch = self.validated
            order = np.random.default_rng((self.settings.seed, epoch)).permutation(count)
            batches = np.array_split(order, self.epoch_steps)
            for batch in batches[self.step - epoch * self.epoch_steps :]:
                rate = self.highest_rate * rate_at((self.step + 1) / self.steps, self.settings.warmup)
                self.loss.add(self._learn(features[batch], targets[batch], rate))
                self.step += 1
                self._fold(mean, scale)
                ended = self.step % self.epoch_steps == 0
                mean_loss = self.loss.mean(self.highest_rate) if ended else None
                yield progress(self, epoch + 1, len(batch), 0.0, mean_loss, rate if ended else None)
            with torch.no_grad():
                logits = self.head(features[count:])
            self.validated += 1
            yield validated(self, epoch + 1, logits, targets[count:])

    def _compute_features(self) -> Iterator[Progress]:
        paths = [*self.train.paths, *self.val.paths]
        if len(self.features) == len(paths):
            return
        rows: list[Tensor] = [self.features]
        outputs = compute(self._engine().features, self.preprocessing, paths[len(self.features) :])
        for done, output in enumerate(outputs, start=len(self.features) + 1):
            if isinstance(output, Message):
                raise UserError("picture_lost", file=paths[done - 1].name, reason=output)
            rows.append(torch.from_numpy(output)[None])
            if done % BATCH == 0 or done == len(paths):
                images = len(rows) - 1
                self.features = torch.cat(rows)
                rows = [self.features]
                yield Progress("features", 0, self.epochs, done, len(paths), images)

    def _engine(self) -> Engine:
        """Made of the weights as they are, so that a run that is resumed has the same one as before."""
        if self.engine == "onnx":
            return OnnxEngine(onnx_graph(self.model).SerializeToString(), self.preprocessing)
        return fastest(self.model, self.preprocessing, self.settings.device)

    def _centred(self) -> tuple[Tensor, Tensor, Tensor]:
        known = self.features[: len(self.train.paths)]
        mean, scale = known.mean(dim=0), known.std(dim=0, correction=0).norm().clamp_min(1e-6)
        return (self.features - mean) / scale, mean, scale

    def _learn(self, features: Tensor, targets: Tensor, rate: float) -> Tensor:
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss = F.cross_entropy(self.head(features), targets, label_smoothing=self.settings.label_smoothing)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss

    @torch.no_grad()
    def _fold(self, mean: Tensor, scale: Tensor) -> None:
        """head((x - mean) / scale) as a linear map of x, into the network's classifier."""
        weight = self.head.weight / scale
        self.model.fc.weight.copy_(weight)
        self.model.fc.bias.copy_(self.head.bias - weight @ mean)

    def delivered(self) -> ResNet:
        return self.model

    def state(self) -> State:
        tensors = {
            **prefixed("model.", self.model.state_dict()),
            **prefixed("head.", self.head.state_dict()),
            **prefixed("optimizer.", optimizer_tensors(self.optimizer)),
            "features": self.features,
        }
        return tensors, counters(self)

    def load_state(self, state: State) -> None:
        tensors, counts = state
        self.model.load_state_dict(unprefixed("model.", tensors))
        self.head.load_state_dict(unprefixed("head.", tensors))
        load_optimizer_tensors(self.optimizer, unprefixed("optimizer.", tensors))
        self.features = tensors["features"]
        load_counters(self, counts)


class FullStage:
    """All layers learn from random crops; the averaged weights are tried on the validation part and delivered."""

    def __init__(
        self, model: ResNet, preprocessing: Preprocessing, train: Pictures, val: Pictures, settings: TrainSettings
    ) -> None:
        self.name = "scratch" if settings.mode == "scratch" else "full"
        self.preprocessing, self.train, self.val, self.settings = preprocessing, train, val, settings
        self.model = model.to(settings.device, memory_format=torch.channels_last)
        self.average = averaged(self.model, settings.ema_decay) if settings.ema_decay else None
        layer_decay = 1.0 if settings.mode == "scratch" else LAYER_DECAY
        groups = parameter_groups(self.model, settings.weight_decay, layer_decay)
        self.optimizer = torch.optim.SGD(groups, lr=0.0, momentum=settings.momentum, nesterov=settings.momentum > 0)
        self.step, self.validated, self.loss = 0, 0, _Loss()  # steps taken, epochs ended and validated
        self.epochs, self.highest_rate = settings.epochs, settings.learning_rate
        self.epoch_steps = steps_per_epoch(len(train.paths), settings.batch_size)
        self.steps = self.epochs * self.epoch_steps

    def run(self) -> Iterator[Event]:
        every = math.ceil(self.steps / LOG_LINES)
        while self.validated < self.epochs:
            epoch = self.validated
            waiting_since = time.perf_counter()
            for images, targets in self._batches(epoch):
                waited = time.perf_counter() - waiting_since
                rate = self.highest_rate * rate_at((self.step + 1) / self.steps, self.settings.warmup)
                self.loss.add(self._learn(torch.from_numpy(images), torch.from_numpy(targets), rate))
                self.step += 1
                logged = self.step % every == 0 or self.step % self.epoch_steps == 0
                mean_loss = self.loss.mean(self.highest_rate) if logged else None
                yield progress(self, epoch + 1, len(images), waited, mean_loss, rate if logged else None)
                waiting_since = time.perf_counter()
            result = yield from self._validate(epoch + 1)
            self.validated += 1
            yield result

    def _batches(self, epoch: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The rest of the epoch's batches. Where decoding processes are killed, new ones go on from the same step."""
        for _ in range(KILLS + 1):
            try:
                return (yield from self._read(epoch))
            except BrokenProcessPool:
                continue
        raise UserError("run_decoding_killed")

    def _read(self, epoch: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        settings = self.settings
        return training_batches(
            self.train.paths,
            self.train.targets,
            Crops(settings.train_size, settings.crop_scale, squash=settings.crop_mode == "squash"),
            batch_size=settings.batch_size,
            epochs=epoch + 1,
            seed=settings.seed,
            workers=settings.workers,
            first_step=self.step,
        )

    def _learn(self, images: Tensor, targets: Tensor, rate: float) -> Tensor:
        """One step: images uint8 (N, 3, H, W), targets int64 (N) -> the loss before it."""
        device = self.settings.device
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["scale"]
        images = self.preprocessing.normalise(images.to(device, non_blocking=True))
        images = images.contiguous(memory_format=torch.channels_last)
        self.model.train()
        with autocast(device, self.settings.precision):
            logits = self.model(images)
        loss = F.cross_entropy(logits.float(), targets.to(device), label_smoothing=self.settings.label_smoothing)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        if self.average:
            self.average.update_parameters(self.model)
        return loss

    def _validate(self, epoch: int) -> Generator[Validating, None, Validated]:
        engine = TorchEngine(self.delivered(), self.preprocessing, self.settings.device)

        def network(images: np.ndarray) -> np.ndarray:
            with autocast(self.settings.device, self.settings.precision):
                return engine.logits(images)

        rows, paths = [], self.val.paths
        for path, output in zip(paths, compute(network, self.preprocessing, paths), strict=True):
            if isinstance(output, Message):
                raise UserError("picture_lost", file=path.name, reason=output)
            rows.append(output)
            if len(rows) % BATCH == 0 and len(rows) < len(paths):
                yield Validating()
        logits = torch.from_numpy(np.stack(rows))
        return validated(self, epoch, logits, torch.tensor(self.val.targets))

    def delivered(self) -> ResNet:
        return self.average.module if self.average and self.average.n_averaged > 0 else self.model

    def state(self) -> State:
        tensors = {
            **prefixed("model.", self.model.state_dict()),
            **prefixed("average.", self.average.state_dict() if self.average else {}),
            **prefixed("optimizer.", optimizer_tensors(self.optimizer)),
        }
        return tensors, counters(self)

    def load_state(self, state: State) -> None:
        tensors, counts = state
        self.model.load_state_dict(unprefixed("model.", tensors))
        if self.average:
            self.average.load_state_dict(unprefixed("average.", tensors))
        load_optimizer_tensors(self.optimizer, unprefixed("optimizer.", tensors))
        load_counters(self, counts)


def progress(
    stage: HeadStage | FullStage, epoch: int, images: int, waited: float, loss: float | None, rate: float | None
) -> Progress:
    return Progress(stage.name, epoch, stage.epochs, stage.step, stage.steps, images, waited, loss, rate)


def counters(stage: HeadStage | FullStage) -> dict:
    return {
        "step": stage.step,
        "validated": stage.validated,
        "loss": float(stage.loss.total),
        "losses": stage.loss.count,
    }


def load_counters(stage: HeadStage | FullStage, counts: dict) -> None:
    stage.step, stage.validated = counts["step"], counts["validated"]
    stage.loss.total, stage.loss.count = counts["loss"], counts["losses"]


def validated(stage: HeadStage | FullStage, epoch: int, logits: Tensor, targets: Tensor) -> Validated:
    loss = finite(float(F.cross_entropy(logits, targets)), stage.highest_rate)
    accuracy = (logits.argmax(dim=1) == targets).float().mean()
    return Validated(stage.name, epoch, stage.step, loss, float(accuracy), logits.numpy())


def finite(loss: float, highest_rate: float) -> float:
    if not math.isfinite(loss):
        raise diverged(highest_rate)
    return loss


def diverged(highest_rate: float) -> UserError:
    return UserError("loss_not_finite", rate=f"{highest_rate:.2g}")


def autocast(device: str, precision: str) -> torch.autocast:
    """Activations in `precision`; weights and their update stay in float32. Off for float32."""
    return torch.autocast(torch.device(device).type, torch.bfloat16, enabled=precision == "bfloat16")


def prefixed(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {prefix + name: tensor for name, tensor in tensors.items()}


def unprefixed(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """What the optimizer remembers, as "INDEX.NAME" -> tensor."""
    remembered = optimizer.state_dict()["state"]
    return {f"{index}.{name}": value for index, entry in remembered.items() for name, value in entry.items()}


def load_optimizer_tensors(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    entries: dict[int, dict] = {}
    for key, value in tensors.items():
        index, name = key.split(".")
        entries.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict({"state": entries, "param_groups": optimizer.state_dict()["param_groups"]})
