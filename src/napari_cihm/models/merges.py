"""Merges: how a decoder's map meets its skip."""

import torch
from torch import Tensor, nn


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
