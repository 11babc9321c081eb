"""Networks with weights in them: made new, opened from disk, downloaded."""

import importlib
import warnings
from functools import partial
from pathlib import Path
from types import ModuleType

import torch
from PIL import Image
from torch import Tensor

from resnet.errors import UserError
from resnet.nn.features import FeatureMaps
from resnet.nn.network import ResNet, create
from resnet.nn.variants import variant
from resnet.store import Store
from resnet.text import Message, say
from resnet.weights.files import read_state
from resnet.weights.find import HubName, find, hub_config, source
from resnet.weights.folder import CONFIG, ModelConfig, default_labels, read_config, weights_in
from resnet.weights.neighbours import Neighbours
from resnet.weights.preprocessing import Preprocessing
from resnet.weights.published import present_name
from resnet.weights.state import adapt_stem, guess_architecture, load_strict, stem_name

# in the order of the data set's own numbers (Krizhevsky 2009, "Learning multiple layers of features from tiny images")
CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def create_model(
    name: str,
    pretrained: bool = False,
    num_classes: int | None = None,
    in_chans: int = 3,
    *,
    features_only: bool = False,
    out_indices: int | tuple[int, ...] | None = None,
    **arguments: object,
) -> ResNet | FeatureMaps:
    """A network by name, in training mode.

    Args:
        name: an architecture (resnet50), or that of weights; with `pretrained`, whatever `load` opens.
        pretrained: with weights, not at random.
        num_classes: K, or 0 for features in place of logits; None for those of the weights, or the usual number. Where
            it is another number than that of the weights, the classifier alone is new.
        in_chans: channels of the pictures. Where it is another number than that of the weights, their first
            convolution is adapted, as timm does (see resnet.weights.state.adapt_stem).
        features_only, out_indices: the maps of these stages, or all, in place of logits (see resnet.nn.features).
        arguments: global_pool, output_stride, drop_rate, drop_path_rate, drop_block_rate (see resnet.nn.network).
    """
    if pretrained:
        found = find(name, Store.open())
        present = found.name if isinstance(found, HubName) and found.former else name
        network = _with_weights(found, 0 if features_only else num_classes, in_chans, arguments)
    else:
        present = present_name(name)
        architecture = present.split(".")[0]
        usual = variant(architecture).classes
        network = create(architecture, usual if num_classes is None else num_classes, in_chans, **arguments)
    if present != name:
        warnings.warn(say("model_former", former=name, name=present), stacklevel=2)
    return FeatureMaps(network, out_indices) if features_only else network.train()


def _with_weights(found: Path | HubName, num_classes: int | None, in_chans: int, arguments: dict) -> ResNet:
    state, config, _ = _read(found)
    if num_classes is None:
        _check_classifier(found, config)
        num_classes = config.num_classes
    network = create(config.architecture, num_classes, in_chans, **arguments)
    load_strict(network, adapt_stem(state, in_chans), new_head=num_classes != config.num_classes)
    return network


def load(reference: str | Path, store: Store | None = None) -> ResNet:
    """The model called `reference` (see resnet.weights.find), in evaluation mode, with

    .name: the reference, or the default model's name where it is "" · .config: ModelConfig
    .labels: the class keys, in the order of the logits
    .preprocess: picture -> normalised tensor (C, S, S), S x S the input size in pixels
    .adapted: what was changed in the weights so that they fit, as messages
    .neighbours: what it learned from, by which it tells things it does not know; None where that is not kept
    """
    found = find(str(reference), store or Store.open())
    network, config = open_model(found)
    _check_classifier(found, config)
    network.name, network.config, network.labels = str(reference) or found.name, config, config.labels
    network.neighbours = _neighbours(found, network)
    network.preprocess = partial(_preprocess, config.preprocessing)
    return network


def _neighbours(found: Path | HubName, network: ResNet) -> Neighbours | None:
    folder = _hub().cached(source(found)) if isinstance(found, HubName) else found
    return Neighbours.of(folder, network.num_features) if folder.is_dir() else None


def _preprocess(preprocessing: Preprocessing, image: Image.Image) -> Tensor:
    return preprocessing.normalise(torch.from_numpy(preprocessing.pixels(image)))


def load_for_training(reference: str, labels: list[str], store: Store) -> ResNet:
    """The network of the model called `reference`, its classifier new where it is none for `labels`; with .adapted."""
    network, config = open_model(find(reference, store))
    if config.labels != labels:
        network.reset_classifier(len(labels))
        network.adapted.append(Message("weights_new_head", {"before": config.num_classes, "after": len(labels)}))
    return network


def open_model(found: Path | HubName) -> tuple[ResNet, ModelConfig]:
    """Network in evaluation mode and config of a model folder, a file of weights, or weights to download.

    The network has .adapted. A file without a classifier gives a config without labels, and a network with a classifier
    at random.
    """
    state, config, adapted = _read(found)
    network = create(config.architecture, config.num_classes or 1, config.in_chans)
    load_strict(network, state, new_head=not config.labels)
    network.adapted = adapted
    return network.eval(), config


def _read(found: Path | HubName) -> tuple[dict[str, Tensor], ModelConfig, list[Message]]:
    """Weights, config, and what was changed in the weights so that they fit it."""
    adapted = []
    path = _hub().download(source(found)) if isinstance(found, HubName) else found
    if path.is_dir():
        config, state = read_config(path), read_state(weights_in(path))
        _check_classes(path, config, state)
    elif isinstance(found, HubName):
        config, state = hub_config(found), read_state(path)
    else:
        state = read_state(found)
        config = _guessed(found, state)
        channels = state[stem_name(state)].shape[1]
        if channels != config.in_chans:
            state = adapt_stem(state, config.in_chans)
            adapted.append(Message("weights_stem", {"before": channels, "after": config.in_chans}))
    if isinstance(found, HubName) and found.former:
        adapted.append(Message("model_former", {"former": found.former, "name": found.name}))
    return state, config, adapted


def _check_classifier(found: Path | HubName, config: ModelConfig) -> None:
    if not config.labels:
        raise UserError("weights_headless", file=found, architecture=config.architecture)


def _check_classes(folder: Path, config: ModelConfig, state: dict[str, Tensor]) -> None:
    """Raise UserError where the classifier's classes are not those of the config."""
    file = weights_in(folder)
    if "fc.weight" not in state:
        raise UserError("weights_headless", file=file, architecture=config.architecture)
    if (here := len(state["fc.weight"])) != config.num_classes:
        raise UserError("weights_classes", file=file, here=here, config=CONFIG, count=config.num_classes)


def _guessed(file: Path, state: dict[str, Tensor]) -> ModelConfig:
    """What keys and shapes tell of bare weights; of preprocessing they tell nothing, so it is the most common.

    For CIFAR's that is the same mean and deviation as for all others: github.com/akamaster/pytorch_resnet_cifar10, from
    which the usual weights with shortcuts of option A come, has ImageNet's (trainer.py).
    """
    architecture, stem = guess_architecture(state, differing=len(state) // 4), stem_name(state)
    small = architecture is not None and variant(architecture).small
    if not small and stem == "conv1.weight" and (size := state[stem].shape[-1]) == 3:
        raise UserError("weights_small_stem", file=file, size=size)
    if architecture is None:
        raise UserError("weights_unlike", file=file)
    row = variant(architecture)
    labels, descriptions = default_labels(len(state["fc.weight"])) if "fc.weight" in state else ([], {})
    if small and len(labels) == len(CIFAR10):
        labels = list(CIFAR10)
    return ModelConfig(architecture, labels, Preprocessing(row.size, 1.0 if small else 0.875), descriptions)


def _hub() -> ModuleType:
    """Loaded where it is needed: its client takes as long to load as a small model."""
    return importlib.import_module("resnet.weights.hub")
