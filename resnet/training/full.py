"""All layers learn, from random crops of the pictures."""

import copy
import itertools
import math
import time
from collections.abc import Callable, Generator, Iterator

import numpy as np
import torch
from torch import Tensor, nn

from resnet.data.batches import batch_on, fitted_batches, steps_per_epoch
from resnet.data.decoder import readable
from resnet.errors import UserError
from resnet.nn.network import ResNet
from resnet.predictor.predictor import compute
from resnet.predictor.ranks import ALONE, Ranks
from resnet.predictor.torch_engine import TorchEngine
from resnet.settings import TrainSettings
from resnet.training.budget import Budget
from resnet.training.finder import Trial, diverges, smoothed, trial_rate
from resnet.training.loader import Loader
from resnet.training.recipe import (
    averaged,
    class_weights,
    freeze,
    optimizer,
    parameter_groups,
    rate_at,
    seed_step,
    set_drop_path,
    shrink,
)
from resnet.training.stage import (
    Divided,
    Event,
    Loss,
    Pictures,
    Progress,
    State,
    Validated,
    Validating,
    counters,
    load_counters,
    load_optimizer_tensors,
    optimizer_tensors,
    prefixed,
    progress,
    unprefixed,
    validated,
)
from resnet.weights.preprocessing import Preprocessing

SEEN = 500 * 10**6  # bytes of validation pictures that are kept for the next epoch, as the network sees them
TIMED = 64  # of them, from which a look at all is told ahead
DECODED = 32  # pictures from one word of their being decoded to the next
LOG_LINES = 400  # about so many points has a stage's curve at most


class FullStage:
    """All layers learn from random crops; the averaged weights are tried on the validation part and delivered.

    Bounded by minutes, `epochs` and `steps` are what fits by the present speed, planned anew before every step.
    Of several ranks each learns from its share of every batch, and looks at its share of the validation part. What
    they have found is added up after the backward pass, not during it: so none waits for one that runs out of memory.
    clock: seconds of work so far; needed where minutes bound it. looks: see `Budget`.
    """

    def __init__(
        self,
        model: ResNet,
        preprocessing: Preprocessing,
        train: Pictures,
        val: Pictures,
        settings: TrainSettings,
        clock: Callable[[], float] | None = None,
        looks: float = 1.0,
        ranks: Ranks = ALONE,
    ) -> None:
        self.ranks = ranks
        self.name = "scratch" if settings.mode == "scratch" else "full"
        self.preprocessing, self.train, self.val, self.settings = preprocessing, train, val, settings
        self.model = model.to(settings.device, memory_format=torch.channels_last)
        self.model.drop_rate = settings.dropout
        set_drop_path(self.model, settings.drop_path)
        self.frozen = freeze(self.model, settings.frozen_stages)
        self.average = averaged(self.model, settings.ema_decay) if settings.ema_decay else None
        groups = parameter_groups(self.model, settings.weight_decay, settings.layer_decay)
        self.optimizer = optimizer(settings.optimizer, groups, settings.momentum)
        weights = class_weights(train.targets, model.num_classes) if settings.balance == "loss" else None
        self.criterion = nn.CrossEntropyLoss(weights, reduction="sum", label_smoothing=settings.label_smoothing)
        self.criterion.to(settings.device)
        self.best, self.best_epoch, self.best_loss = None, 0, math.inf  # by validation loss, where there is patience
        self.seen: list[np.ndarray] = []  # the validation pictures
        self.step, self.validated, self.loss = 0, 0, Loss()  # steps taken, epochs ended and validated
        self.budget = None
        if settings.minutes is not None:  # below 0 where the models of folds took longer than they should
            self.budget = Budget(settings.minutes, clock, looks, selects=settings.patience > 0)
        self.epochs, self.highest_rate = settings.epochs or 1, settings.learning_rate
        self.micro_batch = settings.batch_size  # pictures that go through the network at once
        self.epoch_steps = steps_per_epoch(len(train.paths), settings.batch_size)
        self.steps = self.epochs * self.epoch_steps

    def run(self) -> Iterator[Event]:
        if self.budget and self.budget.progress == 1:
            self._plan()
            if self.validated < self.epochs:
                yield from self._end_epoch()
            return
        loader = self._loader()
        yield from self.ranks.in_step(self._decode(loader), Validating())
        self.ranks.follow([*self.model.parameters(), *self.model.buffers()])
        if self.budget:
            self._time_validation()
            self._plan()
        while self.validated < self.epochs and not self._patience_is_over():
            epoch = self.validated
            waiting_since = time.perf_counter()
            for images, targets in loader.epoch(epoch, self.step - epoch * self.epoch_steps, self.epochs):
                waited = time.perf_counter() - waiting_since
                (count,) = self.ranks.totals(len(images))
                rate = self.highest_rate * rate_at(self._next_progress(), self.settings.warmup)
                while (loss := self._learn(images, targets, rate, count)) is None:
                    yield self._divide(count)
                self.loss.add(loss)
                self.step += 1
                every = math.ceil(self.steps / LOG_LINES)
                logged = self.step % every == 0 or self.step % self.epoch_steps == 0 or self.step == self.steps
                mean_loss = self.loss.mean(self.highest_rate) if logged else None
                yield progress(self, epoch + 1, count, waited, mean_loss, rate if logged else None)
                began, waiting_since = waiting_since, time.perf_counter()
                if self.budget:
                    self.budget.note_step(waiting_since - began)
                    if self.step == self.steps:
                        break  # the minutes are over in the middle of an epoch
            yield from self._end_epoch()
        if self._patience_is_over():
            self.steps = self.step

    def try_rates(self, steps: int) -> Iterator[Trial]:
        """Take steps at rates that rise until the loss rises with them; the stage is of no other use after it."""
        trials, losses = [], []
        loader = self._loader()
        for _ in loader.fill():
            pass
        for images, targets in itertools.chain.from_iterable(map(loader.epoch, itertools.count())):
            rate = trial_rate(self.step, steps)
            while (loss := self._learn(images, targets, rate, len(images))) is None:
                self._divide(len(images))
            self.step += 1
            losses.append(float(loss))
            if not math.isfinite(losses[-1]):
                return
            trials.append(Trial(self.step, rate, losses[-1], smoothed(losses)))
            yield trials[-1]
            if self.step == steps or diverges(trials):
                return

    def _end_epoch(self) -> Iterator[Event]:
        if self._evaluation_will_tell():
            self.validated += 1
            return
        result = yield from self._validate(self.validated + 1)
        self.validated += 1
        self._note_best(result)
        yield result

    def _evaluation_will_tell(self) -> bool:
        """Whether this epoch, of a run bounded by minutes, is not looked at by itself."""
        if not self.budget or self.settings.patience:
            return False
        return self.step == self.steps or not self.budget.validates

    def _patience_is_over(self) -> bool:
        return 0 < self.settings.patience <= self.validated - self.best_epoch

    def _note_best(self, result: Validated) -> None:
        if self.settings.patience and result.val_loss < self.best_loss:
            self.best, self.best_epoch, self.best_loss = copy.deepcopy(self._latest()), result.epoch, result.val_loss

    def _loader(self) -> Loader:
        return Loader(self.train, self.settings, self.model.num_classes, self.preprocessing.mean, self.ranks)

    def _plan(self) -> int:
        """How many steps are left of the minutes; the plan is made for so many."""
        left = self.ranks.first(self.budget.steps_left(self.step, self.epoch_steps))
        self.steps = self.step + left
        self.epochs = math.ceil(self.steps / self.epoch_steps)
        return left

    def _next_progress(self) -> float:
        """The share of the stage, 0 to 1, that is over in the middle of the next step: at its end the rate is zero."""
        if not self.budget:
            return (self.step + 0.5) / self.steps
        before = self.budget.progress
        self.budget.advance(self._plan())
        return (before + self.budget.progress) / 2

    def _time_validation(self) -> None:
        """About the seconds that a look at the validation part will take; timed on a few of its pictures."""
        device, paths = self.settings.device, self.val.paths
        engine = TorchEngine(self._latest(), self.preprocessing, device)
        for part in (paths[: batch_on(device)], paths[-TIMED:]):  # in the first, all that is done once
            start = time.perf_counter()
            for _ in compute(engine.logits, self.preprocessing, part, device):
                pass
            seconds = (time.perf_counter() - start) * len(paths) / len(part) / self.ranks.count
        seconds = self.ranks.first(seconds)
        self.budget.validation_seconds = self.budget.evaluation_seconds = seconds

    def _decode(self, loader: Loader) -> Iterator[Progress]:
        told, total = 0, len(loader.own)
        for done in loader.fill():
            if done % DECODED == 0 or done == total:
                yield Progress("decode", 0, self.epochs, done, total, done - told)
                told = done

    def _learn(self, images: Tensor, targets: Tensor, rate: float, count: int) -> Tensor | None:
        """One step: images (N, 3, H, W) from 0 to 255, targets int64 (N) or shares (N, K) -> the loss before it.

        count: pictures of the step, of which these are this rank's.

        None where it does not fit into memory; then all is as it was before.
        """
        statistics = [buffer.clone() for buffer in self.model.buffers()]
        try:
            loss = self._gradients(images, targets, count)
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            loss = None
        if any(self.ranks.any(loss is None)):  # outside of the handler: the error keeps all that the step had computed
            self.optimizer.zero_grad()
            for buffer, before in zip(self.model.buffers(), statistics, strict=True):
                buffer.copy_(before)
            return None
        self._add_up(loss)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["scale"]
        if self.settings.clip:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip)
        self.optimizer.step()
        if self.settings.l1:
            shrink(self.optimizer.param_groups, self.settings.l1)
        if self.average:
            self.average.update_parameters(self.model)
        return loss

    def _gradients(self, images: Tensor, targets: Tensor, count: int) -> Tensor:
        """What these pictures add to the mean loss of `count` and to its gradient, in parts that fit into memory."""
        device, total = self.settings.device, torch.zeros((), device=self.settings.device)
        parts = steps_per_epoch(len(images), self.micro_batch)
        self.optimizer.zero_grad()
        self.model.train()
        for module in self.frozen:
            module.eval()
        seed_step(self.settings.seed, self.step, self.ranks.rank)
        for part, wanted in zip(images.tensor_split(parts), targets.tensor_split(parts), strict=True):
            part = self.preprocessing.normalise(part.to(device, non_blocking=True))
            with autocast(device, self.settings.precision):
                logits = self.model(part.contiguous(memory_format=torch.channels_last)).float()
            loss = self.criterion(logits, wanted.to(device)) / count
            loss.backward()
            total += loss.detach()
        return total

    def _add_up(self, loss: Tensor) -> None:
        """Loss and gradient become those of the whole batch, and the batch norms' running statistics the ranks' mean.

        A batch norm's own mean and variance, in the step, are those of a rank's share.
        """
        if self.ranks.count > 1:
            gradients = [parameter.grad for parameter in self.model.parameters() if parameter.requires_grad]
            learning = (module for module in self.model.modules() if module.training)
            buffers = [buffer for module in learning for buffer in module.buffers(recurse=False)]
            statistics = [buffer for buffer in buffers if buffer.is_floating_point()]
            for statistic in statistics:
                statistic.div_(self.ranks.count)
            self.ranks.add([loss, *gradients, *statistics])

    def _divide(self, batch: int) -> Divided:
        """From now on about half as many pictures at once. Raises UserError where these were two or three."""
        share = math.ceil(batch / self.ranks.count)
        largest = math.ceil(share / steps_per_epoch(share, self.micro_batch))
        if largest < 4:  # a batch normalisation finds no variance in one
            settings = self.settings
            raise UserError("run_out_of_memory", device=settings.device, images=largest, size=settings.train_size)
        self.micro_batch = largest // 2
        return Divided(batch, self.micro_batch)

    def _validate(self, epoch: int) -> Generator[Validating, None, Validated]:
        start = time.perf_counter()
        rows = yield from self.ranks.in_step(self._look(), Validating())
        if self.budget:
            self.budget.validation_seconds = self.ranks.first(time.perf_counter() - start)
        logits = torch.from_numpy(np.stack(self.ranks.gathered(rows)))
        return validated(self, epoch, logits, torch.tensor(self.val.targets))

    def _look(self) -> Generator[Validating, None, list[np.ndarray]]:
        """The logits (K) of each validation picture that is this rank's."""
        engine = TorchEngine(self._latest(), self.preprocessing, self.settings.device)
        rows, seen, paths = [], [], [self.val.paths[place] for place in self.ranks.share(len(self.val.paths))]
        for pictures in fitted_batches(self.seen or paths, self.preprocessing, self.settings.device):
            for path, picture in zip(paths[len(rows) :], pictures, strict=False):
                readable(path, picture)
            with autocast(self.settings.device, self.settings.precision):
                rows.extend(engine.logits(np.stack(pictures)))
            seen += pictures if len(paths) * pictures[0].nbytes <= SEEN else []
            if len(rows) < len(paths):
                yield Validating()
        self.seen = seen
        return rows

    def delivered(self) -> ResNet:
        return self.best or self._latest()

    def _latest(self) -> ResNet:
        return self.average.module if self.average and self.average.n_averaged > 0 else self.model

    def state(self) -> State:
        tensors = {
            **prefixed("model.", self.model.state_dict()),
            **prefixed("average.", self.average.state_dict() if self.average else {}),
            **prefixed("optimizer.", optimizer_tensors(self.optimizer)),
            **prefixed("best.", self.best.state_dict() if self.best else {}),
        }
        best = {"best_epoch": self.best_epoch, "best_loss": self.best_loss} if self.best else {}
        over = {"progress": self.budget.progress} if self.budget else {}
        return tensors, {**counters(self), "micro_batch": self.micro_batch, **best, **over}

    def load_state(self, state: State) -> None:
        tensors, counts = state
        self.model.load_state_dict(unprefixed("model.", tensors))
        if self.average:
            self.average.load_state_dict(unprefixed("average.", tensors))
        load_optimizer_tensors(self.optimizer, unprefixed("optimizer.", tensors))
        load_counters(self, counts)
        self.micro_batch = counts.get("micro_batch", self.micro_batch)
        if "best_epoch" in counts:
            self.best_epoch, self.best_loss = counts["best_epoch"], counts["best_loss"]
            self.best = copy.deepcopy(self.model)
            self.best.load_state_dict(unprefixed("best.", tensors))
        if self.budget:
            self.budget.progress = counts["progress"]


def out_of_memory(error: Exception) -> bool:
    """Whether it says that memory is used up: of a GPU, as torch or its libraries tell it, or of the machine."""
    told = ("DefaultCPUAllocator: can't allocate memory", "ALLOC_FAILED")
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or any(words in str(error) for words in told)


def autocast(device: str, precision: str) -> torch.autocast:
    """Activations in `precision`; weights and their update stay in float32. Off for float32."""
    return torch.autocast(torch.device(device).type, torch.bfloat16, enabled=precision == "bfloat16")
