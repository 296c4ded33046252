"""SDI: each level becomes the product of all levels, brought to its size."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from napari_cihm.models.blocks.attention import CBAM
from napari_cihm.models.blocks.norm import BatchNorm


class SDI(nn.Module):
    """Attend, narrow to a common width, and multiply all levels at each level.

    Parameters
    ----------
    widths : sequence of int
        Channels of each level, shallow to deep.
    width : int
        Channels in which the levels meet, and of what comes out.
    """

    def __init__(self, widths: Sequence[int], width: int) -> None:
        super().__init__()
        self.narrow = nn.ModuleList(
            nn.Sequential(
                CBAM(c, plain=True),
                nn.Conv2d(c, width, 1, bias=False),
                BatchNorm(width),
            )
            for c in widths
        )
        self.smooth = nn.ModuleList(
            nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in widths)
            for _ in widths
        )

    def forward(self, skips: list[Tensor]) -> list[Tensor]:
        """(b, widths[i], h_i, w_i) each -> (b, width, h_i, w_i) each."""
        levels = [narrow(t) for narrow, t in zip(self.narrow, skips, strict=True)]
        out = []
        for row, like in zip(self.smooth, levels, strict=True):
            product = torch.ones_like(like)
            for conv, t in zip(row.children(), levels, strict=True):
                product = product * conv(_resized(t, like))
            out.append(product)
        return out


def _resized(x: Tensor, like: Tensor) -> Tensor:
    size = like.shape[2], like.shape[3]
    if x.shape[2] > size[0] or x.shape[3] > size[1]:
        return F.adaptive_avg_pool2d(x, size)
    if x.shape[2:] != size:
        return F.interpolate(x, size=size, mode="bilinear", align_corners=False)
    return x
