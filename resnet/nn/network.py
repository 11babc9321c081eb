"""The residual network, written from the papers; parameter names, their order and all results are timm's.

    He et al. 2015  "Deep Residual Learning for Image Recognition", arXiv:1512.03385: blocks, stages, depths
    He et al. 2018  "Bag of Tricks for Image Classification with CNNs", arXiv:1812.01187: section 4, the "d" variants

One departure from the first paper, shared by every published set of weights today: where a bottleneck halves the
size, its 3x3 convolution does it and not the first 1x1, which would pass over three positions of four ("v1.5",
ResNet-B in the second paper).

Shapes: N images, C channels, H x W height and width in pixels or positions, K classes. A picture of 224 x 224
becomes 112 x 112 after the stem's convolution, 56 x 56 after its pooling, then 56, 28, 14, 7 after the stages.

Names such as `conv1`, `layer1`, `downsample`, `fc` are the keys of weight files: a public format, never renamed.
"""

from collections.abc import Callable

from torch import Tensor, nn

from resnet.nn.variants import variant


def conv3x3(in_channels: int, out_channels: int, stride: int = 1) -> nn.Conv2d:
    """(N, C, H, W) -> (N, C', H/stride, W/stride). No bias: the batch normalisation that follows has one."""
    return nn.Conv2d(in_channels, out_channels, kernel_size=3, stride=stride, padding=1, bias=False)


def conv1x1(in_channels: int, out_channels: int, stride: int = 1) -> nn.Conv2d:
    """(N, C, H, W) -> (N, C', H/stride, W/stride): one linear map of the channels, the same at every position."""
    return nn.Conv2d(in_channels, out_channels, kernel_size=1, stride=stride, bias=False)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions around which the input is carried (He et al. 2015, figure 5 left).

    (N, C, H, W) -> (N, channels, H/stride, W/stride); `downsample` gives the carried input that shape where it
    has another, and is None where it has it already.
    """

    expansion = 1  # channels out per channel inside

    def __init__(self, in_channels: int, channels: int, stride: int, downsample: nn.Module | None) -> None:
        super().__init__()
        self.conv1 = conv3x3(in_channels, channels, stride)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = conv3x3(channels, channels)
        self.bn2 = nn.BatchNorm2d(channels)
        self.act = nn.ReLU(inplace=True)
        self.downsample = downsample

    @property
    def last_norm(self) -> nn.BatchNorm2d:
        return self.bn2

    def forward(self, x: Tensor) -> Tensor:
        y = self.act(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))

        y += x if self.downsample is None else self.downsample(x)
        return self.act(y)


class Bottleneck(nn.Module):
    """A 1x1 convolution narrows, a 3x3 works, a 1x1 widens; the input is carried around all three.

    (N, C, H, W) -> (N, 4 * channels, H/stride, W/stride); He et al. 2015, figure 5 right. `downsample` as above.
    """

    expansion = 4

    def __init__(self, in_channels: int, channels: int, stride: int, downsample: nn.Module | None) -> None:
        super().__init__()
        self.conv1 = conv1x1(in_channels, channels)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = conv3x3(channels, channels, stride)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv3 = conv1x1(channels, channels * self.expansion)
        self.bn3 = nn.BatchNorm2d(channels * self.expansion)
        self.act = nn.ReLU(inplace=True)
        self.downsample = downsample

    @property
    def last_norm(self) -> nn.BatchNorm2d:
        return self.bn3

    def forward(self, x: Tensor) -> Tensor:
        y = self.act(self.bn1(self.conv1(x)))
        y = self.act(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))

        y += x if self.downsample is None else self.downsample(x)
        return self.act(y)


def projection(in_channels: int, out_channels: int, stride: int) -> nn.Sequential:
    """The shortcut where shapes change: (N, C, H, W) -> (N, C', H/stride, W/stride); option B of He et al. 2015."""
    return nn.Sequential(conv1x1(in_channels, out_channels, stride), nn.BatchNorm2d(out_channels))


def averaging_projection(in_channels: int, out_channels: int, stride: int) -> nn.Sequential:
    """The same, seeing every position: the mean of 2x2, then the 1x1 convolution (He et al. 2018, ResNet-D).

    At an odd edge the mean is over the positions that exist (ceil_mode without counting the padding).
    """
    pool = nn.AvgPool2d(2, stride, ceil_mode=True, count_include_pad=False) if stride > 1 else nn.Identity()
    return nn.Sequential(pool, conv1x1(in_channels, out_channels), nn.BatchNorm2d(out_channels))


def stage(
    block: type[BasicBlock | Bottleneck], in_channels: int, channels: int, blocks: int, stride: int, shortcut: Callable
) -> nn.Sequential:
    """`blocks` blocks of one width, the first of which changes the shape: (N, C, H, W) -> (N, C', H/stride, W/stride).

    C' is channels * block.expansion.
    """
    out_channels = channels * block.expansion
    changes = stride > 1 or in_channels != out_channels
    downsample = shortcut(in_channels, out_channels, stride) if changes else None
    first = block(in_channels, channels, stride, downsample)
    return nn.Sequential(first, *(block(out_channels, channels, 1, None) for _ in range(blocks - 1)))


def deep_convolution(in_chans: int) -> nn.Sequential:
    """Three 3x3 convolutions, 32, 32 and 64 wide, that see 11 x 11 pixels: (N, in_chans, H, W) -> (N, 64, H/2, W/2).

    He et al. 2018, figure 2b (ResNet-C). The last one's normalisation and activation are the stem's `bn1` and `act1`.
    """
    return nn.Sequential(
        conv3x3(in_chans, 32, stride=2),
        nn.BatchNorm2d(32),
        nn.ReLU(inplace=True),
        conv3x3(32, 32),
        nn.BatchNorm2d(32),
        nn.ReLU(inplace=True),
        conv3x3(32, 64),
    )


class ResNet(nn.Module):
    """Stem, four stages of residual blocks, mean over all positions, linear classifier.

    Args:
        block: BasicBlock or Bottleneck.
        layers: blocks in each of the four stages.
        num_classes: K.
        in_chans: channels of a picture: 3 for red, green, blue; 1 for grey.
        deep_stem: three 3x3 convolutions in place of the 7x7 one.
        avg_down: shortcuts average where they halve the size.
    """

    def __init__(
        self,
        block: type[BasicBlock | Bottleneck],
        layers: tuple[int, int, int, int],
        *,
        num_classes: int = 1000,
        in_chans: int = 3,
        deep_stem: bool = False,
        avg_down: bool = False,
    ) -> None:
        super().__init__()
        self.in_chans = in_chans
        self.num_classes = num_classes
        self.num_features = 512 * block.expansion

        self.conv1 = deep_convolution(in_chans) if deep_stem else nn.Conv2d(in_chans, 64, 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.act1 = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)

        # Width doubles wherever height and width are halved, so that every stage costs about the same.
        wider = block.expansion
        shortcut = averaging_projection if avg_down else projection
        self.layer1 = stage(block, 64, 64, layers[0], 1, shortcut)
        self.layer2 = stage(block, 64 * wider, 128, layers[1], 2, shortcut)
        self.layer3 = stage(block, 128 * wider, 256, layers[2], 2, shortcut)
        self.layer4 = stage(block, 256 * wider, 512, layers[3], 2, shortcut)

        self.global_pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(self.num_features, num_classes)
        self.initialise()

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
        """(N, num_features, H, W) -> logits (N, K); with pre_logits the mean over positions, (N, num_features)."""
        x = self.global_pool(x).flatten(1)
        return x if pre_logits else self.fc(x)

    def reset_classifier(self, num_classes: int) -> None:
        """A new classifier for K = num_classes, at random, where the old one is; all else stays."""
        self.num_classes = num_classes
        self.fc = nn.Linear(
            self.num_features, num_classes, device=self.fc.weight.device, dtype=self.fc.weight.dtype
        ).train(self.training)

    def initialise(self) -> None:
        """Set all weights to where training starts.

        | layer                                 | weight                             | bias                  |
        |---------------------------------------|------------------------------------|-----------------------|
        | convolution, k x k, C' channels out   | normal, mean 0, var 2 / (k * k * C') | none                |
        | batch normalisation                   | 1                                  | 0                     |
        | the last normalisation of each block  | 0                                  | 0                     |
        | classifier of F features              | uniform within 1 / sqrt(F)         | likewise              |

        Convolutions: He et al. 2015, "Delving Deep into Rectifiers", arXiv:1502.01852, equation 14: half of what
        comes back through a ReLU is zero, and this variance keeps the size of gradients through all layers.
        Normalisation: Ioffe and Szegedy 2015, arXiv:1502.03167. Zero in the last one: Goyal et al. 2017,
        arXiv:1706.02677, section 5.1: each block starts as the identity. Classifier: torch's own default.
        """
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        for module in self.modules():
            if isinstance(module, BasicBlock | Bottleneck):
                nn.init.zeros_(module.last_norm.weight)


BLOCKS = {"basic": BasicBlock, "bottleneck": Bottleneck}


def create(name: str, num_classes: int = 1000, in_chans: int = 3) -> ResNet:
    """The variant called `name` (see variants.py) with random weights; UserError on an unknown name."""
    row = variant(name)
    return ResNet(
        BLOCKS[row.block],
        row.layers,
        num_classes=num_classes,
        in_chans=in_chans,
        deep_stem=row.deep_stem,
        avg_down=row.avg_down,
    )
