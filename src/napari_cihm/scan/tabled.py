"""Decays from a table, for sequences that are long enough to pay for one.

Along a channel, decays exp(A delta) differ by delta alone. Written as k q + r, with q a
quantum of delta and r what is left, the decays of k q come from a table, and exp(A r)
from a cubic: half the work of an exponential. The quantum follows from the channel's
fastest decay, for which the cubic is right to 7e-9. A parabola with a line through what
it leaves out would do for one step, but each step of a small delta is off the same way.
Entries are made when a chunk first needs them.
"""

from typing import Any

from napari_cihm.scan.elementary import LOG2E, exp2
from napari_cihm.scan.lanes import (
    WIDTH,
    fused,
    highest,
    inner,
    load,
    nearest,
    store,
    store_whole,
    where_less,
    zeros,
)

# What the quantum of the fastest decay takes from the exponent.
_QUANTUM = 0.04
# Entries of a table, which cover exponents down to -7.6: 12 KiB, of the 32 and more
# that the nearest cache holds.
ENTRIES = 192
_NO_DECAY = 1e-30


@inner
def fastest(rates: Any) -> Any:
    """Give the size of a channel's fastest decay rate, and at least next to nothing."""
    top = zeros(rates)
    for block in range(0, rates.size, WIDTH):
        A = load(rates, block)
        size = where_less(A, 0.0, 0.0 - A, A)
        top = where_less(top, size, size, top)
    return max(highest(top), rates.dtype.type(_NO_DECAY))


@inner
def located(step: Any, speed: Any, places: Any, rest: Any, count: Any) -> Any:
    """Find the places and remainders of a chunk of steps, for the fastest decay rate.

    Give the last entry that is looked up, or `ENTRIES` if some step is in no table:
    one too large, below zero or not a number.
    """
    last = zeros(step)
    for t in range(0, count, WIDTH):
        steps = load(step, t)
        k = nearest(steps * (speed / _QUANTUM))
        k = where_less(k, 0.0, ENTRIES, k)
        k = where_less(k, ENTRIES, k, ENTRIES)
        last = where_less(last, k, k, last)
        store_whole(places, t, k * WIDTH)
        store(rest, t, steps - k * (_QUANTUM / speed))
    return int(highest(last))


@inner
def extend(table: Any, filled: Any, last: Any, A: Any, speed: Any) -> Any:
    """Make the entries missing up to the last one needed; give how many there are."""
    nothing = zeros(table)
    for k in range(filled, last + 1):
        delta = (nothing + k) * (_QUANTUM / speed)
        store(table, k * WIDTH, exp2(A * LOG2E * delta))
    return max(filled, last + 1)


@inner
def terms(A: Any) -> Any:
    """Give what `decay` multiplies by a remainder, by its square and by its cube."""
    return A, A * A * 0.5, A * A * A * (1.0 / 6.0)


@inner
def decay(entry: Any, rest: Any, series: Any) -> Any:
    """Give entry * exp(A rest)."""
    first, second, third = series
    return fused(entry * rest, fused(fused(third, rest, second), rest, first), entry)
