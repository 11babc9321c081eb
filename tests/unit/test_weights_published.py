"""The table of weights that timm publishes, against timm's own records; names of today and of former days."""

import subprocess
import sys

import pytest
import timm
from safetensors.torch import save_file
from timm.models import _registry

from resnet.errors import UserError
from resnet.nn.variants import VARIANTS
from resnet.store import PROJECT
from resnet.views import picker
from resnet.weights import hub, models
from resnet.weights.find import HubName, find, hub_config
from resnet.weights.folder import IMAGENETS
from resnet.weights.models import create_model
from resnet.weights.preprocessing import Preprocessing
from resnet.weights.published import find_published, list_pretrained, offers, present_name, published
from tests.published import records, table

FORMER = _registry._module_to_deprecated_models["resnet"]
# where timm's own table has another network in place of the one that its alias named
CORRECTED = {
    "ig_resnext101_32x16d": "resnext101_32x16d.fb_wsl_ig1b_ft_in1k",
    "ig_resnext101_32x32d": "resnext101_32x32d.fb_wsl_ig1b_ft_in1k",
    "ig_resnext101_32x48d": "ig_resnext101_32x48d",  # which timm builds no longer
}


@pytest.mark.parity
def test_the_table_is_what_timms_records_say():
    """Where this fails after an update of timm: `python -m tests.published`."""
    rows = [{name: row[name] for name in records()[0]} for row in table()[1]]
    assert rows == records() and len(rows) == 150


@pytest.mark.parity
def test_the_family_is_timms():
    theirs = {name for name in timm.list_models() if _registry._model_to_module[name] == "resnet"}
    assert {name for name, row in VARIANTS.items() if not row.small} == theirs and len(theirs) == 81


@pytest.mark.parity
@pytest.mark.parametrize("name", ["resnet50.a1_in1k", "resnet18d.ra4_e3600_r224_in1k", "resnetrs420.tf_in1k"])
def test_preprocessing_is_timms(name):
    found, theirs = hub_config(HubName(name)), timm.get_pretrained_cfg(name)
    assert found.preprocessing == Preprocessing.from_config(theirs.to_dict())
    assert (found.license, found.num_classes) == (theirs.license, theirs.num_classes)


@pytest.mark.parity
def test_classes_of_the_larger_imagenet_have_their_names():
    config = hub_config(HubName("resnetaa50d.sw_in12k"))
    info = timm.data.ImageNetInfo("imagenet-12k")
    assert config.labels == info.label_names() and config.num_classes == 11821
    assert config.describe_label(config.labels[7]) == info.index_to_description(7)
    assert {row.classes for row in published()} == {0, *IMAGENETS}


@pytest.mark.parity
@pytest.mark.parametrize("former", FORMER)
def test_former_names_mean_what_they_meant(former, store):
    present = CORRECTED.get(former, FORMER[former])
    assert present_name(former) == present and present_name(present) == present
    if present != former:
        assert find(former, store) == find(f"timm/{former}", store) == HubName(present, former)
        assert hub_config(find(former, store)).architecture == present.split(".")[0]


def test_a_former_name_is_made_and_told():
    with pytest.warns(
        UserWarning, match="“gluon_resnet50_v1d” is a former name; timm now calls it resnet50d.gluon_in1k"
    ):
        assert create_model("gluon_resnet50_v1d", num_classes=2).conv1[0].out_channels == 32
    assert create_model("resnet18.a1_in1k").num_classes == 1000
    assert create_model("resnet20_cifar").num_classes == 10


def test_a_former_name_is_loaded_and_told(tmp_path, store, monkeypatch):
    path = tmp_path / "model.safetensors"
    save_file(create_model("resnet18").state_dict(), path)
    monkeypatch.setattr(hub, "download", lambda source: path)
    found = models.open_model(find("gluon_resnet18_v1b", store))[0].adapted
    assert [message.say() for message in found] == [
        "“gluon_resnet18_v1b” is a former name; timm now calls it resnet18.gluon_in1k."
    ]
    assert models.open_model(find("resnet18.gluon_in1k", store))[0].adapted == []
    with pytest.warns(UserWarning, match="is a former name; timm now calls it resnet18.gluon_in1k"):
        assert create_model("gluon_resnet18_v1b", pretrained=True, num_classes=0).num_classes == 0


def test_without_a_tag_timms_usual_weights_are_meant():
    assert find_published("resnet50").name == "resnet50.a1_in1k"
    assert find_published("resnet34").tag == timm.get_pretrained_cfg("resnet34").tag


def test_what_is_not_published_is_refused_with_what_to_do():
    for name in ("resnet200", "resnet20_cifar"):
        with pytest.raises(UserError, match=f"timm publishes no weights for {name}; train it from random weights"):
            find_published(name)
    with pytest.raises(UserError, match=r"no weights called “resnet50.a9_in1k”; did you mean: .*resnet50.a3"):
        find_published("resnet50.a9_in1k")


def test_figures_of_a_download():
    row = find_published("resnet50.a1_in1k")
    assert (round(row.params, 2), row.giga_macs, row.size, row.top1, row.top1_size) == (25.56, 4.1, 224, 81.214, 288)
    small, many = find_published("resnet50.a3_in1k"), find_published("resnetaa50d.sw_in12k")
    assert small.size == 160 and small.giga_macs == pytest.approx(4.1 * 160**2 / 224**2)
    network = timm.create_model("resnetaa50d", num_classes=11821)
    assert many.params == pytest.approx(sum(p.numel() for p in network.parameters()) / 1e6, abs=0.01)
    assert many.bytes == pytest.approx(sum(t.nbytes for t in network.state_dict().values()), rel=0.01)
    assert find_published("resnet18.fb_ssl_yfcc100m_ft_in1k").noncommercial and not row.noncommercial
    assert all(row.top1 is None or 65 < row.top1 < 87 for row in published())


def test_lines_to_choose_from(tmp_path, monkeypatch):
    lines = dict(reversed(pair) for pair in picker.choices(published()))
    assert lines["resnet50.a1_in1k"] == (
        "resnet50.a1_in1k · 81.2 % of ImageNet at 288 px · 25.6 M parameters · 4.1 G multiply-adds · 224 px · 102 MB · "
        "apache-2.0"
    )
    assert "bamboo · no classifier: to train from · 23.5 M parameters" in lines["resnet50.bamboo"]
    assert lines["resnet50.bamboo"].endswith("94 MB · not stated")
    assert "76.1 % of ImageNet · 25.6 M" in lines["resnet50.tv_in1k"] and lines["resnet50.tv_in1k"].endswith(
        "bsd-3-clause"
    )
    assert "cc-by-nc-4.0 (not for commercial use)" in lines["resnet18.fb_ssl_yfcc100m_ft_in1k"]
    assert "ImageNet" not in lines["resnet34.ra4_e3600_r224_in1k"]
    assert "参数" in picker.line(find_published("resnet18"), "zh")


def test_what_is_here_comes_first(tmp_path, monkeypatch):
    name = "resnet26t.ra2_in1k"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert not any(row.cached for row in offers()) and [row.name for row in offers()] == list_pretrained()
    place = tmp_path / f"models--timm--{name}"
    (place / "snapshots/abc").mkdir(parents=True)
    (place / "refs").mkdir()
    (place / "refs/main").write_text("abc")
    (place / "snapshots/abc/model.safetensors").write_bytes(b"weights")
    first, *others = offers()
    assert first.name == name and first.cached and len(others) == 149 and not any(row.cached for row in others)
    assert picker.line(first).endswith("on this machine · apache-2.0")


def test_names_are_listed_without_torch_and_timm():
    code = (
        "import resnet, sys; resnet.list_models(), resnet.list_pretrained()\n"
        "from resnet.views import picker\nfrom resnet.weights.published import offers\npicker.choices(offers())\n"
        "sys.exit(any(name in sys.modules for name in ('torch', 'timm')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT).returncode == 0
