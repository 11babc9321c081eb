"""What the paper's networks for CIFAR's small pictures have of their own: He et al. 2015, section 4.2.

Shapes: N images, C channels, H x W positions.
"""

from torch import Tensor, nn

from resnet.nn.blocks import BasicBlock


class PlainBlock(BasicBlock):
    """The same two convolutions, around which nothing is carried: what residual networks were compared with."""

    def forward(self, x: Tensor) -> Tensor:
        y = self.act(self.bn1(self.conv1(x)))
        return self.act(self.bn2(self.conv2(y)))


def padding_shortcut(in_channels: int, out_channels: int, stride: int) -> nn.Sequential:
    """The carried input without weights (option A): (N, C, H, W) -> (N, C', H/stride, W/stride).

    One position of stride x stride is taken, and the missing channels are zeros, half of them before, half behind.
    """
    missing = out_channels - in_channels
    before = missing // 2
    return nn.Sequential(nn.AvgPool2d(1, stride), nn.ZeroPad3d((0, 0, 0, 0, before, missing - before)))
