"""Networks with weights in them: made new, opened from disk, downloaded."""

from functools import partial
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from resnet.errors import UserError
from resnet.nn.network import ResNet, create
from resnet.store import Store
from resnet.weights.files import first_convolution, guess_architecture, load_strict, read_state
from resnet.weights.find import HubName, find, hub_config, source
from resnet.weights.folder import WEIGHTS, ModelConfig, default_labels, read_config
from resnet.weights.hub import download, weights_file
from resnet.weights.preprocessing import Preprocessing


def create_model(name: str, pretrained: bool = False, num_classes: int | None = None, in_chans: int = 3) -> ResNet:
    """A network by name, in training mode.

    Args:
        name: an architecture (resnet50); with `pretrained`, whatever `load` opens.
        pretrained: with weights, not at random.
        num_classes: K; None for those of the weights, or 1000. Where it is another number than theirs, the
            classifier alone is new.
        in_chans: channels of the pictures; with weights, theirs.
    """
    if not pretrained:
        return create(name, num_classes=num_classes or 1000, in_chans=in_chans)
    network = load(name).train()
    if in_chans != network.in_chans:
        raise UserError("in_chans_wrong", name=name, here=network.in_chans, asked=in_chans)
    if num_classes not in (None, network.num_classes):
        network.reset_classifier(num_classes)
    return network


def load(reference: str | Path, store: Store | None = None) -> ResNet:
    """The model called `reference` (see resnet.weights.find), in evaluation mode, with

    .name: the reference, or the default model's name where it is "" · .config: ModelConfig
    .labels: the class keys, in the order of the logits
    .preprocess: picture -> normalised tensor (C, S, S), S x S the input size in pixels
    """
    found = find(str(reference), store or Store.open())
    network, config = open_model(found)
    network.name, network.config, network.labels = str(reference) or found.name, config, config.labels
    network.preprocess = partial(_preprocess, config.preprocessing)
    return network


def _preprocess(preprocessing: Preprocessing, image: Image.Image) -> Tensor:
    return preprocessing.normalise(torch.from_numpy(preprocessing.pixels(image)))


def open_model(found: Path | HubName) -> tuple[ResNet, ModelConfig]:
    """Network in evaluation mode and config of a model folder, a file of weights, or weights to download."""
    if isinstance(found, HubName):
        config, state = _downloaded(found)
    elif found.is_dir():
        config, state = read_config(found), read_state(found / WEIGHTS)
    else:
        state = read_state(found)
        config = _guessed(found, state)
    network = create(config.architecture, config.num_classes, config.in_chans)
    load_strict(network, state)
    return network.eval(), config


def _downloaded(name: HubName) -> tuple[ModelConfig, dict[str, Tensor]]:
    """A model of the Hub's, from the cache where it is there. Its file is as the Hub has it, readable or not."""
    path = download(source(name))
    file = weights_file(path) if path.is_dir() else path
    try:
        return hub_config(name), read_state(file)
    except UserError as error:
        if error.message.key == "weights_damaged":
            raise UserError("hub_unreadable", model=name.name, file=file) from error
        raise


def _guessed(file: Path, state: dict[str, Tensor]) -> ModelConfig:
    """What keys and shapes tell of bare weights; of preprocessing they tell nothing, so it is the most common."""
    architecture = guess_architecture(state)
    if architecture is None or first_convolution(state).shape[1] != 3:
        raise UserError("weights_foreign", file=file)
    labels, descriptions = default_labels(len(state["fc.weight"]))
    return ModelConfig(architecture, labels, Preprocessing(224), descriptions)
