"""Selective kernels: branches of unlike reach, weighed channel by channel."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from napari_cihm.models.blocks.norm import BatchNorm


class SelectiveKernel(nn.Module):
    """Two grouped convolutions, one of them dilated, mixed as the whole map suggests.

    The mean of both branches over the map is narrowed, and from it each channel
    gets a softmax over the branches. Batch norm of that one vector an image needs
    batches of sixteen or more; below it stays a scale and a shift.

    Parameters
    ----------
    channels : int
        Of the map.
    kernel : int
        Side of the filters.
    groups : int
        Of the convolutions; lowered to what divides the channels.
    narrow : int
        Channels of the narrowed mean.
    """

    def __init__(self, channels: int, kernel: int, groups: int, narrow: int) -> None:
        super().__init__()
        while channels % groups:
            groups -= 1
        self.branches = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(
                    channels, channels, kernel, padding=reach * (kernel // 2),
                    dilation=reach, groups=groups, bias=False,
                ),
                BatchNorm(channels),
                nn.ReLU(),
            )
            for reach in (1, 2)
        )  # fmt: skip
        self.narrow = nn.Sequential(
            nn.Conv2d(channels, narrow, 1, bias=False), BatchNorm(narrow), nn.ReLU()
        )
        self.weigh = nn.Conv2d(narrow, 2 * channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) -> (b, c, h, w)."""
        seen = torch.stack([branch(x) for branch in self.branches], dim=1)
        mean = seen.sum(1).mean((2, 3), keepdim=True)
        weights = self.weigh(self.narrow(mean)).unflatten(1, seen.shape[1:3])
        return (seen * weights.softmax(1)).sum(1)


class SelectiveUnit(nn.Module):
    """A selective kernel between two pointwise convolutions, beside a shortcut."""

    def __init__(self, channels: int, groups: int, narrow: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 1, bias=False),
            BatchNorm(channels),
            nn.ReLU(),
            SelectiveKernel(channels, 3, groups, narrow),
            nn.Conv2d(channels, channels, 1, bias=False),
            BatchNorm(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) -> (b, c, h, w)."""
        return F.relu(x + self.body(x))
