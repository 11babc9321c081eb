"""What a model's name means, in which order, and what is said when it means nothing."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from resnet.errors import UserError
from resnet.nn.network import create
from resnet.store import Store, new_id, write_json
from resnet.weights import find as module
from resnet.weights.find import HubName, config_of, default_model, find, shipped
from resnet.weights.folder import ModelConfig, write_folder
from resnet.weights.models import create_model, load
from resnet.weights.preprocessing import Preprocessing


@pytest.fixture
def store(tmp_path, monkeypatch) -> Store:
    """An empty workspace beside a project with two shipped models, the current folder elsewhere."""
    monkeypatch.setattr(module, "CHECKPOINTS", tmp_path / "checkpoints")
    for name in ("resnet18.flowers", "resnet18.pets"):
        model(tmp_path / "checkpoints" / name)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return Store.open(tmp_path / "workspace")


def model(folder: Path, classes: int = 2) -> Path:
    labels = [f"class {index}" for index in range(classes)]
    state = create("test_resnet", classes).state_dict()
    folder.parent.mkdir(parents=True, exist_ok=True)
    write_folder(folder, state, ModelConfig("test_resnet", labels, Preprocessing(64)), card="")
    return folder


def run(store: Store, name: str, trained: bool = True) -> Path:
    folder = store.runs / new_id()
    folder.mkdir(parents=True)
    write_json(folder / "name.json", {"format": 1, "name": name})
    return model(folder / "model") if trained else folder


def test_shipped_models_and_the_default(store):
    assert [folder.name for folder in shipped()] == ["resnet18.flowers", "resnet18.pets"]
    assert find("", store) == default_model() == shipped()[0]
    assert find("resnet18.pets", store) == shipped()[1]
    assert load("", store).name == "resnet18.flowers"


def test_no_model_ships(store, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "CHECKPOINTS", tmp_path / "none")
    with pytest.raises(UserError, match="No model ships"):
        find("", store)


def test_order_path_run_shipped_timm(store):
    assert find("resnet18.a1_in1k", store) == HubName("resnet18.a1_in1k")
    assert find("resnet50d", store) == HubName("resnet50d")
    assert find("resnet18.pets", store) == shipped()[1]
    own = run(store, "resnet18.pets")
    assert find("resnet18.pets", store) == own
    model(Path("resnet18.pets"))
    assert find("resnet18.pets", store) == Path("resnet18.pets")


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("timm/resnet18.a1_in1k", "resnet18.a1_in1k"),
        ("timm/resnet50", "resnet50"),
        ("hf-hub:me/flowers", "hf-hub:me/flowers"),
        ("hf_hub:me/my_flowers-2.0", "hf-hub:me/my_flowers-2.0"),
        ("hf-hub:me/flowers@v1.0", "hf-hub:me/flowers@v1.0"),
        ("hf-hub:me/flowers@refs/pr/1", "hf-hub:me/flowers@refs/pr/1"),
    ],
)
def test_names_of_the_hub(store, reference, name):
    assert find(reference, store) == HubName(name)
    if "timm" in reference:
        model(Path(reference))
        assert find(reference, store) == Path(reference), "a path comes first"


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            "flowers",
            "me/",
            "/flowers",
            "me/flowers/more",
            "../flowers",
            "me/..",
            "me/a..b",
            "me/a--b",
            ".me/flowers",
        ),
        *(
            "me/flowers.git",
            "me/flow ers",
            "me/flowers?x=1",
            "me/flowers#x",
            "me\\flowers",
            "https://hub.example/me/flowers",
        ),
        *("me/flowers@", "me/flowers@..", "me/flowers@a/../b", "me/flowers@/etc", "me/flowers@a//b", "me/flowers@a b"),
        *("me/flowers@a\\b", "me/flowers@C:", "me/flowers\n", f"me/{'a' * 97}", "ｍｅ/flowers", "me/flowers@v1@v2"),
    ],
)
def test_what_is_no_name_of_the_hub_never_becomes_a_request(store, name):
    with pytest.raises(UserError, match=r"is no name of a model on the Hub; write hf-hub:OWNER/NAME"):
        find(f"hf-hub:{name}", store)


def test_a_model_on_the_hub_named_like_a_path_is_told_how_it_is_called(store):
    with pytest.raises(UserError, match="hf-hub:OWNER/NAME"):
        find("me/flowers", store)


def test_a_path_is_a_model_folder_or_a_file_of_weights(store, tmp_path):
    folder = model(tmp_path / "own")
    assert find(str(folder), store) == folder
    assert find(str(folder / "model.safetensors"), store) == folder / "model.safetensors"
    Path("resnet50").mkdir()  # a folder that is no model hides nothing
    assert find("resnet50", store) == HubName("resnet50")
    with pytest.raises(UserError, match=r"neither a model folder \(with config.json\) nor a file of weights"):
        find(str(tmp_path / "gone"), store)


def test_runs_by_id_name_and_beginning(store):
    own = run(store, "flowers of May")
    assert find(own.parent.name, store) == find("flowers of May", store) == find("flowers", store) == own
    run(store, "flowers of June")
    with pytest.raises(UserError, match="fits more than one"):
        find("flowers", store)
    run(store, "unfinished", trained=False)
    with pytest.raises(UserError, match="“unfinished” has no model yet"):
        find("unfinished", store)


def test_the_beginning_of_a_runs_name_hides_no_model(store):
    run(store, "resnet50 on pets")
    run(store, "resnet18.pets again")
    assert find("resnet50", store) == HubName("resnet50")
    assert find("resnet18.pets", store) == shipped()[1]


@pytest.mark.parametrize(
    ("reference", "near"),
    [("resnet51", "resnet50"), ("resnet18.pet", None), ("resnet.pets", "resnet18.pets"), ("flower", "flowers")],
)
def test_unknown_names_bring_the_nearest(store, reference, near):
    run(store, "my flowers")
    if near is None:  # the architecture is known; whether the tag is, timm's records say
        assert find(reference, store) == HubName(reference)
        return
    with pytest.raises(UserError, match=f"There is no model “{reference}”; did you mean: .*{near}"):
        find(reference, store)


def test_visitors_find_shipped_models_only(store, tmp_path):
    own, folder = run(store, "private"), model(tmp_path / "own")
    assert find("", store, local=False) == shipped()[0]
    assert find("resnet18.pets", store, local=False) == shipped()[1]
    for reference in ("private", own.parent.name, str(folder), str(shipped()[0]), "resnet18", "../resnet18.pets", "."):
        with pytest.raises(UserError, match=r"is not offered here; choose one of: resnet18.flowers, resnet18.pets"):
            find(reference, store, local=False)


def test_what_is_known_without_the_weights(store, tmp_path):
    assert config_of("resnet18.pets", store).labels == ["class 0", "class 1"]
    assert config_of("resnet50.tv_in1k", store).preprocessing == Preprocessing(224, interpolation="bilinear")
    assert config_of("resnet50.tv_in1k", store).license == "bsd-3-clause"
    assert config_of(str(model(tmp_path / "own", 3) / "model.safetensors"), store).labels == ["0", "1", "2"]
    with pytest.raises(UserError, match=r"timm has no weights called “resnet18.a1”; did you mean: .*resnet18.a1_in1k"):
        config_of("resnet18.a1", store)


def test_a_loaded_model_preprocesses_and_answers(store):
    network = load("resnet18.pets", store)
    image = Image.new("RGB", (90, 70), "red")
    assert network.preprocess(image).shape == (3, 64, 64)
    assert network(network.preprocess(image)[None]).shape == (1, 2) and not network.training


def test_networks_made_new_or_with_weights(store, tmp_path):
    assert create_model("resnet18", num_classes=7).num_classes == 7
    assert create_model("resnet18", in_chans=1).conv1.weight.shape[1] == 1
    folder = str(model(tmp_path / "own", 3))
    same, other = create_model(folder, pretrained=True), create_model(folder, pretrained=True, num_classes=5)
    assert same.num_classes == 3 and other.num_classes == 5 and same.training
    assert torch.equal(same.layer4[0].conv2.weight, other.layer4[0].conv2.weight)
    assert create_model(folder, pretrained=True, in_chans=1).in_chans == 1
    with pytest.raises(UserError, match="no network called “resnet17”"):
        create_model("resnet17")
