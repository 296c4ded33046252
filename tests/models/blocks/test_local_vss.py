"""VSS behind depthwise convolutions, and P-Mamba."""

import torch
from torch import nn
from torch.nn import functional as F

from napari_cihm.models.blocks.local_vss import (
    LocalVSS,
    PMamba,
    PoolGate,
    SplitVSS,
    TwoPaths,
)


def test_the_shortcut_is_scaled():
    block = LocalVSS(4)
    nn.init.zeros_(block.body[2].weight)  # instance norm
    with torch.no_grad():
        block.scale.fill_(-2.0)
    x = torch.randn(1, 4, 5, 5)
    assert torch.allclose(block(x), -2 * x)


def test_both_halves_share_one_scan():
    block = SplitVSS(8)
    block.after = nn.Identity()
    with torch.no_grad():
        block.scale.fill_(0.5)
    x = torch.randn(2, 8, 4, 3)
    local = block.local(x)
    wanted = torch.cat([block.context(h) + 0.5 * h for h in local.chunk(2, 1)], dim=1)
    assert torch.allclose(block(x), wanted, atol=1e-5)


def test_every_weight_of_the_pool_gate_matters():
    """A map pooled to one pixel would leave eight of nine taps without a gradient."""
    gate = PoolGate(3)
    gate(torch.randn(1, 3, 7, 5)).square().sum().backward()
    assert (gate.weigh.weight.grad != 0).all()


def test_the_pool_gate_knows_mean_and_maximum():
    gate = PoolGate(1)
    nn.init.zeros_(gate.weigh.bias)
    x = torch.rand(1, 1, 6, 6)
    cells = x.unfold(2, 2, 2).unfold(3, 2, 2)[0, 0]
    pooled = torch.stack([cells.mean((2, 3)), cells.amax((2, 3))])
    wanted = x * torch.sigmoid((gate.weigh.weight[0] * pooled).sum())
    assert torch.allclose(gate(x), wanted, atol=1e-6)


def test_p_mamba_sums_scan_and_gate():
    block = PMamba(8)
    block.after = nn.Identity()
    x = torch.randn(1, 8, 4, 4)
    assert torch.allclose(block(x), block.context(x) + block.gate(x), atol=1e-6)


def test_two_paths_do_not_meet():
    block = TwoPaths(nn.Identity(), nn.ReLU())
    x = torch.randn(1, 6, 3, 3)
    assert torch.equal(block(x), torch.cat([x[:, :3], F.relu(x[:, 3:])], dim=1))
