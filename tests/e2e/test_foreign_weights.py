"""A colleague's file of weights, from the command line: a start for training, or one clear line."""

import torch
from safetensors.torch import save_file

import resnet
from resnet.store import Store, read_json
from tests.processes import run_command

SMALL = ("--image-size", "48", "--batch-size", "8", "--device", "cpu", "--mode", "head", "--epochs", "1")


def test_a_grey_backbone_without_a_classifier_is_trained_from_and_the_report_says_what_was_changed(tmp_path, pictures):
    torch.manual_seed(0)
    network = resnet.create_model("resnet18", in_chans=1)
    state = {f"encoder.{name}": tensor for name, tensor in network.state_dict().items() if not name.startswith("fc.")}
    save_file(state, tmp_path / "grey.safetensors")
    run_command(tmp_path, "train", "--data", pictures, "--model", "./grey.safetensors", *SMALL)
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
    told, _ = run_command(tmp_path, "report", folder.name)
    assert all(sentence in told for sentence in sentences)
    words = ("predict", "--model", "./grey.safetensors", next(pictures.rglob("*.*")))
    _, refused = run_command(tmp_path, *words, status=1)
    assert refused.startswith("resnet: ") and refused.count("\n") == 1
    assert "grey.safetensors holds resnet18 without a classifier" in refused
