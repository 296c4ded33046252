"""What the Triton kernels share: their channels, and tiles of what they read."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

import triton
import triton.language as tl


@triton.jit
def then(decay_a, x_a, decay_b, x_b):
    """Follow one stretch of the recurrence by another."""
    return decay_a * decay_b, decay_b * x_a + x_b


@triton.jit
def softplus(x):
    """Give log(1 + exp(x)) without losing small values to the 1."""
    e = tl.exp(tl.minimum(x, 20.0))
    w = 1.0 + e
    tiny = w == 1.0
    soft = tl.where(tiny, e, tl.log(w) * (e / tl.where(tiny, 1.0, w - 1.0)))
    return tl.where(x <= 20.0, soft, x)  # so that a NaN stays one


@triton.jit
def sigmoid(x):
    """Give 1 / (1 + exp(-x))."""
    return 1.0 / (1.0 + tl.exp(-x))


@triton.jit
def own_channels(size, CHANNELS: tl.constexpr):
    """Give a program's batch entry, group, part of it, channels and which exist."""
    batch = tl.program_id(0).to(tl.int64)
    parts = tl.cdiv(size, CHANNELS)
    group = (tl.program_id(1) // parts).to(tl.int64)
    part = (tl.program_id(1) % parts).to(tl.int64)
    local = part * CHANNELS + tl.arange(0, CHANNELS)
    return batch, group, part, group * size + local, local < size


@triton.jit
def map_tile(
    source,
    varying,
    in_varying,
    constant,
    in_constant,
    VARYING: tl.constexpr,
    KIND: tl.constexpr,
):
    """Load B or C so that it broadcasts against (channels, states, positions)."""
    if VARYING:
        tile = tl.load(source + varying, in_varying, 0).to(KIND)[None, :, :]
    else:
        tile = tl.load(source + constant, in_constant, 0).to(KIND)[:, :, None]
    return tile


@triton.jit
def step_tile(delta, at, mask, bias, SOFT: tl.constexpr, KIND: tl.constexpr):
    """Load delta and give step sizes, zero where there are none, and their slopes."""
    raw = tl.load(delta + at, mask, 0).to(KIND) + bias[:, None]
    if SOFT:
        steps = softplus(raw)
        slope = tl.where(raw > 20.0, 1.0, sigmoid(raw))
    else:
        steps = raw
        slope = tl.full(raw.shape, 1.0, KIND)
    return tl.where(mask, steps, 0.0), slope


@triton.jit
def state_tile(decay, entering, state, position):
    """Solve a tile from the state before it."""
    x = tl.where(position == 0, entering + decay * state[:, :, None], entering)
    _product, h = tl.associative_scan((decay, x), 2, then)
    return h
