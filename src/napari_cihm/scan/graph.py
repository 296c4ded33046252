"""The scan as one node of a graph, for torch.compile.

A compiled graph sees an operator with known shapes and leaves the choice of backend to
the moment it runs. Its backward scans again rather than hand a backend's own notes
through the graph.
"""

from typing import Any

import torch
from torch import Tensor

from napari_cihm.scan import shapes
from napari_cihm.scan.choice import choose
from napari_cihm.scan.inputs import Inputs


def is_exporting() -> bool:
    """Tell whether a graph is recorded for others, who know torch's own operations."""
    # torch 2.6 has no `is_exporting`.
    return bool(getattr(torch.compiler, "is_exporting", bool)())


@torch.library.custom_op("napari_cihm::selective_scan", mutates_args=())
def graph_scan(
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor | None,
    z: Tensor | None,
    delta_bias: Tensor | None,
    delta_softplus: bool,
) -> tuple[Tensor, Tensor]:
    """Scan checked inputs; gives the output and the last state."""
    inputs = Inputs(u, delta, A, B, C, D, z, delta_bias, delta_softplus)
    return choose(u.device).scan(inputs)


@graph_scan.register_fake
def _shapes(*given: Any) -> tuple[Tensor, Tensor]:
    return shapes.scan(Inputs._make(given))


@torch.library.custom_op("napari_cihm::selective_scan_backward", mutates_args=())
def _graph_backward(
    grad_out: Tensor,
    grad_last: Tensor,
    tensors: list[Tensor],
    present: list[bool],
    delta_softplus: bool,
) -> list[Tensor]:
    leaves = [tensor.detach().requires_grad_() for tensor in tensors]
    rest = iter(leaves)
    given = (next(rest) if here else None for here in present)
    with torch.enable_grad():
        inputs = Inputs._make((*given, delta_softplus))
        results = choose(grad_out.device).scan(inputs)
        grads = torch.autograd.grad(results, leaves, (grad_out, grad_last))
    return [grad.contiguous() for grad in grads]


@_graph_backward.register_fake
def _shapes_backward(
    grad_out: Tensor,
    grad_last: Tensor,
    tensors: list[Tensor],
    present: list[bool],
    delta_softplus: bool,
) -> list[Tensor]:
    return [tensor.new_empty(tensor.shape) for tensor in tensors]


def _keep(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
    *tensors, ctx.soft = inputs
    ctx.present = [tensor is not None for tensor in tensors]
    ctx.save_for_backward(*(tensor for tensor in tensors if tensor is not None))


def _differentiate(ctx: Any, grad_out: Tensor, grad_last: Tensor) -> tuple[Any, ...]:
    tensors, present = list(ctx.saved_tensors), ctx.present
    grads = iter(_graph_backward(grad_out, grad_last, tensors, present, ctx.soft))
    return *(next(grads) if here else None for here in present), None


graph_scan.register_autograd(_differentiate, setup_context=_keep)
