"""The parts of a recipe: learning rates by layer and by step, what is dropped, frozen, shrunk, weighted, averaged."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel

from resnet.nn.layers import StochasticDepth
from resnet.nn.network import ResNet
from resnet.training.muon import Muon


def rate_at(progress: float, warmup: float) -> float:
    """The learning rate as a share of its highest, at `progress` (0 to 1) of a run.

    A linear rise over the first `warmup` (Goyal et al. 2017, section 2.2), then half a cosine down to zero
    (Loshchilov & Hutter 2017, SGDR, eq. 5, without restarts).
    """
    if progress < warmup:
        return progress / warmup
    return 0.5 * (1 + math.cos(math.pi * (progress - warmup) / (1 - warmup)))


def size_at(progress: float, first: int, last: int) -> int:
    """The side of training crops in pixels at `progress` (0 to 1) of a run: `first`, then every 16 up to `last`.

    Small pictures are enough to begin with, and cost less (Tan & Le 2021, EfficientNetV2, section 4).
    """
    return max(first, last - round((1 - progress) * (last - first) / 16) * 16)


def optimizer(name: str, groups: list[dict], momentum: float) -> torch.optim.Optimizer:
    """What takes the steps of `groups` (see `parameter_groups`).

    sgd: with Nesterov's momentum (Sutskever et al. 2013, "On the importance of initialization and momentum").
    muon: see resnet.training.muon. From random weights a few epochs of it teach much more than those of the other two
    (tests/benchmarks/RESULTS.md).
    """
    if name == "muon":
        return Muon(groups, lr=0.0, momentum=momentum)
    return torch.optim.SGD(groups, lr=0.0, momentum=momentum, nesterov=momentum > 0)


def parameter_groups(model: ResNet, weight_decay: float, layer_decay: float) -> list[dict]:
    """Parameters that learn, by depth and kind: {params, weight_decay, scale, use_fallback}.

    scale multiplies the learning rate: the further from the classifier, the lower. Norms and biases are not decayed:
    shrinking them does not simplify the function (He et al. 2018, "Bag of Tricks", section 3.1). use_fallback: whether
    Muon leaves them to AdamW.
    """
    stages = sorted({name for name, _ in model.named_children() if name.startswith("layer")}, reverse=True)
    depth = {name: distance for distance, name in enumerate(("fc", *stages))}  # all else is the stem
    groups: dict[tuple[int, bool], dict] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        distance, decayed = depth.get(name.split(".")[0], len(depth)), parameter.ndim > 1
        group = {
            "params": [],
            "weight_decay": weight_decay if decayed else 0.0,
            "scale": layer_decay**distance,
            "use_fallback": not (decayed and distance),
        }
        groups.setdefault((distance, decayed), group)["params"].append(parameter)
    return list(groups.values())


def freeze(model: ResNet, stages: int) -> list[nn.Module]:
    """Let the stem and the first `stages` stages not learn (0: let all learn); what is to stay in evaluation mode."""
    children = dict(model.named_children())
    frozen = list(children.values())[: list(children).index(f"layer{stages}") + 1] if stages else []
    for module in frozen:
        module.requires_grad_(False)
    return frozen


def set_drop_path(model: ResNet, rate: float) -> None:
    """The share of pictures that skip a block in training: `rate` in the last, 0 in the first, evenly between.

    Huang et al. 2016, "Deep Networks with Stochastic Depth", section 3.
    """
    stages = (stage for name, stage in model.named_children() if name.startswith("layer"))
    blocks = [block for stage in stages for block in stage.children()]
    for index, block in enumerate(blocks):
        block.drop_path = StochasticDepth(rate * index / (len(blocks) - 1)) if rate and index else nn.Identity()


def seed_step(seed: int, step: int, rank: int = 0) -> None:
    """Make what a step drops at random a function of (seed, step), another one in each rank."""
    torch.manual_seed(int(np.random.SeedSequence((seed, step, rank)).generate_state(1, np.uint64)[0]))


@torch.no_grad()
def shrink(groups: Iterable[dict], l1: float) -> None:
    """L1: move each weight towards zero by learning rate times `l1`, and no further than zero.

    The proximal step of Beck & Teboulle 2009 ("A Fast Iterative Shrinkage-Thresholding Algorithm"), section 1: unlike
    the gradient of |w| it gives weights that are zero. Norms and biases are left alone, as by weight decay.
    """
    for group in groups:
        for weight in group["params"]:
            if weight.ndim > 1:
                weight.copy_(F.softshrink(weight, group["lr"] * l1))


def class_weights(targets: Sequence[int], classes: int) -> Tensor:
    """What a picture of each class counts, (K), so that all classes count alike; the mean over the pictures is 1.

    Inverse to their frequency: N / (K n) for n of N pictures (King & Zeng 2001, "Logistic Regression in Rare Events
    Data", section 4.2).
    """
    counts = torch.bincount(torch.tensor(targets), minlength=classes).clamp_min(1)
    return len(targets) / (classes * counts)


def averaged(model: nn.Module, decay: float) -> AveragedModel:
    """A copy of `model` that follows it: the exponential moving average of weights and running statistics.

    The decay grows to `decay` as min(decay, (1 + t) / (10 + t)) at step t, so that the start is soon forgotten
    (TensorFlow's ExponentialMovingAverage, `num_updates`). The first update copies.
    """

    @torch.no_grad()
    def follow(averages: list[torch.Tensor], current: list[torch.Tensor], steps: torch.Tensor | int) -> None:
        step = int(steps)
        if torch.is_floating_point(averages[0]):
            torch._foreach_lerp_(averages, current, 1 - min(decay, (1 + step) / (10 + step)))
        else:  # the count of batches that a batch normalisation has seen
            torch._foreach_copy_(averages, current)

    return AveragedModel(model, multi_avg_fn=follow, use_buffers=True)
