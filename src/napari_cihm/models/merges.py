"""Merges: how a decoder's map meets its skip."""

import torch
from torch import Tensor, nn

from napari_cihm.models.blocks.attention import Gate


class Add(nn.Module):
    """Add the skip."""

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Add map and skip of one shape."""
        return x + skip


class Concat(nn.Module):
    """Put the skip before the map, channel after channel."""

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Join map and skip of one size."""
        return torch.cat([skip, x], dim=1)


class ConcatLinear(nn.Module):
    """Join map and skip, and narrow both with a linear layer."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(c_in, c_out, 1)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Join map and skip of one size."""
        return self.narrow(torch.cat([skip, x], dim=1))


class GatedConcat(nn.Module):
    """Let the map gate the skip's pixels, then join both.

    Parameters
    ----------
    c_map, c_skip : int
        Channels of the map and of the skip.
    hidden : int
        Channels in which they meet to make the gate.
    """

    def __init__(self, c_map: int, c_skip: int, hidden: int) -> None:
        super().__init__()
        self.gate = Gate(c_map, c_skip, hidden)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Join map and gated skip of one size."""
        return torch.cat([self.gate(x, skip) * skip, x], dim=1)


class SelfGatedConcat(nn.Module):
    """Let the map gate the skip's pixels, then join the gated skip to the skip.

    The map below is heard through the gate alone.
    """

    def __init__(self, c_map: int, c_skip: int, hidden: int) -> None:
        super().__init__()
        self.gate = Gate(c_map, c_skip, hidden)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Join gated skip and skip."""
        return torch.cat([skip, self.gate(x, skip) * skip], dim=1)


class GuidedConcat(nn.Module):
    """MGF-Skip: the map gates each channel of the skip, beside the skip itself.

    G = sigmoid(W_g relu(BN(W_e E) + BN(W_d D))), E' = E + E G, joined to D.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gate = Gate(channels, channels, channels, channels)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Join map and reinforced skip of one shape."""
        return torch.cat([skip + skip * self.gate(x, skip), x], dim=1)
