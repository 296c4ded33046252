"""Mamba and what is built around it, against steps written out in numpy."""

import numpy as np
import pytest
import torch

from napari_cihm.models.blocks.mamba import PVM, Mamba, PathMamba, ResidualPVM
from napari_cihm.models.paths import BOTH, CROSS, ROWS


def silu(x):
    return x / (1 + np.exp(-x))


def layer_norm(x, norm):
    """Over the channels of (c, l)."""
    weight, bias = (p.detach().double().numpy() for p in (norm.weight, norm.bias))
    centred = x - x.mean(0)
    return (
        centred / np.sqrt((centred**2).mean(0) + norm.eps) * weight[:, None]
        + (bias[:, None])
    )


def numpy_mamba(block, x, w, recurrence):
    """One sequence (d, l) through one block, position by position."""
    both = w["enter.weight"][..., 0] @ x
    u, z = both[: len(both) // 2], both[len(both) // 2 :]
    convolved = np.empty_like(u)
    taps = w["local"].shape[1]
    for t in range(u.shape[1]):
        past = [u[:, t - k] if t >= k else 0 * u[:, 0] for k in range(taps)][::-1]
        convolved[:, t] = (w["local"] * np.stack(past, 1)).sum(1) + w["local_bias"]
    u = silu(convolved)
    mixed = w["project.weight"][..., 0] @ u
    dt, b, c = np.split(mixed, [block.rank, block.rank + block.states])
    delta = np.log1p(np.exp(w["step"] @ dt + w["step_bias"][:, None]))
    y = recurrence(u, delta, -np.exp(w["log_decay"]), b, c, w["skip"])
    return w["leave.weight"][..., 0] @ (y * silu(z))


@pytest.mark.parametrize(("channels", "length"), [(4, 1), (4, 9), (20, 5)])
def test_mamba_is_its_recurrence(channels, length, recurrence, weights):
    block = Mamba(channels, states=3)
    x = torch.randn(2, channels, length)
    out = block(x).detach().numpy()
    for one, got in zip(x.double().numpy(), out, strict=True):
        wanted = numpy_mamba(block, one, weights(block), recurrence)
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-6)


def test_mamba_looks_backwards_only():
    block = Mamba(8)
    x = torch.randn(1, 8, 12)
    later = x.clone()
    later[..., 7:] += 1
    before, after = block(x), block(later)
    assert torch.allclose(before[..., :7], after[..., :7], atol=1e-6)
    assert not torch.allclose(before[..., 7:], after[..., 7:], atol=1e-3)


def test_steps_start_between_a_thousandth_and_a_tenth():
    steps = torch.nn.functional.softplus(Mamba(256).step_bias)
    assert 1e-3 <= steps.min() < 2e-3
    assert 0.05 < steps.max() <= 0.1 + 1e-6


def test_a_map_is_read_row_by_row():
    reader = PathMamba(4, ROWS)
    x = torch.randn(2, 4, 3, 5)
    assert torch.equal(reader(x).flatten(2), reader.mamba(x.flatten(2)))


def test_both_ways_are_averaged():
    reader = PathMamba(4, BOTH)
    x = torch.randn(1, 4, 3, 5)
    ahead = reader.mamba(x.flatten(2))
    back = reader.mamba(x.flatten(2).flip(-1)).flip(-1)
    wanted = ((ahead + back) / 2).view_as(x)
    assert torch.allclose(reader(x), wanted, atol=1e-6)


def test_the_weights_do_not_depend_on_the_paths():
    shapes = [
        {k: v.shape for k, v in PathMamba(8, paths).state_dict().items()}
        for paths in (ROWS, CROSS)
    ]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize(
    ("chunks", "shortcut"), [(4, "normed"), (1, "raw"), (2, "raw")]
)
def test_pvm_shares_one_mamba_among_its_chunks(chunks, shortcut):
    block = PVM(8, 12, chunks, shortcut)
    with torch.no_grad():
        block.scale.fill_(0.7)
        block.norm.weight.uniform_(0.5, 2)
        block.norm.bias.uniform_(-1, 1)
    x = torch.randn(1, 8, 3, 4)
    raw = x[0].flatten(1).double().numpy()
    normed = layer_norm(raw, block.norm)
    parts = np.split(normed, chunks)
    mamba = block.context.mamba
    scanned = np.concatenate(
        [mamba(torch.from_numpy(p).float()[None])[0].detach().numpy() for p in parts]
    )
    kept = raw if shortcut == "raw" else normed
    again = layer_norm(scanned + 0.7 * kept, block.norm)
    weight, bias = (p.detach().double().numpy() for p in block.join.parameters())
    wanted = weight[..., 0, 0] @ again + bias[:, None]
    np.testing.assert_allclose(
        block(x)[0].flatten(1).detach().numpy(), wanted, rtol=1e-3, atol=1e-4
    )


def test_the_residual_block_starts_from_its_input():
    block = ResidualPVM(8)
    for part in block.body:
        torch.nn.init.zeros_(part[-1].join.weight)
        torch.nn.init.zeros_(part[-1].join.bias)
    x = torch.randn(1, 8, 4, 4)
    assert torch.equal(block(x), x)
