"""The two blocks that networks are made of, and the shortcuts around them.

    He et al. 2015  "Deep Residual Learning for Image Recognition", arXiv:1512.03385: section 3.3 and figure 5
    Xie et al. 2017  "Aggregated Residual Transformations", arXiv:1611.05431: groups in the bottleneck's 3x3 convolution
    Yu et al. 2017  "Dilated Residual Networks", arXiv:1705.09914: maps that stay large

One departure from the first paper, shared by every published set of weights today: where a bottleneck halves the
size, its 3x3 convolution does it and not the first 1x1, which would pass over three positions of four ("v1.5",
ResNet-B in He et al. 2018, "Bag of Tricks", arXiv:1812.01187).

Shapes: N images, C channels, H x W positions. Attention, anti-aliasing and dropping stand in layers.py; where a
variant has none, an Identity is in their place.
"""

from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from resnet.nn.layers import BlurPool, EfficientChannelAttention, SqueezeExcitation, group_norm, same_average_pool
from resnet.nn.variants import Variant

NORMS = {"batch": nn.BatchNorm2d, "group": group_norm}


def conv(channels: int, out_channels: int, size: int, stride: int = 1, dilation: int = 1, groups: int = 1) -> nn.Conv2d:
    """(N, C, H, W) -> (N, C', H/stride, W/stride), size x size (odd). No bias: the normalisation behind it has one."""
    padding = dilation * (size // 2)
    return nn.Conv2d(channels, out_channels, size, stride, padding, dilation, groups, bias=False)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions around which the input is carried (He et al. 2015, figure 5 left).

    (N, C, H, W) -> (N, channels, H/stride, W/stride)

    Args:
        row: the variant.
        in_channels: C.
        channels: inside.
        stride: 2 where the block halves the size.
        dilation: distance in positions between what a 3x3 convolution sees; in the first such, in the others.
        downsample: gives the carried input the output's shape; None where it has it already.
        drop_block, drop_path: what is lost in training, of the branch's maps and of the branch.
    """

    expansion = 1  # channels out per channel inside

    def __init__(
        self,
        row: Variant,
        in_channels: int,
        channels: int,
        stride: int = 1,
        dilation: tuple[int, int] = (1, 1),
        downsample: nn.Module | None = None,
        drop_block: nn.Module | None = None,
        drop_path: nn.Module | None = None,
    ) -> None:
        super().__init__()
        norm = NORMS[row.norm]
        self.aa, stride = antialiasing(row, channels, stride, dilation)
        self.conv1 = conv(in_channels, channels, 3, stride, dilation[0])
        self.bn1 = norm(channels)
        self.conv2 = conv(channels, channels, 3, 1, dilation[1])
        self.bn2 = norm(channels)
        self.se = attention(row, channels)
        self.act = nn.ReLU(inplace=True)
        self.downsample = downsample
        self.drop_block = drop_block or nn.Identity()
        self.drop_path = drop_path or nn.Identity()

    @property
    def last_norm(self) -> nn.Module:
        return self.bn2

    def forward(self, x: Tensor) -> Tensor:
        y = self.act(self.drop_block(self.bn1(self.conv1(x))))
        y = self.bn2(self.conv2(self.aa(y)))
        y = self.drop_path(self.se(y))

        y += x if self.downsample is None else self.downsample(x)
        return self.act(y)


class Bottleneck(nn.Module):
    """A 1x1 convolution narrows, a 3x3 works, a 1x1 widens; the input is carried around all three.

    (N, C, H, W) -> (N, 4 * channels, H/stride, W/stride); He et al. 2015, figure 5 right. Arguments as above.
    Wide and grouped ones have other channels inside: in the first stage `row.base_width` in each of `row.groups`.
    """

    expansion = 4

    def __init__(
        self,
        row: Variant,
        in_channels: int,
        channels: int,
        stride: int = 1,
        dilation: tuple[int, int] = (1, 1),
        downsample: nn.Module | None = None,
        drop_block: nn.Module | None = None,
        drop_path: nn.Module | None = None,
    ) -> None:
        super().__init__()
        norm = NORMS[row.norm]
        width = channels * row.base_width // 64 * row.groups
        narrow, wide = width // row.narrow_first, channels * self.expansion
        self.aa, stride = antialiasing(row, width, stride, dilation)
        self.conv1 = conv(in_channels, narrow, 1)
        self.bn1 = norm(narrow)
        self.conv2 = conv(narrow, width, 3, stride, dilation[0], row.groups)
        self.bn2 = norm(width)
        self.conv3 = conv(width, wide, 1)
        self.bn3 = norm(wide)
        self.se = attention(row, wide)
        self.act = nn.ReLU(inplace=True)
        self.downsample = downsample
        self.drop_block = drop_block or nn.Identity()
        self.drop_path = drop_path or nn.Identity()

    @property
    def last_norm(self) -> nn.Module:
        return self.bn3

    def forward(self, x: Tensor) -> Tensor:
        y = self.act(self.bn1(self.conv1(x)))
        y = self.act(self.drop_block(self.bn2(self.conv2(y))))
        y = self.bn3(self.conv3(self.aa(y)))
        y = self.drop_path(self.se(y))

        y += x if self.downsample is None else self.downsample(x)
        return self.act(y)


class Stage(nn.Sequential):
    """Blocks one after the other.

    With `checkpointing` training keeps their inputs alone and computes what is inside them anew for the way back: less
    memory for a third more time (Chen et al. 2016, arXiv:1604.06174, section 3).
    """

    checkpointing = False

    def forward(self, x: Tensor) -> Tensor:
        for block in self:
            x = checkpoint(block, x, use_reentrant=False) if self.checkpointing else block(x)
        return x


def set_checkpointing(network: nn.Module, enable: bool) -> None:
    for module in network.modules():
        if isinstance(module, Stage):
            module.checkpointing = enable


def attention(row: Variant, channels: int) -> nn.Module:
    """How the channels of a branch are weighed, (N, C, H, W) -> (N, C, H, W)."""
    if row.attention == "se":
        return SqueezeExcitation(channels, row.reduction)
    return EfficientChannelAttention(channels) if row.attention == "eca" else nn.Identity()


def antialiasing(row: Variant, channels: int, stride: int, dilation: tuple[int, int]) -> tuple[nn.Module, int]:
    """What follows a 3x3 convolution that would skip positions, and the stride that is left for the convolution.

    Where the size would be halved but is kept, by dilation, it follows too (timm/models/resnet.py).
    """
    if not row.antialias or (stride == 1 and dilation[0] == dilation[1]):
        return nn.Identity(), stride
    return (BlurPool(channels, stride) if row.antialias == "blur" else nn.AvgPool2d(stride)), 1


def shortcut(
    row: Variant, in_channels: int, out_channels: int, stride: int, dilation: tuple[int, int]
) -> nn.Sequential:
    """The carried input where shapes change: (N, C, H, W) -> (N, C', H/stride, W/stride).

    A 1x1 convolution (option B of He et al. 2015), or 3x3 in SENet-154. With avg_down it comes after the mean of 2x2
    and so sees every position (He et al. 2018, ResNet-D); at an odd edge the mean is over the positions that exist.
    """
    norm = NORMS[row.norm](out_channels)
    dilated = dilation[1] > 1
    if not row.avg_down:
        size = row.down_kernel if stride > 1 or dilated else 1
        return nn.Sequential(conv(in_channels, out_channels, size, stride, dilation[0] if size > 1 else 1), norm)
    if stride > 1:
        pool = nn.AvgPool2d(2, stride, ceil_mode=True, count_include_pad=False)
    else:
        pool = same_average_pool() if dilated else nn.Identity()
    return nn.Sequential(pool, conv(in_channels, out_channels, 1), norm)
