"""Depthwise convolutions: one filter a channel, then a mix of the channels."""

import torch
from torch import Tensor, nn

from napari_cihm.models.blocks.norm import group_norm


def separable(c_in: int, c_out: int, kernel: int = 3) -> nn.Sequential:
    """Depthwise then pointwise convolution, without biases."""
    return nn.Sequential(
        nn.Conv2d(c_in, c_in, kernel, padding=kernel // 2, groups=c_in, bias=False),
        nn.Conv2d(c_in, c_out, 1, bias=False),
    )


class ResidualSeparable(nn.Module):
    """Group norm, ReLU, a separable convolution beside a scaled shortcut, and again."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.before = nn.Sequential(group_norm(channels, 8), nn.ReLU())
        self.conv = separable(channels, channels)
        self.scale = nn.Parameter(torch.ones(()))
        self.after = nn.Sequential(group_norm(channels, 8), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) -> (b, c, h, w)."""
        return self.after(self.conv(self.before(x)) + self.scale * x)


class Axial(nn.Module):
    """A depthwise column filter and a depthwise row filter, beside a shortcut."""

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        half = kernel // 2
        self.down = nn.Conv2d(
            channels, channels, (kernel, 1), padding=(half, 0), groups=channels
        )
        self.across = nn.Conv2d(
            channels, channels, (1, kernel), padding=(0, half), groups=channels
        )

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) -> (b, c, h, w)."""
        return x + self.down(x) + self.across(x)
