"""The network against what its own docstrings claim, and its interface against timm's.

That each network of the family is timm's: test_nn_family.py.
"""

import copy
import math

import pytest
import timm
import torch
from torch import nn

from resnet.errors import UserError
from resnet.nn.blocks import BasicBlock, Bottleneck
from resnet.nn.layers import EfficientChannelAttention, SqueezeExcitation
from resnet.nn.network import POOLS, create
from resnet.nn.variants import VARIANTS
from tests.networks import liven, unfilled

IMAGES = torch.randn(2, 3, 65, 96, generator=torch.Generator().manual_seed(0))


def both(name: str, **arguments: object) -> tuple[nn.Module, nn.Module]:
    """Ours and timm's with the same weights, in evaluation mode."""
    ours = liven(create(name, **arguments)).eval()
    with unfilled():
        theirs = timm.create_model(name, pretrained=False, **arguments).eval()
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


@pytest.mark.parity
def test_the_table_lists_timms_names():
    names = [name for name, row in VARIANTS.items() if not row.small]
    assert sorted(names) == sorted(timm.list_models(module="resnet")) and len(names) == 81


@pytest.mark.parametrize("name", VARIANTS)
def test_parameters_and_multiply_adds_are_those_of_the_network(name):
    row, counts = VARIANTS[name], []

    def count(layer: nn.Module, _: tuple, output: torch.Tensor) -> None:
        counts.append(layer.weight.numel() * output.numel() / output.shape[1])  # each weight once a position

    with torch.device("meta"), unfilled():
        network = create(name, row.classes).eval()
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                layer.register_forward_hook(count)
        network(torch.empty(1, 3, row.size, row.size))
    assert round(sum(counts) / 1e9, 3 if row.small else 1) == row.giga_macs
    assert round(sum(parameter.numel() for parameter in network.parameters()) / 1e6, 2) == row.params
    assert network.num_features == row.num_features


@pytest.mark.parametrize("name", ["resnet18", "resnet50d", "seresnet50", "ecaresnet26t", "resnet50_gn"])
def test_initial_weights_are_as_the_table_says(name):
    network = create(name)
    last = {block.last_norm for block in network.modules() if isinstance(block, BasicBlock | Bottleneck)}
    for label, module in network.named_modules():
        if isinstance(module, nn.Conv2d):
            weight, expected = module.weight, 2 / (module.kernel_size[0] ** 2 * module.out_channels)
            # The variance of n normal numbers is estimated with a relative error of sqrt(2 / n); 5 of those.
            assert weight.var().item() == pytest.approx(expected, rel=5 * math.sqrt(2 / weight.numel())), label
            assert abs(weight.mean().item()) < 5 * math.sqrt(expected / weight.numel()), label
            assert (module.bias is not None) == (".se." in label)
            if module.bias is not None:
                assert 0 < module.bias.abs().max() <= 1 / math.sqrt(module.in_channels), label
        elif isinstance(module, nn.BatchNorm2d | nn.GroupNorm):
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


@pytest.mark.parametrize(("channels", "squeezed"), [(64, 8), (256, 16), (320, 24), (2048, 128)])
def test_squeezed_channels_are_a_multiple_of_8(channels, squeezed):
    assert SqueezeExcitation(channels).fc1.out_channels == squeezed


@pytest.mark.parametrize(("channels", "size"), [(16, 3), (64, 3), (256, 5), (512, 5), (2048, 7)])
def test_more_channels_are_seen_where_there_are_more(channels, size):
    assert EfficientChannelAttention(channels).conv.kernel_size == (size,)


def test_grey_pictures():
    network = create("resnet18d", num_classes=4, in_chans=1).eval()
    assert network(torch.rand(2, 1, 33, 40)).shape == (2, 4)


def test_an_unknown_name_brings_the_nearest():
    with pytest.raises(UserError, match=r"“resnet5O”.*resnet50"):
        create("resnet5O")


def test_what_no_network_can_have_is_told_together():
    with pytest.raises(UserError) as raised:
        create("resnet18", global_pool="mean", output_stride=4, drop_rate=1.0)
    for words in ("global_pool is mean", "output_stride is 4", "drop_rate is 1.0", "avgmax"):
        assert words in str(raised.value)


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("resnet18", {"out_indices": (1, 5)}, "out_indices is 5; it must be a whole number between -5 and 4"),
        ("resnet18", {"out_indices": 0}, "out_indices is 0; it must be a whole number between 1 and 5"),
        ("resnet18", {"out_indices": ()}, r"out_indices is \(\);"),
        ("resnet20_cifar", {"out_indices": (4,)}, "out_indices is 4"),
        ("resnet20_cifar", {"output_stride": 8}, "output_stride is 8"),
    ],
)
def test_maps_that_a_network_has_not_are_refused(name, arguments, words):
    with pytest.raises(UserError, match=words):
        create(name, features_only=True, **arguments)


def test_a_new_classifier_replaces_the_old_alone():
    network = create("resnet18", num_classes=7).double().eval()
    before = copy.deepcopy(network.state_dict())
    network.reset_classifier(3)
    assert network.num_classes == 3 and network(torch.rand(2, 3, 32, 32).double()).shape == (2, 3)
    assert not network.fc.training
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items() if "fc." not in name)


@pytest.mark.parity
@pytest.mark.parametrize("arguments", [(3,), (0,), (4, "max"), (0, ""), (5, "catavgmax")])
@torch.no_grad()
def test_a_new_classifier_is_timms(arguments):
    ours, theirs = both("test_resnet")
    for network in (ours, theirs):
        torch.manual_seed(5)
        network.reset_classifier(*arguments)
    assert ours.num_classes == arguments[0] and isinstance(ours.get_classifier(), nn.Linear) == bool(arguments[0])
    assert torch.equal(ours(IMAGES), theirs(IMAGES))


@pytest.mark.parity
@pytest.mark.parametrize("kind", POOLS)
@torch.no_grad()
def test_pooling_is_timms(kind):
    ours, theirs = both("test_resnet", global_pool=kind, num_classes=5 if kind else 0)
    assert torch.equal(ours(IMAGES), theirs(IMAGES))


@pytest.mark.parity
@pytest.mark.parametrize("indices", [(1, 3), (4,), (-1,), (0, -2), 2, (2, 0)])
@pytest.mark.parametrize("name", ["test_resnet", "resnetblur18"])
@torch.no_grad()
def test_feature_maps_are_timms(name, indices):
    arguments = {"features_only": True, "out_indices": indices, "output_stride": 16}
    with unfilled():
        ours, theirs = create(name, **arguments).eval(), timm.create_model(name, **arguments).eval()
    state = {key: torch.rand(tensor.shape) / 9 for key, tensor in theirs.state_dict().items()}
    for network in (ours, theirs):
        network.load_state_dict(state)
    maps, info = ours(IMAGES), theirs.feature_info
    assert all(map(torch.equal, maps, theirs(IMAGES))) and len(maps) == len(info.channels())
    assert [tensor.shape[1] for tensor in maps] == ours.feature_info.channels()
    assert list(ours.feature_info) == info.info
    for told in ("channels", "reduction", "module_name"):
        assert sorted(getattr(ours.feature_info, told)()) == sorted(getattr(info, told)())


@pytest.mark.parity
def test_checkpointing_changes_no_gradient_and_is_timms():
    ours, theirs = both("test_resnet", num_classes=2)
    plain = copy.deepcopy(ours)
    gradients = []
    for network in (plain, ours, theirs):
        network.set_grad_checkpointing(network is not plain)
        network.train()(IMAGES).square().sum().backward()
        gradients.append([parameter.grad for parameter in network.parameters()])
    assert all(map(torch.equal, gradients[0], gradients[1])) and all(map(torch.equal, gradients[1], gradients[2]))
    assert all(map(torch.equal, ours.state_dict().values(), theirs.state_dict().values()))


@pytest.mark.parametrize("features_only", [False, True])
def test_checkpointing_keeps_less(features_only):
    network = create("resnet18", features_only=features_only)
    kept = []  # numbers that wait for the way back
    for enable in (False, True):
        network.set_grad_checkpointing(enable)
        sizes = []
        with torch.autograd.graph.saved_tensors_hooks(lambda x, sizes=sizes: sizes.append(x.numel()) or x, lambda x: x):
            network(IMAGES)
        kept.append(sum(sizes))
    assert kept[1] < kept[0] / 2


def test_dropping_is_random_in_training_and_off_in_evaluation():
    network = liven(create("test_resnet", drop_rate=0.3, drop_path_rate=0.5, drop_block_rate=0.2))
    assert not torch.equal(network(IMAGES), network(IMAGES))
    network.eval()
    assert torch.equal(network(IMAGES), network(IMAGES))
