"""VSS behind a depthwise convolution: whole, or split and shared by two halves."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from napari_cihm.models.blocks.depthwise import Axial
from napari_cihm.models.blocks.norm import BatchNorm, InstanceNorm
from napari_cihm.models.blocks.vss import VSS


class LocalVSS(nn.Module):
    """Depthwise convolution, VSS, instance norm, leaky ReLU, and a scaled shortcut."""

    def __init__(self, channels: int, scan: str = "cross") -> None:
        super().__init__()
        self.body = nn.Sequential(
            _depthwise(channels), VSS(channels, scan),
            InstanceNorm(channels), nn.LeakyReLU(),
        )  # fmt: skip
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) -> (b, c, h, w)."""
        return self.body(x) + self.scale * x


class SplitVSS(nn.Module):
    """Depthwise convolution, one VSS for both halves of the channels, joined again."""

    def __init__(self, channels: int, scan: str = "cross") -> None:
        super().__init__()
        self.local = _depthwise(channels)
        self.context = VSS(channels // 2, scan)
        self.scale = nn.Parameter(torch.ones(()))
        self.after = nn.Sequential(InstanceNorm(channels), nn.LeakyReLU())

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) -> (b, c, h, w)."""
        b, c, h, w = x.shape
        halves = self.local(x).reshape(2 * b, c // 2, h, w)
        both = self.context(halves) + self.scale * halves
        return self.after(both.reshape(b, c, h, w))


class PoolGate(nn.Module):
    """Gate the channels by mean and maximum over a coarse grid of the map."""

    grid = 3

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weigh = nn.Conv2d(2 * channels, channels, self.grid)

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) -> (b, c, h, w)."""
        pooled = [
            F.adaptive_avg_pool2d(x, self.grid),
            F.adaptive_max_pool2d(x, self.grid),
        ]
        return x * self.weigh(torch.cat(pooled, dim=1)).sigmoid()


class PMamba(nn.Module):
    """A split VSS and a pool gate side by side, summed, and axial filters."""

    def __init__(self, channels: int, scan: str = "cross") -> None:
        super().__init__()
        self.context = SplitVSS(channels, scan)
        self.gate = PoolGate(channels)
        self.after = nn.Sequential(Axial(channels, 3), BatchNorm(channels), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) -> (b, c, h, w)."""
        return self.after(self.context(x) + self.gate(x))


class TwoPaths(nn.Module):
    """One block for the first half of the channels, another for the second."""

    def __init__(self, first: nn.Module, second: nn.Module) -> None:
        super().__init__()
        self.first, self.second = first, second

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) -> (b, c, h, w)."""
        first, second = x.chunk(2, dim=1)
        return torch.cat([self.first(first), self.second(second)], dim=1)


def _depthwise(channels: int) -> nn.Conv2d:
    return nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
