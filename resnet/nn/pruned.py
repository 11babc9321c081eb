"""Networks with fewer channels than their plan: Aflalo et al. 2020, "Knapsack Pruning", arXiv:2002.08258."""

from torch import nn

from resnet.nn.variants import Widths


def prune(network: nn.Module, stages: tuple[Widths, ...]) -> None:
    """Put narrower layers in place of those of a network of bottlenecks; the stem keeps its channels.

    Convolutions are at torch's random values: such a network is of use with the weights that were left of a trained
    one. The channel attention keeps the size that suited the channels before.
    """
    for layer in network.conv1:
        if isinstance(layer, nn.Conv2d):
            layer.reset_parameters()
    channels = network.layer1[0].conv1.in_channels
    for widths, info in zip(stages, network.feature_info[1:], strict=True):
        layer = getattr(network, info["module"])
        for block, first, second in zip(layer, widths.first, widths.second, strict=True):
            block.conv1, block.bn1 = narrower(block.conv1, channels, first)
            block.conv2, block.bn2 = narrower(block.conv2, first, second)
            block.conv3, block.bn3 = narrower(block.conv3, second, widths.out)
            if block.downsample is not None:
                block.downsample[-2], block.downsample[-1] = narrower(block.downsample[-2], channels, widths.out)
            channels = info["num_chs"] = widths.out
    network.num_features = channels
    network.reset_classifier(network.num_classes)


def narrower(layer: nn.Conv2d, in_channels: int, channels: int) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    """A convolution with fewer channels, and its normalisation."""
    convolution = nn.Conv2d(
        in_channels, channels, layer.kernel_size, layer.stride, layer.padding, layer.dilation, bias=False
    )
    return convolution, nn.BatchNorm2d(channels)
