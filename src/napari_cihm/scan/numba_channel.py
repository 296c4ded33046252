"""One chunk of one channel, differentiated."""

from typing import Any, NamedTuple

from napari_cihm.scan.elementary import LOG2E, exp2, flushed, sigmoid, softplus_slope
from napari_cihm.scan.lanes import HALF, WIDTH, fused, inlined, load, store
from napari_cihm.scan.numba_rows import CHUNK, deliver, enter, extent, fetch
from napari_cihm.scan.shuffles import store_folded, total, totals


class Adjoint(NamedTuple):
    """What comes back into a scan and what its backward gives, beside a `Problem`."""

    out: Any  # (b d l), of any strides
    carry: Any  # (b d n): comes as the gradient of the state after the last chunk
    starts: Any  # the states that the forward pass kept
    u: Any  # (b d l), as are the next two
    delta: Any
    z: Any
    B: Any  # (parts b g n l) of the chunks at hand, as is C
    C: Any
    constant_B: Any  # (b d n), as are the next two; to be summed over b
    constant_C: Any
    A: Any
    D: Any  # (b d), as is the bias of delta
    bias: Any


@inlined
def channel_back(
    batch: Any,
    channel: Any,
    start: Any,
    problem: Any,
    adjoint: Any,
    mark: Any,
    scratch: Any,
) -> None:
    """Differentiate one chunk of one channel, given the state at its start."""
    count, whole = extent(problem.u.shape[2], start)
    _prepare(batch, channel, start, problem, adjoint, scratch.rows)
    carry, grad_A = adjoint.carry[batch, channel], adjoint.A[batch, channel]
    for block in range(0, mark.size, WIDTH):
        at = channel * mark.size + block
        A = load(problem.A, at)
        _retrace(A * LOG2E, load(mark, block), block, whole, problem.gated, scratch)
        back, sum_A = load(carry, block), load(grad_A, block)
        back, sum_A = _return(A, back, sum_A, block, whole, scratch)
        store(carry, block, back)
        store(grad_A, block, sum_A)
    for t in range(count, whole):
        # The carry passes the end of the sequence unchanged; it is no gradient there.
        scratch.rows[6, t] = 0
        scratch.rows[7, t] = 0
    _conclude(batch, channel, start, problem, adjoint, scratch.rows)


@inlined
def _prepare(
    batch: Any, channel: Any, start: Any, problem: Any, adjoint: Any, rows: Any
) -> None:
    """Fill the rows that the chunk's states do not enter."""
    signal, step, x, slope, dy, y, fade, pull, gate = rows
    count, whole = extent(problem.u.shape[2], start)
    bias = problem.bias[channel]
    fetch(problem.u[batch, channel], start, signal, 0)
    fetch(problem.delta[batch, channel], start, step, 0)
    fetch(adjoint.out[batch, channel], start, dy, 0)
    if problem.soft:
        for t in range(0, whole, WIDTH):
            store(slope, t, softplus_slope(load(step, t) + bias))
    enter((step, signal, x), bias, problem.soft, count)
    if problem.gated:
        fetch(problem.z[batch, channel], start, gate, 0)
        for t in range(0, whole, WIDTH):
            z, grad = load(gate, t), load(dy, t)
            weight = sigmoid(z)
            store(dy, t, grad * z * weight)
            # What y is to be multiplied by to give the gradient of z.
            store(gate, t, grad * weight * (1.0 + z * (1.0 - weight)))
    for t in range(whole):
        y[t] = problem.D[channel] * signal[t]
        fade[t] = 0
        pull[t] = 0


@inlined
def _retrace(
    rate: Any, h: Any, block: Any, whole: Any, gated: Any, scratch: Any
) -> None:
    """Compute a chunk's decays and states again, and its output where the gate asks."""
    _, step, x, _, _, y, _, _, _ = scratch.rows
    states, decays, spare = scratch.states, scratch.decays, scratch.through
    store(states, 0, h)
    for t in range(0, whole, WIDTH):
        for s in range(t, t + WIDTH):
            decay = exp2(rate * step[s])
            B = load(scratch.B, block * CHUNK + s * WIDTH)
            h = fused(decay, h, x[s] * B)
            store(decays, s * WIDTH, decay)
            store(states, (s + 1) * WIDTH, h)
        h = flushed(h)
        if gated:
            for s in range(WIDTH):
                C = load(scratch.C, block * CHUNK + (t + s) * WIDTH)
                store_folded(spare, s * HALF, C, load(states, (t + s + 1) * WIDTH))
            store(y, t, load(y, t) + totals(spare, 0))


@inlined
def _return(
    A: Any, carry: Any, sum_A: Any, block: Any, whole: Any, scratch: Any
) -> Any:
    """Run the adjoint g[t] = C[t] dy[t] + decay[t+1] g[t+1] backwards through a chunk.

    Give what it carries to the chunk before, and the gradient of A summed so far.
    """
    _, step, x, _, dy, _, fade, pull, _ = scratch.rows
    for t in range(whole - WIDTH, -1, -WIDTH):
        for s in range(WIDTH - 1, -1, -1):
            now = (t + s) * WIDTH
            at = block * CHUNK + now
            g = fused(dy[t + s], load(scratch.C, at), carry)
            state = load(scratch.states, now + WIDTH)
            store(scratch.grad_C, at, load(scratch.grad_C, at) + dy[t + s] * state)
            store(scratch.grad_B, at, load(scratch.grad_B, at) + x[t + s] * g)
            store_folded(scratch.through, s * HALF, g, load(scratch.B, at))
            carry = g * load(scratch.decays, now)
            faded = carry * load(scratch.states, now)
            sum_A = sum_A + step[t + s] * faded
            store_folded(scratch.fading, s * HALF, A, faded)
        store(fade, t, load(fade, t) + totals(scratch.fading, 0))
        store(pull, t, load(pull, t) + totals(scratch.through, 0))
        carry = flushed(carry)
    return carry, sum_A


@inlined
def _conclude(
    batch: Any, channel: Any, start: Any, problem: Any, adjoint: Any, rows: Any
) -> None:
    """Turn the sums over states into the gradients of the sequences and weights."""
    signal, step, _, slope, dy, y, fade, pull, gate = rows
    _, whole = extent(problem.u.shape[2], start)
    D = problem.D[channel]
    for t in range(0, whole, WIDTH):
        u, grad = load(signal, t), load(dy, t)
        grad_step = load(fade, t) + load(pull, t) * u
        if problem.soft:
            grad_step = grad_step * load(slope, t)
        adjoint.bias[batch, channel] += total(grad_step)
        adjoint.D[batch, channel] += total(grad * u)
        store(fade, t, grad_step)
        store(pull, t, load(pull, t) * load(step, t) + D * grad)
        if problem.gated:
            store(gate, t, load(gate, t) * load(y, t))
    deliver(pull, 0, adjoint.u[batch, channel], start)
    deliver(fade, 0, adjoint.delta[batch, channel], start)
    if problem.gated:
        deliver(gate, 0, adjoint.z[batch, channel], start)
