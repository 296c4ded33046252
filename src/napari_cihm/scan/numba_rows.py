"""What the numba kernels share: work items, and chunks of rows in and out of scratch.

A work item is one batch entry and some channels of one group. It walks the sequence in
chunks of `CHUNK` positions: B and C of a chunk are packed once, the states of a
position side by side, and serve every channel of the item; then each channel runs
through the chunk with its sixteen states in one vector, and all that it touches lives
in the cache nearest to the core.

Rows are copied, so any strides will do; what the next chunk needs is asked of memory
meanwhile, as a processor does not foresee reads a row apart. Positions past the end of
the sequence are scanned too, with delta and u at zero: they leave every state as it is.
"""

from typing import Any, NamedTuple

from napari_cihm.scan.elementary import softplus
from napari_cihm.scan.lanes import WIDTH, inlined, inner, load, prefetch, store
from napari_cihm.scan.shuffles import turn

CHUNK = 128


class Problem(NamedTuple):
    """One scan as the kernels see it; states are padded to a multiple of sixteen."""

    u: Any  # (b d l), of any strides, as are the next two
    delta: Any
    z: Any
    B: Any  # (b g n l), of any strides, as is C
    C: Any
    constant_B: Any  # d n numbers, or none where B varies along the sequence
    constant_C: Any
    A: Any  # d n numbers
    D: Any  # (d), as is the bias of delta
    bias: Any
    soft: Any  # whether delta passes through a softplus
    gated: Any  # whether z gates the output
    parts: Any  # work items into which the channels of a group are split
    spacing: Any  # chunks between the states that the forward pass keeps; 0 for none
    tabled: Any  # whether decays may come from tables


class Scratch(NamedTuple):
    """The memory that one thread uses again for each chunk and channel."""

    rows: Any  # a chunk of one channel each: its sequences and what becomes of them
    B: Any  # (positions, sixteen states) in blocks, as are the next three
    C: Any
    grad_B: Any
    grad_C: Any
    states: Any  # (positions + 1, sixteen states)
    decays: Any  # (positions, sixteen states), as are the next two
    fading: Any
    through: Any
    marks: Any  # (chunks between kept states, channels of a work item, states)
    tables: Any  # (states of a work item / 16, entries of sixteen states)
    filled: Any  # for each table, the entries made so far
    places: Any  # where in a table to look for each position of a chunk


@inlined
def channels_of(item: Any, problem: Any) -> Any:
    """Give the batch entry, group, part and range of channels of a work item."""
    parts, channels, groups = problem.parts, problem.u.shape[1], problem.B.shape[1]
    part = item % parts
    group = item // parts % groups
    size = channels // groups
    low = group * size + size * part // parts
    high = group * size + size * (part + 1) // parts
    return item // (parts * groups), group, part, low, high


@inlined
def stretch_of(item: Any, after: Any, problem: Any) -> Any:
    """Give where the items of one group end, from one on, and all their channels.

    Give the batch entry and the group too. What is packed once serves all of them.
    """
    end = min(after, (item // problem.parts + 1) * problem.parts)
    batch, group, _, low, _ = channels_of(item, problem)
    _, _, _, _, high = channels_of(end - 1, problem)
    return end, batch, group, low, high


@inner
def extent(length: Any, start: Any) -> Any:
    """Give how many positions a chunk has, and that rounded up to whole lanes."""
    count = min(CHUNK, length - start)
    return count, (count + WIDTH - 1) // WIDTH * WIDTH


@inner
def clear(row: Any) -> None:
    """Fill a row of whole lanes with zeros."""
    for at in range(row.size):
        row[at] = 0


@inner
def copy(source: Any, target: Any) -> None:
    """Copy a row of whole lanes."""
    for at in range(0, source.size, WIDTH):
        store(target, at, load(source, at))


@inner
def fetch(source: Any, start: Any, target: Any, at: Any) -> None:
    """Copy a chunk of one row into scratch, with zeros up to whole lanes."""
    count, whole = extent(source.size, start)
    done = 0
    if source.strides[0] == source.itemsize:
        done = count // WIDTH * WIDTH
        for t in range(0, done, WIDTH):
            prefetch(source, start + CHUNK + t)
            store(target, at + t, load(source, start + t))
    for t in range(done, count):
        target[at + t] = source[start + t]
    for t in range(count, whole):
        target[at + t] = 0


@inner
def deliver(source: Any, at: Any, target: Any, start: Any) -> None:
    """Copy a chunk of one row from scratch to where it belongs."""
    count, _ = extent(target.size, start)
    done = 0
    if target.strides[0] == target.itemsize:
        done = count // WIDTH * WIDTH
        for t in range(0, done, WIDTH):
            prefetch(target, start + CHUNK + t)
            store(target, start + t, load(source, at + t))
    for t in range(done, count):
        target[start + t] = source[at + t]


@inner
def pack(source: Any, start: Any, spare: Any, packed: Any) -> None:
    """Bring a chunk of B or C, (n l), to blocks of (positions, sixteen states)."""
    states = source.shape[0]
    _, whole = extent(source.shape[1], start)
    for block in range(0, states, WIDTH):
        count = min(WIDTH, states - block)
        for state in range(count):
            fetch(source[block + state], start, spare, state * CHUNK)
        for at in range(count * CHUNK, WIDTH * CHUNK):
            spare[at] = 0
        for t in range(0, whole, WIDTH):
            turn(spare, t, CHUNK, packed, block * CHUNK + t * WIDTH, WIDTH)


@inner
def unpack(packed: Any, spare: Any, target: Any, start: Any) -> None:
    """Bring blocks of (positions, sixteen states) back to a chunk of (n l)."""
    states = target.shape[0]
    _, whole = extent(target.shape[1], start)
    for block in range(0, states, WIDTH):
        for t in range(0, whole, WIDTH):
            turn(packed, block * CHUNK + t * WIDTH, WIDTH, spare, t, CHUNK)
        for state in range(min(WIDTH, states - block)):
            deliver(spare, state * CHUNK, target[block + state], start)


@inner
def fill(constants: Any, channel: Any, packed: Any) -> None:
    """Repeat a channel's constant B or C at each position of a chunk."""
    padded = packed.size // CHUNK
    for block in range(0, padded, WIDTH):
        lanes = load(constants, channel * padded + block)
        for t in range(CHUNK):
            store(packed, block * CHUNK + t * WIDTH, lanes)


@inner
def enter(rows: Any, bias: Any, soft: Any, count: Any) -> None:
    """Turn raw delta into step sizes, in place, and give x = delta u."""
    step, signal, x = rows
    for t in range(0, count, WIDTH):
        steps = load(step, t) + bias
        if soft:
            steps = softplus(steps)
        store(step, t, steps)
    for t in range(count, (count + WIDTH - 1) // WIDTH * WIDTH):
        step[t] = 0
    for t in range(0, count, WIDTH):
        store(x, t, load(step, t) * load(signal, t))
