"""The scan on torch's meta device, where tensors have shapes and nothing else."""

from typing import Literal

import torch
from torch import Tensor

from napari_cihm.scan.inputs import Inputs


def available() -> Literal[True]:
    """Shapes need no machine."""
    return True


def serves(device: torch.device) -> Literal[True] | str:
    """Take the meta device alone."""
    return True if device.type == "meta" else "it gives shapes without numbers"


def scan(inputs: Inputs) -> tuple[Tensor, Tensor]:
    """Give an output and a last state that only have their shapes."""
    b, d, _ = inputs.u.shape
    last = inputs.u.new_empty((b, d, inputs.A.shape[1]), dtype=inputs.compute_dtype)
    return torch.empty_like(inputs.u), last
