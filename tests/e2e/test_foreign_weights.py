"""A colleague's file of weights, from the command line: a start for training, or one clear line."""

import os
import subprocess
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

import resnet
from resnet.store import PROJECT, Store, read_json

SMALL = ("--image-size", "48", "--batch-size", "8", "--device", "cpu", "--mode", "head", "--epochs", "1")


def command(home: Path, *words: object) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "RESNET_HOME": str(home)}
    line = [sys.executable, "-m", "tests.hasty", PROJECT / "resnet/__main__.py", *map(str, words)]
    return subprocess.run(line, cwd=home, env=environment, capture_output=True, text=True, timeout=300)


def test_a_grey_backbone_without_a_classifier_is_trained_from_and_the_report_says_what_was_changed(tmp_path, pictures):
    torch.manual_seed(0)
    network = resnet.create_model("resnet18", in_chans=1)
    state = {f"encoder.{name}": tensor for name, tensor in network.state_dict().items() if not name.startswith("fc.")}
    save_file(state, tmp_path / "grey.safetensors")
    ended = command(tmp_path, "train", "--data", pictures, "--model", "./grey.safetensors", *SMALL)
    assert ended.returncode == 0, ended.stderr
    (folder,) = (path for path in Store.open(tmp_path).runs.iterdir() if path.is_dir())
    report = read_json(folder / "report.json")
    sentences = [note["english"] for note in report["summary"]["adapted"]]
    classes = len(report["per_class"])
    assert sentences == [
        "The first convolution was adapted from 1 to 3 channels.",
        f"The classifier is new: 0 → {classes} classes.",
    ]
    card = (folder / "model" / "README.md").read_text("utf-8")
    assert all(sentence in card for sentence in sentences)
    told = command(tmp_path, "report", folder.name).stdout
    assert all(sentence in told for sentence in sentences)
    refused = command(tmp_path, "predict", "--model", "./grey.safetensors", next(pictures.rglob("*.*")))
    assert refused.returncode == 1 and refused.stderr.startswith("resnet: ") and refused.stderr.count("\n") == 1
    assert "grey.safetensors holds resnet18 without a classifier" in refused.stderr
