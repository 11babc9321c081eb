"""Weights that are adapted: to other classes, to pictures of other channels; each change is named."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from timm.models._manipulate import adapt_input_conv
from torch import nn

from resnet.errors import UserError
from resnet.evaluation.card import model_card
from resnet.nn.network import create
from resnet.nn.variants import DEEP, VARIANTS
from resnet.text import Message
from resnet.weights.find import config_of
from resnet.weights.folder import ModelConfig, write_folder
from resnet.weights.models import create_model, load, load_for_training
from resnet.weights.preprocessing import Preprocessing
from resnet.weights.state import adapt_stem
from tests.preloaded import ROW, TINY

IMAGES = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
LABELS = ["cat", "dog"]


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(0)
    return create("resnet18", 5).eval()


@pytest.fixture(scope="module")
def file(network, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "weights.safetensors"
    save_file(network.state_dict(), path)
    return path


def stored(tmp_path: Path, network: nn.Module, *, without: str = "-", channels: int = 3) -> Path:
    """The weights without those whose names begin so, for pictures of `channels` channels."""
    state = {name: tensor for name, tensor in network.state_dict().items() if not name.startswith(without)}
    state["conv1.weight"] = torch.randn(64, channels, 7, 7, generator=torch.Generator().manual_seed(1))
    save_file(state, tmp_path / "changed.safetensors")
    return tmp_path / "changed.safetensors"


@pytest.mark.parity
@pytest.mark.parametrize("in_chans", [1, 2, 3, 4, 7])
def test_three_channels_become_others_as_in_timm(network, in_chans):
    adapted = adapt_stem(network.state_dict(), in_chans)
    assert torch.equal(adapted["conv1.weight"], adapt_input_conv(in_chans, network.conv1.weight.detach()))
    others = [name for name in network.state_dict() if name != "conv1.weight"]
    assert all(torch.equal(adapted[name], network.state_dict()[name]) for name in others)


@pytest.mark.parametrize("channels", [1, 4, 12])
@torch.no_grad()
def test_a_file_for_other_channels_sees_colours_and_says_so(tmp_path, network, channels):
    path = stored(tmp_path, network, channels=channels)
    model = load(path)
    assert [message.say() for message in model.adapted] == [
        f"The first convolution was adapted from {channels} to 3 channels."
    ]
    theirs = load_file(path)
    repeated = theirs["conv1.weight"].repeat(1, 3, 1, 1)[:, :3]
    assert torch.equal(model.conv1.weight, repeated * (channels / 3))
    assert all(torch.equal(model.state_dict()[name], theirs[name]) for name in theirs if name != "conv1.weight")


@torch.no_grad()
def test_a_grey_network_sees_pictures_without_colours_as_before(tmp_path, network):
    path = stored(tmp_path, network, channels=1)
    grey = create("resnet18", 5, in_chans=1).eval()
    grey.load_state_dict(load_file(path))
    pictures = IMAGES[:, :1]
    torch.testing.assert_close(load(path)(pictures.repeat(1, 3, 1, 1)), grey(pictures))


@torch.no_grad()
def test_other_classes_get_a_new_classifier_and_the_rest_stays(file, network, store):
    model = load_for_training(str(file), LABELS, store)
    assert [message.say() for message in model.adapted] == ["The classifier is new: 5 → 2 classes."]
    assert model.adapted[0].say("zh") == "分类器是新的：5 → 2 个类别。"
    assert model.fc.weight.shape == (2, 512)
    assert torch.equal(model.forward_features(IMAGES), network.forward_features(IMAGES))


def test_the_same_classes_keep_their_classifier(tmp_path, network, store):
    config = ModelConfig("resnet18", list("abcde"), Preprocessing(64))
    write_folder(tmp_path / "model", network.state_dict(), config, card="")
    model = load_for_training(str(tmp_path / "model"), list("abcde"), store)
    assert model.adapted == [] and torch.equal(model.fc.weight, network.fc.weight)
    renamed = load_for_training(str(tmp_path / "model"), list("abcdf"), store)
    assert [message.key for message in renamed.adapted] == ["weights_new_head"]


def test_a_backbone_alone_can_be_trained_from_but_cannot_classify(tmp_path, network, store):
    path = stored(tmp_path, network, without="fc.", channels=1)
    with pytest.raises(UserError, match=r"changed.safetensors holds resnet18 without a classifier: a model can be"):
        load(path)
    with pytest.raises(UserError, match="without a classifier"):
        create_model(str(path), pretrained=True)
    assert config_of(str(path), store).architecture == "resnet18"
    model = load_for_training(str(path), LABELS, store)
    assert [message.say() for message in model.adapted] == [
        "The first convolution was adapted from 1 to 3 channels.",
        "The classifier is new: 0 → 2 classes.",
    ]
    assert model(IMAGES).shape == (2, 2)
    assert create_model(str(path), pretrained=True, num_classes=3).eval()(IMAGES).shape == (2, 3)


@torch.no_grad()
def test_create_model_adapts_to_channels_and_classes(file, network):
    model = create_model(str(file), pretrained=True, num_classes=7, in_chans=1)
    assert model.training and model.in_chans == 1 and model.num_classes == 7
    assert torch.equal(model.conv1.weight, network.conv1.weight.sum(dim=1, keepdim=True))
    same = create_model(str(file), pretrained=True).eval()
    assert torch.equal(same(IMAGES), network(IMAGES))


def test_the_model_card_tells_what_was_adapted():
    config = ModelConfig("resnet18", LABELS, Preprocessing(64))
    adapted = Message("weights_new_head", {"before": 1000, "after": 2}).to_json()
    assert "The classifier is new: 1000 → 2 classes." in model_card(config, _report(adapted=[adapted]))
    assert "classifier" not in model_card(config, _report())  # a run of an older version


def _report(**summary: object) -> dict:
    settings, seconds = {"device": "cpu", "seed": 0}, {"total": 3.0}
    known = {"mode": "head", "start": "resnet18", "epochs": 1, "steps": 2, "stopped_early": False}
    return {
        **{"accuracy": 0.5, "interval": [0.3, 0.7], "n": 20, "split": "val", "log_loss": 0.7, "ece": 0.1},
        "data": {"name": "pets"},
        "curves": [],
        "summary": {**known, "settings": settings, "seconds": seconds, **summary},
    }


def test_a_stem_that_pools_by_a_convolution_is_read_back(tmp_path, monkeypatch):
    monkeypatch.setitem(VARIANTS, TINY, replace(ROW, stem=DEEP, stem_pool="convolution"))  # as ResNet-RS has it
    network = create_model(TINY, num_classes=2)
    write_folder(tmp_path / "model", network.state_dict(), ModelConfig(TINY, ["a", "b"], Preprocessing(32)), card="")
    opened = load(tmp_path / "model").state_dict()
    assert "maxpool.0.weight" in opened
    assert all(torch.equal(tensor, opened[name]) for name, tensor in network.state_dict().items())
