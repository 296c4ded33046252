"""The spatial and channel attention bridge of MALUNet and its descendants."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from napari_cihm.models.blocks.attention import pixel_summary


class SpatialChannelBridge(nn.Module):
    """Gate the pixels of each skip, then the channels of all skips together.

    One dilated convolution, shared by all levels, gates pixels. The means of all
    channels of all levels then form one sequence, a short convolution mixes
    neighbours in it, and one linear layer a level makes that level's gates.

    Parameters
    ----------
    widths : sequence of int
        Channels of each level, shallow to deep.
    """

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.pixels = nn.Conv2d(2, 1, 7, padding=9, dilation=3)
        self.neighbours = nn.Conv1d(1, 1, 3, padding=1, bias=False)
        self.channels = nn.ModuleList(nn.Linear(sum(widths), c) for c in widths)

    def forward(self, skips: list[Tensor]) -> list[Tensor]:
        """Gate each skip; sizes and channels stay."""
        gated = [t * self.pixels(pixel_summary(t)).sigmoid() for t in skips]
        sums = [t + g for t, g in zip(skips, gated, strict=True)]
        means = torch.cat([t.mean((2, 3)) for t in sums], dim=1)  # (b, all channels)
        mixed = self.neighbours(means[:, None])[:, 0]
        gates = [
            channels(mixed).sigmoid()[..., None, None] for channels in self.channels
        ]
        return [g + t * c for g, t, c in zip(gated, sums, gates, strict=True)]
