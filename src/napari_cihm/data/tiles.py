"""Cutting an extent into tiles that overlap, or into parts that do not."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray

from napari_cihm.data.boxes import Box
from napari_cihm.errors import InputError


@dataclass(frozen=True)
class TileGrid:
    """Tiles of one size spread evenly over an extent, sharing an overlap.

    Parameters
    ----------
    shape : tuple of int
        The extent.
    size : int
        Side of a tile; cut to the extent where that is smaller.
    overlap : int
        Pixels that neighbours share at least.
    """

    shape: tuple[int, ...]
    size: int
    overlap: int

    def __post_init__(self) -> None:
        """Refuse an overlap that leaves nothing of a tile."""
        if self.size < 1 or not 0 <= self.overlap < self.size:
            raise InputError(
                f"tiles of {self.size} pixels that share {self.overlap}",
                "an overlap smaller than the tile",
            )

    @cached_property
    def starts(self) -> tuple[tuple[int, ...], ...]:
        """First pixels of the tiles along each axis."""
        return tuple(_starts(n, self.size, self.overlap) for n in self.shape)

    @cached_property
    def boxes(self) -> tuple[Box, ...]:
        """Every tile, rows first."""
        return tuple(self._box(first) for first in product(*self.starts))

    def __getitem__(self, number: int) -> Box:
        counts = [len(s) for s in self.starts]
        at = np.unravel_index(number, counts)
        return self._box(tuple(s[i] for s, i in zip(self.starts, at, strict=True)))

    def __len__(self) -> int:
        return int(np.prod([len(s) for s in self.starts]))

    @property
    def tile_shape(self) -> tuple[int, ...]:
        """The shape that all tiles have."""
        return tuple(min(self.size, n) for n in self.shape)

    def touching(self, region: Box) -> list[int]:
        """Numbers of the tiles that share a pixel with `region`, ascending."""
        near = [
            range(bisect_right(starts, r.start - side), bisect_left(starts, r.stop))
            for starts, side, r in zip(
                self.starts, self.tile_shape, region, strict=True
            )
        ]
        counts = [len(s) for s in self.starts]
        numbers = np.ravel_multi_index(np.meshgrid(*near, indexing="ij"), counts)
        return [int(n) for n in numbers.ravel()]

    @cached_property
    def weights(self) -> tuple[NDArray[np.float32], ...]:
        """Weight of a tile's pixels along each axis: least at its edges."""
        return tuple(_ramp(side, self.overlap) for side in self.tile_shape)

    def _box(self, first: tuple[int, ...]) -> Box:
        return tuple(
            slice(s, s + side) for s, side in zip(first, self.tile_shape, strict=True)
        )


@dataclass(frozen=True)
class Block:
    """A part that owns its `core` and sees its `view`, halo included."""

    index: tuple[int, ...]
    core: Box
    view: Box


@dataclass(frozen=True)
class BlockGrid:
    """Parts that share no pixel, each seen with a halo around it."""

    shape: tuple[int, ...]
    size: tuple[int, ...]
    halo: tuple[int, ...]

    @property
    def counts(self) -> tuple[int, ...]:
        """Number of blocks along each axis."""
        return tuple(-(-n // s) for n, s in zip(self.shape, self.size, strict=True))

    def __len__(self) -> int:
        return int(np.prod(self.counts))

    def __iter__(self) -> Iterator[Block]:
        return map(self.at, product(*map(range, self.counts)))

    def at(self, index: tuple[int, ...]) -> Block:
        """Return the block with this index."""
        core, view = [], []
        for i, n, s, h in zip(index, self.shape, self.size, self.halo, strict=True):
            first, last = i * s, min((i + 1) * s, n)
            core.append(slice(first, last))
            view.append(slice(max(first - h, 0), min(last + h, n)))
        return Block(index, tuple(core), tuple(view))


def _starts(n: int, size: int, overlap: int) -> tuple[int, ...]:
    if n <= size:
        return (0,)
    count = -(-(n - overlap) // (size - overlap))
    return tuple(round(i * (n - size) / (count - 1)) for i in range(count))


def _ramp(side: int, overlap: int) -> NDArray[np.float32]:
    # A raised cosine over the overlap: a tile's edge, where the network saw
    # least, hardly counts beside a neighbour that saw more.
    from_edge = np.minimum(np.arange(side), np.arange(side)[::-1]) + 0.5
    rise = np.clip(from_edge / max(overlap, 1), 0, 1)
    return (0.5 - 0.5 * np.cos(np.pi * rise)).clip(1e-3).astype(np.float32)
