"""The parts of a recipe: learning rates by layer and by step, the averaging of weights."""

import math

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from resnet.nn.network import ResNet

LAYER_DECAY = 0.7  # rate of a stage over that of the next; Howard & Ruder 2018 (ULMFiT), section 3.2, use 1 / 2.6


def rate_at(progress: float, warmup: float) -> float:
    """The learning rate as a share of its highest, at `progress` (0 to 1) of a run.

    A linear rise over the first `warmup` (Goyal et al. 2017, section 2.2), then half a cosine down to zero
    (Loshchilov & Hutter 2017, SGDR, eq. 5, without restarts).
    """
    if progress < warmup:
        return progress / warmup
    return 0.5 * (1 + math.cos(math.pi * (progress - warmup) / (1 - warmup)))


def parameter_groups(model: ResNet, weight_decay: float, layer_decay: float) -> list[dict]:
    """Parameters by depth and kind: {params, weight_decay, scale}; scale multiplies the learning rate.

    The further from the classifier, the lower the rate. Norms and biases are not decayed: shrinking them does not
    simplify the function (He et al. 2018, "Bag of Tricks", section 3.1).
    """
    stages = sorted({name for name, _ in model.named_children() if name.startswith("layer")}, reverse=True)
    depth = {name: distance for distance, name in enumerate(("fc", *stages))}  # all else is the stem
    groups: dict[tuple[int, bool], dict] = {}
    for name, parameter in model.named_parameters():
        distance, decayed = depth.get(name.split(".")[0], len(depth)), parameter.ndim > 1
        group = {"params": [], "weight_decay": weight_decay if decayed else 0.0, "scale": layer_decay**distance}
        groups.setdefault((distance, decayed), group)["params"].append(parameter)
    return list(groups.values())


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
