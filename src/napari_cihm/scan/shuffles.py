"""Sums and transposes of sixteen by sixteen numbers, made of shuffles."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from napari_cihm.scan.lanes import (
    HALF,
    WIDTH,
    Lanes,
    alignment,
    named,
    picks,
    place_of,
    vector_of,
)


@intrinsic
def total(typing: Any, lanes: Any) -> Any:
    """Add the lanes up."""

    def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        vector = vector_of(context, lanes)
        scalar = vector.element
        add = named(builder, "vector.reduce.fadd", scalar, [scalar, vector])
        start = ir.Constant(scalar, -0.0)
        return builder.call(add, [start, values[0]], fastmath=("reassoc",))

    return lanes.scalar(lanes), emit


@intrinsic
def store_folded(typing: Any, array: Any, at: Any, left: Any, right: Any) -> Any:
    """Write eight numbers: products of two lanes, the upper eight added to the lower.

    On the way to the sum of all sixteen this saves half of the memory, and where a
    register holds eight the addition comes with the product.
    """

    def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        lower, upper = list(range(HALF)), list(range(HALF, WIDTH))
        (a, b), (c, d) = (
            [builder.shuffle_vector(v, v, picks(half)) for half in (lower, upper)]
            for v in values[2:]
        )
        vector = a.type
        product = builder.fmul(a, c)
        add = named(builder, "fmuladd", vector, [vector] * 3)
        place = place_of(context, builder, signature.args[0], *values[:2])
        place = builder.bitcast(place, vector.as_pointer())
        folded = builder.call(add, [b, d, product])
        builder.store(folded, place).align = alignment(array)
        return context.get_dummy_value()

    return types.void(array, types.intp, left, right), emit


@intrinsic
def totals(typing: Any, array: Any, at: Any) -> Any:
    """Add up each of sixteen rows of eight numbers; lane i has row i's sum.

    Seven additions of vectors that share their shuffles, where sixteen separate sums
    would take four times as many instructions.
    """

    def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        pairs = []
        for row in range(0, WIDTH, 2):
            at = builder.add(values[1], context.get_constant(types.intp, row * HALF))
            place = place_of(context, builder, signature.args[0], values[0], at)
            pairs.append(builder.load(place))
            pairs[-1].align = alignment(array)
        for run in (1, 1, 4):
            pairs = [
                _halved(builder, left, right, run)
                for left, right in zip(pairs[::2], pairs[1::2], strict=True)
            ]
        # Of each eight rows those with even numbers come first.
        order = [8 * (i // 8) + i % 8 // 2 + i % 2 * 4 for i in range(WIDTH)]
        return builder.shuffle_vector(pairs[0], pairs[0], picks(order))

    return Lanes(array.dtype)(array, types.intp), emit


@intrinsic
def turn(
    typing: Any, source: Any, at: Any, pitch: Any, target: Any, to: Any, step: Any
) -> Any:
    """Transpose a 16 by 16 block of one 1-D array into another; rows as far apart."""

    def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        source_kind, _, _, target_kind, _, _ = signature.args
        rows = []
        for row in range(WIDTH):
            offset = builder.mul(values[2], context.get_constant(types.intp, row))
            where = builder.add(values[1], offset)
            place = place_of(context, builder, source_kind, values[0], where)
            rows.append(builder.load(place))
            rows[-1].align = alignment(source)
        for span in (1, 2, 4, 8):
            for row in (row for row in range(WIDTH) if not row & span):
                rows[row], rows[row + span] = _swapped(
                    builder, rows[row], rows[row + span], span
                )
        for row, lanes in enumerate(rows):
            offset = builder.mul(values[5], context.get_constant(types.intp, row))
            where = builder.add(values[4], offset)
            place = place_of(context, builder, target_kind, values[3], where)
            builder.store(lanes, place).align = alignment(target)
        return context.get_dummy_value()

    index = types.intp
    return types.void(source, index, index, target, index, index), emit


def _swapped(builder: Any, upper: Any, lower: Any, span: int) -> tuple[Any, Any]:
    """Exchange the off-diagonal runs of `span` lanes of two rows."""
    lanes = range(WIDTH)
    left = [i if not i & span else i - span + WIDTH for i in lanes]
    right = [i + span if not i & span else i + WIDTH for i in lanes]
    return (
        builder.shuffle_vector(upper, lower, picks(left)),
        builder.shuffle_vector(upper, lower, picks(right)),
    )


def _halved(builder: Any, left: Any, right: Any, run: int) -> Any:
    """Add neighbouring runs of lanes, within four runs each of left and of right.

    Runs of one stay within registers' quarters and runs of four are quarters, which
    takes the cheapest of shuffles.
    """
    even = []
    for at in range(0, WIDTH, 4 * run):
        for side in (at, at + WIDTH):
            even += [*range(side, side + run), *range(side + 2 * run, side + 3 * run)]
    a = builder.shuffle_vector(left, right, picks(even))
    b = builder.shuffle_vector(left, right, picks([lane + run for lane in even]))
    return builder.fadd(a, b)
