"""Where a picture enters: a convolution that halves its size, and a pooling that halves it again.

    He et al. 2015  "Deep Residual Learning for Image Recognition", arXiv:1512.03385: table 1
    He et al. 2018  "Bag of Tricks for Image Classification with CNNs", arXiv:1812.01187: section 4, the deep stem

Shapes: N images, C channels, H x W pixels or positions.
"""

from torch import nn

from resnet.nn.blocks import conv
from resnet.nn.layers import BlurPool
from resnet.nn.variants import Variant


def stem_convolution(row: Variant, in_chans: int) -> nn.Module:
    """(N, in_chans, H, W) -> (N, C, H/2, W/2), C the last number of row.stem.

    One 7x7 convolution, or three of 3x3 that see 11 x 11 pixels: He et al. 2018, figure 2b (ResNet-C). The last one's
    normalisation and activation are the network's `bn1` and `act1`. For small pictures one of 3x3 that keeps H and W.
    """
    if row.small:
        return conv(in_chans, *row.stem, 3)
    if not row.deep_stem:
        return conv(in_chans, *row.stem, 7, stride=2)
    first, second, last = row.stem
    return nn.Sequential(
        conv(in_chans, first, 3, stride=2),
        nn.BatchNorm2d(first),
        nn.ReLU(inplace=True),
        conv(first, second, 3),
        nn.BatchNorm2d(second),
        nn.ReLU(inplace=True),
        conv(second, last, 3),
    )


def stem_pool(row: Variant, channels: int) -> nn.Module:
    """(N, C, H, W) -> (N, C, H/2, W/2), by the maximum of 3x3 but in these variants.

    ResNet-RS learns it, Bello et al. 2021, section 4.1 (from He et al. 2018's ResNet-D and Inception). A blur comes
    between the maximum and the skipping, Zhang 2019, equation 4. A mean skips nothing. Small pictures keep their size.
    """
    if row.small:
        return nn.Identity()
    if row.stem_pool == "convolution":
        return nn.Sequential(conv(channels, channels, 3, stride=2), nn.BatchNorm2d(channels), nn.ReLU(inplace=True))
    if row.antialias == "blur":
        return nn.Sequential(nn.MaxPool2d(kernel_size=3, stride=1, padding=1), BlurPool(channels, stride=2))
    if row.antialias == "average":
        return nn.AvgPool2d(2)
    return nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
