"""Where in a picture a network found what it says of it.

Shapes: N images, C channels, h x w positions of the last maps, K classes; S x S the network's input in pixels.
"""

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from resnet.errors import UserError
from resnet.nn.network import ResNet
from resnet.predictor.predictor import softmax
from resnet.weights.folder import ModelConfig

# Of matplotlib's inferno, evenly from the darkest to the brightest: told apart also by the colour-blind, and in grey.
COLOURS = np.array([(0, 0, 4), (87, 16, 110), (188, 55, 84), (249, 142, 9), (252, 255, 164)], dtype=np.float32)


@dataclass(frozen=True)
class Explanation:
    label: str  # the class key
    description: str
    score: float
    heat: np.ndarray  # float32 (S, S), 0 to 1: how much a place speaks for the label
    seen: Image.Image  # S x S, what the network saw

    def overlay(self, opacity: float = 0.5) -> Image.Image:
        """The heat over the picture; opacity: from 0, the picture alone, to 1, the heat alone."""
        return Image.blend(self.seen.convert("RGB"), coloured(self.heat), opacity)


def explain(network: ResNet, pixels: np.ndarray, label: str = "") -> Explanation:
    """What speaks for `label`, a class key or its words, in a picture; "" is the label that the network gives it.

    network: as resnet.load gives it; pixels: uint8 (C, S, S), the picture as its preprocessing fits it. Raises
    UserError for a label that it does not know.
    """
    config = network.config
    target = _position(config, label) if label else None
    images = config.preprocessing.normalise(torch.from_numpy(pixels)[None])
    with torch.no_grad():
        maps = network.forward_features(images)
        scores = softmax(network.forward_head(maps)[0].numpy() / config.temperature)
    target = int(scores.argmax()) if target is None else target
    heat = grad_cam(network, maps, torch.tensor([target]))
    heat = functional.interpolate(heat[None], images.shape[-2:], mode="bilinear")[0, 0]
    heat = heat / heat.max().clamp_min(1e-12)
    name = config.labels[target]
    seen = config.preprocessing.picture(pixels)
    return Explanation(name, config.describe_label(name), float(scores[target]), heat.numpy(), seen)


def grad_cam(network: ResNet, maps: Tensor, targets: Tensor) -> Tensor:
    """Where each picture speaks for its target: float32 (N, h, w), at least 0, of no fixed scale.

    Selvaraju et al. 2017, "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", equations
    1 and 2: the last maps, each weighted by the mean gradient of the target's logit, added up; what is negative speaks
    for other classes and counts as nothing. maps: (N, C, h, w), of network.forward_features; targets: int64 (N).
    """
    maps = maps.detach()
    with torch.enable_grad():
        maps.requires_grad_()
        logits = network.forward_head(maps).gather(1, targets[:, None])
        (gradients,) = torch.autograd.grad(logits.sum(), maps)
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    return (weights * maps.detach()).sum(dim=1).relu().float()


def coloured(heat: np.ndarray) -> Image.Image:
    """A picture (H, W) of numbers from 0 to 1, from dark to bright."""
    place = np.linspace(0, 1, len(COLOURS))
    channels = [np.interp(heat, place, channel) for channel in COLOURS.T]
    return Image.fromarray(np.stack(channels, axis=-1).round().astype(np.uint8))


def _position(config: ModelConfig, label: str) -> int:
    words = [config.describe_label(name) for name in config.labels]
    for names in (config.labels, words):
        if label in names:
            return names.index(label)
    raise UserError("label_unknown", label=label, known=words[:10])
