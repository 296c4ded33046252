"""The scan on a CPU: compiled kernels, shared out over threads."""

from typing import Any, Literal

import torch
from numba import config
from torch import Tensor

from napari_cihm.scan.derivatives import first_only
from napari_cihm.scan.inputs import Inputs, nan_found
from napari_cihm.scan.numba_compile import kernel
from napari_cihm.scan.numba_forward import Scanned
from napari_cihm.scan.numba_gradient import gradients
from napari_cihm.scan.numba_plan import Plan
from napari_cihm.scan.pool import share

# Work items aimed at for each thread, and channels that one should have at least. B and
# C are packed for all that a thread takes of a group at once.
_ITEMS = 16
_CHANNELS = 8
# Seconds for sixteen states of a channel at a position: decides whether threads pay.
_COST = 7e-9


def available() -> Literal[True] | str:
    """Say yes, where numba may compile: importing this has shown that it is here."""
    return "NUMBA_DISABLE_JIT is set" if config.DISABLE_JIT else True


def serves(device: torch.device) -> Literal[True] | str:
    """Take tensors of the CPU."""
    return True if device.type == "cpu" else f"numba computes on cpu, not on {device}"


def scan(inputs: Inputs) -> tuple[Tensor, Tensor]:
    """Scan with compiled kernels, in float32 (in float64 if any tensor is)."""
    cast = inputs.cast(inputs.compute_dtype)
    if inputs.needs_grad:
        out, last = _Scan.apply(*cast)  # type: ignore[no-untyped-call]
    else:
        out, last, _ = _forward(cast, keep=False)
    return out.to(inputs.u.dtype), last


class _Scan(torch.autograd.Function):
    """The scan and its gradient."""

    @staticmethod
    def forward(ctx: Any, *given: Any) -> tuple[Tensor, Tensor]:
        inputs = Inputs(*given)
        out, last, starts = _forward(inputs, keep=True)
        ctx.save_for_backward(*inputs.tensors(), starts)
        ctx.soft = inputs.delta_softplus
        return out, last

    @staticmethod
    @first_only
    def backward(ctx: Any, grad_out: Tensor, grad_last: Tensor) -> tuple[Any, ...]:
        *tensors, starts = ctx.saved_tensors
        inputs = Inputs._make((*tensors, ctx.soft))
        return *gradients(inputs, starts, grad_out, grad_last), None


def _forward(inputs: Inputs, keep: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Scan; the third tensor holds states for the backward pass, if asked for."""
    plan, u = Plan(inputs), inputs.u
    parts = plan.parts(_ITEMS * torch.get_num_threads(), _CHANNELS)
    out = u.new_empty(u.shape)
    last = u.new_empty(plan.b, plan.d, plan.padded)
    starts = u.new_empty(plan.b, plan.d, plan.kept if keep else 0, plan.padded)
    problem = plan.problem(inputs, parts, plan.spacing if keep else 0)
    scanned = Scanned(out.numpy(), last.numpy(), starts.numpy())
    run = kernel("forward", u.dtype)
    sound: list[bool] = []

    def work(first: int, after: int) -> None:
        scratch = plan.scratch(u.dtype, 1)
        sound.append(run(first, after, problem, scanned, scratch))

    share(work, plan.b * plan.groups * parts, plan.seconds(_COST))
    if not all(sound):
        raise nan_found()
    return out, plan.trimmed(last), starts
