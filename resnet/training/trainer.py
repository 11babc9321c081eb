"""A run's stages in turn."""

import time
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from resnet.nn.network import ResNet
from resnet.predictor.ranks import ALONE, Ranks
from resnet.settings import TrainSettings
from resnet.training.finder import Trial
from resnet.training.full import FullStage
from resnet.training.head import HeadStage
from resnet.training.stage import Event, Pictures, State, diverged
from resnet.weights.preprocessing import Preprocessing

STAGES = {"head": (HeadStage,), "full": (FullStage,), "auto": (HeadStage, FullStage), "scratch": (FullStage,)}


class Trainer:
    """Trains `model` as `settings` (resolved) say: `for event in trainer.fit(): ...`.

    After any event the trainer may be left, asked for its `state`, or for the model as it stands. A new trainer on
    a model of the same shape that is given the state goes on from there.

    engine: "torch" or "onnx": what computes the features from which a head learns.
    clock: seconds of work so far, where settings bound it by minutes; None: counted from here.
    looks: how many times as many pictures as the validation part has are looked at when the run is over.
    ranks: the processes that train together; in each, the trainer gives the same events at the same time.
    """

    def __init__(
        self,
        model: ResNet,
        preprocessing: Preprocessing,
        train: Pictures,
        val: Pictures,
        settings: TrainSettings,
        engine: str = "torch",
        clock: Callable[[], float] | None = None,
        looks: float = 1.0,
        ranks: Ranks = ALONE,
    ) -> None:
        began = time.monotonic()
        self.parts = (preprocessing, train, val, settings)
        own = {
            HeadStage: {"engine": engine, "ranks": ranks},
            FullStage: {"clock": clock or (lambda: time.monotonic() - began), "looks": looks, "ranks": ranks},
        }
        self.kinds = [partial(kind, **own[kind]) for kind in STAGES[settings.mode]]
        self.index = 0
        self.stage = self.kinds[0](model, *self.parts)

    def fit(self) -> Iterator[Event]:
        """Every event of the run from here to its end."""
        yield from self._run()
        while self.index + 1 < len(self.kinds):
            self._enter(self.index + 1)
            yield from self._run()

    def _run(self) -> Iterator[Event]:
        """The stage's events. Raises RuntimeError where it took more or fewer steps than it had planned."""
        yield from self.stage.run()
        stage = self.stage
        if stage.step != stage.steps:
            raise RuntimeError(f"{stage.step} steps in stage {stage.name}, where {stage.steps} were planned")

    def try_rates(self, steps: int) -> Iterator[Event | Trial]:
        """The learning-rate finder on the stage in which all layers learn; a head learns first where the mode has one.

        The model has learned at rates that are too high by then.
        """
        while self.index + 1 < len(self.kinds):
            yield from self.stage.run()
            self._enter(self.index + 1)
        yield from self.stage.try_rates(steps)

    def _enter(self, index: int) -> None:
        self.stage = self.kinds[index](self.stage.delivered(), *self.parts)
        self.index = index

    def follow(self, other: "Trainer") -> None:
        """Take over the features that `other`, from the same start weights, has computed of the same pictures."""
        if isinstance(self.stage, HeadStage) and isinstance(other.stage, HeadStage):
            self.stage.take_features(other.stage.known_features())

    def known_logits(self) -> np.ndarray | None:
        """The logits float32 (N, K) of the validation part, where training has found them with the delivered model."""
        return self.stage.known_logits() if isinstance(self.stage, HeadStage) else None

    def learned_nothing(self) -> bool:
        return self.index == 0 and self.stage.step == 0

    def delivered(self) -> ResNet:
        """The model as it would be delivered now: with averaged weights where averaging is on."""
        return self.stage.delivered()

    def state(self) -> State:
        """All that a new trainer needs to go on.

        Raises UserError where a tensor is no longer finite: that is nothing to go back to, though the loss, which is
        looked at less often, may not show it yet.
        """
        tensors, counters = self.stage.state()
        if not all(tensor.isfinite().all() for tensor in tensors.values()):
            raise diverged(self.stage.highest_rate)
        return tensors, {"stage": self.index, **counters}

    def load_state(self, state: State) -> None:
        if state[1]["stage"] != self.index:
            self._enter(state[1]["stage"])
        self.stage.load_state(state)
