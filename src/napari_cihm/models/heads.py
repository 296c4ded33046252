"""Heads: from decoded maps to logits at the image's size.

A head is called as ``head(decoded, detail, size)``. One that can also say what it
sees at each level has ``levels``, with the logits of a plain call first; training
may then supervise them all.
"""

from collections.abc import Sequence
from typing import Literal, Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from napari_cihm.models.blocks.depthwise import separable
from napari_cihm.models.blocks.norm import BatchNorm, group_norm
from napari_cihm.models.blocks.patches import PatchExpand

HeadName = Literal["plain", "detail"]
"""The paper's own head, or the one that sees the image's detail again."""


@runtime_checkable
class LevelHead(Protocol):
    """A head that gives logits of several levels."""

    def levels(
        self, decoded: list[Tensor], detail: Tensor, size: torch.Size
    ) -> list[Tensor]:
        """Give logits of `size` for each level, the plain call's first."""


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


class NormedHead(nn.Module):
    """Group norm, ReLU and a separable 1x1 convolution, resized bilinearly."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            group_norm(channels, 8), nn.ReLU(), separable(channels, classes, 1)
        )

    def forward(
        self, decoded: list[Tensor], detail: Tensor, size: torch.Size
    ) -> Tensor:
        """Give logits of `size`."""
        return _upsample(self.body(decoded[0]), size)


class DetailHead(nn.Module):
    """Logits at full resolution, from the decoded map and the stem's detail.

    Objects of twenty pixels need edges sharper than a half-size map can hold.
    Both maps are narrowed before they meet, because at this size memory is what
    costs time.
    """

    width = 8  # channels in which they meet

    def __init__(self, channels: int, detail: int, classes: int) -> None:
        super().__init__()
        width = self.width
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
        return self.body(coarse + fine)


def choose_head(
    name: HeadName, paper: nn.Module, channels: int, detail: int, classes: int
) -> nn.Module:
    """Give the paper's head, or a `DetailHead` in its place."""
    return DetailHead(channels, detail, classes) if name == "detail" else paper


class ExpandHead(nn.Module):
    """A fourfold patch expansion to full size, then a 1x1 convolution.

    Parameters
    ----------
    channels, width : int
        Channels of the shallowest decoded map, and of what it expands to.
    classes : int
        Maps to give.
    """

    def __init__(self, channels: int, width: int, classes: int) -> None:
        super().__init__()
        self.expand = PatchExpand(channels, width, factor=4)
        self.out = nn.Conv2d(width, classes, 1)

    def forward(
        self, decoded: list[Tensor], detail: Tensor, size: torch.Size
    ) -> Tensor:
        """Give logits of `size`."""
        return _upsample(self.out(self.expand(decoded[0])), size)


class DeepHead(nn.Module):
    """Any head for the finest level, and a 1x1 convolution for each other level.

    Parameters
    ----------
    finest : nn.Module
        The head whose logits are the network's.
    widths : sequence of int
        Channels of the other decoded maps that are supervised, shallow to deep.
    classes : int
        Maps to give.
    skip : int
        How many decoded maps lie before these.
    """

    def __init__(
        self, finest: nn.Module, widths: Sequence[int], classes: int, skip: int = 1
    ) -> None:
        super().__init__()
        self.finest, self.skip = finest, skip
        self.others = nn.ModuleList(nn.Conv2d(c, classes, 1) for c in widths)

    def forward(
        self, decoded: list[Tensor], detail: Tensor, size: torch.Size
    ) -> Tensor:
        """Give logits of `size` from the finest level."""
        return self.finest(decoded, detail, size)

    def levels(
        self, decoded: list[Tensor], detail: Tensor, size: torch.Size
    ) -> list[Tensor]:
        """Give logits of `size` for each level, the finest first."""
        others = zip(self.others, decoded[self.skip :], strict=False)
        return [
            self(decoded, detail, size),
            *(_upsample(conv(y), size) for conv, y in others),
        ]


class SumHead(nn.Module):
    """The two finest levels' logits, resized and summed."""

    def __init__(self, widths: Sequence[int], classes: int) -> None:
        super().__init__()
        self.outs = nn.ModuleList(nn.Conv2d(c, classes, 1) for c in widths)

    def forward(
        self, decoded: list[Tensor], detail: Tensor, size: torch.Size
    ) -> Tensor:
        """Give logits of `size`."""
        each = zip(self.outs, decoded, strict=False)
        return torch.stack([_upsample(out(y), size) for out, y in each]).sum(0)


class FusionHead(nn.Module):
    """Logits of several levels, resized and fused by a 1x1 convolution.

    Parameters
    ----------
    widths : sequence of int
        Channels of the decoded maps that are fused, shallow to deep.
    classes : int
        Maps to give.
    """

    def __init__(self, widths: Sequence[int], classes: int) -> None:
        super().__init__()
        self.outs = nn.ModuleList(nn.Conv2d(c, classes, 1) for c in widths)
        self.fuse = nn.Conv2d(len(widths) * classes, classes, 1)

    def forward(
        self, decoded: list[Tensor], detail: Tensor, size: torch.Size
    ) -> Tensor:
        """Give logits of `size`."""
        each = zip(self.outs, decoded, strict=False)
        return self.fuse(torch.cat([_upsample(out(y), size) for out, y in each], dim=1))


def _upsample(x: Tensor, size: torch.Size) -> Tensor:
    if x.shape[2:] == size:
        return x
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False)
