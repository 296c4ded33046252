"""CiMC: a state-space branch and a T-convolution branch side by side."""

import torch
from torch import Tensor, nn

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
    """

    chunks = 4

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.norm = ChannelNorm(c_in)
        self.context = SS2D(c_in // self.chunks)
        self.alpha = nn.Parameter(torch.ones(()))
        self.insight = TConv(c_in)
        self.join_norm = ChannelNorm(2 * c_in)
        self.join = nn.Conv2d(2 * c_in, c_out, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(b, c_in, h, w) -> (b, c_out, h, w)."""
        u = self.norm(x)
        both = torch.cat([self._context(u), self.insight(u)], dim=1)
        return self.join(self.join_norm(both))

    def _context(self, u: Tensor) -> Tensor:
        b, c, h, w = u.shape
        parts = u.reshape(b, self.chunks, c // self.chunks, h, w)
        scanned = self.context(parts.flatten(0, 1)).reshape(parts.shape)
        return (scanned + self.alpha * parts).reshape(b, c, h, w)
