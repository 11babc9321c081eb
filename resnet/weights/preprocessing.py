"""From a picture to what the network sees: part of every model, and equal to timm's to the pixel and the bit.

Shapes: N images, C channels, H x W height and width; S the network's input, S x S pixels.
Nothing here loads torch: `normalise` works on the tensors it is given.
"""

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from resnet.errors import UserError
from resnet.settings import CROP_MODES
from resnet.text import Message
from resnet.weights import brief

if TYPE_CHECKING:
    from torch import Tensor

IMAGENET_MEAN = (0.485, 0.456, 0.406)  # of ImageNet's training pictures: red, green, blue, where 1 is white
IMAGENET_STD = (0.229, 0.224, 0.225)
INTERPOLATIONS = tuple(method.name.lower() for method in Image.Resampling)
LARGEST = 2048  # S; a network's input of that size takes 50 MB, a hundred times as much within the network
LONGEST_ASPECT = 20  # long side over short side up to which a picture is resized whole in mode "center"


@dataclass(frozen=True)
class Preprocessing:
    size: int  # S, pixels
    crop_pct: float = 0.875  # S over the side that the picture is resized to: below 1, a margin is cut off
    crop_mode: str = "center"  # center: the middle square; squash: all, its aspect lost; border: all, on a border
    interpolation: str = "bicubic"  # between pixels when resizing; Pillow's, which averages where it shrinks
    mean: tuple[float, ...] = IMAGENET_MEAN  # per channel, where 1 is white: subtracted
    std: tuple[float, ...] = IMAGENET_STD  # per channel: divided by

    @classmethod
    def from_config(cls, config: dict) -> "Preprocessing":
        """From a pretrained_cfg in timm's form; what it does not say is as timm has it.

        Raises UserError("preprocessing_wrong") naming the field and its value.
        """
        size = config.get("input_size") or (3, 224, 224)
        if not (_numbers(size) and len(size) == 3 and size[1] == size[2] and 0 < size[1] == int(size[1]) <= LARGEST):
            raise UserError("preprocessing_wrong", field="input_size", value=brief(size))
        found = cls(
            size=int(size[1]),
            crop_pct=config.get("crop_pct") or 0.875,
            crop_mode=config.get("crop_mode") or "center",
            interpolation=config.get("interpolation") or "bicubic",
            mean=config.get("mean") or IMAGENET_MEAN,
            std=config.get("std") or IMAGENET_STD,
        )
        checks = {
            "crop_pct": _numbers([found.crop_pct]) and 0.1 <= found.crop_pct <= 1,
            "crop_mode": found.crop_mode in CROP_MODES,
            "interpolation": found.interpolation in INTERPOLATIONS,
            "mean": _numbers(found.mean) and len(found.mean) == size[0] and size[0] in (1, 3),
            "std": _numbers(found.std) and len(found.std) == size[0] and min(found.std) > 0,
        }
        for field, good in checks.items():
            if not good:
                raise UserError("preprocessing_wrong", field=field, value=brief(getattr(found, field)))
        return dataclasses.replace(found, mean=tuple(found.mean), std=tuple(found.std))

    def to_config(self) -> dict:
        """The same in timm's form."""
        return {
            "input_size": [len(self.mean), self.size, self.size],
            "crop_pct": self.crop_pct,
            "crop_mode": self.crop_mode,
            "interpolation": self.interpolation,
            "mean": list(self.mean),
            "std": list(self.std),
        }

    def replace(self, **changes: object) -> "Preprocessing":
        return dataclasses.replace(self, **changes)

    @property
    def resize(self) -> int:
        """Pixels: what the shorter side (center), the longer (border) or both (squash) become before the crop."""
        return math.floor(self.size / self.crop_pct)

    def fit(self, image: Image.Image) -> Image.Image:
        """The picture as the network sees it, S x S; in grey for a network of one channel."""
        mode = "L" if len(self.mean) == 1 else "RGB"
        if image.mode != mode:
            image = image.convert(mode)
        if self.crop_mode == "center":
            image = _without_ends(image)
        resized = image.resize(self._resized(*image.size), Image.Resampling[self.interpolation.upper()])
        canvas = Image.new(image.mode, (self.size, self.size), tuple(round(255 * value) for value in self.mean))
        canvas.paste(resized, (_offset(resized.width, self.size), _offset(resized.height, self.size)))
        return canvas

    def pixels(self, image: Image.Image) -> np.ndarray:
        """`fit` as numbers: uint8 (C, S, S)."""
        return np.ascontiguousarray(np.asarray(self.fit(image)).reshape(self.size, self.size, -1).transpose(2, 0, 1))

    @staticmethod
    def picture(pixels: np.ndarray) -> Image.Image:
        """The picture that `pixels` made numbers of."""
        return Image.fromarray(pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0))

    def normalise(self, batch: "Tensor") -> "Tensor":
        """uint8 (N, C, H, W), or one (C, H, W) -> float32 of the same shape, on the same device."""
        scaled = batch.float().div(255)
        mean, std = (scaled.new_tensor(values).view(-1, 1, 1) for values in (self.mean, self.std))
        return scaled.sub_(mean).div_(std)

    def describe(self) -> Message:
        """A sentence that says what becomes of a picture."""
        whole = "_whole" if self.crop_mode != "center" and self.resize == self.size else ""  # nothing is cut off
        return Message(f"preprocessing_{self.crop_mode}{whole}", {"resize": self.resize, "size": self.size})

    def _resized(self, width: int, height: int) -> tuple[int, int]:
        """Width and height after resizing, before the crop; rounded as torchvision (center) and timm (border) do."""
        if self.crop_mode == "squash":
            return self.resize, self.resize
        if self.crop_mode == "center":
            long = int(self.resize * max(width, height) / min(width, height))
            return (self.resize, long) if width <= height else (long, self.resize)
        ratio = max(width / self.resize, height / self.resize)
        return max(1, round(width / ratio)), max(1, round(height / ratio))


def _without_ends(image: Image.Image) -> Image.Image:
    """The middle of a picture longer than 20 of its widths, whose resized whole might not fit in memory.

    Its ends would be cut off anyway: up to rounding of the scale, what is seen stays the same.
    """
    width, height = image.size
    longest = LONGEST_ASPECT * min(width, height)
    left, top = max(0, width - longest) // 2, max(0, height - longest) // 2
    return image.crop((left, top, width - left, height - top)) if left or top else image


def _offset(length: int, size: int) -> int:
    """Where `length` pixels begin on a canvas of `size` so that their middles meet, rounded as timm rounds."""
    return (size - length) // 2 if length < size else -round((length - size) / 2)


def _numbers(values: object) -> bool:
    return isinstance(values, list | tuple) and all(
        isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) for value in values
    )
