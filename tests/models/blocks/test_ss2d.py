"""SS2D and its block, against four scans written out in numpy."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from napari_cihm.models.blocks.ss2d import SS2D
from napari_cihm.models.blocks.vss import VSS
from napari_cihm.models.paths import STRATEGIES, strategy


def orders(height, width):
    """The four paths of the cross scan, as lists of pixels (row, column)."""
    rows = [(i, j) for i in range(height) for j in range(width)]
    columns = [(i, j) for j in range(width) for i in range(height)]
    return [rows, columns, rows[::-1], columns[::-1]]


def numpy_ss2d(block, x, w, recurrence):
    """One map (d, h, w) through SS2D, path by path."""
    both = np.einsum("od,dhw->ohw", w["enter.weight"][..., 0, 0], x)
    u, z = both[: len(both) // 2], both[len(both) // 2 :]
    kernels, biases = w["local.weight"][:, 0], w["local.bias"]
    u = np.stack(
        [
            ndimage.correlate(channel, kernel, mode="constant") + bias
            for channel, kernel, bias in zip(u, kernels, biases, strict=True)
        ]
    )
    u = u / (1 + np.exp(-u))
    inner, total = len(u), np.zeros_like(u)
    for k, path in enumerate(orders(*x.shape[1:])):
        sequence = np.stack([u[:, i, j] for i, j in path], axis=1)
        mixed = w["project"][k] @ sequence
        dt, b, c = np.split(mixed, [block.rank, block.rank + block.states])
        delta = np.log1p(np.exp(w["step"][k] @ dt + w["step_bias"][k][:, None]))
        rows = slice(k * inner, (k + 1) * inner)
        decay = -np.exp(w["log_decay"][rows])
        y = recurrence(sequence, delta, decay, b, c, w["skip"][rows])
        for t, (i, j) in enumerate(path):
            total[:, i, j] += y[:, t]
    centred = total - total.mean(0)
    normed = centred / np.sqrt((centred**2).mean(0) + block.norm.eps)
    normed = normed * w["norm.weight"][:, None, None] + w["norm.bias"][:, None, None]
    gated = normed * z / (1 + np.exp(-z))
    return np.einsum("de,ehw->dhw", w["leave.weight"][..., 0, 0], gated)


@pytest.mark.parametrize("size", [(1, 1), (1, 6), (3, 4)])
def test_ss2d_is_four_scans(size, recurrence, weights):
    block = SS2D(20, states=3)
    with torch.no_grad():  # so that no two paths or states are alike
        for parameter in block.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    x = torch.randn(2, 20, *size)
    out = block(x).detach().numpy()
    for one, got in zip(x.double().numpy(), out, strict=True):
        wanted = numpy_ss2d(block, one, weights(block), recurrence)
        np.testing.assert_allclose(got, wanted, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_any_strategy_scans_and_learns(name):
    block = SS2D(8, strategy=strategy(name))
    x = torch.randn(1, 8, 5, 3, requires_grad=True)
    y = block(x)
    assert y.shape == x.shape
    y.square().sum().backward()
    assert all(p.grad.abs().max() > 0 for p in (x, *block.parameters()))


def test_vss_adds_to_its_input():
    block = VSS(8)
    x = torch.randn(1, 8, 4, 4)
    wanted = x + block.context(block.norm(x))
    assert torch.equal(block(x), wanted)
    torch.nn.init.zeros_(block.context.leave.weight)
    assert torch.equal(block(x), x)
