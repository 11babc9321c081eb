"""Models sent to a Hub that is played on this machine: what comes there is the model, and what fails says why.

The token stands in requests' headers and nowhere else.
"""

import logging
import shutil
import traceback
from pathlib import Path

import hub
import pytest
import torch
from huggingface_hub import constants

from resnet.cli import main
from resnet.errors import UserError
from resnet.store import Store
from resnet.ui.service import Service
from resnet.weights.find import HubName
from resnet.weights.folder import CARD, CONFIG, LAB, REPORT, WEIGHTS
from resnet.weights.hub import push
from resnet.weights.models import load
from tests.unit.test_weights_hub import point

TOKEN, NAME = "hf_secretsecretsecret", "me/drawn-shapes"


@pytest.fixture
def one(tmp_path, monkeypatch):
    """A Hub at work, which HF_ENDPOINT names, where the owner of TOKEN is called me."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # a storage that only the real one has
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no token"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with hub.Hub({}, writers={TOKEN: "me"}) as one:
        point(monkeypatch, one.endpoint)
        yield one


def refused(key: str, folder: Path, caplog, repository: str = NAME, token: str | None = TOKEN, **words) -> str:
    """Sending ends in the sentence `key`, which keeps the token for itself, as do the log and the traceback."""
    caplog.set_level(logging.DEBUG)
    with pytest.raises(UserError) as raised:
        push(folder, repository, token, **words)
    said = [str(raised.value), raised.value.message.say("zh"), caplog.text]
    said += traceback.format_exception(raised.value)
    assert raised.value.message.key == key, said[0]
    assert "\n" not in said[0] and not (token and token.strip() and any(token.strip() in text for text in said))
    return said[0]


def test_a_pushed_model_is_opened_from_there_by_us_and_by_timm(one, finished, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    model = finished / "model"
    assert push(model, NAME, TOKEN) == f"{one.endpoint}/{NAME}"
    assert one.made == {NAME: "private"}
    sent = {name.removeprefix(f"{NAME}/"): content for name, content in one.files.items()}
    assert {CONFIG, WEIGHTS, CARD, LAB, REPORT} <= sent.keys()
    assert all(content == (model / name).read_bytes() for name, content in sent.items())

    pictures = torch.rand(2, 3, 48, 48)
    ours, original = load(f"hf-hub:{NAME}"), load(str(model))
    timms = pytest.importorskip("timm").create_model(f"hf-hub:{NAME}", pretrained=True).eval()
    with torch.inference_mode():
        assert torch.equal(ours(pictures), original(pictures))
        assert torch.allclose(timms(pictures), original(pictures), atol=1e-5)
    assert ours.labels == original.labels


def test_pushed_again_it_is_replaced_and_the_machines_own_login_serves(one, finished, small_model, monkeypatch):
    push(finished / "model", NAME, TOKEN, private=False)
    assert one.made == {NAME: "public"}
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    push(small_model, NAME, private=False)
    assert one.files[f"{NAME}/{WEIGHTS}"] == (small_model / WEIGHTS).read_bytes()


def test_what_is_to_be_private_does_not_become_public(one, small_model, caplog):
    push(small_model, NAME, TOKEN, private=False)
    before = dict(one.files)
    assert "everybody can see it" in refused("push_public", small_model, caplog, private=True)
    assert one.files == before


def test_a_folder_without_weights_of_its_own_is_not_sent(one, small_model, tmp_path, caplog):
    shutil.copy(small_model / "config.json", tmp_path)
    before = dict(one.files)
    with pytest.raises(UserError, match="has no weights"):
        push(tmp_path, NAME, TOKEN)
    assert one.files == before


def test_stray_files_of_a_folder_stay_at_home(one, small_model, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    for file in small_model.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "secret.txt").write_text("mine")
    push(folder, NAME, TOKEN)
    assert f"{NAME}/secret.txt" not in one.files


@pytest.mark.parametrize("name", ["", "me", "me/", "me/a/b", "../x", "me/a b", "me/x.git", "me/x--y", "http://me/x"])
def test_a_name_that_is_none_is_refused_before_anything_is_sent(one, small_model, caplog, name):
    refused("push_name_wrong", small_model, caplog, name)
    assert one.requests == []


def test_a_token_that_will_not_do_is_told_from_a_place_that_is_not_its_owners(one, small_model, caplog):
    assert "does not accept the token" in refused("push_token", small_model, caplog, token="hf_wrongwrongwrong")
    refused("push_token", small_model, caplog, token=None)
    assert "begins with your user name" in refused("push_forbidden", small_model, caplog, "you/x")
    assert one.files == {} and one.made == {}
    asked = len(one.requests)
    for odd in ("hf_secret\r\nHost: evil", "hf_sëcret", "hf secret"):
        refused("push_token", small_model, caplog, token=odd)
    assert len(one.requests) == asked


@pytest.mark.parametrize(
    ("status", "key"), [(429, "push_busy"), (500, "push_down"), (503, "push_down"), (400, "push_refused")]
)
def test_a_hub_that_is_not_well_is_quoted_with_its_status(one, small_model, caplog, monkeypatch, status, key):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    one.faults.status, one.faults.on = status, ("POST",)
    refused(key, small_model, caplog)


def test_without_a_network_it_says_so(one, small_model, caplog, monkeypatch):
    point(monkeypatch, "http://127.0.0.1:9")
    assert "refuses the connection" in refused("push_unreachable", small_model, caplog)
    point(monkeypatch, one.endpoint)
    one.faults.portal = ("POST",)
    refused("push_broken", small_model, caplog)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    refused("push_offline", small_model, caplog)


def test_a_folder_that_is_no_model_is_not_sent(one, tmp_path, caplog):
    refused("config_missing", tmp_path, caplog)
    assert one.requests == []


def test_weights_without_a_folder_are_not_sent(one, small_model, caplog):
    refused("push_no_folder", small_model / WEIGHTS, caplog)
    refused("push_no_folder", HubName("resnet50.a1_in1k"), caplog)
    assert one.requests == []


def test_the_page_takes_the_visitors_token_and_lends_the_machines_to_nobody_from_elsewhere(one, finished, monkeypatch):
    store = Store.of(finished)
    Service(store).models.push(finished.name, f" {NAME} ", f" {TOKEN}\n", True)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    Service(store).models.push(finished.name, "me/other", "", False)
    assert one.made == {NAME: "private", "me/other": "public"}
    asked = len(one.requests)
    for service, key in ((Service(store, "remote"), "push_no_token"), (Service(store, "hosted"), "hosted_off")):
        with pytest.raises(UserError) as raised:
            service.models.push(finished.name, "me/third", "", True)
        assert raised.value.message.key == key
    assert len(one.requests) == asked


def test_the_command_line_sends_with_the_machines_token_and_tells_where_to(one, finished, monkeypatch, capsys):
    monkeypatch.setenv("RESNET_HOME", str(Store.of(finished).root))
    command = ["push", "--model", "drawn", "--repo", NAME]
    assert main(command) == 1
    assert "does not accept the token" in capsys.readouterr().err
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert main(command) == 0
    assert capsys.readouterr().out == f"The model is at {one.endpoint}/{NAME} now.\n"
    assert one.made == {NAME: "private"}
