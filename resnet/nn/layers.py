"""The small layers of the family beside convolution and batch normalisation, each by the name of its paper.

Shapes: N images, C channels, H x W positions. All keep (N, C, H, W) but where they say otherwise.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


class SqueezeExcitation(nn.Module):
    """Channels are scaled by what their means over the whole picture say (Hu et al. 2018, arXiv:1709.01507, section 3).

    Two linear maps of the C means, with C / `reduction` numbers between them, rounded to a multiple of 8 as timm does
    (timm/layers/helpers.py, make_divisible), and a sigmoid. They are written as 1x1 convolutions of one position.
    """

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        squeezed = max(8, int(channels / reduction + 4) // 8 * 8)
        self.fc1 = nn.Conv2d(channels, squeezed, kernel_size=1)
        self.act = nn.ReLU(inplace=True)
        self.fc2 = nn.Conv2d(squeezed, channels, kernel_size=1)
        self.gate = nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        means = x.mean((2, 3), keepdim=True)  # (N, C, 1, 1)
        return x * self.gate(self.fc2(self.act(self.fc1(means))))


class EfficientChannelAttention(nn.Module):
    """The same with k weights in all: each scale comes from the means of the k channels around its own.

    Wang et al. 2020, arXiv:1910.03151, section 3.2; equation 12 gives k: log2(C) / 2 + 1 / 2 made odd, at least 3.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        size = int((math.log2(channels) + 1) / 2)
        size = max(size + 1 - size % 2, 3)
        self.conv = nn.Conv1d(1, 1, size, padding=size // 2, bias=False)
        self.gate = nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        means = x.mean((2, 3)).unsqueeze(1)  # (N, 1, C)
        return x * self.gate(self.conv(means)).transpose(1, 2).unsqueeze(-1)


class BlurPool(nn.Module):
    """A blur before positions are skipped, so that a shifted picture gives shifted features: (N, C, H/s, W/s).

    Zhang 2019, arXiv:1904.11486, section 3.2: "Triangle-3", the outer product of (1, 2, 1) / 4 with itself. The
    blur learns nothing and is in no file of weights.
    """

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        self.channels, self.stride = channels, stride
        self.pad = nn.ReflectionPad2d(1)
        triangle = torch.tensor([1.0, 2.0, 1.0]) / 4
        self.register_buffer("filt", torch.outer(triangle, triangle).repeat(channels, 1, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return functional.conv2d(self.pad(x), self.filt, stride=self.stride, groups=self.channels)


class StochasticDepth(nn.Module):
    """In training a picture's branch is zero with probability `rate`, and larger by 1 / (1 - rate) where it is not.

    Huang et al. 2016, arXiv:1603.09382, section 3, there for a whole batch at once and with the scale at test time.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        kept = x.new_empty(x.shape[0], 1, 1, 1).bernoulli_(1 - self.rate)
        return x * kept.div_(1 - self.rate)


class DropBlock(nn.Module):
    """In training squares of `size` x `size` positions are zero, the same in all channels.

    Ghiasi et al. 2018, arXiv:1810.12890, section 3. Squares begin at random positions with a probability such that
    about `rate` of all is lost (equation 1), times `scale`; what is left is larger by all / left (algorithm 1).
    """

    def __init__(self, rate: float, size: int, scale: float) -> None:
        super().__init__()
        self.rate, self.size, self.scale = rate, size, scale

    def forward(self, x: Tensor) -> Tensor:
        return x * self._kept(x) if self.training else x

    @torch.no_grad()
    def _kept(self, x: Tensor) -> Tensor:
        """(N, 1, H, W): 0 where something is lost, else the scale."""
        count, _, height, width = x.shape
        rows, columns = min(self.size, height), min(self.size, width)
        inside = (height - rows + 1) * (width - columns + 1)  # positions at which a square fits
        gamma = self.scale * self.rate * height * width / (rows * columns) / inside
        seeds = x.new_empty(count, 1, height, width).bernoulli_(gamma)
        lost = functional.max_pool2d(seeds, (rows, columns), stride=1, padding=(rows // 2, columns // 2))
        # An even square has no middle: its pooling gives one position too many, at the front.
        kept = 1 - lost[..., lost.shape[2] - height :, lost.shape[3] - width :]
        return kept.mul_((kept.numel() / kept.float().sum().add(1e-7)).to(x.dtype))


class GlobalPool(nn.Module):
    """(N, C, H, W) -> (N, C): over all positions the mean, the maximum, or half of each.

    With "catavgmax" mean and maximum stand beside each other, (N, 2 C); with "" the maps stay as they are.
    """

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.average = nn.AdaptiveAvgPool2d(1)
        self.maximum = nn.AdaptiveMaxPool2d(1)

    def forward(self, x: Tensor) -> Tensor:
        match self.kind:
            case "":
                return x
            case "avg":
                return self.average(x).flatten(1)
            case "max":
                return self.maximum(x).flatten(1)
            case "avgmax":
                return (0.5 * (self.average(x) + self.maximum(x))).flatten(1)
            case "catavgmax":
                return torch.cat((self.average(x), self.maximum(x)), dim=1).flatten(1)


def same_average_pool() -> nn.Sequential:
    """The mean of 2x2 at every position; beyond the right and lower edge there are zeros: (N, C, H, W)."""
    return nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.AvgPool2d(2, stride=1))


def group_norm(channels: int) -> nn.GroupNorm:
    """Normalisation over 32 groups of a picture's channels, whatever the batch (Wu & He 2018, arXiv:1803.08494)."""
    return nn.GroupNorm(32, channels)
