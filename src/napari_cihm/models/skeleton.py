"""The one U-shaped skeleton that every recipe hangs its blocks on.

::

    image ─ stem ─┬─ stage 1 ─ stage 2 ─ ... ─ stage n ─┐
                  │     │         │                     │
                  │     └─────────┴──── bridge          │
                  │           (all skips in, all out)   │
                  │                 │                   │
                  └─ detail    decoder 1 ── ... ─ decoder n-1
                        │           │
                        └── head ───┴─ logits

A stage takes the map before it and gives its skip; it brings its own way down.
A decoder takes the map below and its skip, and brings its own way up.
"""

from collections.abc import Sequence
from typing import Literal, overload

from torch import Tensor, nn
from torch.nn import functional as F

from napari_cihm.errors import DtypeError, ShapeError
from napari_cihm.models.heads import LevelHead


class UNetLike(nn.Module):
    """Encoder stages, a bridge over all skips, decoder stages and a head.

    Parameters
    ----------
    in_channels : int
        Channels of the image.
    stem : nn.Module, optional
        What meets the image first; its output is the detail handed to the head.
    stages : sequence of nn.Module
        Encoder stages, shallow to deep; the last is the bottom and no skip.
    bridge : nn.Module, optional
        Takes the list of all skips and gives it back refined.
    decoders : sequence of nn.Module
        One for each skip, shallow to deep, called as ``decoder(below, skip)``.
    head : nn.Module
        Called as ``head(decoded, detail, size)`` with the decoded maps, shallow
        to deep, and the padded image's size; gives the logits.
    stride : int
        The image is padded to a multiple of this, and the logits are cropped.
    bridges_bottom : bool
        Whether the bridge takes the bottom too, and gives it back.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        stem: nn.Module | None = None,
        stages: Sequence[nn.Module],
        bridge: nn.Module | None = None,
        decoders: Sequence[nn.Module],
        head: nn.Module,
        stride: int,
        bridges_bottom: bool = False,
    ) -> None:
        super().__init__()
        if len(decoders) != len(stages) - 1:
            raise ShapeError(
                f"{len(stages)} stages met {len(decoders)} decoders",
                f"{len(stages) - 1} decoders: one for each skip",
            )
        self.in_channels, self.stride = in_channels, stride
        self.bridges_bottom = bridges_bottom
        self.stem = stem or nn.Identity()
        self.stages = nn.ModuleList(stages)
        self.bridge = bridge or nn.Identity()
        self.decoders = nn.ModuleList(decoders)
        self.head = head

    @overload
    def forward(self, x: Tensor, supervised: Literal[False] = False) -> Tensor: ...
    @overload
    def forward(self, x: Tensor, supervised: Literal[True]) -> list[Tensor]: ...
    def forward(self, x: Tensor, supervised: bool = False) -> Tensor | list[Tensor]:
        """Give logits, or those of every level that can be supervised.

        Parameters
        ----------
        x : Tensor
            Image, (b, in_channels, h, w).
        supervised : bool
            For training: whether all levels are wanted.

        Returns
        -------
        Tensor or list of Tensor
            Logits (b, classes, h, w), or a list of such. The first of the list is
            what a plain call gives; it is alone where there are no other levels.
        """
        h, w = self._checked(x).shape[2:]
        x = pad_to_multiple(x, self.stride)
        decoded, detail = self.decode(x)
        if supervised and isinstance(self.head, LevelHead):
            levels = self.head.levels(decoded, detail, x.shape[2:])
            return [logits[..., :h, :w] for logits in levels]
        logits = self.head(decoded, detail, x.shape[2:])[..., :h, :w]
        return [logits] if supervised else logits

    def decode(self, x: Tensor) -> tuple[list[Tensor], Tensor]:
        """Give the decoded maps, shallow to deep, and the stem's detail."""
        detail = y = self.stem(x)
        levels = []
        for stage in self.stages:
            y = stage(y)
            levels.append(y)
        if self.bridges_bottom:
            *skips, below = self.bridge(levels)
        else:
            *skips, below = levels
            skips = self.bridge(skips)
        decoded = [below]
        for decoder, skip in zip(reversed(self.decoders), reversed(skips), strict=True):
            below = decoder(below, skip)
            decoded.append(below)
        return decoded[::-1], detail

    def _checked(self, x: Tensor) -> Tensor:
        if x.ndim != 4 or x.shape[1] != self.in_channels or 0 in x.shape:
            raise ShapeError(
                f"the network got an input of shape {tuple(x.shape)}",
                f"(batch, {self.in_channels}, height, width), each at least 1",
            )
        if not x.is_floating_point():
            raise DtypeError(
                f"the network got {x.dtype}",
                "floating point numbers",
                "normalise the image first",
            )
        return x


class Decoder(nn.Module):
    """One step up: a block below, the way up, the skip added or joined, a block.

    Parameters
    ----------
    before : nn.Module, optional
        Works on the map below at its own size.
    up : nn.Module, optional
        The way up; without it the map is resized bilinearly to the skip.
    merge : nn.Module
        How map and skip meet, called as ``merge(map, skip)``.
    after : nn.Module, optional
        Works on the merged map.
    """

    def __init__(
        self,
        *,
        before: nn.Module | None = None,
        up: nn.Module | None = None,
        merge: nn.Module,
        after: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.before = before or nn.Identity()
        self.up = up
        self.merge = merge
        self.after = after or nn.Identity()

    def forward(self, below: Tensor, skip: Tensor) -> Tensor:
        """Bring the map below to the skip's size and merge both."""
        y = self.before(below)
        if self.up is not None:
            y = self.up(y)
        if y.shape[2:] != skip.shape[2:]:
            y = F.interpolate(
                y, size=skip.shape[2:], mode="bilinear", align_corners=False
            )
        return self.after(self.merge(y, skip))


def pad_to_multiple(x: Tensor, stride: int) -> Tensor:
    """Repeat the last row and column until both sides are multiples of `stride`."""
    # Without remainders, on which torch.compile fails where sizes differ by call.
    bottom, right = (-(-size // stride) * stride - size for size in x.shape[2:])
    if not (bottom or right):
        return x
    return F.pad(x, (0, right, 0, bottom), mode="replicate")
