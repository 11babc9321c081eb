"""The model folder: there and back, with timm in both directions, in half precision, and what is refused."""

import json
from pathlib import Path

import pytest
import timm
import torch
from timm.data import resolve_model_data_config
from timm.models._hub import save_for_hf
from torch import nn

from resnet.errors import UserError
from resnet.nn.network import create
from resnet.store import read_json, write_json
from resnet.weights.folder import ModelConfig, read_config, write_folder
from resnet.weights.models import load
from resnet.weights.preprocessing import Preprocessing

HOSTILE = ["cat", "<script>alert(1)</script>", '../"quoted"\n猫', "{curly}"]
CONFIG = ModelConfig(
    architecture="resnet18d",
    labels=HOSTILE,
    preprocessing=Preprocessing(160, 1.0, "squash", "bilinear"),
    descriptions={"cat": "a cat, of any kind"},
    license="cc-by-4.0",
    temperature=1.25,
    unknown_threshold=0.4,
    summary={"mode": "auto", "epochs": 3},
)
IMAGES = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(0)
    network = create("resnet18d", len(HOSTILE)).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.2, 0.8)
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 100_000)  # beyond 65,504, the largest number of 16 bits
    return network


@pytest.fixture
def folder(network, tmp_path) -> Path:
    write_folder(tmp_path / "model", network.state_dict(), CONFIG, card="---\n---\n# A model\n", report={"format": 1})
    return tmp_path / "model"


@torch.no_grad()
def test_there_and_back(folder, network):
    assert read_config(folder) == CONFIG
    model = load(folder)
    assert torch.equal(model(IMAGES), network(IMAGES))
    assert model.labels == HOSTILE and model.config == CONFIG and not model.training
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.md",
        "config.json",
        "lab.json",
        "model.safetensors",
        "report.json",
    ]


@pytest.mark.parity
@torch.no_grad()
def test_timm_opens_ours(folder, network):
    theirs = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
    assert torch.equal(theirs(IMAGES), network(IMAGES))
    assert theirs.pretrained_cfg["label_names"] == HOSTILE
    assert Preprocessing.from_config(resolve_model_data_config(theirs)) == CONFIG.preprocessing


@pytest.mark.parity
@pytest.mark.parametrize("in_chans", [1, 3])
@torch.no_grad()
def test_ours_opens_timms(tmp_path, in_chans):
    theirs = timm.create_model("resnet26d", num_classes=3, in_chans=in_chans).eval()
    words = {"label_names": ["a", "b", "c"], "label_descriptions": {"a": "A", "b": "B", "c": "c"}}
    save_for_hf(theirs, tmp_path, model_config=words, safe_serialization=True)
    theirs = timm.create_model(f"local-dir:{tmp_path}", pretrained=True).eval()
    ours = load(tmp_path)
    assert torch.equal(ours(IMAGES[:, :in_chans]), theirs(IMAGES[:, :in_chans]))
    assert ours.labels == ["a", "b", "c"] and ours.config.descriptions == {"a": "A", "b": "B"}
    assert ours.config.preprocessing == Preprocessing.from_config(resolve_model_data_config(theirs))


@pytest.mark.parity
@torch.no_grad()
def test_timm_opens_ours_of_one_channel(tmp_path):
    network = create("resnet18", 2, in_chans=1).eval()
    preprocessing = Preprocessing(96, mean=(0.5,), std=(0.25,))
    write_folder(
        tmp_path, network.state_dict(), ModelConfig("resnet18", ["a", "b"], preprocessing, in_chans=1), card=""
    )
    theirs = timm.create_model(f"local-dir:{tmp_path}", pretrained=True).eval()
    assert torch.equal(theirs(IMAGES[:, :1]), network(IMAGES[:, :1]))
    assert torch.equal(load(tmp_path)(IMAGES[:, :1]), network(IMAGES[:, :1]))


@torch.no_grad()
def test_half_precision_halves_the_file_and_keeps_running_statistics(folder, network, tmp_path):
    write_folder(tmp_path / "half", network.state_dict(), CONFIG, card="", half=True)
    whole, half = ((place / "model.safetensors").stat().st_size for place in (folder, tmp_path / "half"))
    assert 0.49 < half / whole < 0.52
    state, stored = network.state_dict(), load(tmp_path / "half").state_dict()
    for name, tensor in state.items():
        statistic = "running" in name or "num_batches" in name
        assert torch.equal(stored[name], tensor if statistic else tensor.half().float()), name


def test_the_network_is_left_on_the_numbers_it_had(network, tmp_path):
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    write_folder(
        tmp_path / "half", network.to(memory_format=torch.channels_last).state_dict(), CONFIG, card="", half=True
    )
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


def test_a_folder_is_replaced_whole(folder, network):
    write_folder(folder, network.state_dict(), CONFIG, card="new")
    assert not (folder / "report.json").exists() and (folder / "README.md").read_text() == "new"
    with pytest.raises(ValueError, match="2 labels for a classifier of 4"):
        write_folder(folder, network.state_dict(), ModelConfig("resnet18d", ["a", "b"], Preprocessing(160)), card="")
    assert read_config(folder) == CONFIG
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_classes_without_names_are_numbered_or_imagenets(folder):
    change(folder / "config.json", label_names=None, label_descriptions=None)
    assert read_config(folder).labels == ["0", "1", "2", "3"]
    change(folder / "config.json", num_classes=1000)
    config = read_config(folder)
    assert config.labels[0] == "n01440764" and "tench" in config.describe_label("n01440764")


def test_labels_by_index(folder):
    change(folder / "config.json", label_names={"3": "d", "1": "b", "0": "a", "2": "c"}, label_descriptions=None)
    assert read_config(folder).labels == ["a", "b", "c", "d"]


def change(path: Path, **values: object) -> None:
    record = {**read_json(path), **values}
    write_json(path, {name: value for name, value in record.items() if value is not None})


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"architecture": None}, "architecture is None"),
        ({"architecture": 18}, "architecture is 18"),
        ({"architecture": "os.system"}, "no network called “os.system”"),
        ({"num_classes": 0}, "num_classes is 0"),
        ({"num_classes": 5}, "5 different names"),
        ({"label_names": ["a", "a", "b", "c"]}, "4 different names"),
        ({"label_names": ["a", 2, "b", "c"]}, "4 different names"),
        ({"label_names": "abcd"}, "4 different names"),
        ({"label_names": {"0": "a", "1": "b", "2": "c", "7": "d"}}, "4 different names"),
        ({"label_descriptions": {"cat": 1}}, "label_descriptions"),
        ({"model_args": {"output_stride": 8}}, "model_args is output_stride"),
        ({"model_args": {"in_chans": 1}}, "in_chans is 1"),
        ({"global_pool": "catavgmax"}, "global_pool is catavgmax"),
        ({"pretrained_cfg": []}, "config.json: architecture"),
        ({"pretrained_cfg": {"crop_pct": 7}}, "crop_pct is 7"),
    ],
)
def test_a_config_that_cannot_be_opened_is_refused_by_field(folder, values, sentence):
    change(folder / "config.json", **values)
    with pytest.raises(UserError, match=sentence):
        read_config(folder)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"format": 0}, "format is 0"),
        ({"format": "two"}, "format is two"),
        ({"temperature": 0}, "temperature is 0"),
        ({"temperature": "warm"}, "temperature is warm"),
        ({"unknown_threshold": 40}, "unknown_threshold is 40"),
        ({"summary": []}, "summary is"),
    ],
)
def test_a_lab_file_that_cannot_be_used_is_refused_by_field(folder, values, sentence):
    change(folder / "lab.json", **values)
    with pytest.raises(UserError, match=rf"lab.json: {sentence}"):
        read_config(folder)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff\xfe", b"[" * 100_000])
def test_a_config_that_is_no_json_object(folder, content):
    (folder / "config.json").write_bytes(content)
    with pytest.raises(UserError, match=r"config.json is not a JSON object"):
        read_config(folder)


def test_a_folder_that_is_no_model(tmp_path):
    with pytest.raises(UserError, match=r"is not a model folder: it has no config.json"):
        read_config(tmp_path)


def test_class_names_stay_plain_text(folder):
    assert json.loads((folder / "config.json").read_text("utf-8"))["label_names"] == HOSTILE
