"""Every network of the family is timm's, bit by bit.

The default run takes each kind of network, short and narrow. All as they are: `python -m pytest -m slow FILE`.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
import timm
import torch
import torchvision
from torch import Tensor, fx, nn
from torch.nn import functional

from resnet.nn.features import FeatureMaps
from resnet.nn.network import ResNet, create
from resnet.nn.variants import VARIANTS, variant
from tests.networks import liven, unfilled

pytestmark = pytest.mark.parity

FAMILY = {name: row for name, row in VARIANTS.items() if not row.small}  # CIFAR's networks are not in timm
CLASSES = 10
SMALL = {"layers": (1, 2, 1, 1), "channels": (32, 64, 96, 128)}
WHOLE = ["test_resnet", "ecaresnet50d_pruned", "resnet18"]  # in every run
DROPS = {"drop_rate": 0.3, "drop_path_rate": 0.4, "drop_block_rate": 0.2}
TORCHVISIONS = [
    *("resnet18", "resnext50_32x4d", "wide_resnet50_2", "resnet34", "resnet50", "resnet101", "resnet152"),
    *("resnext101_32x8d", "resnext101_64x4d", "wide_resnet101_2"),
]


def kinds() -> list[str]:
    """The first name of each kind: of rows that differ in more than numbers of blocks, groups and channels."""
    rows = {}
    for name, row in FAMILY.items():
        groups = {"groups": 32, "base_width": 4} if row.groups > 1 else {}
        rows.setdefault(replace(row, **SMALL, **groups, giga_macs=0, params=0), name)
    return [name for row, name in rows.items() if not row.pruned and isinstance(row.block, str)]


def slow(names: list[str]) -> list:
    return [pytest.param(name, marks=pytest.mark.slow, id=f"{name}-slow") for name in names]


@dataclass
class Pair:
    """Ours and timm's, of the same name and arguments; they share their weights."""

    name: str
    size: dict
    ours: nn.Module
    theirs: nn.Module
    differing: tuple[list[str], list[str]] | None = None  # names, as they came from the same seed

    def state(self) -> dict[str, Tensor]:
        return self.ours.state_dict()


def make(name: str, size: dict, **arguments: object) -> Pair:
    torch.manual_seed(0)
    ours = ResNet(replace(variant(name), **size), **arguments) if size else create(name, **arguments)
    torch.manual_seed(0)
    return Pair(name, size, ours, timm.create_model(name, pretrained=False, **size, **arguments))


@pytest.fixture(
    scope="module",
    params=[
        *(pytest.param((name, SMALL), id=f"{name}-small") for name in kinds()),
        *(pytest.param((name, {}), id=name) for name in WHOLE),
        *(pytest.param((name, {}), id=f"{name}-slow", marks=pytest.mark.slow) for name in FAMILY),
    ],
)
def pair(request) -> Iterator[Pair]:
    """In evaluation mode, with statistics as after a training."""
    pair = make(*request.param, num_classes=CLASSES)
    pair.differing = differing(pair.ours.state_dict(), pair.theirs.state_dict())
    liven(pair.ours.eval())
    pair.theirs.eval().load_state_dict(pair.state(), assign=True)
    yield pair
    del pair.ours, pair.theirs


def differing(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> list[str]:
    """Names of tensors that are not equal to the bit; all names have to be the same, in the same order."""
    assert list(ours) == list(theirs)
    return [name for name, tensor in ours.items() if not torch.equal(tensor, theirs[name])]


def images(count: int, channels: int = 3, height: int = 65, width: int = 96) -> Tensor:
    return torch.randn(count, channels, height, width, generator=torch.Generator().manual_seed(2))


def with_arguments(pair: Pair, **arguments: object) -> Pair:
    """The same with other arguments, and the same weights where those are of the same shape."""
    with unfilled():
        other = make(pair.name, pair.size, **{"num_classes": CLASSES, **arguments})
    state, generator = pair.state(), torch.Generator().manual_seed(3)
    for name, tensor in other.ours.state_dict().items():
        if tensor.shape != state[name].shape:
            state[name] = torch.randn(tensor.shape, generator=generator) / 10
    state = {name: tensor for name, tensor in state.items() if name in other.ours.state_dict()}
    for network in (other.ours.eval(), other.theirs.eval()):
        network.load_state_dict(state, assign=True)
    return other


def test_names_order_shapes_and_initial_values(pair):
    assert pair.differing == []
    names = [[name for name, _ in network.named_parameters()] for network in (pair.ours, pair.theirs)]
    assert names[0] == names[1]
    assert pair.ours.num_features == pair.theirs.num_features == pair.ours.feature_info[-1]["num_chs"]
    assert pair.size or variant(pair.name).num_features == pair.ours.num_features


@torch.no_grad()
def assert_same_results(ours: nn.Module, theirs: nn.Module) -> None:
    pictures = images(2, ours.in_chans)
    maps = ours.forward_features(pictures)
    assert maps.isfinite().all() and maps.std() > 0
    assert torch.equal(maps, theirs.forward_features(pictures))
    features = ours.forward_head(maps, pre_logits=True)
    assert features.shape == (2, ours.head_hidden_size) and ours.head_hidden_size == theirs.head_hidden_size
    assert torch.equal(features, theirs.forward_head(maps, pre_logits=True))
    logits = ours(pictures)
    assert logits.shape == (2, ours.num_classes or ours.head_hidden_size)
    assert torch.equal(logits, theirs(pictures))


def test_pre_logits_and_logits(pair):
    assert_same_results(pair.ours, pair.theirs)


@pytest.mark.parametrize(
    "arguments",
    [
        {"in_chans": 1, "num_classes": 7, "output_stride": 16, "global_pool": "max"},
        {"in_chans": 4, "num_classes": 0, "output_stride": 8},
    ],
    ids=["grey-7-classes-stride-16-max", "4-channels-no-classes-stride-8"],
)
def test_other_arguments(pair, arguments):
    other = with_arguments(pair, **arguments)
    assert other.ours.feature_info == other.theirs.feature_info
    assert_same_results(other.ours, other.theirs)


@torch.no_grad()
def test_features_at_every_index(pair):
    with unfilled():
        theirs = timm.create_model(pair.name, features_only=True, num_classes=CLASSES, **pair.size).eval()
    ours = FeatureMaps(pair.ours, (0, 1, 2, 3, 4))
    theirs.load_state_dict(ours.state_dict(), assign=True)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert list(ours.feature_info) == theirs.feature_info.get_dicts()
    maps = ours(images(1))
    assert [tensor.shape[1] for tensor in maps] == theirs.feature_info.channels() == ours.feature_info.channels()
    assert all(map(torch.equal, maps, theirs(images(1)))) and len(maps) == 5


@pytest.mark.parametrize("arguments", [{}, DROPS], ids=["plain", "drops"])
def test_a_training_step(pair, arguments):
    other = with_arguments(pair, **arguments) if arguments else pair
    after = [trained(network, reached=not arguments) for network in (other.ours, other.theirs)]
    assert differing(*after) == []
    assert len(differing(after[0], pair.state())) > len(list(pair.ours.parameters())) / 2


def trained(network: nn.Module, reached: bool) -> dict[str, Tensor]:
    """The state of a copy of `network` after a step; where it is to be, every parameter is reached."""
    network = copy.deepcopy(network).train()
    torch.manual_seed(4)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
    loss = functional.cross_entropy(network(images(3, height=64, width=64)), torch.tensor([0, 3, 9]))
    assert loss.isfinite()
    loss.backward()
    if reached:
        lost = [name for name, parameter in network.named_parameters() if not parameter.grad.abs().sum() > 0]
        assert lost == []
    optimizer.step()
    return network.state_dict()


@torch.no_grad()
def test_traces_copies_and_lower_precision(pair):
    pictures = images(2)
    logits, maps = pair.ours(pictures), FeatureMaps(pair.ours, (1, 4))
    assert torch.equal(fx.symbolic_trace(pair.ours)(pictures), logits)
    assert all(map(torch.equal, fx.symbolic_trace(maps)(pictures), maps(pictures)))
    assert torch.equal(copy.deepcopy(pair.ours)(pictures), logits)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(pair.ours(pictures), pair.theirs(pictures))


@pytest.mark.parametrize("name", [*TORCHVISIONS[:3], *slow(TORCHVISIONS)])
@torch.no_grad()
def test_torchvisions_have_the_same_names_and_logits(name):
    ours = liven(create(name)).eval()
    with unfilled():
        theirs = getattr(torchvision.models, name)().eval()
    theirs.load_state_dict(ours.state_dict(), assign=True)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert torch.equal(ours(images(1)), theirs(images(1)))
