"""Weights of the whole family: timm's load, ours go back, with timm's arguments; those of CIFAR's networks too."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn

from resnet.errors import UserError
from resnet.evaluation.card import model_card
from resnet.nn.network import create
from resnet.weights.folder import ModelConfig, read_config, write_folder
from resnet.weights.models import create_model, load, open_model
from resnet.weights.preprocessing import Preprocessing
from tests.weights_files import headed, saved, under, within

IMAGES = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
KINDS = (
    *("resnet10t", "resnetblur18", "resnetaa34d", "seresnet18", "ecaresnet26t", "resnext50_32x4d", "resnet50_gn"),
    *("ecaresnet50d_pruned", "seresnext26d_32x4d", "test_resnet"),
)


@pytest.mark.parity
@pytest.mark.parametrize("name", KINDS)
@torch.no_grad()
def test_timms_weights_load_and_ours_go_back(name, tmp_path):
    """Strictly both ways, as a model folder of timm's form; what learns nothing (a blur) is in no file."""
    torch.manual_seed(0)
    theirs = timm.create_model(name, num_classes=3).eval()
    write_folder(tmp_path, theirs.state_dict(), ModelConfig(name, ["a", "b", "c"], Preprocessing(64)), card="")
    ours = load(tmp_path)
    assert ours.config.architecture == name and torch.equal(ours(IMAGES), theirs(IMAGES))
    back = timm.create_model(name, num_classes=3).eval()
    assert back.load_state_dict(ours.state_dict(), strict=True) and torch.equal(back(IMAGES), ours(IMAGES))
    again = timm.create_model(f"local-dir:{tmp_path}", pretrained=True).eval()
    assert torch.equal(again(IMAGES), ours(IMAGES))


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("family") / "resnet18d.safetensors"
    save_file(timm.create_model("resnet18d", num_classes=5).state_dict(), path)
    return path


def as_timm_makes_it(file: Path, **arguments: object) -> nn.Module:
    return timm.create_model("resnet18d", checkpoint_path=str(file), **arguments).eval()


@pytest.mark.parity
@torch.no_grad()
def test_pretrained_with_timms_arguments(file):
    backbone = create_model(str(file), pretrained=True, num_classes=0).eval()
    theirs = as_timm_makes_it(file, num_classes=5)
    assert torch.equal(backbone(IMAGES), theirs.forward_head(theirs.forward_features(IMAGES), pre_logits=True))
    arguments = {"output_stride": 8, "global_pool": "max"}
    dilated = create_model(str(file), pretrained=True, **arguments).eval()
    assert torch.equal(dilated(IMAGES), as_timm_makes_it(file, num_classes=5, **arguments)(IMAGES))
    maps = create_model(str(file), pretrained=True, features_only=True, out_indices=(1, 3)).eval()
    assert torch.equal(maps(IMAGES)[1], theirs.layer3(theirs.layer2(maps(IMAGES)[0])))
    assert maps.feature_info.channels() == [64, 256]
    dropping = create_model(str(file), pretrained=True, drop_rate=0.5, drop_path_rate=0.1, num_classes=7, in_chans=4)
    assert dropping.training and dropping.drop_rate == 0.5 and dropping.num_classes == 7 and dropping.in_chans == 4
    with pytest.raises(UserError, match=r"output_stride"):
        create_model(str(file), pretrained=True, output_stride=7)


def test_at_random_with_timms_arguments():
    assert isinstance(create_model("resnet18", num_classes=0).fc, nn.Identity)
    assert create_model("seresnet18.any_tag", num_classes=4, global_pool="catavgmax").fc.in_features == 1024


@torch.no_grad()
def test_a_short_config_says_which_of_those_with_the_same_weights_is_meant(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"architecture": "resnetaa34d", "num_classes": 3}))
    theirs = timm.create_model("resnetaa34d", num_classes=3).eval()
    save_file(theirs.state_dict(), tmp_path / "model.safetensors")
    assert torch.equal(load(tmp_path)(IMAGES), theirs(IMAGES))
    assert open_model(tmp_path / "model.safetensors")[1].architecture == "resnet34d"


HOSTILE = {
    "no channels": {"conv1.weight": torch.zeros(64, 0, 7, 7)},
    "a number in the stem": {"conv1.0.weight": torch.tensor(1.0)},
    "a number for a stem": {"conv1.weight": torch.tensor(1.0)},
    "a number for a norm": {"layer4.0.bn2.weight": torch.tensor(1.0)},
    "a fifth stage": {"layer5.0.bn2.weight": torch.ones(3)},
    "a block more": {"layer4.9.bn2.weight": torch.ones(3)},
    "a classifier of maps": {"fc.weight": torch.ones(2, 3, 4)},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_is_nearly_right_is_refused_by_what_is_wrong(name, tmp_path):
    path = saved()(tmp_path, create("resnet18", num_classes=2).state_dict() | HOSTILE[name])
    with pytest.raises(UserError) as raised:
        load(path)
    (changed,) = HOSTILE[name]
    told = {"weights_differ": changed, "weights_unlike": "like none of the networks"}
    assert told[raised.value.message.key] in str(raised.value)


# CIFAR's networks


CIFAR = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
AS_PUBLISHED: dict[str, Callable[[dict[str, Tensor]], object]] = {
    "plain": lambda state: state,
    "head linear": headed("linear"),
    "head classifier, in parallel": lambda state: under("module.")(headed("classifier")(state)),
    "a checkpoint": lambda state: within("state_dict")(under("module.")(headed("linear")(state))),
    "without counters": lambda state: {name: tensor for name, tensor in state.items() if "num_batches" not in name},
}


@pytest.mark.parametrize("name", AS_PUBLISHED)
@torch.no_grad()
def test_the_communitys_weights_for_cifar_load(name, tmp_path):
    torch.manual_seed(0)
    network = create("resnet20_cifar", num_classes=10).eval()
    model = load(saved(AS_PUBLISHED[name])(tmp_path, network.state_dict()))
    assert model.config.architecture == "resnet20_cifar" and torch.equal(model(CIFAR), network(CIFAR))
    assert model.labels[:2] == ["airplane", "automobile"] and model.labels[-1] == "truck"
    pixels = np.arange(32 * 32 * 3, dtype=np.uint8).reshape(32, 32, 3)
    assert model.config.preprocessing == Preprocessing(32, crop_pct=1.0)
    assert np.array_equal(model.config.preprocessing.pixels(Image.fromarray(pixels)).transpose(1, 2, 0), pixels)


def test_a_hundred_classes_are_numbered_and_grey_is_adapted(tmp_path):
    state = create("resnet20_cifar", num_classes=100, in_chans=1).state_dict()
    model, config = open_model(saved()(tmp_path, state))
    assert config.labels[:3] == ["0", "1", "2"] and config.num_classes == 100
    assert [message.key for message in model.adapted] == ["weights_stem"]


def test_those_with_weights_in_their_shortcuts_are_told_apart(tmp_path):
    """Option B, as many on the web build them."""
    state = create("resnet20_cifar", num_classes=10).state_dict()
    state["layer2.0.downsample.0.weight"] = torch.zeros(32, 16, 1, 1)
    with pytest.raises(UserError, match=r"layer2.0.downsample.0.weight is 32 × 16 × 1 × 1 in the file, absent in the"):
        load(saved()(tmp_path, state))


@torch.no_grad()
def test_a_model_folder_of_a_network_that_timm_lacks(tmp_path):
    torch.manual_seed(0)
    network, labels = create("plain20_cifar", num_classes=2).eval(), ["cat", "dog"]
    config = ModelConfig("plain20_cifar", labels, Preprocessing(32, 1.0))
    card = model_card(config, None)
    write_folder(tmp_path, network.state_dict(), config, card=card)
    assert read_config(tmp_path) == config and torch.equal(load(tmp_path)(CIFAR), network(CIFAR))
    record = json.loads((tmp_path / "config.json").read_text())
    assert record["pretrained_cfg"]["pool_size"] == [8, 8] and record["num_features"] == 64
    assert "timm has no such network" in card and "create_model" not in card and "library_name" not in card
    assert "timm.create_model" in model_card(ModelConfig("resnet18", labels, Preprocessing(32)), None)
