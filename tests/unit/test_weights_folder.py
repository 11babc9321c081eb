"""The model folder: there and back, with timm in both directions, in half precision, and what is refused."""

import json
import os
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import load_file, save_file
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
    path.write_text(json.dumps({name: value for name, value in record.items() if value is not None}), "utf-8")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"architecture": None}, "architecture is None"),
        ({"architecture": 18}, "architecture is 18"),
        ({"architecture": "os.system"}, "no network called “os.system”"),
        ({"architecture": "../../etc/passwd"}, "no network called “../../etc/passwd”"),
        ({"architecture": "resnet19d"}, "did you mean: resnet1"),
        ({"architecture": "x" * 1_000_000}, "xxx…”; did you mean: resnet18, "),
        ({"num_classes": 0}, "num_classes is 0"),
        ({"num_classes": 10**12}, "num_classes is 1000000000000"),
        ({"num_classes": True}, "num_classes is True"),
        ({"num_classes": "4"}, "num_classes is 4, which"),
        ({"num_classes": 5}, "5 different names"),
        ({"label_names": ["a", "a", "b", "c"]}, "4 different names"),
        ({"label_names": ["a", 2, "b", "c"]}, "4 different names"),
        ({"label_names": "abcd"}, "4 different names"),
        ({"label_names": {"0": "a", "1": "b", "2": "c", "7": "d"}}, "4 different names"),
        ({"label_descriptions": {"cat": 1}}, "label_descriptions"),
        ({"model_args": {"output_stride": 8}}, "made with another output_stride than usual"),
        ({"model_args": {"in_chans": 1}}, "in_chans is 1"),
        ({"global_pool": "catavgmax"}, "made with another global_pool than usual"),
        ({"pretrained_cfg": []}, "config.json: architecture"),
        ({"pretrained_cfg": {"crop_pct": 7}}, "crop_pct is 7"),
        ({"pretrained_cfg": {"input_size": [3, 1_000_000, 1_000_000]}}, "input_size is"),
        ({"pretrained_cfg": {"mean": [float("inf")] * 3}}, "mean is"),
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
        ({"temperature": True}, "temperature is True"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"temperature": float("inf")}, "temperature is inf"),
        ({"unknown_threshold": float("nan")}, "unknown_threshold is nan"),
        ({"unknown_threshold": -0.1}, "unknown_threshold is -0.1"),
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


def test_a_lab_file_is_not_needed_but_must_be_one(folder):
    (folder / "lab.json").write_text("[1]")
    with pytest.raises(UserError, match=r"lab.json is not a JSON object"):
        read_config(folder)
    change(folder / "config.json", license="other")
    (folder / "lab.json").unlink()
    config = read_config(folder)
    assert (config.temperature, config.unknown_threshold, config.summary) == (1.0, None, {})


def test_a_folder_of_a_newer_version_says_so(folder):
    change(folder / "lab.json", format=2)
    with pytest.raises(UserError, match=r"lab.json was written by a newer version of this project \(format 2\)"):
        load(folder)


def test_a_vast_config_is_not_read(folder):
    os.truncate(folder / "config.json", 1 << 40)  # no disk is taken
    with pytest.raises(UserError, match=r"config.json has 1,099,511,627,776 bytes; .* has 16,777,216 at most"):
        read_config(folder)


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("resnet18d.ra2_in1k", "resnet18d"),
        ("tv_resnet50", "resnet50"),
        ("swsl_resnet18", "resnet18"),
        ("ssl_resnet50", "resnet50"),
        ("gluon_resnet101_v1b", "resnet101"),
        ("gluon_resnet50_v1d", "resnet50d"),
    ],
)
def test_former_names_of_timms(folder, alias, name):
    change(folder / "config.json", architecture=alias)
    assert read_config(folder).architecture == name


@torch.no_grad()
def test_older_folders_keep_weights_in_a_pickle_or_in_pieces(folder, network):
    state = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(state, folder / "pytorch_model.bin")
    assert torch.equal(load(folder)(IMAGES), network(IMAGES))
    names = list(state)
    parts = {"a.bin": names[::2], "b.bin": names[1::2]}
    for file, part in parts.items():
        torch.save({name: state[name] for name in part}, folder / file)
    places = {name: file for file, part in parts.items() for name in part}
    write_json(folder / "pytorch_model.bin.index.json", {"weight_map": places})
    (folder / "pytorch_model.bin").unlink()
    assert torch.equal(load(folder)(IMAGES), network(IMAGES))
    (folder / "b.bin").unlink()
    with pytest.raises(UserError, match=r"There is no file .*b\.bin"):
        load(folder)


def test_a_folder_without_weights(folder):
    (folder / "model.safetensors").rename(folder / "weights.safetensors")
    with pytest.raises(UserError, match=r"has no weights: one of model.safetensors, model.safetensors.index.json, pyt"):
        load(folder)


def test_labels_and_classifier_must_agree(folder, network):
    change(folder / "config.json", num_classes=3, label_names=["a", "b", "c"])
    with pytest.raises(UserError, match=r"model.safetensors tells 4 classes apart, but config.json beside it names 3"):
        load(folder)
    change(folder / "config.json", num_classes=4, label_names=HOSTILE)
    headless = {
        name: tensor.contiguous() for name, tensor in network.state_dict().items() if not name.startswith("fc.")
    }
    save_file(headless, folder / "model.safetensors")
    with pytest.raises(UserError, match=r"model.safetensors holds resnet18d without a classifier"):
        load(folder)


def test_the_architecture_and_the_weights_must_agree(folder):
    change(folder / "config.json", architecture="resnet34d")
    with pytest.raises(
        UserError, match=r"layer1.2.conv1.weight is absent in the file, .* the file looks like resnet18d\."
    ):
        load(folder)
