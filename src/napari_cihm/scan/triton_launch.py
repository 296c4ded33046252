"""How a scan is spread over Triton's programs."""

from typing import Any, NamedTuple

import torch
import triton
import triton.language as tl
from torch import Tensor

from napari_cihm.scan.inputs import Inputs

# Channels times states times positions that a program holds: what the registers of four
# warps take without spilling, on an H100, in the backward kernel too.
_TILE = 2048
# Programs to keep each multiprocessor busy; where there are more, each takes more
# channels instead, and B and C are read less often.
_PROGRAMS = 4
_MOST_CHANNELS = 4
_KINDS = {torch.float32: tl.float32, torch.float64: tl.float64}


class Launch(NamedTuple):
    """What the kernels are launched with."""

    grid: tuple[int, int]
    tensors: tuple[Tensor, ...]  # the first arguments of both
    sizes: tuple[int, ...]
    constants: dict[str, Any]
    parts: int  # programs that share a group's channels
    tiles: int  # along the sequence


def launch(inputs: Inputs) -> Launch:
    """Choose tiles and programs for a scan."""
    u, delta, A, B, C, D, z, bias, soft = inputs
    (b, d, length), n, kind = u.shape, A.shape[1], inputs.compute_dtype
    groups = inputs.groups
    states = triton.next_power_of_2(n)
    channels = _channels(b * d, d // groups, u.device)
    room = _TILE // (channels * states) * torch.float32.itemsize // kind.itemsize
    tile = max(16, min(room, triton.next_power_of_2(length)))
    parts = -(-(d // groups) // channels)
    none = u.new_zeros(d, dtype=kind)
    D = none if D is None else D.to(kind)
    bias = none if bias is None else bias.to(kind)
    tensors = (u, delta, A.to(kind), B, C, D, u if z is None else z, bias)
    constants = {
        "SOFT": soft,
        "GATED": z is not None,
        "VARYING_B": B.ndim == 4,
        "VARYING_C": C.ndim == 4,
        "KIND": _KINDS[kind],
        "CHANNELS": channels,
        "STATES": states,
        "TILE": tile,
        "enable_fp_fusion": True,
    }
    return Launch(
        grid=(b, groups * parts),
        tensors=tuple(tensor.detach().contiguous() for tensor in tensors),
        sizes=(d, length, n, groups),
        constants=constants,
        parts=parts,
        tiles=-(-length // tile),
    )


def _channels(rows: int, most: int, device: torch.device) -> int:
    """Choose how many channels a program takes: few while processors would idle."""
    processors = 1
    if device.type == "cuda":
        processors = torch.cuda.get_device_properties(device).multi_processor_count
    wanted = rows // (_PROGRAMS * processors)
    wanted = max(1, min(wanted, most, _MOST_CHANNELS))
    return 1 << (wanted.bit_length() - 1)
