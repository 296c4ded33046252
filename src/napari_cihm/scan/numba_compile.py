"""Kernels compiled once for each precision."""

import threading
from functools import cache
from typing import Any, Literal

import torch
from numba import types

from napari_cihm.compiling import Kernel, compiled
from napari_cihm.scan.lanes import OPTIONS
from napari_cihm.scan.numba_backward import backward
from napari_cihm.scan.numba_channel import Adjoint
from napari_cihm.scan.numba_forward import Scanned, forward
from napari_cihm.scan.numba_rows import Problem, Scratch

_lock = threading.Lock()


def kernel(which: Literal["forward", "backward"], dtype: torch.dtype) -> Kernel:
    """Give a compiled kernel; the first call in a process loads or compiles it.

    Parameters
    ----------
    which : {"forward", "backward"}
        The pass.
    dtype : torch.dtype
        float32 or float64.

    Returns
    -------
    callable
        Takes what the Python function of that name takes, and releases the
        interpreter lock meanwhile.
    """
    with _lock:
        return _compiled(which, dtype)


@cache
def _compiled(which: str, dtype: torch.dtype) -> Kernel:
    scalar = types.float32 if dtype == torch.float32 else types.float64
    signature = {"forward": _forward_signature, "backward": _backward_signature}
    function: Any = {"forward": forward, "backward": backward}[which]
    return compiled(function, signature[which](scalar), **OPTIONS)


def _array(scalar: Any, axes: int, layout: str = "C") -> Any:
    return types.Array(scalar, axes, layout)


def _problem(scalar: Any) -> Any:
    sequence, map_ = _array(scalar, 3, "A"), _array(scalar, 4, "A")
    row = _array(scalar, 1)
    fields = [sequence] * 3 + [map_] * 2 + [row] * 5
    fields += [types.boolean] * 2 + [types.intp] * 2 + [types.boolean]
    return types.NamedTuple(fields, Problem)


def _scratch(scalar: Any) -> Any:
    fields = [_array(scalar, 2), *[_array(scalar, 1)] * 8]
    fields += [_array(scalar, 3), _array(scalar, 2), *[_array(types.int32, 1)] * 2]
    return types.NamedTuple(fields, Scratch)


def _forward_signature(scalar: Any) -> Any:
    scanned = [_array(scalar, 3)] * 2 + [_array(scalar, 4)]
    return types.boolean(
        *[types.intp] * 2,
        _problem(scalar),
        types.NamedTuple(scanned, Scanned),
        _scratch(scalar),
    )


def _backward_signature(scalar: Any) -> Any:
    state = _array(scalar, 3)
    adjoint = [
        _array(scalar, 3, "A"),
        state,
        _array(scalar, 4),
        *[state] * 3,
        *[_array(scalar, 5, "A")] * 2,
        *[state] * 3,
        *[_array(scalar, 2)] * 2,
    ]
    return types.void(
        *[types.intp] * 4,
        _problem(scalar),
        types.NamedTuple(adjoint, Adjoint),
        _scratch(scalar),
    )
