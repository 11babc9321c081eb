"""The network against timm's, name by name and bit by bit, and against what its own docstrings claim."""

import copy
import math

import pytest
import timm
import torch
from torch import nn
from torch.nn import functional

from resnet.errors import UserError
from resnet.nn.network import BasicBlock, Bottleneck, create
from resnet.nn.variants import VARIANTS

CLASSES = 10
PARAMETERS = {  # with 1000 classes, in units of 1e6; torchvision's and timm's model cards
    "resnet18": 11.69,
    "resnet34": 21.80,
    "resnet50": 25.56,
    "resnet101": 44.55,
    "resnet152": 60.19,
    "resnet18d": 11.71,
    "resnet26d": 16.01,
    "resnet34d": 21.82,
    "resnet50d": 25.58,
    "resnet101d": 44.57,
    "resnet152d": 60.21,
}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Two threads that wait for each other beside other busy processes are many times slower than one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module", params=PARAMETERS)
def pair(request) -> tuple[nn.Module, nn.Module]:
    """Ours and timm's, initialised from the same seed."""
    torch.manual_seed(0)
    ours = create(request.param, num_classes=CLASSES)
    torch.manual_seed(0)
    return ours, timm.create_model(request.param, pretrained=False, num_classes=CLASSES)


def livened(network: nn.Module) -> nn.Module:
    """A copy in evaluation mode whose normalisations do something, as after a training."""
    network = copy.deepcopy(network).eval()
    generator = torch.Generator().manual_seed(1)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1, generator=generator)
            module.running_var.uniform_(0.5, 1.5, generator=generator)
            nn.init.uniform_(module.weight, 0.2, 0.8, generator=generator)
            nn.init.normal_(module.bias, 0, 0.1, generator=generator)
    return network


def assert_same_state(ours: nn.Module, theirs: nn.Module) -> None:
    for (name, tensor), (their_name, their_tensor) in zip(
        ours.state_dict().items(), theirs.state_dict().items(), strict=True
    ):
        assert name == their_name
        assert torch.equal(tensor, their_tensor), name


@pytest.mark.parity
def test_names_order_shapes_and_initial_values_equal_timms(pair):
    ours, theirs = pair
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in theirs.named_parameters()]
    assert_same_state(ours, theirs)


@pytest.mark.parity
@torch.no_grad()
def test_features_and_logits_equal_timms_to_the_bit(pair):
    ours, theirs = livened(pair[0]), livened(pair[1])
    assert_same_state(ours, theirs)
    images = torch.randn(2, 3, 65, 96, generator=torch.Generator().manual_seed(2))
    features = ours.forward_features(images)
    assert features.shape == (2, ours.num_features, 3, 3)
    assert torch.equal(features, theirs.forward_features(images))
    assert torch.equal(
        ours.forward_head(features.clone(), pre_logits=True), theirs.forward_head(features.clone(), pre_logits=True)
    )
    assert torch.equal(ours(images), theirs(images))


@pytest.mark.parity
def test_a_training_step_equals_timms_to_the_bit_and_reaches_every_parameter(pair):
    generator = torch.Generator().manual_seed(3)
    images, targets = torch.randn(4, 3, 64, 64, generator=generator), torch.tensor([0, 3, 3, 9])
    networks = [livened(network).train() for network in pair]
    for network in networks:
        optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
        functional.cross_entropy(network(images), targets).backward()
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name
        optimizer.step()
    assert_same_state(*networks)


@pytest.mark.parametrize("name", PARAMETERS)
def test_number_of_parameters(name):
    with torch.device("meta"):
        network = create(name)
    assert sum(parameter.numel() for parameter in network.parameters()) / 1e6 == pytest.approx(
        PARAMETERS[name], abs=0.006
    )


@pytest.mark.parametrize("name", ["resnet50d", "resnet18"])
def test_initial_weights_are_as_the_table_says(name):
    network = create(name)
    last = {block.last_norm for block in network.modules() if isinstance(block, BasicBlock | Bottleneck)}
    for label, module in network.named_modules():
        if isinstance(module, nn.Conv2d):
            assert module.bias is None
            weight, expected = module.weight, 2 / (module.kernel_size[0] ** 2 * module.out_channels)
            # The variance of n normal numbers is estimated with a relative error of sqrt(2 / n); 5 of those.
            assert weight.var().item() == pytest.approx(expected, rel=5 * math.sqrt(2 / weight.numel())), label
            assert abs(weight.mean().item()) < 5 * math.sqrt(expected / weight.numel()), label
        elif isinstance(module, nn.BatchNorm2d):
            assert (module.weight == (0 if module in last else 1)).all() and (module.bias == 0).all(), label
    assert len(last) == sum(VARIANTS[name].layers)
    bound = 1 / math.sqrt(network.num_features)
    for tensor in (network.fc.weight, network.fc.bias):
        assert 0.99 * bound < tensor.abs().max() <= bound
        assert abs(tensor.mean()) < 5 * bound / math.sqrt(3 * tensor.numel())


def test_blocks_start_as_the_identity():
    block = create("resnet34").layer1[1].eval()
    features = torch.rand(1, 64, 5, 5)
    assert torch.equal(block(features), features)


def test_a_new_classifier_replaces_the_old_alone():
    network = create("resnet18", num_classes=7).double().eval()
    before = copy.deepcopy(network.state_dict())
    network.reset_classifier(3)
    assert network.num_classes == 3 and network(torch.rand(2, 3, 32, 32).double()).shape == (2, 3)
    assert not network.fc.training
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items() if "fc." not in name)


def test_grey_pictures():
    network = create("resnet18d", num_classes=4, in_chans=1).eval()
    assert network(torch.rand(2, 1, 33, 40)).shape == (2, 4)


def test_an_unknown_name_brings_the_nearest():
    with pytest.raises(UserError, match=r"“resnet5O”.*resnet50"):
        create("resnet5O")


@pytest.mark.parametrize("name", PARAMETERS)
def test_multiply_adds_are_those_of_the_network(name):
    counts = []

    def count(layer: nn.Module, _: tuple, output: torch.Tensor) -> None:
        counts.append(layer.weight.numel() * output.numel() / output.shape[1])  # each weight once a position

    with torch.device("meta"):
        network = create(name).eval()
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                layer.register_forward_hook(count)
        network(torch.empty(1, 3, 224, 224))
    assert round(sum(counts) / 1e9, 1) == VARIANTS[name].giga_macs
