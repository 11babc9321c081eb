"""Downloads from a Hub on this machine: found, absent, closed, out of reach, damaged, switched off."""

import os
import subprocess
import sys
from pathlib import Path

import hub
import pytest
from huggingface_hub import constants
from safetensors.torch import save

from resnet.errors import UserError
from resnet.nn.network import create
from resnet.weights.hub import download
from resnet.weights.models import load

REPOSITORY, FILE = "timm/resnet18.a1_in1k", "model.safetensors"


@pytest.fixture(scope="module")
def weights() -> bytes:
    state = create("resnet18").state_dict()
    state["fc.bias"][0] = 0.5
    return save(state)


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache, with downloads allowed whatever the environment says."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    return tmp_path


def point(monkeypatch, endpoint: str) -> None:
    """What HF_ENDPOINT does when huggingface_hub is imported."""
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", endpoint + "/{repo_id}/resolve/{revision}/{filename}")


def refused(key: str, *parts: str) -> None:
    """A download ends in the sentence `key`, which names the model and `parts`."""
    with pytest.raises(UserError) as raised:
        download(REPOSITORY, FILE)
    assert raised.value.message.key == key
    assert all(part in str(raised.value) for part in (REPOSITORY, *parts)), str(raised.value)


def test_a_download_and_then_the_cache_without_a_network(cache, monkeypatch, weights):
    with hub.serve({f"{REPOSITORY}/{FILE}": weights}) as endpoint:
        point(monkeypatch, endpoint)
        network = load("resnet18.a1_in1k")
    assert network.fc.bias[0] == 0.5 and network.labels[0] == "n01440764" and network.name == "resnet18.a1_in1k"
    assert network.config.preprocessing.size == 224 and network.config.preprocessing.crop_pct == 0.95
    assert download(REPOSITORY, FILE).is_relative_to(cache)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert download(REPOSITORY, FILE).read_bytes() == weights


@pytest.mark.parametrize(("status", "key"), [(404, "hub_missing"), (401, "hub_missing"), (400, "hub_failed")])
def test_a_refusal(cache, monkeypatch, status, key):
    with hub.serve({}, status) as endpoint:
        point(monkeypatch, endpoint)
        refused(key, endpoint)


def test_no_network(cache, monkeypatch):
    with hub.serve({}) as endpoint:
        point(monkeypatch, endpoint)
    refused("hub_unreachable", endpoint, str(cache), "HF_ENDPOINT")


def test_downloads_switched_off(cache, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    refused("hub_offline", str(cache), "HF_HUB_OFFLINE")


def test_a_damaged_download(cache, monkeypatch, weights):
    with hub.serve({f"{REPOSITORY}/{FILE}": weights[: len(weights) // 2]}) as endpoint:
        point(monkeypatch, endpoint)
        with pytest.raises(UserError, match=r"resnet18.a1_in1k is damaged; delete .*model.safetensors"):
            load("resnet18.a1_in1k")


def test_the_usual_environment_is_heeded(tmp_path):
    """huggingface_hub reads it when it is imported, so this takes a process of its own."""
    code = f"from resnet.weights.hub import download; print(download({REPOSITORY!r}, {FILE!r}))"
    with hub.serve({f"{REPOSITORY}/{FILE}": b"content"}) as endpoint:
        environment = {**os.environ, "HF_HOME": str(tmp_path), "HF_ENDPOINT": endpoint, "HF_HUB_OFFLINE": "0"}
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120
        )
    assert done.returncode == 0, done.stderr
    path = Path(done.stdout.strip())
    assert path.read_bytes() == b"content" and path.is_relative_to(tmp_path)
