"""The scan within an export to ONNX: one node, and the function that it calls.

ONNX has an operator for recurrences, Scan, which runs along any length. While
`recording`, a scan becomes a node called Recurrence; `FUNCTION` says in ONNX's own
text what that is, for the exporter to write it in the node's place.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor

from napari_cihm.scan.inputs import Inputs

DOMAIN, NAME, OPSET = "napari_cihm", "Recurrence", 20

# u and delta (l b g r 1), A (g r n), B and C (l b g 1 n); y (l b g r).
FUNCTION = f"""
<domain: "{DOMAIN}", opset_import: ["": {OPSET}]>
{NAME} (u, delta, A, B, C) => (y)
{{
    first = Constant <value = int64 {{0}}> ()
    zero = Constant <value = float {{0}}> ()
    input = Mul (delta, u)
    some_delta = Gather <axis = 0> (delta, first)
    some_state = Mul (some_delta, A)
    start = Mul (some_state, zero)
    last, y = Scan <num_scan_inputs = 4, body = step (
        float[b, g, r, n] before, float[b, g, r, 1] input_t, float[b, g, r, 1] delta_t,
        float[b, g, 1, n] B_t, float[b, g, 1, n] C_t
    ) => (float[b, g, r, n] after, float[b, g, r] y_t) {{
        rate = Mul (delta_t, A)
        decay = Exp (rate)
        kept = Mul (decay, before)
        entering = Mul (input_t, B_t)
        after = Add (kept, entering)
        seen = Mul (after, C_t)
        states = Constant <value = int64[1] {{-1}}> ()
        y_t = ReduceSum <keepdims = 0> (seen, states)
    }}> (start, input, delta, B, C)
}}
"""

_recording: ContextVar[bool] = ContextVar("recording for ONNX", default=False)


@contextmanager
def recording() -> Iterator[None]:
    """Have scans become nodes of ONNX."""
    token = _recording.set(True)
    try:
        yield
    finally:
        _recording.reset(token)


def is_recording() -> bool:
    """Tell whether scans become nodes of ONNX."""
    return _recording.get()


def scan(inputs: Inputs) -> tuple[Tensor, Tensor]:
    """Record a scan; the last state, for which nothing here asks, stays zero."""
    cast = inputs.cast(torch.float32)
    u, A, groups = cast.u, cast.A, cast.groups
    batch, channels, length = u.shape
    inner = channels // groups

    def positions(x: Tensor) -> Tensor:  # (b d l) -> (l b g r 1)
        split: Tensor = x.permute(2, 0, 1).unflatten(2, (groups, inner))
        return split.unsqueeze(-1)

    def rows(x: Tensor) -> Tensor:  # (d n) or (b g n l) -> (l b g r|1 n)
        if x.ndim == 2:
            shape = (length, batch, groups, inner, x.shape[1])
            constant: Tensor = x.unflatten(0, (groups, inner))
            return constant.expand(shape)
        return x.permute(3, 0, 1, 2).unsqueeze(3)

    rates = A.unflatten(0, (groups, inner))
    y = torch.onnx.ops.symbolic(
        f"{DOMAIN}::{NAME}",
        (positions(u), positions(cast.steps()), rates, rows(cast.B), rows(cast.C)),
        dtype=torch.float32,
        shape=(length, batch, groups, inner),
        version=1,
    )
    y = cast.finished(y.flatten(2).permute(1, 2, 0))
    return y.to(inputs.u.dtype), u.new_zeros(batch, channels, A.shape[1])
