"""The table of variants: one row an architecture. Plain data, so that names can be listed before torch is loaded."""

import difflib
from dataclasses import dataclass

from resnet.errors import UserError


@dataclass(frozen=True)
class Variant:
    """What tells one residual network from another.

    The number in a name counts the layers with weights on the longest way through: two or three convolutions
    a block, the stem's first, the classifier (He et al. 2015, table 1). The letter names the tweaks of He et al.
    2018, "Bag of Tricks", section 4: "c" is the deep stem, "d" the deep stem and the averaging shortcut.
    Multiply-adds are counted in the network itself, convolutions and classifier.
    """

    block: str  # "basic": two 3x3 convolutions; "bottleneck": 1x1, 3x3, 1x1
    layers: tuple[int, int, int, int]  # blocks in each of the four stages
    giga_macs: float  # multiply-adds of one picture at 224 x 224 px, in units of 1e9
    deep_stem: bool = False  # three 3x3 convolutions in place of one 7x7
    avg_down: bool = False  # shortcuts halve the size by averaging, not by skipping three positions of four

    @property
    def num_features(self) -> int:
        """Channels of the last stage, which the classifier reads."""
        return 512 if self.block == "basic" else 2048


VARIANTS = {
    "resnet18": Variant("basic", (2, 2, 2, 2), 1.8),
    "resnet34": Variant("basic", (3, 4, 6, 3), 3.7),
    "resnet50": Variant("bottleneck", (3, 4, 6, 3), 4.1),
    "resnet101": Variant("bottleneck", (3, 4, 23, 3), 7.8),
    "resnet152": Variant("bottleneck", (3, 8, 36, 3), 11.5),
    "resnet18d": Variant("basic", (2, 2, 2, 2), 2.1, deep_stem=True, avg_down=True),
    "resnet26d": Variant("bottleneck", (2, 2, 2, 2), 2.6, deep_stem=True, avg_down=True),
    "resnet34d": Variant("basic", (3, 4, 6, 3), 3.9, deep_stem=True, avg_down=True),
    "resnet50d": Variant("bottleneck", (3, 4, 6, 3), 4.3, deep_stem=True, avg_down=True),
    "resnet101d": Variant("bottleneck", (3, 4, 23, 3), 8.0, deep_stem=True, avg_down=True),
    "resnet152d": Variant("bottleneck", (3, 8, 36, 3), 11.8, deep_stem=True, avg_down=True),
}


def variant(name: str) -> Variant:
    """The row called `name`; UserError("architecture_unknown") with the nearest names otherwise."""
    if name not in VARIANTS:
        near = difflib.get_close_matches(name, VARIANTS, n=3, cutoff=0.5) or list(VARIANTS)
        raise UserError("architecture_unknown", name=name, near=near)
    return VARIANTS[name]
