"""Networks for tests: made without waiting for random numbers, or with statistics as after a training."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import torch
from torch import nn


@contextmanager
def unfilled() -> Iterator[None]:
    """Networks made inside are not initialised: their weights are to be loaded."""
    with mock.patch.multiple(
        nn.init, **dict.fromkeys(["kaiming_uniform_", "kaiming_normal_", "uniform_"], lambda tensor, *_, **__: tensor)
    ):
        yield


@torch.no_grad()
def liven(network: nn.Module) -> nn.Module:
    """Let its normalisations do something; a new network's are all alike, and its branches are off."""
    generator = torch.Generator().manual_seed(1)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1, generator=generator)
            module.running_var.uniform_(0.5, 1.5, generator=generator)
        if isinstance(module, nn.BatchNorm2d | nn.GroupNorm):
            module.weight.uniform_(0.2, 0.8, generator=generator)
            module.bias.normal_(0, 0.1, generator=generator)
    return network
