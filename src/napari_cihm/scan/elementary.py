"""Exponentials and their kin on sixteen lanes, right to the last place or two.

numba finds a vectorised exponential only where Intel's SVML is installed; these need
additions, multiplications and one division.
"""

import math
from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from napari_cihm.scan.lanes import WIDTH, fused, inner, nearest, power, where_less

_LN2 = math.log(2)
LOG2E = 1 / _LN2


def _polynomial(single: Sequence[float], double: Sequence[float]) -> Any:
    """Make a polynomial on lanes, with coefficients by precision, lowest first."""

    @intrinsic
    def evaluate(typing: Any, lanes: Any) -> Any:
        def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            numbers = single if lanes.scalar == types.float32 else double
            vector = ir.VectorType(context.get_value_type(lanes.scalar), WIDTH)
            terms = [ir.Constant(vector, [_exact(n, lanes)] * WIDTH) for n in numbers]
            result = terms.pop()
            while terms:
                product = builder.fmul(result, values[0], flags=("contract",))
                result = builder.fadd(product, terms.pop(), flags=("contract",))
            return result

        return lanes(lanes), emit

    return evaluate


def _exact(number: float, lanes: Any) -> float:
    """Round to what the lanes can hold: LLVM takes no other constant."""
    single = lanes.scalar == types.float32
    return float(types.float32.cast_python_value(number)) if single else number


# (2^r - 1 - r ln 2) / r^2 on [-1/2, 1/2]: a Chebyshev fit for float32 (2^r to 1e-8),
# the Taylor series for float64 (to 1e-17). The first two terms stay exact, so that a
# decay close to 1 is right to its last bit, thousands of steps in a row.
_exp2_rest = _polynomial(
    (
        0.24022650760589714,
        0.05550381006324144,
        0.009618082550372796,
        0.0013381306522917162,
        0.00015453165707376187,
    ),
    [_LN2**k / math.factorial(k) for k in range(2, 15)],
)
# (atanh(s) / s - 1) / s^2 in powers of s^2 <= 1/9: a Chebyshev fit for float32, which
# is right to 2e-8 of the whole, and the series for float64.
_atanh_rest = _polynomial(
    (
        0.3333332016834303,
        0.20003780322768874,
        0.14118309898134318,
        0.13425749031786616,
    ),
    [1 / (2 * k + 1) for k in range(1, 18)],
)
_exponent_low = _polynomial((-127.0,), (-1023.0,))
_exponent_high = _polynomial((128.0,), (1024.0,))
_tiny = _polynomial((1e-36,), (1e-304,))
# What 1 / ln 2 loses to rounding.
_log2e_rest = _polynomial((1.9259629911266175e-08,), (2.0355273740931032e-17,))


@inner
def flushed(x: Any) -> Any:
    """Make numbers zero that are on their way below the normal ones.

    There, where states end up that nothing enters for long, many a processor takes a
    hundred times as long for an operation.
    """
    return where_less(x, _tiny(x), where_less(0.0 - _tiny(x), x, 0.0, x), x)


@inner
def exp2(x: Any) -> Any:
    """Raise 2 to the power x; 0 below the normal numbers, infinity above."""
    x = where_less(x, _exponent_low(x), _exponent_low(x), x)
    x = where_less(_exponent_high(x), x, _exponent_high(x), x)
    whole = nearest(x)
    part = x - whole
    return (1.0 + part * (_LN2 + part * _exp2_rest(part))) * power(whole)


@inner
def _exp_negative(x: Any) -> Any:
    """Raise e to the power x, for x <= 0."""
    lowest = _exponent_low(x) * _LN2
    x = where_less(x, lowest, lowest, x)
    whole = nearest(x * LOG2E)
    # Rounded after the difference is taken: the product alone loses its last places.
    part = fused(x, _log2e_rest(x), fused(x, LOG2E, 0.0 - whole))
    return (1.0 + part * (_LN2 + part * _exp2_rest(part))) * power(whole)


@inner
def softplus(x: Any) -> Any:
    """Give log(1 + exp(x)), and x itself above 20, as torch has it."""
    e = _exp_negative(where_less(x, 0.0, x, 0.0 - x))
    s = e / (e + 2.0)
    twice, square = s + s, s * s
    above = where_less(x, 0.0, 0.0, x)
    soft = fused(twice, square * _atanh_rest(square), twice) + above
    return where_less(20.0, x, x, soft)


@inner
def sigmoid(x: Any) -> Any:
    """Give 1 / (1 + exp(-x)), without overflow on either side."""
    e = _exp_negative(where_less(x, 0.0, x, 0.0 - x))
    return where_less(x, 0.0, e, 1.0) / (1.0 + e)


@inner
def softplus_slope(x: Any) -> Any:
    """Differentiate `softplus`: the sigmoid, and 1 above 20."""
    return where_less(20.0, x, 1.0, sigmoid(x))
