"""How a scan is cut up for the numba kernels, and handed to them as arrays."""

import itertools
import math
import threading
from functools import cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from napari_cihm.scan.inputs import Inputs
from napari_cihm.scan.lanes import WIDTH
from napari_cihm.scan.numba_rows import CHUNK, Problem, Scratch
from napari_cihm.scan.tabled import ENTRIES

# Positions from which on a table of decays pays.
LONG = 512
# A decay without end, for no step at all, as those past the end are, were no number.
FASTEST = -1e30
# States that the forward pass keeps of each channel, at most.
_KEPT = 256


class Plan:
    """The sizes of a scan, and what follows from them."""

    def __init__(self, inputs: Inputs) -> None:
        self.b, self.d, self.length = inputs.u.shape
        self.states = inputs.A.shape[1]
        self.padded = _whole(self.states)
        self.groups = inputs.groups
        self.chunks = -(-self.length // CHUNK)
        self.spacing = max(1, -(-self.chunks // _KEPT))
        self.kept = -(-self.chunks // self.spacing)
        self.tabled = inputs.u.dtype == torch.float32 and self.length >= LONG

    def parts(self, items: int, least: int) -> int:
        """Give into how many work items to split a group, of `least` channels each."""
        wanted = -(-items // max(1, self.b * self.groups))
        return max(1, min(wanted, self.d // self.groups // least))

    def seconds(self, each: float) -> float:
        """Scale a guess for sixteen states of one channel at one position."""
        return each * self.b * self.d * _whole(self.length) * self.padded / WIDTH

    def fitted(self, per_state: Tensor) -> Tensor:
        """Pad (... n) with zeros to whole lanes, where they are not whole."""
        if self.padded == self.states:
            return per_state
        return F.pad(per_state, (0, self.padded - self.states))

    def trimmed(self, per_state: Tensor) -> Tensor:
        """Undo `fitted`."""
        if self.padded == self.states:
            return per_state
        return per_state[..., : self.states].contiguous()

    def problem(self, inputs: Inputs, parts: int, spacing: int) -> Problem:
        """Hand the tensors of a scan to the kernels."""
        u, delta, A, B, C, D, z, bias, soft = inputs
        nothing = _empty(u.dtype)
        no_map = nothing.reshape(0, self.groups, 0, 0)
        zeros = np.zeros(self.d, nothing.dtype)
        return Problem(
            u=_seen(u),
            delta=_seen(delta),
            z=_seen(u if z is None else z),
            B=_seen(B) if B.ndim == 4 else no_map,
            C=_seen(C) if C.ndim == 4 else no_map,
            constant_B=nothing if B.ndim == 4 else self._row(B),
            constant_C=nothing if C.ndim == 4 else self._row(C),
            A=np.maximum(self._row(A), FASTEST),
            D=zeros if D is None else _seen(D.contiguous()),
            bias=zeros if bias is None else _seen(bias.contiguous()),
            soft=soft,
            gated=z is not None,
            parts=parts,
            spacing=spacing,
            tabled=self.tabled,
        )

    def scratch(self, dtype: torch.dtype, parts: int) -> Scratch:
        """Give what one thread needs to work on the items of a scan."""
        channels = -(-(self.d // self.groups) // parts)
        entries = ENTRIES if self.tabled else 0
        key = (dtype, self.padded, self.spacing, channels, entries)
        if getattr(_mine, "key", None) != key:
            _mine.key, _mine.scratch = key, _allocated(*key)
        scratch: Scratch = _mine.scratch
        return scratch

    def _row(self, per_state: Tensor) -> NDArray[Any]:
        # Else one number in two, as of a real part, would stay as it lies.
        return _seen(self.fitted(per_state).contiguous()).reshape(-1)


# Each thread keeps the scratch memory of its last scan: a small scan takes no longer
# than making it anew. It is a few tens of kilobytes, and in a long scan up to twelve
# more for each channel of a group, of which a table touches what it needs.
_mine = threading.local()


def _allocated(
    dtype: torch.dtype, padded: int, spacing: int, channels: int, entries: int
) -> Scratch:
    map_, block, states = (CHUNK * padded,), (CHUNK * WIDTH,), ((CHUNK + 1) * WIDTH,)
    marks = (spacing, channels, padded)
    tables = (channels * padded // WIDTH, entries * WIDTH)
    shapes = ((9, CHUNK), *[map_] * 4, states, *[block] * 3, marks, (CHUNK,), tables)
    sizes = [math.prod(shape) for shape in shapes]
    memory = _seen(torch.empty(sum(sizes), dtype=dtype))
    *arrays, places, decays = (
        memory[end - size : end].reshape(shape)
        for end, size, shape in zip(
            itertools.accumulate(sizes), sizes, shapes, strict=True
        )
    )
    filled = np.zeros(len(decays), np.int32)
    return Scratch._make((*arrays, decays, filled, places.view(np.int32)[:CHUNK]))


def _whole(count: int) -> int:
    """Round up to whole lanes."""
    return -(-count // WIDTH) * WIDTH


def _seen(tensor: Tensor) -> NDArray[Any]:
    """See a tensor as an array, without a copy."""
    return (tensor.detach() if tensor.requires_grad else tensor).numpy()


@cache
def _empty(dtype: torch.dtype) -> NDArray[Any]:
    return torch.empty(0, dtype=dtype).numpy()
