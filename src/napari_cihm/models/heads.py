"""Heads: from decoded maps to logits at the image's size."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from napari_cihm.models.blocks.norm import BatchNorm


class PlainHead(nn.Module):
    """A 1x1 convolution of the shallowest decoded map, resized bilinearly."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.out = nn.Conv2d(channels, classes, 1)

    def forward(
        self, decoded: list[Tensor], detail: Tensor, size: torch.Size
    ) -> Tensor:
        """Give logits of `size`."""
        return _upsample(self.out(decoded[0]), size)


class DetailHead(nn.Module):
    """Logits at full resolution, from the decoded map and the stem's detail.

    Objects of twenty pixels need edges sharper than a half-size map can hold.
    Both maps are narrowed before they meet, because at this size memory is what
    costs time.
    """

    def __init__(
        self, channels: int, detail: int, classes: int, width: int = 8
    ) -> None:
        super().__init__()
        self.coarse = nn.Conv2d(channels, width, 1)
        self.fine = nn.Conv2d(detail, width, 1, bias=False)
        self.body = nn.Sequential(
            BatchNorm(width),
            nn.GELU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            BatchNorm(width),
            nn.GELU(),
            nn.Conv2d(width, classes, 1),
        )

    def forward(
        self, decoded: list[Tensor], detail: Tensor, size: torch.Size
    ) -> Tensor:
        """Give logits of `size`."""
        coarse = _upsample(self.coarse(decoded[0]), size)
        fine = _upsample(self.fine(detail), size)
        logits: Tensor = self.body(coarse + fine)
        return logits


def _upsample(x: Tensor, size: torch.Size) -> Tensor:
    if x.shape[2:] == size:
        return x
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False)
