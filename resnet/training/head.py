"""The head alone learns, on features of the backbone that are computed once."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from resnet.data.batches import batch_on, steps_per_epoch
from resnet.data.decoder import readable
from resnet.nn.network import ResNet
from resnet.predictor.engines import Engine
from resnet.predictor.graph import onnx_graph
from resnet.predictor.onnx_engine import OnnxEngine
from resnet.predictor.predictor import compute
from resnet.predictor.ranks import ALONE, Ranks
from resnet.predictor.torch_engine import fastest
from resnet.settings import TrainSettings
from resnet.training.folds import chosen_decay, looked_at
from resnet.training.recipe import class_weights, rate_at
from resnet.training.stage import (
    Chosen,
    Event,
    Loss,
    Pictures,
    Progress,
    State,
    counters,
    load_counters,
    prefixed,
    progress,
    unprefixed,
    validated,
)
from resnet.weights.preprocessing import Preprocessing


class HeadStage:
    """Only the classifier learns. The backbone's features are computed once and kept, so an epoch takes moments.

    Of several ranks each computes its share of the features; then all do the same, for it takes moments.

    Learning needs no exact features: in bfloat16, where that is faster, they are a little noisier. Those of the
    validation part are what the delivered model is judged by, and as exact as its answers.

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
        ranks: Ranks = ALONE,
    ) -> None:
        self.ranks = ranks
        self.model, self.train, self.val, self.settings = model.eval(), train, val, settings
        self.preprocessing, self.engine = preprocessing, engine
        rows = settings.head_views * len(train.paths) + len(val.paths)
        self.features, self.computed = torch.empty(rows, model.num_features), 0  # so many rows of it
        self.head = nn.Linear(model.num_features, model.num_classes)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.weight_decay = settings.head_weight_decay  # None until it is chosen
        self.momenta = [torch.zeros_like(parameter) for parameter in self.head.parameters()]  # weight's, bias's
        # Shown evenly or weighted evenly, classes have the same loss in the mean; the weights do it without chance.
        self.weights = class_weights(train.targets, model.num_classes) if settings.balance != "none" else None
        self.criterion = nn.CrossEntropyLoss(self.weights, reduction="sum", label_smoothing=settings.label_smoothing)
        self.step, self.validated, self.loss = 0, 0, Loss()  # steps taken, epochs ended and validated
        self.epochs, self.highest_rate = settings.head_epochs, settings.head_learning_rate
        self.epoch_steps = steps_per_epoch(len(train.paths), settings.batch_size)
        self.steps = self.epochs * self.epoch_steps

    def run(self) -> Iterator[Event]:
        yield from self._compute_features()
        features, mean, scale = self._centred()
        targets = torch.tensor([*self.train.targets, *self.val.targets])
        count = len(self.train.paths)
        if self.weight_decay is None:
            self._choose(features[:count], targets[:count])
            tried = looked_at(count, features.shape[1], self.model.num_classes) > 0
            yield Chosen("head_weight_decay", self.weight_decay, tried)
        while self.validated < self.epochs:
            epoch = self.validated
            random = np.random.default_rng((self.settings.seed, epoch))
            order, mirrored = random.permutation(count), random.integers(self.settings.head_views, size=count) > 0
            batches = np.array_split(order, self.epoch_steps)
            for batch in batches[self.step - epoch * self.epoch_steps :]:
                rate = self.highest_rate * rate_at((self.step + 0.5) / self.steps, self.settings.warmup)
                rows = np.where(mirrored[batch], len(targets) + batch, batch)
                self.loss.add(self._learn(features[rows], targets[batch], rate))
                self.step += 1
                self._fold(mean, scale)
                ended = self.step % self.epoch_steps == 0
                mean_loss = self.loss.mean(self.highest_rate) if ended else None
                yield progress(self, epoch + 1, len(batch), 0.0, mean_loss, rate if ended else None)
            with torch.no_grad():
                logits = self.head(features[count : len(targets)])
            self.validated += 1
            yield validated(self, epoch + 1, logits, targets[count:])

    def _choose(self, features: Tensor, targets: Tensor) -> None:
        settings = self.settings
        self.weight_decay = chosen_decay(
            features, targets, self.train.groups, settings.seed, settings.label_smoothing, self.weights
        )

    def _compute_features(self) -> Iterator[Progress]:
        train, val = self.train.paths, self.val.paths
        if self.computed == len(self.features):
            return
        exact = self._engine()
        quick = self._quick_engine() or exact
        yield from self._compute(quick.features, train, 0)
        yield from self._compute(exact.features, val, len(train))
        if self.settings.head_views == 2:
            yield from self._compute(partial(of_mirrored, quick.features), train, len(train) + len(val))

    def _compute(self, network: Callable, paths: Sequence[Path], before: int) -> Iterator[Progress]:
        """The rows of `paths`, which come after `before` others; some of them may be there."""
        paths, device = paths[max(0, self.computed - before) :], self.settings.device
        turn = batch_on(device) * self.ranks.count
        turns = [paths[first : first + turn] for first in range(0, len(paths), turn)]
        own = [[turn[place] for place in self.ranks.share(len(turn))] for turn in turns]
        outputs = compute(network, self.preprocessing, [path for paths in own for path in paths], device)
        for turn, paths in zip(turns, own, strict=True):
            rows = [torch.from_numpy(readable(path, output)) for path, output in zip(paths, outputs, strict=False)]
            self.features[self.computed : self.computed + len(turn)] = torch.stack(self.ranks.gathered(rows))
            self.computed += len(turn)
            yield Progress("features", 0, self.epochs, self.computed, len(self.features), len(turn))

    def known_logits(self) -> np.ndarray | None:
        """What the delivered model answers to the validation part, float32 (N, K), once it has learned."""
        first, count = len(self.train.paths), len(self.val.paths)
        return self.model.fc(self.features[first : first + count]).detach().numpy() if self.step else None

    def known_features(self) -> dict[Path, Tensor]:
        """The features (F) of each picture, as far as they are computed."""
        return dict(zip([*self.train.paths, *self.val.paths], self.features[: self.computed], strict=False))

    def take_features(self, known: dict[Path, Tensor]) -> None:
        """Features that another stage has computed of the same pictures with the same backbone."""
        paths = [*self.train.paths, *self.val.paths]
        torch.stack([known[path] for path in paths], out=self.features[: len(paths)])
        self.computed = len(paths)

    def _engine(self) -> Engine:
        """Made of the weights as they are, so that a run that is resumed has the same one as before."""
        if self.engine == "onnx":
            return OnnxEngine(onnx_graph(self.model).SerializeToString(), self.preprocessing)
        return fastest(self.model, self.preprocessing, self.settings.device)

    def _quick_engine(self) -> Engine | None:
        """A less exact one for what is only learned from; none with folds, where every picture is judged by as well."""
        if self.settings.precision != "bfloat16" or self.settings.folds:
            return None
        return fastest(self.model, self.preprocessing, self.settings.device, torch.bfloat16)

    def _centred(self) -> tuple[Tensor, Tensor, Tensor]:
        known = self.features[: len(self.train.paths)]
        mean, scale = known.mean(dim=0), known.std(dim=0, correction=0).norm().clamp_min(1e-6)
        return (self.features - mean) / scale, mean, scale

    def _learn(self, features: Tensor, targets: Tensor, rate: float) -> Tensor:
        """A step of SGD with Nesterov's momentum, as torch.optim.SGD takes it, which would take a second to load."""
        loss = self.criterion(self.head(features), targets) / len(features)
        weight_gradient, bias_gradient = torch.autograd.grad(loss, [self.head.weight, self.head.bias])
        gradients = weight_gradient + self.weight_decay * self.head.weight.detach(), bias_gradient
        with torch.no_grad():
            for parameter, gradient, momentum in zip(self.head.parameters(), gradients, self.momenta, strict=True):
                momentum.mul_(self.settings.momentum).add_(gradient)
                parameter.sub_(rate * (gradient + self.settings.momentum * momentum))
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
            **{f"optimizer.{index}.momentum_buffer": momentum for index, momentum in enumerate(self.momenta)},
            "features": self.features[: self.computed],
        }
        return tensors, {**counters(self), "weight_decay": self.weight_decay}

    def load_state(self, state: State) -> None:
        tensors, counts = state
        self.model.load_state_dict(unprefixed("model.", tensors))
        self.head.load_state_dict(unprefixed("head.", tensors))
        for index, momentum in enumerate(self.momenta):
            momentum.copy_(tensors.get(f"optimizer.{index}.momentum_buffer", momentum))
        self.computed = len(tensors["features"])
        self.features[: self.computed] = tensors["features"]
        load_counters(self, counts)
        self.weight_decay = counts.get("weight_decay", self.weight_decay)


def of_mirrored(network: Callable[[np.ndarray], np.ndarray], images: np.ndarray) -> np.ndarray:
    """What `network` makes of the pictures uint8 (N, C, H, W), left and right exchanged."""
    return network(np.ascontiguousarray(images[..., ::-1]))
