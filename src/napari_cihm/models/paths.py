"""Scan strategies: how a map is read as sequences, and how it is put together.

A strategy unfolds (b, c, h, w) into k sequences (b, k, c, l) and folds k results
back by summing them where they came from. Folding what was unfolded gives the
map k times over: each path visits every pixel once.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Strategy:
    """A way of reading maps as sequences, with its inverse."""

    name: str
    directions: int
    unfold: Callable[[Tensor], Tensor]
    fold: Callable[[Tensor, int, int], Tensor]


def _cross_unfold(x: Tensor) -> Tensor:
    rows = x.flatten(2)
    columns = x.transpose(2, 3).flatten(2)
    ahead = torch.stack([rows, columns], dim=1)  # (b, 2, c, l)
    return torch.cat([ahead, ahead.flip(-1)], dim=1)  # (b, 4, c, l)


def _cross_fold(y: Tensor, height: int, width: int) -> Tensor:
    b, _, c, _ = y.shape
    ahead = y[:, :2] + y[:, 2:].flip(-1)  # (b, 2, c, l)
    rows = ahead[:, 0].reshape(b, c, height, width)
    columns = ahead[:, 1].reshape(b, c, width, height)
    return rows + columns.transpose(2, 3)


CROSS = Strategy("cross", 4, _cross_unfold, _cross_fold)
