"""Attention by gates: of channels, of pixels, and of one map by another."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from napari_cihm.models.blocks.norm import BatchNorm


class CBAM(nn.Module):
    """Gate the channels by their mean and maximum, then the pixels by theirs.

    Sixteen channels leave one in the narrow layer, which a plain ReLU may silence
    for good; it leaks.

    Parameters
    ----------
    channels : int
        Of the map.
    plain : bool
        Without biases among the channels and without batch norm over the pixels.
    """

    reduction = 16

    def __init__(self, channels: int, plain: bool = False) -> None:
        super().__init__()
        hidden = max(1, channels // self.reduction)
        self.channels = nn.Sequential(
            nn.Conv2d(channels, hidden, 1, bias=not plain),
            nn.LeakyReLU(),
            nn.Conv2d(hidden, channels, 1, bias=not plain),
        )
        self.pixels = nn.Sequential(nn.Conv2d(2, 1, 7, padding=3, bias=False))
        if not plain:
            self.pixels.append(BatchNorm(1))

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) -> (b, c, h, w)."""
        mean = self.channels(x.mean((2, 3), keepdim=True))
        most = self.channels(x.amax((2, 3), keepdim=True))
        x = x * (mean + most).sigmoid()
        return x * self.pixels(pixel_summary(x)).sigmoid()


class Gate(nn.Module):
    """How much of each pixel of a map another map lets through, from 0 to 1.

    Parameters
    ----------
    c_gating, c_gated : int
        Channels of the two maps.
    hidden : int
        Channels in which they meet.
    maps : int
        1 for a gate of pixels, or `c_gated` for one of each channel's pixels.
    """

    def __init__(self, c_gating: int, c_gated: int, hidden: int, maps: int = 1) -> None:
        super().__init__()
        self.gating = nn.Sequential(
            nn.Conv2d(c_gating, hidden, 1, bias=False), BatchNorm(hidden)
        )
        self.gated = nn.Sequential(
            nn.Conv2d(c_gated, hidden, 1, bias=False), BatchNorm(hidden)
        )
        self.meet = nn.Conv2d(hidden, maps, 1)

    def forward(self, gating: Tensor, gated: Tensor) -> Tensor:
        """Give the gate, (b, maps, h, w)."""
        met = F.relu(self.gating(gating) + self.gated(gated))
        return self.meet(met).sigmoid()


def pixel_summary(x: Tensor) -> Tensor:
    """Mean and maximum over the channels, (b, 2, h, w)."""
    return torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], dim=1)
