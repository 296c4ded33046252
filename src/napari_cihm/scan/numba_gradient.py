"""The backward pass of the scan on a CPU, segment by segment where it must."""

import torch
from torch import Tensor

from napari_cihm.scan.inputs import Inputs
from napari_cihm.scan.numba_channel import Adjoint
from napari_cihm.scan.numba_compile import kernel
from napari_cihm.scan.numba_plan import Plan
from napari_cihm.scan.numba_rows import CHUNK
from napari_cihm.scan.pool import share

# Channels that a work item should have at least: each item of a group beyond the first
# means one more set of partial sums for B and C.
_CHANNELS = 8
# Work items aimed at. A fixed number, so that sums over the channels of a group are
# rounded alike on any number of threads.
_ITEMS = 16
# Chunks whose partial sums are held at once, where groups are split.
_SEGMENT = 64
# Seconds for sixteen states of a channel at a position: decides whether threads pay.
_COST = 20e-9


def gradients(
    inputs: Inputs, starts: Tensor, grad_out: Tensor, grad_last: Tensor
) -> tuple[Tensor | None, ...]:
    """Differentiate a scan.

    Parameters
    ----------
    inputs : Inputs
        What was scanned, all of one dtype.
    starts : Tensor
        The states that the forward pass kept.
    grad_out, grad_last : Tensor
        The gradients of its output and of its last state.

    Returns
    -------
    tuple of Tensor or None
        The gradient of each tensor, in the order of the public signature.
    """
    u, _, _, B, C, D, z, bias, _ = inputs
    plan = Plan(inputs)
    parts = plan.parts(_ITEMS, _CHANNELS)
    problem = plan.problem(inputs, parts, plan.spacing)
    maps = _MapGradient(B, plan, parts), _MapGradient(C, plan, parts)
    carry = plan.fitted(grad_last).clone(memory_format=torch.contiguous_format)
    sequences = [u.new_empty(u.shape) for _ in range(2 if z is None else 3)]
    if z is None:
        sequences.append(u.new_empty(0, 0, 0))
    sum_A = u.new_zeros(plan.b, plan.d, plan.padded)
    sum_D, sum_bias = u.new_zeros(2, plan.b, plan.d)
    sums = (maps[0].constant, maps[1].constant, sum_A, sum_D, sum_bias)
    run = kernel("backward", u.dtype)
    for begin, end in _segments(plan, parts):
        pieces = [each.piece(begin, end) for each in maps]
        tensors = (grad_out, carry, starts, *sequences, *pieces, *sums)
        adjoint = Adjoint(*(tensor.numpy() for tensor in tensors))
        fixed = (begin, end, problem, adjoint)

        def work(first: int, after: int, fixed: tuple[object, ...] = fixed) -> None:
            run(first, after, *fixed, plan.scratch(u.dtype, parts))

        share(work, plan.b * plan.groups * parts, plan.seconds(_COST))
        for each, piece in zip(maps, pieces, strict=True):
            each.take(piece, begin, end)
    g_u, g_delta, g_z = sequences
    return (
        g_u,
        g_delta,
        plan.trimmed(sum_A.sum(0)),
        maps[0].whole(),
        maps[1].whole(),
        None if D is None else sum_D.sum(0),
        None if z is None else g_z,
        None if bias is None else sum_bias.sum(0),
    )


def _segments(plan: Plan, parts: int) -> list[tuple[int, int]]:
    """List ranges of chunks, last first; all in one where no partial sums are held."""
    size = -(-_SEGMENT // plan.spacing) * plan.spacing if parts > 1 else plan.chunks
    begins = range(0, plan.chunks, max(1, size))
    return [(begin, min(begin + size, plan.chunks)) for begin in reversed(begins)]


class _MapGradient:
    """The gradient of B or C, from sums over the channels of each work item."""

    def __init__(self, of: Tensor, plan: Plan, parts: int) -> None:
        self.plan, self.parts, self.varies = plan, parts, of.ndim == 4
        self.constant = of.new_zeros(
            (0, 0, 0) if self.varies else (plan.b, plan.d, plan.padded)
        )
        self.varying = of.new_empty(of.shape if self.varies else (0, 0, 0, 0))

    def piece(self, begin: int, end: int) -> Tensor:
        """Give where the work items put some chunks: (parts b g n l)."""
        where = self.varying[..., begin * CHUNK : end * CHUNK]
        if self.parts == 1:
            return where.unsqueeze(0)
        return where.new_empty(self.parts, *where.shape)

    def take(self, piece: Tensor, begin: int, end: int) -> None:
        """Add up what the work items have put there."""
        if self.parts > 1:
            self.varying[..., begin * CHUNK : end * CHUNK] = piece.sum(0)

    def whole(self) -> Tensor:
        """Give the gradient in the shape of what it belongs to."""
        if self.varies:
            return self.varying
        return self.plan.trimmed(self.constant.sum(0))
