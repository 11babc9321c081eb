"""The first paper's networks for CIFAR's pictures, against its table and its section 4.2 written as formulas."""

import re

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from resnet.nn.network import create
from resnet.nn.variants import VARIANTS

SMALL = [name for name, row in VARIANTS.items() if row.small]
MILLIONS = {20: "0.27", 32: "0.46", 44: "0.66", 56: "0.85", 110: "1.7", 1202: "19.4"}  # He et al. 2015, table 6
IMAGES = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def livened(name: str, **arguments: object) -> nn.Module:
    torch.manual_seed(0)
    network = create(name, num_classes=10, **arguments).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1)
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    return network


def as_in_the_paper(state: dict[str, Tensor], x: Tensor, blocks: int, residual: bool) -> Tensor:
    """Logits by section 4.2 alone: stages of 16, 32 and 64 channels, option A between them."""

    def normalised(x: Tensor, name: str) -> Tensor:
        names = ("running_mean", "running_var", "weight", "bias")
        mean, var, weight, bias = (state[f"{name}.{part}"].view(-1, 1, 1) for part in names)
        return (x - mean) / (var + 1e-5).sqrt() * weight + bias

    x = normalised(functional.conv2d(x, state["conv1.weight"], padding=1), "bn1").relu()
    for stage in (1, 2, 3):
        for block in range(blocks):
            name, stride = f"layer{stage}.{block}", 2 if stage > 1 and block == 0 else 1
            y = functional.conv2d(x, state[f"{name}.conv1.weight"], stride=stride, padding=1)
            y = functional.conv2d(normalised(y, f"{name}.bn1").relu(), state[f"{name}.conv2.weight"], padding=1)
            carried = torch.zeros_like(y)
            extra = (y.shape[1] - x.shape[1]) // 2
            carried[:, extra : extra + x.shape[1]] = x[:, :, ::stride, ::stride]
            x = (normalised(y, f"{name}.bn2") + (carried if residual else 0)).relu()
    return x.mean((2, 3)) @ state["fc.weight"].T + state["fc.bias"]


@pytest.mark.parametrize("name", ["resnet20_cifar", "resnet32_cifar", "plain20_cifar"])
@pytest.mark.parametrize("side", [32, 33])
@torch.no_grad()
def test_the_same_function_as_the_papers(name, side):
    network, images = livened(name), functional.interpolate(IMAGES, side)
    expected = as_in_the_paper(network.state_dict(), images, VARIANTS[name].layers[0], name.startswith("resnet"))
    torch.testing.assert_close(network(images), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", SMALL)
def test_parameters_of_table_6_and_the_row(name):
    with torch.device("meta"):
        network = create(name, num_classes=10)
    depth, row = int(re.search(r"\d+", name)[0]), VARIANTS[name]
    count = sum(parameter.numel() for parameter in network.parameters()) / 1e6
    assert f"{count:.{len(MILLIONS[depth].split('.')[1])}f}" == MILLIONS[depth]
    assert round(count, 2) == row.params and (row.size, row.classes, row.num_features) == (32, 10, 64)
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    assert len(convolutions) == depth


@pytest.mark.parametrize("name", ["resnet20_cifar", "plain20_cifar"])
def test_all_of_it_learns_from_the_start(name):
    """A plain network whose last normalisations were zero would give zeros, and no gradient."""
    torch.manual_seed(0)
    network = create(name, num_classes=10)
    functional.cross_entropy(network(IMAGES), torch.tensor([1, 2])).backward()
    learning = [name for name, parameter in network.named_parameters() if parameter.grad.any()]
    assert {"fc.weight", "layer3.2.bn2.weight"} <= set(learning)
    assert name.startswith("resnet") or len(learning) == len(list(network.parameters()))


@torch.no_grad()
def test_the_interface_of_the_others():
    network = livened("resnet20_cifar", in_chans=1)
    maps = network.forward_features(IMAGES[:, :1])
    assert maps.shape == (2, 64, 8, 8) and network.num_features == 64 and network.get_classifier() is network.fc
    assert torch.equal(network.forward_head(maps, pre_logits=True), maps.mean((2, 3)))
    network.reset_classifier(3)
    assert network(IMAGES[:, :1]).shape == (2, 3)
    features = create("resnet20_cifar", features_only=True)
    assert [one.shape[1:] for one in features(IMAGES)] == [(16, 32, 32), (16, 32, 32), (32, 16, 16), (64, 8, 8)]
