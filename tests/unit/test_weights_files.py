"""Files of weights: foreign ones read, hostile ones refused without running, differences named."""

import argparse
import os
import pickle
import zipfile
from pathlib import Path

import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torch import nn

from resnet.errors import UserError
from resnet.nn.network import create
from resnet.nn.variants import VARIANTS
from resnet.weights.files import guess_architecture, load_checkpoint, load_strict, read_state
from resnet.weights.models import load

IMAGES = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(0)
    return create("resnet18", 5).eval()


class Payload:
    """Unpickled without care, it makes a file."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self):
        return os.mkdir, (str(self.canary),)


def assert_reads(path: Path, network: nn.Module) -> None:
    state = read_state(path)
    assert state.keys() == network.state_dict().keys()
    assert all(torch.equal(tensor, network.state_dict()[name]) for name, tensor in state.items())


@pytest.mark.parametrize("suffix", ["pth", "pt", "bin", "th"])
def test_every_usual_suffix(tmp_path, network, suffix):
    torch.save(network.state_dict(), tmp_path / f"weights.{suffix}")
    assert_reads(tmp_path / f"weights.{suffix}", network)


def test_the_format_of_before_2020(tmp_path, network):
    torch.save(network.state_dict(), tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    assert_reads(tmp_path / "old.pth", network)


@pytest.mark.parametrize("wrapper", ["state_dict", "model", "state_dict_ema", "model_ema"])
@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "_orig_mod.module.", "module._orig_mod."])
def test_wrappers_and_prefixes_come_off(tmp_path, network, wrapper, prefix):
    state = {prefix + name: tensor for name, tensor in network.state_dict().items()}
    torch.save({"epoch": 3, "args": argparse.Namespace(lr=0.1), wrapper: state}, tmp_path / "run.pth")
    assert_reads(tmp_path / "run.pth", network)


def test_averaged_weights_come_first(tmp_path, network):
    averaged = {"n_averaged": torch.tensor(7), **{f"module.{k}": v for k, v in network.state_dict().items()}}
    torch.save({"model": create("resnet18", 5).state_dict(), "model_ema": averaged}, tmp_path / "run.pth")
    assert_reads(tmp_path / "run.pth", network)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_weights_of_16_bits_are_read_as_32(tmp_path, network, dtype):
    save_file({name: tensor.to(dtype) for name, tensor in network.named_parameters()}, tmp_path / "half.safetensors")
    assert {tensor.dtype for tensor in read_state(tmp_path / "half.safetensors").values()} == {torch.float32}


@pytest.mark.parity
@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
@torch.no_grad()
def test_torchvisions_files_load_without_counters_too(tmp_path, name):
    theirs = getattr(torchvision.models, name)(num_classes=7).eval()
    state = {key: tensor for key, tensor in theirs.state_dict().items() if "num_batches" not in key}
    torch.save(state, tmp_path / "weights.pth")
    ours = load(tmp_path / "weights.pth")
    assert torch.equal(ours(IMAGES), theirs(IMAGES))
    assert ours.config.architecture == name and ours.labels == [str(index) for index in range(7)]


def test_a_bare_file_of_a_thousand_classes_knows_imagenet(tmp_path):
    torch.save(create("resnet18").state_dict(), tmp_path / "weights.pth")
    config = load(tmp_path / "weights.pth").config
    assert config.labels[0] == "n01440764" and "tench" in config.describe_label("n01440764")


@pytest.mark.parametrize("legacy", [False, True])
def test_a_pickle_with_code_runs_nothing(tmp_path, network, legacy):
    canary = tmp_path / "canary"
    content = {"state_dict": network.state_dict(), "extra": Payload(canary)}
    torch.save(content, tmp_path / "evil.pth", _use_new_zipfile_serialization=not legacy)
    with pytest.raises(UserError, match=r"evil.pth holds Python objects .* nothing was run"):
        read_state(tmp_path / "evil.pth")
    assert not canary.exists()
    with pytest.raises(UserError, match="nothing was run"):
        load(tmp_path / "evil.pth")
    assert not canary.exists()


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize(("protocol", "sentence"), [(0, "nothing was run"), (2, "nothing was run"), (4, "cannot be")])
def test_a_plain_pickle_with_code_runs_nothing(tmp_path, protocol, sentence):
    canary = tmp_path / "canary"
    (tmp_path / "evil.bin").write_bytes(pickle.dumps(Payload(canary), protocol=protocol))
    with pytest.raises(UserError, match=sentence):
        read_state(tmp_path / "evil.bin")
    assert not canary.exists()
    pickle.loads((tmp_path / "evil.bin").read_bytes())  # so that the canary is known to sing
    assert canary.exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("text.pth", b"hello, I am no weights\n" * 100),
        ("empty.pth", b""),
        ("html.safetensors", b"<!doctype html><html>not found</html>"),
        ("empty.safetensors", b""),
        ("long.safetensors", b"\xff" * 64),
        ("number.bin", pickle.dumps(3, protocol=2)[:-1]),
        ("random.pt", bytes(range(256)) * 8),
    ],
)
def test_what_is_no_file_of_weights(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=rf"{name} cannot be read as weights"):
        read_state(tmp_path / name)


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
@pytest.mark.parametrize("share", [0.01, 0.5, 0.999])
def test_a_file_cut_short(tmp_path, network, suffix, share):
    path = tmp_path / f"cut.{suffix}"
    (torch.save if suffix == "pth" else save_file)(network.state_dict(), path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(UserError, match="cut short"):
        read_state(path)


@pytest.mark.parametrize("content", [[1, 2], {}, {"epoch": 3}, {"state_dict": {"fc.weight": "words"}}, torch.ones(3)])
def test_a_file_without_weights(tmp_path, content):
    torch.save(content, tmp_path / "other.pth")
    with pytest.raises(UserError, match="holds no weights"):
        read_state(tmp_path / "other.pth")


def test_a_pickled_network_is_code_too(tmp_path, network):
    torch.save(network, tmp_path / "whole.pth")
    with pytest.raises(UserError, match="Ask its author"):
        read_state(tmp_path / "whole.pth")


def test_a_zip_and_other_suffixes_and_missing_files(tmp_path):
    with zipfile.ZipFile(tmp_path / "photos.pth", "w") as archive:
        archive.writestr("cat.jpg", b"...")
    with pytest.raises(UserError, match="cannot be read as weights"):
        read_state(tmp_path / "photos.pth")
    (tmp_path / "notes.txt").write_text("weights")
    with pytest.raises(UserError, match=r"notes.txt is not a file of weights; those end in: .safetensors"):
        read_state(tmp_path / "notes.txt")
    with pytest.raises(UserError, match=r"There is no file .*gone.pth"):
        read_state(tmp_path / "gone.pth")


def test_differences_are_named_with_both_shapes_and_a_hint(network):
    with pytest.raises(UserError) as raised:
        load_strict(network, create("resnet34", 5).state_dict())
    sentence = str(raised.value)
    assert sentence.count(" in the file, ") == 5 and "96 differ" in sentence
    assert "layer1.2.conv1.weight is 64 × 64 × 3 × 3 in the file, absent in the network" in sentence
    assert "the file looks like resnet34." in sentence and "resnet34" in raised.value.message.say("zh")


def test_only_a_swapped_head_may_differ(network):
    other = create("resnet18", 9)
    before = {name: tensor.clone() for name, tensor in other.state_dict().items()}
    with pytest.raises(UserError, match=r"2 differ: fc.weight is 5 × 512 in the file, 9 × 512 in the network; fc.bias"):
        load_strict(other, network.state_dict())
    assert all(torch.equal(before[name], tensor) for name, tensor in other.state_dict().items())
    load_strict(other, network.state_dict(), new_head=True)
    for name, tensor in other.state_dict().items():
        assert torch.equal(tensor, before[name] if name.startswith("fc.") else network.state_dict()[name]), name
    headless = {name: tensor for name, tensor in network.state_dict().items() if not name.startswith("fc.")}
    load_strict(other, headless, new_head=True)
    with pytest.raises(UserError, match=r"fc.weight is absent in the file"):
        load_strict(other, headless)


def test_nothing_is_missing_and_nothing_left_over(network, tmp_path):
    state = dict(network.state_dict())
    del state["layer1.0.bn1.running_mean"]
    with pytest.raises(UserError, match=r"1 differ: layer1.0.bn1.running_mean is absent in the file, 64 in the"):
        load_strict(network, state)
    save_file({**network.state_dict(), "layer5.weight": torch.zeros(2, 2)}, tmp_path / "more.safetensors")
    with pytest.raises(UserError, match=r"layer5.weight is 2 × 2 in the file, absent in the network"):
        load_checkpoint(network, tmp_path / "more.safetensors")


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_is_recognised(name):
    with torch.device("meta"):
        assert guess_architecture(create(name, num_classes=3).state_dict()) == name


def test_other_networks_are_not(tmp_path):
    with torch.device("meta"):
        wide = torchvision.models.wide_resnet50_2().state_dict()
    assert guess_architecture(wide) is None
    assert guess_architecture({"weight": torch.zeros(1)}) is None
    save_file({"weight": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(UserError, match="no network that this project knows"):
        load(tmp_path / "other.safetensors")
