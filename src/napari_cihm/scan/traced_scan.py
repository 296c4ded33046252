"""The scan within torch.jit.trace: a script with loops, good for any length.

A trace alone would record the steps of the length it saw. What it records here is a
call of a function in TorchScript, which loops over as many positions as come.
"""

import math
from functools import cache
from typing import Any

import torch
from torch import Tensor

from napari_cihm.scan.inputs import Inputs


def scan(inputs: Inputs) -> tuple[Tensor, Tensor]:
    """Scan with operations that a trace keeps; gradients pass, at a price."""
    cast = inputs.cast(inputs.compute_dtype)
    groups = int(cast.groups)  # which a trace counts with a tensor
    y, last = _script()(cast.u, cast.steps(), cast.A, cast.B, cast.C, groups)
    return cast.finished(y).to(inputs.u.dtype), last


@cache
def _script() -> Any:
    return torch.jit.script(_recurrence)


# What follows is read by TorchScript: plain loops, no starred arguments.


def _recurrence(
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    groups: int,
    block_states: int = 1 << 21,
) -> tuple[Tensor, Tensor]:
    """Scan block by block, so that memory stays bounded; see `torch_scan`."""
    batch, channels, length = u.size(0), u.size(1), u.size(2)
    shape = [batch, groups, channels // groups, A.size(1)]
    rates = A.reshape(shape[1:])
    state = torch.zeros(shape, dtype=u.dtype, device=u.device)
    size = max(64, block_states // max(1, state.numel()))
    outputs = [u[:, :, :0]]
    for at in range(0, length, size):
        step = _positions(delta[:, :, at : at + size], groups)
        signal = _positions(u[:, :, at : at + size], groups)
        decay = torch.exp(step * rates)  # (l b g r n)
        x = step * signal * _rows(B, at, size, shape)
        states = _states(decay, x, state)
        state = states[-1].clone()
        seen = (states * _rows(C, at, size, shape)).sum(-1)  # (l b g r)
        outputs.append(seen.flatten(2).permute(1, 2, 0))
    return torch.cat(outputs, -1), state.flatten(1, 2)


def _positions(x: Tensor, groups: int) -> Tensor:
    """(b d l) -> (l b g r 1)."""
    moved = x.permute(2, 0, 1)
    return moved.reshape(moved.size(0), moved.size(1), groups, -1, 1)


def _rows(x: Tensor, at: int, size: int, shape: list[int]) -> Tensor:
    """(d n) or (b g n l) -> what broadcasts against (l b g r n)."""
    if x.dim() == 2:
        return x.reshape(shape[1:])
    return x[:, :, :, at : at + size].permute(3, 0, 1, 2).unsqueeze(3)


def _states(decay: Tensor, x: Tensor, start: Tensor) -> Tensor:
    """Solve h[t] = decay[t] h[t-1] + x[t] from `start`, by rows of sqrt(l)."""
    length = decay.size(0)
    size = math.ceil(math.sqrt(float(length)))
    count = (length + size - 1) // size
    spare = count * size - length
    if spare > 0:
        decay = torch.cat([decay, torch.ones_like(decay[:spare])])
        x = torch.cat([x, torch.zeros_like(x[:spare])])
    decay = decay.unflatten(0, [count, size])
    x = x.unflatten(0, [count, size])
    fades = [decay[:, 0]]
    sums = [x[:, 0]]
    for at in range(1, size):
        sums.append(x[:, at] + decay[:, at] * sums[-1])
        fades.append(decay[:, at] * fades[-1])
    ends = [start]
    for row in range(count - 1):
        ends.append(sums[-1][row] + fades[-1][row] * ends[-1])
    before = torch.stack(ends).unsqueeze(1)
    states = torch.stack(sums, 1) + torch.stack(fades, 1) * before
    return states.flatten(0, 1)[:length]
