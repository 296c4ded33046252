"""The numba kernel that scans."""

from typing import Any, NamedTuple

from napari_cihm.scan.elementary import LOG2E, exp2, flushed, sigmoid
from napari_cihm.scan.lanes import HALF, WIDTH, fused, inlined, load, pick, store
from napari_cihm.scan.numba_rows import (
    CHUNK,
    clear,
    copy,
    deliver,
    enter,
    fetch,
    fill,
    pack,
    stretch_of,
)
from napari_cihm.scan.shuffles import store_folded, totals
from napari_cihm.scan.tabled import ENTRIES, decay, extend, fastest, located, terms


class Scanned(NamedTuple):
    """What a scan leaves behind; states are padded to a multiple of sixteen."""

    out: Any  # (b d l)
    last: Any  # (b d n)
    starts: Any  # (b d chunks/spacing n)


def forward(first: Any, after: Any, problem: Any, scanned: Any, scratch: Any) -> bool:
    """Scan work items `first` up to `after`; say whether A has only numbers there."""
    B, C, spare = scratch.B, scratch.C, scratch.decays
    sound, padded = True, scanned.last.shape[2]
    item = first
    while item < after:
        item, batch, group, low, high = stretch_of(item, after, problem)
        for rate in problem.A[low * padded : high * padded]:
            sound &= rate == rate  # a NaN is not
        clear(scratch.filled)
        for channel in range(low, high):
            clear(scanned.last[batch, channel])
        for start in range(0, problem.u.shape[2], CHUNK):
            if problem.constant_B.size == 0:
                pack(problem.B[batch, group], start, spare, B)
            if problem.constant_C.size == 0:
                pack(problem.C[batch, group], start, spare, C)
            for channel in range(low, high):
                _keep(problem, scanned, batch, channel, start)
                if problem.constant_B.size > 0:
                    fill(problem.constant_B, channel, B)
                if problem.constant_C.size > 0:
                    fill(problem.constant_C, channel, C)
                state = scanned.last[batch, channel]
                _chunk(problem, batch, channel, low, start, state, scratch)
                deliver(scratch.rows[3], 0, scanned.out[batch, channel], start)
    return sound


@inlined
def _keep(problem: Any, scanned: Any, batch: Any, channel: Any, start: Any) -> None:
    """Keep the state at the start of a chunk, if it is one of those to be kept."""
    chunk, spacing = start // CHUNK, problem.spacing
    if spacing > 0 and chunk % spacing == 0:
        kept = scanned.starts[batch, channel, chunk // spacing]
        copy(scanned.last[batch, channel], kept)


@inlined
def _chunk(
    problem: Any,
    batch: Any,
    channel: Any,
    low: Any,
    start: Any,
    state: Any,
    scratch: Any,
) -> None:
    """Take one channel through one chunk; its output is left in the fourth row."""
    rows = scratch.rows
    signal, step, x, y, gate = rows[0], rows[1], rows[2], rows[3], rows[4]
    count = min(CHUNK, problem.u.shape[2] - start)
    fetch(problem.u[batch, channel], start, signal, 0)
    fetch(problem.delta[batch, channel], start, step, 0)
    enter((step, signal, x), problem.bias[channel], problem.soft, count)
    for t in range(0, count, WIDTH):
        store(y, t, problem.D[channel] * load(signal, t))
    _states(problem, channel, low, state, scratch, count)
    if problem.gated:
        fetch(problem.z[batch, channel], start, gate, 0)
        for t in range(0, count, WIDTH):
            z = load(gate, t)
            store(y, t, load(y, t) * z * sigmoid(z))


@inlined
def _states(
    problem: Any, channel: Any, low: Any, state: Any, scratch: Any, count: Any
) -> None:
    """Carry all states of a channel through a chunk, by tables where they will do."""
    first, last = channel * state.size, ENTRIES
    speed = fastest(problem.A[first : first + state.size])
    if problem.tabled:
        step, rest = scratch.rows[1], scratch.rows[4]
        last = located(step, speed, scratch.places, rest, count)
    for block in range(0, state.size, WIDTH):
        A = load(problem.A, first + block)
        if last < ENTRIES:
            number = (first + block) // WIDTH - low * (state.size // WIDTH)
            table, filled = scratch.tables[number], scratch.filled
            filled[number] = extend(table, filled[number], last, A, speed)
            _walk(_found, (table, terms(A)), state, block, scratch, count)
        else:
            _walk(_computed, A * LOG2E, state, block, scratch, count)


@inlined
def _found(t: Any, given: Any, scratch: Any) -> Any:
    """Give the decays of a position from their table."""
    table, series = given
    place, rest = pick(scratch.places, t), pick(scratch.rows[4], t)
    return decay(load(table, place), rest, series)


@inlined
def _computed(t: Any, rate: Any, scratch: Any) -> Any:
    """Give the decays of a position as exponentials."""
    return exp2(rate * pick(scratch.rows[1], t))


@inlined
def _walk(
    decays: Any, given: Any, state: Any, block: Any, scratch: Any, count: Any
) -> None:
    """Carry sixteen states through a chunk and add C . h to the output."""
    x, y = scratch.rows[2], scratch.rows[3]
    B, C, spare = scratch.B, scratch.C, scratch.decays
    h = load(state, block)
    for t in range(0, count, WIDTH):
        for s in range(WIDTH):
            at = block * CHUNK + (t + s) * WIDTH
            entering = pick(x, t + s) * load(B, at)
            h = fused(decays(t + s, given, scratch), h, entering)
            store_folded(spare, s * HALF, h, load(C, at))
        store(y, t, load(y, t) + totals(spare, 0))
        h = flushed(h)
    store(state, block, h)
