"""Sixteen numbers at once: a vector type for numba kernels.

Left alone, the compiler vectorises the scan's short loop over states badly or not at
all. `Lanes` writes the vectors out, so that each machine runs them as wide as it can
(one register with AVX-512, two with AVX2, four with NEON). Arithmetic takes lanes and
plain numbers mixed; the functions below do the rest.
"""

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import (
    intrinsic,
    lower_builtin,
    models,
    register_model,
    type_callable,
)

WIDTH = 16
HALF = 8

# Kernels allocate nothing, and so need not count references to arrays; at one count for
# each array that a call hands on, counting would take half of a scan's time.
OPTIONS = {"nogil": True, "_nrt": False}
# For functions that kernels alone call: without a way in from Python they compile in
# two thirds of the time.
inner = njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, **OPTIONS)
# For those that are handed a whole problem: a call would put each field of each of its
# arrays on the stack, some two hundred numbers, and take as long as much of the work.
inlined = njit(
    no_cpython_wrapper=True, no_cfunc_wrapper=True, forceinline=True, **OPTIONS
)

_INDEX = ir.IntType(32)


class Lanes(types.Type):  # type: ignore[misc]
    """Sixteen numbers of one floating-point type."""

    def __init__(self, scalar: types.Float) -> None:
        self.scalar = scalar
        super().__init__(name=f"Lanes({scalar})")


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Lanes) -> None:
        scalar = manager.lookup(kind.scalar).get_value_type()
        super().__init__(manager, kind, ir.VectorType(scalar, WIDTH))


def vector_of(context: Any, kind: Lanes) -> ir.VectorType:
    """Give the type that LLVM has for lanes."""
    return ir.VectorType(context.get_value_type(kind.scalar), WIDTH)


def _spread(context: Any, builder: Any, value: Any, kind: Any, to: Lanes) -> Any:
    """Put one number in every lane; leave lanes as they are."""
    if isinstance(kind, Lanes):
        return value
    vector = vector_of(context, to)
    scalar = context.cast(builder, value, kind, to.scalar)
    lanes = ir.Constant(vector, ir.Undefined)
    lanes = builder.insert_element(lanes, scalar, _INDEX(0))
    return builder.shuffle_vector(lanes, lanes, picks([0] * WIDTH))


def picks(order: list[int]) -> ir.Constant:
    """Give the order in which a shuffle takes lanes."""
    return ir.Constant(ir.VectorType(_INDEX, len(order)), order)


def named(builder: Any, name: str, result: Any, arguments: list[Any]) -> Any:
    """Declare one of LLVM's own functions for this vector type."""
    vector = arguments[-1]
    suffix = "f32" if isinstance(vector.element, ir.FloatType) else "f64"
    return cgutils.get_or_insert_function(
        builder.module,
        ir.FunctionType(result, arguments),
        f"llvm.{name}.v{vector.count}{suffix}",
    )


def _arithmetic(operation: Callable[[Any, Any], Any], instruction: str) -> None:
    """Let one operator work on lanes; `contract` allows fused multiply-adds."""

    @type_callable(operation)
    def type_it(context: Any) -> Callable[[Any, Any], Any]:
        def typer(left: Any, right: Any) -> Any:
            return next((t for t in (left, right) if isinstance(t, Lanes)), None)

        return typer

    def lower(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        to = signature.return_type
        left, right = (
            _spread(context, builder, value, kind, to)
            for value, kind in zip(values, signature.args, strict=True)
        )
        return getattr(builder, instruction)(left, right, flags=("contract",))

    for kinds in ((Lanes, Lanes), (Lanes, types.Number), (types.Number, Lanes)):
        lower_builtin(operation, *kinds)(lower)


_arithmetic(operator.add, "fadd")
_arithmetic(operator.sub, "fsub")
_arithmetic(operator.mul, "fmul")
_arithmetic(operator.truediv, "fdiv")


def place_of(context: Any, builder: Any, kind: Any, array: Any, at: Any) -> Any:
    """Give the address of sixteen numbers inside a contiguous array."""
    data = context.make_array(kind)(context, builder, array).data
    vector = ir.VectorType(context.get_value_type(kind.dtype), WIDTH)
    return builder.bitcast(builder.gep(data, [at]), vector.as_pointer())


def alignment(kind: Any) -> int:
    """Give the bytes to which an array is aligned: those of one number."""
    return int(kind.dtype.bitwidth) // 8


@intrinsic
def load(typing: Any, array: Any, at: Any) -> Any:
    """Read the sixteen numbers of a contiguous 1-D array from an index on."""

    def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        place = place_of(context, builder, signature.args[0], *values)
        lanes = builder.load(place)
        lanes.align = alignment(array)
        return lanes

    return Lanes(array.dtype)(array, types.intp), emit


@intrinsic
def store(typing: Any, array: Any, at: Any, lanes: Any) -> Any:
    """Write sixteen numbers into a contiguous 1-D array from an index on."""

    def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        place = place_of(context, builder, signature.args[0], *values[:2])
        builder.store(values[2], place).align = alignment(array)
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes), emit


@intrinsic
def pick(typing: Any, array: Any, at: Any) -> Any:
    """Read one number of a contiguous 1-D array; the index is not below zero.

    What Python writes for this counts from the end where an index is negative, and
    looks at each: two operations of some thirty that a position takes.
    """

    def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        array, at = values
        data = context.make_array(signature.args[0])(context, builder, array).data
        return builder.load(builder.gep(data, [at]))

    return array.dtype(array, types.intp), emit


@intrinsic
def prefetch(typing: Any, array: Any, at: Any) -> Any:
    """Have memory bring what lies at an index, which may be past the end, nearer."""

    def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        place = place_of(context, builder, signature.args[0], *values)
        place = builder.bitcast(place, ir.IntType(8).as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [place.type, *[_INDEX] * 3])
        ask = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        # To be read, into the cache that is nearest, as data.
        builder.call(ask, [place, _INDEX(0), _INDEX(3), _INDEX(1)])
        return context.get_dummy_value()

    return types.void(array, types.intp), emit


@intrinsic
def zeros(typing: Any, array: Any) -> Any:
    """Give zeros of the dtype of an array."""
    to = Lanes(array.dtype)

    def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return ir.Constant(vector_of(context, to), [0.0] * WIDTH)

    return to(array), emit


@intrinsic
def fused(typing: Any, factor: Any, other: Any, addend: Any) -> Any:
    """Give factor * other + addend, in one operation where the machine has it.

    Which of two products an addition takes in is for the compiler to choose otherwise,
    and a recurrence is twice as slow when it takes the wrong one.
    """
    to = next(t for t in (factor, other, addend) if isinstance(t, Lanes))

    def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        vector = vector_of(context, to)
        spread = [
            _spread(context, builder, value, kind, to)
            for value, kind in zip(values, signature.args, strict=True)
        ]
        return builder.call(named(builder, "fmuladd", vector, [vector] * 3), spread)

    return to(factor, other, addend), emit


@intrinsic
def highest(typing: Any, lanes: Any) -> Any:
    """Give the largest of the lanes."""

    def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        vector = vector_of(context, lanes)
        reduce = named(builder, "vector.reduce.fmax", vector.element, [vector])
        return builder.call(reduce, values)

    return lanes.scalar(lanes), emit


@intrinsic
def store_whole(typing: Any, array: Any, at: Any, lanes: Any) -> Any:
    """Write sixteen whole numbers into a contiguous 1-D array of integers."""

    def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        place = place_of(context, builder, signature.args[0], *values[:2])
        whole = builder.fptosi(values[2], place.type.pointee)
        builder.store(whole, place).align = alignment(array)
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes), emit


@intrinsic
def nearest(typing: Any, lanes: Any) -> Any:
    """Round each lane to the nearest whole number."""

    def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        vector = vector_of(context, lanes)
        return builder.call(named(builder, "rint", vector, [vector]), values)

    return lanes(lanes), emit


@intrinsic
def power(typing: Any, lanes: Any) -> Any:
    """Raise 2 to whole numbers; the lowest exponent, all bits zero, gives 0."""

    def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        bits, bias, shift = (
            (32, 127, 23) if lanes.scalar == types.float32 else (64, 1023, 52)
        )
        whole = ir.VectorType(ir.IntType(bits), WIDTH)
        exponent = builder.add(
            builder.fptosi(values[0], whole), ir.Constant(whole, [bias] * WIDTH)
        )
        exponent = builder.shl(exponent, ir.Constant(whole, [shift] * WIDTH))
        return builder.bitcast(exponent, vector_of(context, lanes))

    return lanes(lanes), emit


@intrinsic
def where_less(typing: Any, left: Any, right: Any, then: Any, other: Any) -> Any:
    """Pick `then` in the lanes where left < right, else `other` (so for a NaN)."""
    to = next(t for t in (left, right, then, other) if isinstance(t, Lanes))

    def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        a, b, yes, no = (
            _spread(context, builder, value, kind, to)
            for value, kind in zip(values, signature.args, strict=True)
        )
        return builder.select(builder.fcmp_ordered("<", a, b), yes, no)

    return to(left, right, then, other), emit
