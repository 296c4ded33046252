"""The numba kernel that differentiates a scan.

It walks the chunks backwards. The forward pass kept a state every `spacing` chunks;
from there the states of a chunk are computed again, as is all else that can be, so that
what a long sequence keeps between the two passes does not grow with it.
"""

from typing import Any

from napari_cihm.scan.elementary import LOG2E, exp2, flushed
from napari_cihm.scan.lanes import WIDTH, fused, inlined, inner, load, store
from napari_cihm.scan.numba_channel import channel_back
from napari_cihm.scan.numba_rows import (
    CHUNK,
    channels_of,
    clear,
    copy,
    enter,
    fetch,
    fill,
    pack,
    unpack,
)


def backward(
    first: Any,
    after: Any,
    begin: Any,
    end: Any,
    problem: Any,
    adjoint: Any,
    scratch: Any,
) -> None:
    """Differentiate work items `first` up to `after` over chunks `begin` up to `end`.

    `begin` is a multiple of the spacing. Sums over positions add to what is there.
    """
    spacing = problem.spacing
    for item in range(first, after):
        window = (end - 1) // spacing * spacing
        while window >= begin:
            stop = min(window + spacing, end)
            _mark(item, window, stop, problem, adjoint, scratch)
            for chunk in range(stop - 1, window - 1, -1):
                marks = scratch.marks[chunk - window]
                _chunk_back(item, chunk, begin, problem, adjoint, marks, scratch)
            window -= spacing


@inlined
def _mark(
    item: Any,
    window: Any,
    stop: Any,
    problem: Any,
    adjoint: Any,
    scratch: Any,
) -> None:
    """Recompute the state at the start of each chunk of a window."""
    batch, group, _, low, high = channels_of(item, problem)
    kept, marks = window // problem.spacing, scratch.marks
    for channel in range(low, high):
        copy(adjoint.starts[batch, channel, kept], marks[0, channel - low])
    for chunk in range(window, stop - 1):
        start, now = chunk * CHUNK, chunk - window
        if problem.constant_B.size == 0:
            pack(problem.B[batch, group], start, scratch.decays, scratch.B)
        for channel in range(low, high):
            state = marks[now + 1, channel - low]
            if problem.constant_B.size > 0:
                fill(problem.constant_B, channel, scratch.B)
            copy(marks[now, channel - low], state)
            _advance(problem, batch, channel, start, state, scratch)


@inlined
def _advance(
    problem: Any, batch: Any, channel: Any, start: Any, state: Any, scratch: Any
) -> None:
    """Carry the states of a channel through a whole chunk."""
    signal, step, x = scratch.rows[0], scratch.rows[1], scratch.rows[2]
    fetch(problem.u[batch, channel], start, signal, 0)
    fetch(problem.delta[batch, channel], start, step, 0)
    enter((step, signal, x), problem.bias[channel], problem.soft, CHUNK)
    for block in range(0, state.size, WIDTH):
        rate = load(problem.A, channel * state.size + block) * LOG2E
        h = load(state, block)
        for t in range(0, CHUNK, WIDTH):
            for s in range(t, t + WIDTH):
                B = load(scratch.B, block * CHUNK + s * WIDTH)
                h = fused(exp2(rate * step[s]), h, x[s] * B)
            h = flushed(h)
        store(state, block, h)


@inlined
def _chunk_back(
    item: Any,
    chunk: Any,
    begin: Any,
    problem: Any,
    adjoint: Any,
    marks: Any,
    scratch: Any,
) -> None:
    """Differentiate one chunk of every channel of a work item."""
    batch, group, part, low, high = channels_of(item, problem)
    start = chunk * CHUNK
    varying_B, varying_C = problem.constant_B.size == 0, problem.constant_C.size == 0
    if varying_B:
        pack(problem.B[batch, group], start, scratch.decays, scratch.B)
    if varying_C:
        pack(problem.C[batch, group], start, scratch.decays, scratch.C)
    clear(scratch.grad_B)
    clear(scratch.grad_C)
    for channel in range(low, high):
        if not varying_B:
            fill(problem.constant_B, channel, scratch.B)
        if not varying_C:
            fill(problem.constant_C, channel, scratch.C)
        mark = marks[channel - low]
        channel_back(batch, channel, start, problem, adjoint, mark, scratch)
        if not varying_B:
            _gather(scratch.grad_B, adjoint.constant_B[batch, channel])
        if not varying_C:
            _gather(scratch.grad_C, adjoint.constant_C[batch, channel])
    start -= begin * CHUNK
    if varying_B:
        unpack(scratch.grad_B, scratch.decays, adjoint.B[part, batch, group], start)
    if varying_C:
        unpack(scratch.grad_C, scratch.decays, adjoint.C[part, batch, group], start)


@inner
def _gather(packed: Any, target: Any) -> None:
    """Move what belongs to a constant B or C to the channel's sum."""
    for block in range(0, target.size, WIDTH):
        sums = load(target, block)
        for t in range(CHUNK):
            sums = sums + load(packed, block * CHUNK + t * WIDTH)
        store(target, block, sums)
    clear(packed)
