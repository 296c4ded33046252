"""The Triton kernels: one program scans some channels of one batch entry.

It walks the sequence in tiles (channels, states, positions), solves each with a
parallel scan along the positions and carries the state on. Sequences are read once and
written once; states stay on the chip but for one a tile, from which the backward pass
computes that tile again. Positions past the end have delta = 0 and change no state.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

import triton
import triton.language as tl

from napari_cihm.scan.triton_tiles import (
    map_tile,
    own_channels,
    sigmoid,
    state_tile,
    step_tile,
    then,
)


@triton.jit
def idle_kernel(out):
    """Do next to nothing: where this runs, the others do."""
    tl.store(out, 1.0)


@triton.jit
def forward_kernel(
    u,
    delta,
    A,
    B,
    C,
    D,
    z,
    bias,
    out,
    last,
    starts,
    channels,
    length,
    states,
    groups,
    SOFT: tl.constexpr,
    GATED: tl.constexpr,
    KEEP: tl.constexpr,
    VARYING_B: tl.constexpr,
    VARYING_C: tl.constexpr,
    KIND: tl.constexpr,
    CHANNELS: tl.constexpr,
    STATES: tl.constexpr,
    TILE: tl.constexpr,
):
    """Scan; with KEEP, also keep the state at the start of each tile."""
    batch, group, _part, channel, here = own_channels(channels // groups, CHANNELS)
    n, position = tl.arange(0, STATES), tl.arange(0, TILE)
    pair = channel[:, None] * states + n[None, :]
    real = here[:, None] & (n < states)[None, :]
    rate = tl.load(A + pair, real, 0)[:, :, None]
    offset = tl.load(bias + channel, here, 0)
    skip = tl.load(D + channel, here, 0)[:, None]
    state = tl.zeros((CHANNELS, STATES), KIND)
    tiles = tl.cdiv(length, TILE)
    for tile in range(tiles):
        if KEEP:
            at = (batch * tiles + tile) * channels * states + pair
            tl.store(starts + at, state, real)
        t = tile * TILE + position
        row = (batch * channels + channel[:, None]) * length + t[None, :]
        mask = here[:, None] & (t < length)[None, :]
        map_ = ((batch * groups + group) * states + n[:, None]) * length + t[None, :]
        in_map = (n < states)[:, None] & (t < length)[None, :]
        signal = tl.load(u + row, mask, 0).to(KIND)
        step, _slope = step_tile(delta, row, mask, offset, SOFT, KIND)
        b = map_tile(B, map_, in_map, pair, real, VARYING_B, KIND)
        c = map_tile(C, map_, in_map, pair, real, VARYING_C, KIND)
        decay = tl.exp(step[:, None, :] * rate)
        h = state_tile(decay, (step * signal)[:, None, :] * b, state, position)
        state = tl.sum(tl.where(position == TILE - 1, h, 0.0), 2)
        y = tl.sum(h * c, 1) + skip * signal
        if GATED:
            gate = tl.load(z + row, mask, 0).to(KIND)
            y *= gate * sigmoid(gate)
        tl.store(out + row, y, mask)
    tl.store(last + batch * channels * states + pair, state, real)


@triton.jit
def backward_kernel(
    u,
    delta,
    A,
    B,
    C,
    D,
    z,
    bias,
    grad_out,
    grad_last,
    starts,
    grad_u,
    grad_delta,
    grad_A,
    grad_B,
    grad_C,
    grad_D,
    grad_z,
    grad_bias,
    batches,
    channels,
    length,
    states,
    groups,
    SOFT: tl.constexpr,
    GATED: tl.constexpr,
    VARYING_B: tl.constexpr,
    VARYING_C: tl.constexpr,
    KIND: tl.constexpr,
    CHANNELS: tl.constexpr,
    STATES: tl.constexpr,
    TILE: tl.constexpr,
):
    """Differentiate, tile by tile from the last.

    The gradients of weights come for each batch entry, those of a varying B or C for
    each part of a group's channels: no two programs write to one place, so that the
    sums, made afterwards, come out the same each time.
    """
    batch, group, part, channel, here = own_channels(channels // groups, CHANNELS)
    n, position = tl.arange(0, STATES), tl.arange(0, TILE)
    pair = channel[:, None] * states + n[None, :]
    real = here[:, None] & (n < states)[None, :]
    own = batch * channels * states + pair
    rate = tl.load(A + pair, real, 0)[:, :, None]
    offset = tl.load(bias + channel, here, 0)
    skip = tl.load(D + channel, here, 0)[:, None]
    carry = tl.load(grad_last + own, real, 0).to(KIND)
    sum_A = tl.zeros((CHANNELS, STATES), KIND)
    sum_B = tl.zeros((CHANNELS, STATES), KIND)
    sum_C = tl.zeros((CHANNELS, STATES), KIND)
    sum_D = tl.zeros((CHANNELS,), KIND)
    sum_bias = tl.zeros((CHANNELS,), KIND)
    tiles = tl.cdiv(length, TILE)
    for back in range(tiles):
        tile = tiles - 1 - back
        t = tile * TILE + position
        row = (batch * channels + channel[:, None]) * length + t[None, :]
        mask = here[:, None] & (t < length)[None, :]
        map_ = ((batch * groups + group) * states + n[:, None]) * length + t[None, :]
        in_map = (n < states)[:, None] & (t < length)[None, :]
        signal = tl.load(u + row, mask, 0).to(KIND)
        dy = tl.load(grad_out + row, mask, 0).to(KIND)
        step, slope = step_tile(delta, row, mask, offset, SOFT, KIND)
        b = map_tile(B, map_, in_map, pair, real, VARYING_B, KIND)
        c = map_tile(C, map_, in_map, pair, real, VARYING_C, KIND)
        decay = tl.exp(step[:, None, :] * rate)
        entering = (step * signal)[:, None, :] * b
        at = (batch * tiles + tile) * channels * states + pair
        h = state_tile(decay, entering, tl.load(starts + at, real, 0), position)
        if GATED:
            gate = tl.load(z + row, mask, 0).to(KIND)
            weight = sigmoid(gate)
            y = tl.sum(h * c, 1) + skip * signal
            swing = weight * (1.0 + gate * (1.0 - weight))
            tl.store(grad_z + row, dy * y * swing, mask)
            dy *= gate * weight
        # g[t] = C[t] dy[t] + decay[t+1] g[t+1]: the decay is the next position's.
        after = here[:, None] & (t + 1 < length)[None, :]
        late, _late_slope = step_tile(delta, row + 1, after, offset, SOFT, KIND)
        late = tl.exp(late[:, None, :] * rate)
        pull = dy[:, None, :] * c
        pull = tl.where(position == TILE - 1, pull + late * carry[:, :, None], pull)
        _product, g = tl.associative_scan((late, pull), 2, then, reverse=True)
        carry = tl.sum(tl.where(position == 0, g, 0.0), 2)
        # All of a state but what entered is what the decay has left of the one before.
        faded = g * (h - entering)
        sum_A += tl.sum(faded * step[:, None, :], 2)
        through = tl.sum(g * b, 1)
        grad_step = (tl.sum(faded * rate, 1) + through * signal) * slope
        grad_step = tl.where(mask, grad_step, 0.0)
        tl.store(grad_delta + row, grad_step, mask)
        tl.store(grad_u + row, through * step + skip * dy, mask)
        sum_bias += tl.sum(grad_step, 1)
        sum_D += tl.sum(dy * signal, 1)
        of_B = (step * signal)[:, None, :] * g
        of_C = dy[:, None, :] * h
        spot = part * batches * groups * states * length + map_
        if VARYING_B:
            tl.store(grad_B + spot, tl.sum(of_B, 0), in_map)
        else:
            sum_B += tl.sum(of_B, 2)
        if VARYING_C:
            tl.store(grad_C + spot, tl.sum(of_C, 0), in_map)
        else:
            sum_C += tl.sum(of_C, 2)
    tl.store(grad_A + own, sum_A, real)
    if not VARYING_B:
        tl.store(grad_B + own, sum_B, real)
    if not VARYING_C:
        tl.store(grad_C + own, sum_C, real)
    tl.store(grad_D + batch * channels + channel, sum_D, here)
    tl.store(grad_bias + batch * channels + channel, sum_bias, here)
