"""The table of variants: one row an architecture. Plain data, so that names can be listed before torch is loaded."""

import difflib
from dataclasses import dataclass

from resnet.errors import UserError

PLAIN = (64,)  # one 7x7 convolution
DEEP = (32, 32, 64)  # three of 3x3
WIDE = (64, 64, 128)
SMALL = (16,)  # one of 3x3
TIERED = (24, 32, 64)


@dataclass(frozen=True)
class Widths:
    """Channels in one stage of bottlenecks."""

    out: int  # that each block gives to the next
    first: tuple[int, ...]  # after the first convolution of each block
    second: tuple[int, ...]  # after the second


@dataclass(frozen=True)
class Variant:
    """What tells one residual network from another.

    The number in a name counts the layers with weights on the longest way through: two or three convolutions
    a block, the stem's first, the classifier (He et al. 2015, table 1). The letters are explained in the table.
    Parameters are those with `classes` classes. Multiply-adds are counted in the network itself, convolutions and
    classifier, at `size` x `size` pixels whatever the size that weights were trained at, so that rows compare.
    """

    block: str | tuple[str, ...]  # "basic": two 3x3 convolutions; "bottleneck": 1x1, 3x3, 1x1; or by stage
    layers: tuple[int, ...]  # blocks in each of the stages, of which there are four, or three in small networks
    giga_macs: float  # multiply-adds of one picture, in units of 1e9
    params: float  # in units of 1e6
    stem: tuple[int, ...] = PLAIN  # channels of its convolutions: one of 7x7 or three of 3x3
    stem_pool: str = "max"  # "convolution": a 3x3 one of stride 2 in place of the maximum
    channels: tuple[int, ...] = (64, 128, 256, 512)  # of each stage; inside its blocks, if bottlenecks
    avg_down: bool = False  # shortcuts halve the size by averaging, not by skipping three positions of four
    down_kernel: int = 1  # size of the shortcuts' convolution where it halves the size
    groups: int = 1  # of the channels of a bottleneck's 3x3 convolution
    base_width: int = 64  # channels of such a group in the first stage
    narrow_first: int = 1  # a bottleneck's first convolution has so many times fewer channels than its second
    norm: str = "batch"  # "group": by groups of channels, not over the batch
    attention: str = ""  # how a block weighs its channels: "se", "eca", or not
    reduction: int = 16  # channels per channel inside squeeze-and-excitation
    antialias: str = ""  # what comes before positions are skipped: "blur", "average", or nothing
    pruned: tuple[Widths, ...] = ()  # channels of each block, where they differ from block to block

    @property
    def blocks(self) -> tuple[str, ...]:
        """The kind of block of each stage."""
        return (self.block,) * len(self.layers) if isinstance(self.block, str) else self.block

    @property
    def stage_channels(self) -> tuple[int, ...]:
        """What each stage gives, before pruning: bottlenecks four times what is inside them."""
        return tuple(c * (4 if b == "bottleneck" else 1) for c, b in zip(self.channels, self.blocks, strict=True))

    @property
    def num_features(self) -> int:
        """Channels of the last stage, which the classifier reads."""
        return self.pruned[-1].out if self.pruned else self.stage_channels[-1]

    @property
    def deep_stem(self) -> bool:
        return len(self.stem) > 1

    @property
    def small(self) -> bool:
        """Made for CIFAR's pictures: the stem keeps their size, and what is carried past a block has no weights."""
        return self.stem == SMALL

    @property
    def size(self) -> int:
        """Pixels; the usual input, at which multiply-adds are counted."""
        return 32 if self.small else 224

    @property
    def classes(self) -> int:
        """That the usual weights tell apart, with which parameters are counted."""
        return 10 if self.small else 1000

    @property
    def stride(self) -> int:
        """How many times smaller than the picture the last maps are."""
        return 4 if self.small else 32


D = {"stem": DEEP, "avg_down": True}
T = {"stem": TIERED, "avg_down": True}
CIFAR = {"stem": SMALL, "channels": (16, 32, 64)}
RS = {**D, "stem_pool": "convolution", "attention": "se", "reduction": 4}

# what training with pruning left of the channels (Aflalo et al. 2020), read off the published weights
# fmt: off
ECARESNET50D = (
    Widths(19, (47, 52, 64), (18, 22, 35)),
    Widths(171, (85, 107, 120, 125), (37, 80, 85, 87)),
    Widths(818, (198, 255, 256, 253, 256, 256), (126, 232, 233, 235, 225, 239)),
    Widths(2022, (492, 512, 512), (237, 500, 490)),
)
ECARESNET101D = (
    Widths(26, (45, 53, 60), (25, 20, 27)),
    Widths(142, (81, 93, 102, 122), (24, 49, 54, 78)),
    Widths(278,
        (101, 239, 234, 250, 253, 251, 230, 244, 244, 238, 244, 253, 245, 255, 256, 253, 254, 256, 256, 255,
         256, 256, 256),
        (25, 160, 156, 176, 191, 175, 128, 154, 159, 97, 149, 181, 119, 216, 201, 149, 141, 190, 217, 156,
         155, 232, 214),
    ),
    Widths(2042, (499, 512, 512), (289, 512, 502)),
)
# fmt: on

VARIANTS = {
    # He et al. 2015, arXiv:1512.03385, table 1; 26 and 200 are timm's and the second paper's (arXiv:1603.05027)
    "resnet18": Variant("basic", (2, 2, 2, 2), 1.8, 11.69),
    "resnet34": Variant("basic", (3, 4, 6, 3), 3.7, 21.8),
    "resnet26": Variant("bottleneck", (2, 2, 2, 2), 2.3, 16.0),
    "resnet50": Variant("bottleneck", (3, 4, 6, 3), 4.1, 25.56),
    "resnet101": Variant("bottleneck", (3, 4, 23, 3), 7.8, 44.55),
    "resnet152": Variant("bottleneck", (3, 8, 36, 3), 11.5, 60.19),
    "resnet200": Variant("bottleneck", (3, 24, 36, 3), 15.0, 64.67),
    # He et al. 2018, arXiv:1812.01187: "c" the deep stem, "d" the averaging shortcut too; "s" and "t" as "c" and "d"
    # with other widths in the stem
    "resnet50c": Variant("bottleneck", (3, 4, 6, 3), 4.3, 25.58, stem=DEEP),
    "resnet101c": Variant("bottleneck", (3, 4, 23, 3), 8.0, 44.57, stem=DEEP),
    "resnet152c": Variant("bottleneck", (3, 8, 36, 3), 11.8, 60.21, stem=DEEP),
    "resnet50s": Variant("bottleneck", (3, 4, 6, 3), 5.4, 25.68, stem=WIDE),
    "resnet101s": Variant("bottleneck", (3, 4, 23, 3), 9.2, 44.67, stem=WIDE),
    "resnet152s": Variant("bottleneck", (3, 8, 36, 3), 12.9, 60.32, stem=WIDE),
    "resnet18d": Variant("basic", (2, 2, 2, 2), 2.1, 11.71, **D),
    "resnet26d": Variant("bottleneck", (2, 2, 2, 2), 2.6, 16.01, **D),
    "resnet34d": Variant("basic", (3, 4, 6, 3), 3.9, 21.82, **D),
    "resnet50d": Variant("bottleneck", (3, 4, 6, 3), 4.3, 25.58, **D),
    "resnet101d": Variant("bottleneck", (3, 4, 23, 3), 8.0, 44.57, **D),
    "resnet152d": Variant("bottleneck", (3, 8, 36, 3), 11.8, 60.21, **D),
    "resnet200d": Variant("bottleneck", (3, 24, 36, 3), 15.2, 64.69, **D),
    "resnet10t": Variant("basic", (1, 1, 1, 1), 1.1, 5.44, **T),
    "resnet14t": Variant("bottleneck", (1, 1, 1, 1), 1.7, 10.08, **T),
    "resnet26t": Variant("bottleneck", (2, 2, 2, 2), 2.6, 16.01, **T),
    "resnet50t": Variant("bottleneck", (3, 4, 6, 3), 4.3, 25.57, **T),
    # Zagoruyko & Komodakis 2016, arXiv:1605.07146: the 3x3 convolutions twice as wide
    "wide_resnet50_2": Variant("bottleneck", (3, 4, 6, 3), 11.4, 68.88, base_width=128),
    "wide_resnet101_2": Variant("bottleneck", (3, 4, 23, 3), 22.8, 126.89, base_width=128),
    # Xie et al. 2017, arXiv:1611.05431: 32x4d is 32 groups of 4 channels
    "resnext50_32x4d": Variant("bottleneck", (3, 4, 6, 3), 4.2, 25.03, groups=32, base_width=4),
    "resnext50d_32x4d": Variant("bottleneck", (3, 4, 6, 3), 4.5, 25.05, **D, groups=32, base_width=4),
    "resnext101_32x4d": Variant("bottleneck", (3, 4, 23, 3), 8.0, 44.18, groups=32, base_width=4),
    "resnext101_32x8d": Variant("bottleneck", (3, 4, 23, 3), 16.4, 88.79, groups=32, base_width=8),
    "resnext101_32x16d": Variant("bottleneck", (3, 4, 23, 3), 36.2, 194.03, groups=32, base_width=16),
    "resnext101_32x32d": Variant("bottleneck", (3, 4, 23, 3), 87.1, 468.53, groups=32, base_width=32),
    "resnext101_64x4d": Variant("bottleneck", (3, 4, 23, 3), 15.5, 83.46, groups=64, base_width=4),
    # Wu & He 2018, arXiv:1803.08494
    "resnet50_gn": Variant("bottleneck", (3, 4, 6, 3), 4.1, 25.56, norm="group"),
    # Hu et al. 2018, arXiv:1709.01507
    "seresnet18": Variant("basic", (2, 2, 2, 2), 1.8, 11.78, attention="se"),
    "seresnet34": Variant("basic", (3, 4, 6, 3), 3.7, 21.96, attention="se"),
    "seresnet50": Variant("bottleneck", (3, 4, 6, 3), 4.1, 28.09, attention="se"),
    "seresnet101": Variant("bottleneck", (3, 4, 23, 3), 7.8, 49.33, attention="se"),
    "seresnet152": Variant("bottleneck", (3, 8, 36, 3), 11.5, 66.82, attention="se"),
    "seresnet50t": Variant("bottleneck", (3, 4, 6, 3), 4.3, 28.1, **T, attention="se"),
    "seresnet152d": Variant("bottleneck", (3, 8, 36, 3), 11.8, 66.84, **D, attention="se"),
    "seresnet200d": Variant("bottleneck", (3, 24, 36, 3), 15.3, 71.86, **D, attention="se"),
    "seresnet269d": Variant("bottleneck", (3, 30, 48, 8), 20.3, 113.67, **D, attention="se"),
    "seresnext26d_32x4d": Variant("bottleneck", (2, 2, 2, 2), 2.7, 16.81, **D, groups=32, base_width=4, attention="se"),
    "seresnext26t_32x4d": Variant("bottleneck", (2, 2, 2, 2), 2.7, 16.81, **T, groups=32, base_width=4, attention="se"),
    "seresnext50_32x4d": Variant("bottleneck", (3, 4, 6, 3), 4.2, 27.56, groups=32, base_width=4, attention="se"),
    "seresnext101_32x4d": Variant("bottleneck", (3, 4, 23, 3), 8.0, 48.96, groups=32, base_width=4, attention="se"),
    "seresnext101_32x8d": Variant("bottleneck", (3, 4, 23, 3), 16.4, 93.57, groups=32, base_width=8, attention="se"),
    "seresnext101d_32x8d": Variant(
        "bottleneck", (3, 4, 23, 3), 16.7, 93.59, **D, groups=32, base_width=8, attention="se"
    ),
    "seresnext101_64x4d": Variant("bottleneck", (3, 4, 23, 3), 15.5, 88.23, groups=64, base_width=4, attention="se"),
    "senet154": Variant(
        "bottleneck",
        (3, 8, 36, 3),
        20.7,
        115.09,
        stem=WIDE,
        groups=64,
        base_width=4,
        attention="se",
        narrow_first=2,
        down_kernel=3,
    ),
    # Wang et al. 2020, arXiv:1910.03151; the pruned ones: Aflalo et al. 2020, arXiv:2002.08258
    "ecaresnetlight": Variant("bottleneck", (1, 1, 11, 3), 4.1, 30.16, avg_down=True, attention="eca"),
    "ecaresnet26t": Variant("bottleneck", (2, 2, 2, 2), 2.6, 16.01, **T, attention="eca"),
    "ecaresnet50t": Variant("bottleneck", (3, 4, 6, 3), 4.3, 25.57, **T, attention="eca"),
    "ecaresnet50d": Variant("bottleneck", (3, 4, 6, 3), 4.3, 25.58, **D, attention="eca"),
    "ecaresnet101d": Variant("bottleneck", (3, 4, 23, 3), 8.0, 44.57, **D, attention="eca"),
    "ecaresnet200d": Variant("bottleneck", (3, 24, 36, 3), 15.2, 64.69, **D, attention="eca"),
    "ecaresnet269d": Variant("bottleneck", (3, 30, 48, 8), 20.3, 102.09, **D, attention="eca"),
    "ecaresnet50d_pruned": Variant("bottleneck", (3, 4, 6, 3), 2.5, 19.94, **D, attention="eca", pruned=ECARESNET50D),
    "ecaresnet101d_pruned": Variant(
        "bottleneck", (3, 4, 23, 3), 3.5, 24.88, **D, attention="eca", pruned=ECARESNET101D
    ),
    "ecaresnext26t_32x4d": Variant(
        "bottleneck", (2, 2, 2, 2), 2.7, 15.41, **T, groups=32, base_width=4, attention="eca"
    ),
    "ecaresnext50t_32x4d": Variant(
        "bottleneck", (3, 4, 6, 3), 4.4, 25.05, **T, groups=32, base_width=4, attention="eca"
    ),
    # Zhang 2019, arXiv:1904.11486: blurred before positions are skipped; "aa": averaged
    "resnetblur18": Variant("basic", (2, 2, 2, 2), 2.3, 11.69, antialias="blur"),
    "resnetblur50": Variant("bottleneck", (3, 4, 6, 3), 5.1, 25.56, antialias="blur"),
    "resnetblur50d": Variant("bottleneck", (3, 4, 6, 3), 5.4, 25.58, **D, antialias="blur"),
    "resnetblur101d": Variant("bottleneck", (3, 4, 23, 3), 9.1, 44.57, **D, antialias="blur"),
    "resnetaa50": Variant("bottleneck", (3, 4, 6, 3), 5.1, 25.56, antialias="average"),
    "resnetaa34d": Variant("basic", (3, 4, 6, 3), 4.4, 21.82, **D, antialias="average"),
    "resnetaa50d": Variant("bottleneck", (3, 4, 6, 3), 5.4, 25.58, **D, antialias="average"),
    "resnetaa101d": Variant("bottleneck", (3, 4, 23, 3), 9.1, 44.57, **D, antialias="average"),
    "seresnetaa50d": Variant("bottleneck", (3, 4, 6, 3), 5.4, 28.11, **D, attention="se", antialias="average"),
    "seresnextaa101d_32x8d": Variant(
        "bottleneck", (3, 4, 23, 3), 17.2, 93.59, **D, groups=32, base_width=8, attention="se", antialias="average"
    ),
    "seresnextaa201d_32x8d": Variant(
        "bottleneck",
        (3, 24, 36, 4),
        34.3,
        149.39,
        stem=WIDE,
        avg_down=True,
        groups=32,
        base_width=8,
        attention="se",
        antialias="average",
    ),
    # Bello et al. 2021, arXiv:2103.07579: ResNet-RS
    "resnetrs50": Variant("bottleneck", (3, 4, 6, 3), 4.5, 35.69, **RS),
    "resnetrs101": Variant("bottleneck", (3, 4, 23, 3), 8.2, 63.62, **RS),
    "resnetrs152": Variant("bottleneck", (3, 8, 36, 3), 11.9, 86.62, **RS),
    "resnetrs200": Variant("bottleneck", (3, 24, 36, 3), 15.4, 93.21, **RS),
    "resnetrs270": Variant("bottleneck", (4, 29, 53, 4), 20.6, 129.86, **RS),
    "resnetrs350": Variant("bottleneck", (4, 36, 72, 4), 26.3, 163.96, **RS),
    "resnetrs420": Variant("bottleneck", (4, 44, 87, 4), 31.4, 191.89, **RS),
    # He et al. 2015, section 4.2: 6 n + 2 layers; the plain ones carry nothing past a block
    "resnet20_cifar": Variant("basic", (3,) * 3, 0.041, 0.27, **CIFAR),
    "resnet32_cifar": Variant("basic", (5,) * 3, 0.069, 0.46, **CIFAR),
    "resnet44_cifar": Variant("basic", (7,) * 3, 0.097, 0.66, **CIFAR),
    "resnet56_cifar": Variant("basic", (9,) * 3, 0.125, 0.85, **CIFAR),
    "resnet110_cifar": Variant("basic", (18,) * 3, 0.253, 1.73, **CIFAR),
    "resnet1202_cifar": Variant("basic", (200,) * 3, 2.829, 19.42, **CIFAR),
    "plain20_cifar": Variant("plain", (3,) * 3, 0.041, 0.27, **CIFAR),
    "plain32_cifar": Variant("plain", (5,) * 3, 0.069, 0.46, **CIFAR),
    "plain44_cifar": Variant("plain", (7,) * 3, 0.097, 0.66, **CIFAR),
    "plain56_cifar": Variant("plain", (9,) * 3, 0.125, 0.85, **CIFAR),
    # timm's own, to try things out with
    "test_resnet": Variant(
        ("basic", "basic", "bottleneck", "basic"),
        (1, 1, 1, 1),
        0.2,
        0.47,
        stem=(16, 16, 32),
        avg_down=True,
        channels=(32, 48, 48, 96),
    ),
}


def variant(name: str) -> Variant:
    """The row called `name`; UserError("architecture_unknown") with the nearest names otherwise."""
    if name not in VARIANTS:
        near = difflib.get_close_matches(name, VARIANTS, n=3, cutoff=0.5) or list(VARIANTS)[:5]
        raise UserError("architecture_unknown", name=name, near=near)
    return VARIANTS[name]
