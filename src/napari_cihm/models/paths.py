"""Scan strategies: how a map is read as sequences, and how it is put together.

A strategy unfolds (b, c, h, w) into k sequences (b, k, c, l), and folds k results
back by summing them at the pixels they came from. Each pixel is met by `visits`
paths, so folding what was unfolded gives the map that many times over.

A new strategy is two functions, or one that says in which order pixels are met:
`along` makes the inverse of an order by itself.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from napari_cihm.errors import UnknownNameError

Order = Callable[[Tensor], Tensor]
"""Takes the numbers of a map's pixels (h, w) and gives them in the order met (l)."""


@dataclass(frozen=True)
class Strategy:
    """A way of reading maps as sequences, with its inverse.

    Attributes
    ----------
    name : str
        What recipes call it.
    directions : int
        Paths, k; each may have weights of its own.
    visits : int
        How many of them meet a pixel.
    unfold : callable
        (b, c, h, w) -> (b, k, c, l).
    fold : callable
        (b, k, c, l), h, w -> (b, c, h, w), summing where paths met.
    """

    name: str
    directions: int
    visits: int
    unfold: Callable[[Tensor], Tensor]
    fold: Callable[[Tensor, int, int], Tensor]


def strategy(name: str) -> Strategy:
    """Look a strategy up by its name.

    Raises
    ------
    UnknownNameError
        With the near matches and every known name.
    """
    try:
        return STRATEGIES[name]
    except (KeyError, TypeError):
        raise UnknownNameError.among("scan strategy", name, STRATEGIES) from None


def along(name: str, *orders: Order) -> Strategy:
    """Make a strategy of orders, each of which meets every pixel once."""

    def unfold(x: Tensor) -> Tensor:
        pixels = x.flatten(2)
        return torch.stack([pixels[..., i] for i in numbers(x, *x.shape[2:])], dim=1)

    def fold(y: Tensor, height: int, width: int) -> Tensor:
        total = torch.zeros_like(y[:, 0])
        for path, order in enumerate(numbers(y, height, width)):
            back = torch.empty_like(order)
            back[order] = torch.arange(len(order), device=y.device)
            total = total + y[:, path, :, back]
        return _as_map(total, height, width)

    def numbers(x: Tensor, height: int, width: int) -> list[Tensor]:
        grid = torch.arange(height * width, device=x.device).view(height, width)
        return [order(grid) for order in orders]

    return Strategy(name, len(orders), len(orders), unfold, fold)


def _rows_unfold(x: Tensor) -> Tensor:
    return x.flatten(2).unsqueeze(1)


def _rows_fold(y: Tensor, height: int, width: int) -> Tensor:
    return _as_map(y[:, 0], height, width)


def _both_unfold(x: Tensor) -> Tensor:
    rows = x.flatten(2)
    return torch.stack([rows, rows.flip(-1)], dim=1)


def _both_fold(y: Tensor, height: int, width: int) -> Tensor:
    return _as_map(y[:, 0] + y[:, 1].flip(-1), height, width)


def _cross_unfold(x: Tensor) -> Tensor:
    rows = x.flatten(2)
    columns = _columns(x)
    ahead = torch.stack([rows, columns], dim=1)  # (b, 2, c, l)
    return torch.cat([ahead, ahead.flip(-1)], dim=1)  # (b, 4, c, l)


def _cross_fold(y: Tensor, height: int, width: int) -> Tensor:
    ahead = y[:, :2] + y[:, 2:].flip(-1)  # (b, 2, c, l)
    rows = _as_map(ahead[:, 0], height, width)
    columns = _as_map(ahead[:, 1], width, height)
    return rows + columns.transpose(2, 3)


def _atrous_unfold(x: Tensor) -> Tensor:
    # every second pixel of every second row, from each of four corners of a 2x2 cell
    x = F.pad(x, (0, x.shape[3] % 2, 0, x.shape[2] % 2))
    grids = F.pixel_unshuffle(x, 2).unflatten(1, (-1, 4))  # (b, c, 4, h/2, w/2)
    a, b, c, d = grids.unbind(2)
    return torch.stack(
        [a.flatten(2), _columns(b), c.flatten(2).flip(-1), _columns(d).flip(-1)], dim=1
    )


def _atrous_fold(y: Tensor, height: int, width: int) -> Tensor:
    h, w = (height + 1) // 2, (width + 1) // 2
    a, b, c, d = y.unbind(1)
    grids = [
        _as_map(a, h, w),
        _as_map(b, w, h).transpose(2, 3),
        _as_map(c.flip(-1), h, w),
        _as_map(d.flip(-1), w, h).transpose(2, 3),
    ]
    whole = F.pixel_shuffle(torch.stack(grids, dim=2).flatten(1, 2), 2)
    return whole[..., :height, :width]


def _as_map(x: Tensor, height: int, width: int) -> Tensor:
    return x.reshape(*x.shape[:2], height, width)


def _columns(x: Tensor) -> Tensor:
    return x.transpose(2, 3).flatten(2)


def _snake(grid: Tensor) -> Tensor:
    turned = grid.clone()
    turned[1::2] = grid[1::2].flip(1)
    return turned.flatten()


def _diagonals(grid: Tensor) -> Tensor:
    h, w = grid.shape
    down = torch.arange(h, device=grid.device)[:, None]
    right = torch.arange(w, device=grid.device)
    return grid.flatten()[((down + right) * h + down).flatten().argsort()]


ROWS = Strategy("rows", 1, 1, _rows_unfold, _rows_fold)
BOTH = Strategy("bidirectional", 2, 2, _both_unfold, _both_fold)
CROSS = Strategy("cross", 4, 4, _cross_unfold, _cross_fold)
ATROUS = Strategy("atrous", 4, 1, _atrous_unfold, _atrous_fold)
SNAKE = along(
    "snake",
    _snake,
    lambda grid: _snake(grid.T),
    lambda grid: _snake(grid).flip(0),
    lambda grid: _snake(grid.T).flip(0),
)
DIAGONAL = along(
    "diagonal",
    _diagonals,
    lambda grid: _diagonals(grid.flip(1)),
    lambda grid: _diagonals(grid).flip(0),
    lambda grid: _diagonals(grid.flip(1)).flip(0),
)

STRATEGIES = {s.name: s for s in (ROWS, BOTH, CROSS, ATROUS, SNAKE, DIAGONAL)}
