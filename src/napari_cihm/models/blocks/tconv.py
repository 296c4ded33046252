"""The T-shaped convolution: a partial convolution followed by pointwise ones.

Only a quarter of the channels sees its neighbours; the pointwise convolutions
then mix them into the rest, so that together the receptive field has the shape
of a T and the centre of a patch weighs most.
"""

import torch
from torch import Tensor, nn

from napari_cihm.models.blocks.conv import conv3x3
from napari_cihm.models.blocks.norm import BatchNorm


class PartialConv(nn.Module):
    """3x3 convolution of the first quarter of the channels; the rest passes."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.touched = max(1, channels // 4)
        self.conv = conv3x3(self.touched, self.touched, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) -> (b, c, h, w)."""
        touched = self.conv(x[:, : self.touched])
        return torch.cat([touched, x[:, self.touched :]], dim=1)


class TConv(nn.Module):
    """Residual T-shaped convolution: x + PW(GELU(BN(PW(PConv(x)))))."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            PartialConv(channels),
            nn.Conv2d(channels, channels, 1, bias=False),
            BatchNorm(channels),
            nn.GELU(),
            nn.Conv2d(channels, channels, 1, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) -> (b, c, h, w)."""
        return x + self.body(x)
