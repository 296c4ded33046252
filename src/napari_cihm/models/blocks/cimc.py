"""CiMC: a state-space branch and a T-convolution branch side by side."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from napari_cihm.models.blocks.norm import ChannelNorm
from napari_cihm.models.blocks.ss2d import SS2D
from napari_cihm.models.blocks.tconv import TConv


class CiMC(nn.Module):
    """Context-insight Mamba convolution: long context and close detail at once.

    The normalised map is split into four chunks of channels that share one
    SS2D, while a T-convolution works on all of them; a linear layer joins both.

    Parameters
    ----------
    c_in, c_out : int
        Channels of the input (a multiple of four) and of the output.
    states : int
        States of each scanned channel.
    scales : {"single", "double"}
        "double" scans half of the chunks on the map pooled by two: a longer
        reach for less work and no parameter.
    """

    chunks = 4

    def __init__(
        self,
        c_in: int,
        c_out: int,
        states: int = 16,
        scales: Literal["single", "double"] = "single",
    ) -> None:
        super().__init__()
        self.scales = scales
        self.norm = ChannelNorm(c_in)
        self.context = SS2D(c_in // self.chunks, states)
        self.alpha = nn.Parameter(torch.ones(()))
        self.insight = TConv(c_in)
        self.join_norm = ChannelNorm(2 * c_in)
        self.join = nn.Conv2d(2 * c_in, c_out, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(b, c_in, h, w) -> (b, c_out, h, w)."""
        u = self.norm(x)
        both = torch.cat([self._context(u), self.insight(u)], dim=1)
        y: Tensor = self.join(self.join_norm(both))
        return y

    def _context(self, u: Tensor) -> Tensor:
        b, c, h, w = u.shape
        parts = u.reshape(b, self.chunks, c // self.chunks, h, w)
        if self.scales == "single" or min(h, w) < 2:
            scanned = self.context(parts.flatten(0, 1)).reshape(parts.shape)
        else:
            near, far = parts.chunk(2, dim=1)
            small = F.avg_pool2d(far.flatten(0, 1), 2, ceil_mode=True)
            wide = F.interpolate(
                self.context(small), size=(h, w), mode="bilinear", align_corners=False
            )
            close = self.context(near.flatten(0, 1)).reshape(near.shape)
            scanned = torch.cat([close, wide.reshape(far.shape)], dim=1)
        y: Tensor = (scanned + self.alpha * parts).reshape(b, c, h, w)
        return y
