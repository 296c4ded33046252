"""Warps: patches turned, scaled and mirrored, with all that belongs to a pixel."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from napari_cihm.data.samples import Sample


@dataclass(frozen=True)
class Warp:
    """A rotation, a scale and a mirror image."""

    angle: float
    scale: float
    mirror: bool

    @property
    def plain(self) -> bool:
        """Whether pixels fall on pixels, so that nothing is interpolated."""
        return self.scale == 1.0 and self.angle % (math.pi / 2) == 0


def draw_warp(rng: Generator, strength: float = 1.0) -> Warp:
    """Draw a warp; at full strength half of them rotate and scale freely."""
    quarter = rng.integers(4) * math.pi / 2
    mirror = bool(rng.integers(2))
    if rng.random() < 1 - 0.5 * strength:
        return Warp(quarter, 1.0, mirror)
    return Warp(rng.uniform(0, 2 * math.pi), 2 ** rng.uniform(-1, 1), mirror)


def cut_out(
    sample: Sample, centre: NDArray[np.float64], size: int, warp: Warp
) -> Tensor:
    """Cut what a warp needs: image, targets and validity, stacked, in 0..1."""
    turn = abs(math.cos(warp.angle)) + abs(math.sin(warp.angle))
    side = size if warp.plain else math.ceil(size / warp.scale * turn) + 2
    height, width = sample.image.shape[1:]
    start = np.round(centre - side / 2).astype(int)
    rows = _mirrored(start[0], side, height)
    columns = _mirrored(start[1], side, width)
    parts: list[NDArray[Any]] = [sample.image, sample.targets]
    if sample.valid is not None:
        parts.append(sample.valid)
    cut = [part[:, rows][:, :, columns].astype(np.float32) for part in parts]
    cut[1] /= 255
    return torch.from_numpy(np.concatenate(cut))


def resample(window: Tensor, size: int, warp: Warp) -> Tensor:
    """Turn, scale and mirror what was cut, to a patch of a size."""
    if warp.plain:
        turned = torch.rot90(window, round(warp.angle / (math.pi / 2)), (1, 2))
        return turned.flip(2) if warp.mirror else turned
    side = window.shape[-1]
    zoom = size / side / warp.scale
    cos, sin = math.cos(warp.angle) * zoom, math.sin(warp.angle) * zoom
    flip = -1.0 if warp.mirror else 1.0
    rows = [[cos * flip, -sin, 0.0], [sin * flip, cos, 0.0]]
    matrix = torch.tensor([rows], dtype=torch.float32)
    grid = F.affine_grid(matrix, [1, 1, size, size], align_corners=False)
    return F.grid_sample(
        window[None], grid, padding_mode="reflection", align_corners=False
    )[0]


def _mirrored(start: int, length: int, size: int) -> NDArray[np.int64] | slice:
    """Pick a run that is reflected at both ends of an axis."""
    if start >= 0 and start + length <= size:
        return slice(start, start + length)
    period = max(2 * size - 2, 1)
    index = np.abs(np.arange(start, start + length)) % period
    return np.where(index >= size, period - index, index)
