"""The portable scan: plain torch operations on any device, chunked, no step loop.

A block of positions is folded into rows; one pass walks along the rows, all rows at
once, and a second carries the state from row to row. A block of l positions thus costs
about 2 sqrt(l) operations instead of l, and nothing is ever divided by a decay, so a
large delta underflows to zero instead of overflowing.
"""

import math
from typing import Any, Literal

import torch
from torch import Tensor

from napari_cihm.scan.derivatives import first_only
from napari_cihm.scan.inputs import Inputs, groups_of, refuse_nan

# States held at once: 2^21 float32 states are 8 MiB, a few of which live together.
_BLOCK_STATES = 1 << 21


def available() -> Literal[True]:
    """Torch is always here."""
    return True


def serves(device: torch.device) -> Literal[True]:
    """Any device that torch knows."""
    return True


def scan(inputs: Inputs) -> tuple[Tensor, Tensor]:
    """Scan with plain torch operations, in float32 (in float64 if any is)."""
    refuse_nan(inputs.A)
    cast = inputs.cast(inputs.compute_dtype)
    with torch.autocast(inputs.u.device.type, enabled=False):
        tensors = cast.u, cast.steps(), cast.A, cast.B, cast.C
        if inputs.needs_grad:
            y, last = _Recurrence.apply(*tensors)  # type: ignore[no-untyped-call]
        else:
            y, last, _ = _forward(*tensors)
        y = cast.finished(y)
    return y.to(inputs.u.dtype), last


class _Recurrence(torch.autograd.Function):
    """The bare recurrence; its backward recomputes the states block by block."""

    @staticmethod
    def forward(
        ctx: Any, u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor
    ) -> tuple[Tensor, Tensor]:
        y, last, starts = _forward(u, delta, A, B, C)
        ctx.save_for_backward(u, delta, A, B, C, *starts)
        return y, last

    @staticmethod
    @first_only
    def backward(ctx: Any, grad_y: Tensor, grad_last: Tensor) -> tuple[Tensor, ...]:
        u, delta, A, B, C, *starts = ctx.saved_tensors
        with torch.autocast(u.device.type, enabled=False):
            return _backward((u, delta, A, B, C), starts, grad_y, grad_last)


def _forward(
    u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor
) -> tuple[Tensor, Tensor, list[Tensor]]:
    """Scan block by block; also give the state at the start of each block."""
    fold = _Fold(u, A, B, C)
    state = u.new_zeros(fold.state_shape)
    y, starts = [u[..., :0]], []
    for where in fold.blocks():
        starts.append(state)
        decay, x = fold.terms(u, delta, A, B, where)
        states = _states(decay, x, state)
        # A copy, lest one state keep its whole block alive.
        state = states[-1].clone()
        y.append(fold.back((states * fold.rows(C, where)).sum(-1)))
    return torch.cat(y, -1), state.reshape(u.shape[0], *A.shape), starts


def _backward(
    tensors: tuple[Tensor, ...],
    starts: list[Tensor],
    grad_y: Tensor,
    grad_last: Tensor,
) -> tuple[Tensor, ...]:
    """Walk the blocks from last to first, rebuilding the states of each."""
    u, delta, A, B, C = tensors
    fold = _Fold(u, A, B, C)
    g_u, g_delta, g_A, g_B, g_C = (torch.zeros_like(t) for t in tensors)
    carry = grad_last.reshape(fold.state_shape)
    rates = A.view(fold.state_shape[1:])
    for where, start in zip(reversed(fold.blocks()), reversed(starts), strict=True):
        decay, x = fold.terms(u, delta, A, B, where)
        states = _states(decay.clone(), x, start)
        step, signal = fold.forth(delta[..., where]), fold.forth(u[..., where])
        dy = fold.forth(grad_y[..., where])[..., None]
        # The adjoint obeys the same recurrence read backwards, one decay late.
        late = torch.cat([torch.ones_like(decay[:1]), decay[1:].flip(0)])
        adjoint = _states(late, (dy * fold.rows(C, where)).flip(0), carry).flip(0)
        carry = adjoint[0] * decay[0]
        fold.add_rows(g_C, dy * states, where)
        fold.add_rows(g_B, adjoint * (step * signal)[..., None], where)
        through = (adjoint * fold.rows(B, where)).sum(-1)
        before = torch.cat([start[None], states[:-1]])
        faded = adjoint.mul_(before).mul_(decay)
        g_A += (faded * step[..., None]).sum((0, 1)).reshape(A.shape)
        g_delta[..., where] = fold.back((faded * rates).sum(-1) + through * signal)
        g_u[..., where] = fold.back(through * step)
    return g_u, g_delta, g_A, g_B, g_C


class _Fold:
    """Positions first: (b d l) becomes (l b g r), and a state (b g r n), d = g r."""

    def __init__(self, u: Tensor, A: Tensor, B: Tensor, C: Tensor) -> None:
        batch, channels, self.length = u.shape
        groups = groups_of(B, C)
        self.state_shape = (batch, groups, channels // groups, A.shape[1])

    def blocks(self) -> list[slice]:
        """Split the sequence so that one block's states fit `_BLOCK_STATES`."""
        size = max(64, _BLOCK_STATES // max(1, math.prod(self.state_shape)))
        return [slice(at, at + size) for at in range(0, self.length, size)]

    def forth(self, tensor: Tensor) -> Tensor:
        """Bring (b d l) to (l b g r)."""
        moved = tensor.permute(2, 0, 1)
        return moved.reshape(moved.shape[0], *self.state_shape[:3])

    def back(self, tensor: Tensor) -> Tensor:
        """Bring (l b g r) to (b d l)."""
        return tensor.flatten(2).permute(1, 2, 0)

    def rows(self, tensor: Tensor, where: slice) -> Tensor:
        """Bring B or C to what broadcasts against (l b g r n)."""
        if tensor.ndim == 2:
            return tensor.view(1, 1, *self.state_shape[1:])
        return tensor[..., where].permute(3, 0, 1, 2).unsqueeze(3)

    def add_rows(self, grad: Tensor, rows: Tensor, where: slice) -> None:
        """Sum (l b g r n) down to the shape of B or C and add it there."""
        if grad.ndim == 2:
            grad += rows.sum((0, 1)).reshape(grad.shape)
        else:
            grad[..., where] = rows.sum(3).permute(1, 2, 3, 0)

    def terms(
        self, u: Tensor, delta: Tensor, A: Tensor, B: Tensor, where: slice
    ) -> tuple[Tensor, Tensor]:
        """Give the decay and the input of each state at each position."""
        step = self.forth(delta[..., where])
        decay = torch.exp(step[..., None] * A.view(self.state_shape[1:]))
        x = (step * self.forth(u[..., where]))[..., None] * self.rows(B, where)
        return decay, x


def _states(decay: Tensor, x: Tensor, start: Tensor) -> Tensor:
    """Solve h[t] = decay[t] h[t-1] + x[t] along the first axis, from `start`.

    Both are overwritten. Rows of about sqrt(l) positions are first solved each from
    zero, all at once; then each row's end is handed on to the next.
    """
    length = decay.shape[0]
    size = math.isqrt(length - 1) + 1
    count = -(-length // size)
    if spare := count * size - length:
        decay = torch.cat([decay, decay.new_ones((spare, *decay.shape[1:]))])
        x = torch.cat([x, x.new_zeros((spare, *x.shape[1:]))])
    decay = decay.view(count, size, *decay.shape[1:])
    x = x.view(count, size, *x.shape[1:])
    for at in range(1, size):
        x[:, at].addcmul_(decay[:, at], x[:, at - 1])
        decay[:, at].mul_(decay[:, at - 1])
    ends = [start]
    for row in range(count - 1):
        ends.append(torch.addcmul(x[row, -1], decay[row, -1], ends[-1]))
    x.addcmul_(decay, torch.stack(ends).unsqueeze(1))
    return x.flatten(0, 1)[:length]
