"""The residual network, written from the papers; parameter names, their order and all results are timm's.

    He et al. 2015  "Deep Residual Learning for Image Recognition", arXiv:1512.03385: blocks, stages, depths
    He et al. 2018  "Bag of Tricks for Image Classification with CNNs", arXiv:1812.01187: section 4, the deep stem

What variants add to these two has its paper beside it in variants.py, and its code in blocks.py and layers.py.

Shapes: N images, C channels, H x W height and width in pixels or positions, K classes, F features. A picture
of 224 x 224 becomes 112 x 112 after the stem's convolution, 56 x 56 after its pooling, then 56, 28, 14, 7 after the
stages.

Names such as `conv1`, `layer1`, `downsample`, `fc` are the keys of weight files: a public format, never renamed.
"""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional

from resnet.errors import UserError
from resnet.nn.blocks import NORMS, BasicBlock, Bottleneck, Stage, set_checkpointing, shortcut
from resnet.nn.cifar import PlainBlock, padding_shortcut
from resnet.nn.features import FeatureMaps
from resnet.nn.layers import DropBlock, GlobalPool, StochasticDepth
from resnet.nn.pruned import prune
from resnet.nn.stem import stem_convolution, stem_pool
from resnet.nn.variants import Variant, variant
from resnet.text import Message

# (stride, dilation) of the four stages, by how many times smaller than the picture the last maps are. Where a stage
# does not halve the size, its convolutions and those after it see as far by dilation (Yu et al. 2017, section 2).
STRIDES = {
    32: ((1, 1), (2, 1), (2, 1), (2, 1)),
    16: ((1, 1), (2, 1), (2, 1), (1, 2)),
    8: ((1, 1), (2, 1), (1, 2), (1, 4)),
}
SQUARES = {2: (5, 0.25), 3: (3, 1.0)}  # of DropBlock, by stage: side, and what its rate is multiplied by
BLOCKS = {"basic": BasicBlock, "bottleneck": Bottleneck, "plain": PlainBlock}
HIGHEST_RATE = 0.99  # of what is dropped; at 1 nothing would be left
POOLS = {"avg": 1, "max": 1, "avgmax": 1, "catavgmax": 2, "": 1}  # features that a channel gives


def create(
    name: str,
    num_classes: int = 1000,
    in_chans: int = 3,
    *,
    features_only: bool = False,
    out_indices: int | tuple[int, ...] | None = None,
    **arguments: object,
) -> "ResNet | FeatureMaps":
    """The variant called `name` (see variants.py) with random weights; UserError on unknown names and wrong arguments.

    features_only: the maps at `out_indices`, or all, in place of logits (see features.py). arguments: those of ResNet.
    """
    row = variant(name)
    check(strides=[32] if row.small else list(STRIDES), **arguments)
    network = ResNet(row, num_classes, in_chans, **arguments)
    return FeatureMaps(network, out_indices) if features_only else network


class ResNet(nn.Module):
    """Stem, four stages of residual blocks, pooling over all positions, linear classifier.

    Args:
        row: the variant.
        num_classes: K; 0 for no classifier: `fc` is the identity and the network gives features.
        in_chans: channels of a picture: 3 for red, green, blue; 1 for grey.
        global_pool: "avg", "max", "avgmax" (half of each), "catavgmax" (both), or "": maps stay maps, and K is 0.
        output_stride: how many times smaller than the picture the last maps are: 32, 16 or 8.
        drop_rate: share of features that are zero in training (Srivastava et al. 2014, dropout).
        drop_path_rate: of the last block's branch (stochastic depth); it grows from 0 in equal steps from block to
            block (Huang et al. 2016, section 3).
        drop_block_rate: of the maps in the last two stages (DropBlock).
    """

    def __init__(
        self,
        row: Variant,
        num_classes: int = 1000,
        in_chans: int = 3,
        *,
        global_pool: str = "avg",
        output_stride: int = 32,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        drop_block_rate: float = 0.0,
    ) -> None:
        super().__init__()
        self.in_chans = in_chans
        self.num_classes = num_classes
        self.drop_rate = drop_rate

        channels = row.stem[-1]
        self.conv1 = stem_convolution(row, in_chans)
        self.bn1 = NORMS[row.norm](channels)
        self.act1 = nn.ReLU(inplace=True)
        self.maxpool = stem_pool(row, channels)
        self.feature_info = [{"num_chs": channels, "reduction": 1 if row.small else 2, "module": "act1"}]

        # Width doubles wherever height and width are halved, so that every stage costs about the same.
        reduction, before, depth = 1 if row.small else 4, 1, sum(row.layers)
        rates = [drop_path_rate * index / (depth - 1) for index in range(depth)]
        for index, (count, (stride, dilation)) in enumerate(zip(row.layers, STRIDES[output_stride], strict=False)):
            blocks, rates = rates[:count], rates[count:]
            layer = stage(row, index, channels, stride, (before, dilation), blocks, drop_block_rate)
            reduction, before, channels = reduction * stride, dilation, row.stage_channels[index]
            self.add_module(f"layer{index + 1}", layer)
            self.feature_info.append({"num_chs": channels, "reduction": reduction, "module": f"layer{index + 1}"})

        if row.small:
            self.layer4 = nn.Identity()  # which has no fourth stage
        self.num_features = channels
        self._set_classifier(num_classes, global_pool)
        self.initialise()
        if row.pruned:
            prune(self, row.pruned)

    def forward(self, x: Tensor) -> Tensor:
        """Pictures (N, in_chans, H, W), normalised -> logits (N, K)."""
        return self.forward_head(self.forward_features(x))

    def forward_features(self, x: Tensor) -> Tensor:
        """(N, in_chans, H, W) -> (N, num_features, H/32, W/32), rounded up."""
        x = self.act1(self.bn1(self.conv1(x)))  # (N, 64, H/2, W/2)
        x = self.maxpool(x)  # (N, 64, H/4, W/4)

        x = self.layer1(x)  # (N, 64 * expansion, H/4, W/4)
        x = self.layer2(x)  # (N, 128 * expansion, H/8, W/8)
        x = self.layer3(x)  # (N, 256 * expansion, H/16, W/16)
        return self.layer4(x)  # (N, 512 * expansion, H/32, W/32)

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        """(N, num_features, H, W) -> logits (N, K); with pre_logits what the classifier reads, (N, F)."""
        x = self.global_pool(x)
        if self.training and self.drop_rate:
            x = functional.dropout(x, self.drop_rate)
        return x if pre_logits else self.fc(x)

    def get_classifier(self) -> nn.Module:
        return self.fc

    def reset_classifier(self, num_classes: int, global_pool: str | None = None) -> None:
        """A new classifier for K = num_classes (0 for none), at random, where the old one is; all else stays.

        global_pool: another pooling before it; None for the one that is there.
        """
        kind = self.global_pool.kind if global_pool is None else global_pool
        check(global_pool=kind)
        self._set_classifier(num_classes, kind)
        self.fc.to(self.layer1[0].conv1.weight).train(self.training)

    def set_grad_checkpointing(self, enable: bool = True) -> None:
        """Whether training saves memory for time (see Stage)."""
        set_checkpointing(self, enable)

    def _set_classifier(self, num_classes: int, global_pool: str) -> None:
        self.num_classes = num_classes
        self.global_pool = GlobalPool(global_pool)
        self.head_hidden_size = self.num_features * POOLS[global_pool]  # F
        self.fc = nn.Linear(self.head_hidden_size, num_classes) if num_classes else nn.Identity()

    def initialise(self) -> None:
        """Set all weights to where training starts.

        | layer                                 | weight                               | bias                |
        |---------------------------------------|--------------------------------------|---------------------|
        | convolution, k x k, C' channels out   | normal, mean 0, var 2 / (k * k * C') | none                |
        | the two of squeeze-and-excitation     | the same                             | uniform, see below  |
        | normalisation                         | 1                                    | 0                   |
        | the last of each residual block       | 0                                    | 0                   |
        | classifier of F features              | uniform within 1 / sqrt(F)           | likewise            |

        Convolutions: He et al. 2015, "Delving Deep into Rectifiers", arXiv:1502.01852, equation 14: half of what
        comes back through a ReLU is zero, and this variance keeps the size of gradients through all layers.
        Normalisation: Ioffe and Szegedy 2015, arXiv:1502.03167. Zero in the last one: Goyal et al. 2017,
        arXiv:1706.02677, section 5.1: each block starts as the identity. Classifier: torch's own default, as are
        the biases within 1 / sqrt(channels in) and the few weights of efficient channel attention.
        """
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        for module in self.modules():
            if isinstance(module, BasicBlock | Bottleneck) and not isinstance(module, PlainBlock):
                nn.init.zeros_(module.last_norm.weight)


def stage(
    row: Variant,
    index: int,
    in_channels: int,
    stride: int,
    dilation: tuple[int, int],
    drop_path_rates: Sequence[float],
    drop_block_rate: float,
) -> Stage:
    """The blocks of one width, the first of which changes the shape: (N, C, H, W) -> (N, C', H/stride, W/stride).

    Args:
        index: 0 to 3; C' is row.stage_channels[index].
        in_channels: C.
        dilation: of the stage before and of this one.
        drop_path_rates: one for each block.
        drop_block_rate: counts in the last two stages, with the squares of timm/models/resnet.py.
    """
    block, out_channels = BLOCKS[row.blocks[index]], row.stage_channels[index]
    changes = stride > 1 or in_channels != out_channels
    downsample = None
    if changes and row.small:
        downsample = padding_shortcut(in_channels, out_channels, stride)
    elif changes:
        downsample = shortcut(row, in_channels, out_channels, stride, dilation)
    blocks = []
    for rate in drop_path_rates:
        drop_block = DropBlock(drop_block_rate, *SQUARES[index]) if drop_block_rate and index in SQUARES else None
        drop_path = StochasticDepth(rate) if rate else None
        blocks.append(block(row, in_channels, row.channels[index], stride, dilation, downsample, drop_block, drop_path))
        in_channels, stride, dilation, downsample = out_channels, 1, (dilation[1], dilation[1]), None
    return Stage(*blocks)


def check(*, strides: Sequence[int] = (32,), global_pool: str = "avg", output_stride: int = 32, **rates: float) -> None:
    """Raise one UserError for all arguments that no network can have, or not one with these `strides`."""
    problems = [
        Message("not_one_of", {"field": field, "value": value, "allowed": list(allowed)})
        for field, value, allowed in (("global_pool", global_pool, POOLS), ("output_stride", output_stride, strides))
        if value not in allowed
    ]
    problems += [
        Message("out_of_range", {"field": field, "value": rate, "low": 0, "high": HIGHEST_RATE})
        for field, rate in rates.items()
        if not 0 <= rate <= HIGHEST_RATE
    ]
    if problems:
        raise UserError.of(problems)
