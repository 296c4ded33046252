"""The scan on CUDA without nvcc: Triton, which comes with torch's CUDA builds."""

import contextlib
from functools import cache
from typing import Any, Literal

import torch
from torch import Tensor
from triton.runtime.interpreter import InterpretedFunction

from napari_cihm.scan.derivatives import first_only
from napari_cihm.scan.inputs import Inputs
from napari_cihm.scan.triton_kernels import (
    backward_kernel,
    forward_kernel,
    idle_kernel,
)
from napari_cihm.scan.triton_launch import launch

_INTERPRETED = isinstance(forward_kernel, InterpretedFunction)


def available() -> Literal[True] | str:
    """Ask for a CUDA device, or for Triton's interpreter."""
    if _INTERPRETED or torch.cuda.is_available():
        return True
    return "torch sees no CUDA device (TRITON_INTERPRET=1 runs it, slowly, on a CPU)"


def serves(device: torch.device) -> Literal[True] | str:
    """Take tensors on CUDA; on a CPU only where Triton's interpreter runs."""
    if device.type == "cuda":
        return _launches(device)
    if _INTERPRETED and device.type == "cpu":
        return True
    return f"triton computes on cuda, not on {device}"


@cache
def _launches(device: torch.device) -> Literal[True] | str:
    """Launch a kernel: the way to a GPU is compiled with a machine's own tools."""
    try:
        with _on(device):
            idle_kernel[(1,)](torch.empty(1, device=device))
    except Exception as problem:
        # A compiler or Python's headers are missing, or a GPU is too new.
        return f"triton cannot launch its kernels ({type(problem).__name__}: {problem})"
    return True


def scan(inputs: Inputs) -> tuple[Tensor, Tensor]:
    """Scan with Triton, in float32 (in float64 if any tensor is)."""
    if inputs.needs_grad:
        out, last = _Scan.apply(*inputs)  # type: ignore[no-untyped-call]
    else:
        out, last, _ = _forward(inputs, keep=False)
    return out, last


class _Scan(torch.autograd.Function):
    """The scan and its gradient."""

    @staticmethod
    def forward(ctx: Any, *given: Any) -> tuple[Tensor, Tensor]:
        inputs = Inputs._make(given)
        out, last, starts = _forward(inputs, keep=True)
        ctx.save_for_backward(*inputs.tensors(), starts)
        ctx.soft = inputs.delta_softplus
        return out, last

    @staticmethod
    @first_only
    def backward(ctx: Any, grad_out: Tensor, grad_last: Tensor) -> tuple[Any, ...]:
        *tensors, starts = ctx.saved_tensors
        inputs = Inputs._make((*tensors, ctx.soft))
        return *_backward(inputs, starts, grad_out, grad_last), None


def _on(device: torch.device) -> contextlib.AbstractContextManager[object]:
    """Launch on the tensors' device, not on whichever is current."""
    if device.type == "cuda":
        return torch.cuda.device(device)
    return contextlib.nullcontext()


def _forward(inputs: Inputs, keep: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Scan; the third tensor holds states for the backward pass, if asked for."""
    u, kind = inputs.u, inputs.compute_dtype
    out = u.new_empty(u.shape)
    last = u.new_zeros(u.shape[0], *inputs.A.shape, dtype=kind)
    if not u.numel():
        return out, last, last
    plan = launch(inputs)
    starts = u.new_empty(
        u.shape[0], plan.tiles if keep else 0, *inputs.A.shape, dtype=kind
    )
    with _on(u.device):
        forward_kernel[plan.grid](
            *plan.tensors,
            out,
            last,
            starts if keep else last,
            *plan.sizes,
            KEEP=keep,
            **plan.constants,
        )
    return out, last, starts


def _backward(
    inputs: Inputs, starts: Tensor, grad_out: Tensor, grad_last: Tensor
) -> tuple[Tensor | None, ...]:
    """Give the gradients of the tensors, in the order of the public signature."""
    u, delta, A, B, C, D, z, bias, _ = inputs
    if not u.numel():
        zeros = (None if t is None else torch.zeros_like(t) for t in inputs.tensors())
        return tuple(zeros)
    plan, b = launch(inputs), u.shape[0]
    g_u, g_delta = u.new_empty(u.shape), delta.new_empty(u.shape)
    g_z = g_u if z is None else z.new_empty(u.shape)
    # What the kernel leaves to be summed along the first axis.
    shape_B, shape_C = ((plan.parts if m.ndim == 4 else b, *m.shape) for m in (B, C))
    shapes = (b, *A.shape), shape_B, shape_C, (b, A.shape[0])
    sum_A, sum_B, sum_C, sum_D = (
        u.new_empty(shape, dtype=inputs.compute_dtype) for shape in shapes
    )
    sum_bias = torch.empty_like(sum_D)
    given = grad_out.contiguous(), grad_last.contiguous(), starts
    found = g_u, g_delta, sum_A, sum_B, sum_C, sum_D, g_z, sum_bias
    with _on(u.device):
        backward_kernel[plan.grid](
            *plan.tensors, *given, *found, b, *plan.sizes, **plan.constants
        )
    weights = (sum_A, A), (sum_B, B), (sum_C, C), (sum_D, D), (sum_bias, bias)
    g_A, g_B, g_C, g_D, g_bias = (
        None if weight is None else partial.sum(0).to(weight.dtype)
        for partial, weight in weights
    )
    return g_u, g_delta, g_A, g_B, g_C, g_D, None if z is None else g_z, g_bias
