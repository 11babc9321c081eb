"""Files of weights: foreign ones read as they are, unfit ones refused by name, hostile ones without being run."""

import copy
import errno
import pickle
import resource
from pathlib import Path

import pytest
import timm
import torch
import torchvision
from safetensors.torch import save_file
from torch import nn

from resnet.errors import UserError
from resnet.nn.network import ResNet, create
from resnet.nn.variants import VARIANTS
from resnet.weights.files import load_checkpoint, read_state
from resnet.weights.models import load, open_model
from resnet.weights.state import guess_architecture, load_strict
from tests.preloaded import ROW
from tests.weights_files import ACCEPTED, BROKEN, CONTAINERS, REFUSED, cast, payloads, raw, saved, tensors, zeros

IMAGES = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
SHOWN = 500  # characters of a sentence, at most, whatever is in the file


@pytest.fixture(scope="module")
def network() -> nn.Module:
    """The thinnest network of the known kind, its statistics not those of a new one."""
    torch.manual_seed(0)
    network = ResNet(ROW, num_classes=5).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    return network


@pytest.fixture(scope="module")
def other(network) -> nn.Module:
    """Another of the same shapes, to load into."""
    return copy.deepcopy(network)


@pytest.fixture(autouse=True)
def blank(other: nn.Module) -> None:
    other.load_state_dict(zeros(other.state_dict()))


@pytest.mark.parametrize("name", ACCEPTED)
@torch.no_grad()
def test_accepted(name, tmp_path, network, other):
    load_strict(other, read_state(ACCEPTED[name](tmp_path, network.state_dict())))
    assert torch.equal(other(IMAGES), network(IMAGES))


@pytest.mark.parametrize("save", [saved, tensors])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
@torch.no_grad()
def test_numbers_of_16_and_64_bits_are_read_as_32(tmp_path, network, other, dtype, save):
    load_checkpoint(other, save(cast(dtype))(tmp_path, network.state_dict()))
    for name, tensor in network.state_dict().items():
        expected = tensor.to(dtype).float() if tensor.is_floating_point() else tensor
        assert torch.equal(other.state_dict()[name], expected), name


@torch.no_grad()
def test_a_classifier_without_bias(tmp_path, network, other):
    state = {name: tensor for name, tensor in network.state_dict().items() if name != "fc.bias"}
    load_checkpoint(other, saved()(tmp_path, state))
    torch.testing.assert_close(other(IMAGES), network(IMAGES) - network.fc.bias)


@pytest.mark.filterwarnings("ignore:`torch.jit", "ignore:torch.quantize")  # which old files were made by
@pytest.mark.parametrize("name", REFUSED)
def test_refused(name, tmp_path, network, other):
    make, key, named = REFUSED[name]
    path = make(tmp_path, network.state_dict())
    with pytest.raises(UserError) as raised:
        load_strict(other, read_state(path))
    assert raised.value.message.key == key
    assert named.format(file=path) in str(raised.value)
    assert len(str(raised.value)) < SHOWN + len(str(path)) and raised.value.message.say("zh") != str(raised.value)
    assert all(not tensor.any() for tensor in other.state_dict().values())  # nothing was loaded


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("name", payloads(Path("canary")))
def test_a_pickle_with_code_runs_nothing(name, container, tmp_path):
    canary = tmp_path / "canary"
    program, asked = payloads(canary)[name]
    path = raw(CONTAINERS[container](program))(tmp_path, {})
    for read in (read_state, load):
        with pytest.raises(UserError) as raised:
            read(path)
        assert raised.value.message.key == "weights_code" and asked in str(raised.value)
    assert not canary.exists()
    pickle.loads(program)  # so that the canary is known to sing
    assert canary.exists()


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("name", BROKEN)
def test_a_pickle_that_asks_for_what_there_is_not(name, container, tmp_path):
    program, key, named = BROKEN[name]
    with pytest.raises(UserError) as raised:
        read_state(raw(CONTAINERS[container](program))(tmp_path, {}))
    assert raised.value.message.key == key and named in str(raised.value)


def test_no_file_takes_much_memory(tmp_path, network):
    """Those that claim more than they have; the counter is the process's highest, in KB."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name, (make, key, _) in REFUSED.items():
        if key in ("weights_overclaim", "weights_header") or "0 GB" in name or "tuples" in name:
            (tmp_path / name).mkdir()
            with pytest.raises(UserError):
                read_state(make(tmp_path / name, network.state_dict()))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000


class Failing(type(Path())):
    """A path whose disk fails."""

    def open(self, *_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")


def test_a_disk_that_fails_and_a_file_that_is_closed(tmp_path, network):
    path = saved()(tmp_path, {"fc.weight": torch.ones(1)})
    with pytest.raises(UserError, match=r"weights.pth cannot be read: Input/output error"):
        read_state(Failing(path))
    path.chmod(0)
    with pytest.raises(UserError) as raised:
        read_state(path)
    assert raised.value.message.key in ("weights_unreadable", "weights_foreign")  # root reads it all the same


def test_what_torch_reads_is_what_we_read(tmp_path, network):
    """torch.load as the judge, on a checkpoint with all that a training keeps."""
    path = ACCEPTED["before 1.6, protocol 4"](tmp_path, network.state_dict())
    theirs = torch.load(path, weights_only=False)
    ours = read_state(path)
    assert theirs.keys() == ours.keys() and all(torch.equal(theirs[name], ours[name]) for name in ours)


# Which network it is


@pytest.mark.parity
@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
@torch.no_grad()
def test_torchvisions_files_load(tmp_path, name):
    theirs = getattr(torchvision.models, name)(num_classes=7).eval()
    torch.save(theirs.state_dict(), tmp_path / "weights.pth")
    ours = load(tmp_path / "weights.pth")
    assert torch.equal(ours(IMAGES), theirs(IMAGES))
    assert ours.config.architecture == name and ours.labels == [str(index) for index in range(7)]
    assert ours.adapted == []


@pytest.mark.parity
@torch.no_grad()
def test_timms_files_load(tmp_path):
    theirs = timm.create_model("resnet18d", num_classes=3).eval()
    save_file(theirs.state_dict(), tmp_path / "weights.safetensors")
    ours = load(tmp_path / "weights.safetensors")
    assert torch.equal(ours(IMAGES), theirs(IMAGES)) and ours.config.architecture == "resnet18d"


def test_a_bare_file_of_a_thousand_classes_knows_imagenet(tmp_path):
    config = load(saved()(tmp_path, create("resnet18").state_dict())).config
    assert config.labels[0] == "n01440764" and "tench" in config.describe_label("n01440764")


KINDS = (
    *("resnet10t", "resnet26t", "resnet34d", "resnet50", "resnet50c", "resnet50s", "wide_resnet50_2"),
    *("resnet50_gn", "seresnet50", "seresnext26d_32x4d", "ecaresnet26t", "ecaresnet50d_pruned", "ecaresnetlight"),
    *("resnext50_32x4d", "resnetrs50", "senet154", "test_resnet", "resnet20_cifar"),
)
REST = [pytest.param(name, marks=pytest.mark.slow) for name in VARIANTS if name not in KINDS]
TWINS = {"resnetaa50": "resnet50", "resnetblur50": "resnet50", "plain32_cifar": "resnet32_cifar"}


@pytest.mark.parametrize("name", [*KINDS, *REST])
def test_every_variant_is_recognised(name):
    with torch.device("meta"):
        state = create(name, num_classes=3).state_dict()
    found = guess_architecture(state)
    if found != name:  # an earlier one with the same names and shapes, which no file tells apart
        with torch.device("meta"):
            twin = create(found, num_classes=3).state_dict()
        assert {key: value.shape for key, value in twin.items()} == {key: value.shape for key, value in state.items()}
        assert list(VARIANTS).index(found) < list(VARIANTS).index(name) and name not in KINDS


@pytest.mark.parametrize("name", TWINS)
def test_of_networks_with_the_same_weights_the_plain_one_is_meant(name):
    with torch.device("meta"):
        assert guess_architecture(create(name, num_classes=3, in_chans=1).state_dict()) == TWINS[name]


def test_a_network_that_is_not_built_is_told_so(tmp_path):
    wide = torchvision.models.resnet._resnet(
        torchvision.models.resnet.Bottleneck, [1, 1, 1, 1], None, False, num_classes=2, width_per_group=128
    )
    with pytest.raises(UserError, match=r"weights.pth is like none of the networks that this project builds"):
        open_model(saved()(tmp_path, wide.state_dict()))


def test_a_small_stem_is_another_network(tmp_path, network):
    state = {**network.state_dict(), "conv1.weight": torch.zeros(64, 3, 3, 3)}
    with pytest.raises(UserError, match=r"begins with a convolution of 3 × 3 pixels, .*\(resnet20_cifar and others\)"):
        open_model(saved()(tmp_path, state))


def test_a_network_like_none(tmp_path):
    with pytest.raises(
        UserError, match=r"weights.pth is like none of the networks that this project builds; `python -m resnet models`"
    ):
        open_model(saved()(tmp_path, {"layer1.0.conv1.weight": torch.ones(3)}))


# Strictly


def test_differences_are_named_with_both_shapes_and_a_hint():
    with torch.device("meta"):
        network, deeper = create("resnet18", 5), create("resnet34", 5)
    with pytest.raises(UserError) as raised:
        load_strict(network, deeper.state_dict())
    sentence = str(raised.value)
    assert sentence.count(" in the file, ") == 5 and "96 differ" in sentence
    assert "layer1.2.conv1.weight is 64 × 64 × 3 × 3 in the file, absent in the network" in sentence
    assert "the file looks like resnet34." in sentence and "resnet34" in raised.value.message.say("zh")


def test_only_a_swapped_head_may_differ(network):
    changed = ResNet(ROW, num_classes=9)
    before = {name: tensor.clone() for name, tensor in changed.state_dict().items()}
    with pytest.raises(UserError, match=r"2 differ: fc.weight is 5 × 512 in the file, 9 × 512 in the network; fc.bias"):
        load_strict(changed, network.state_dict())
    assert all(torch.equal(before[name], tensor) for name, tensor in changed.state_dict().items())
    load_strict(changed, network.state_dict(), new_head=True)
    for name, tensor in changed.state_dict().items():
        assert torch.equal(tensor, before[name] if name.startswith("fc.") else network.state_dict()[name]), name


def test_a_name_too_long_for_a_disk_is_answered_shortly(tmp_path):
    with pytest.raises(UserError) as caught:
        read_state(tmp_path / ("n" * 5000 + ".pth"))
    assert caught.value.message.key == "weights_missing" and len(str(caught.value)) < 300
