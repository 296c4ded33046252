"""How a decoder's map meets its skip."""

import torch

from napari_cihm.models.merges import (
    Add,
    Concat,
    ConcatLinear,
    GatedConcat,
    GuidedConcat,
    SelfGatedConcat,
)

X, SKIP = torch.randn(2, 4, 3, 5), torch.randn(2, 4, 3, 5)


def test_add():
    assert torch.equal(Add()(X, SKIP), X + SKIP)


def test_the_skip_stands_first():
    assert torch.equal(Concat()(X, SKIP)[:, :4], SKIP)
    assert torch.equal(Concat()(X, SKIP)[:, 4:], X)


def test_both_are_narrowed_together():
    merge = ConcatLinear(8, 4)
    weight = merge.narrow.weight[..., 0, 0]
    wanted = torch.einsum("oc,bchw->bohw", weight[:, :4], SKIP) + torch.einsum(
        "oc,bchw->bohw", weight[:, 4:], X
    )
    wanted = wanted + merge.narrow.bias[:, None, None]
    assert torch.allclose(merge(X, SKIP), wanted, atol=1e-5)


def test_the_map_gates_the_skip():
    merge = GatedConcat(4, 4, 2).eval()
    gate = merge.gate(X, SKIP)
    assert gate.shape == (2, 1, 3, 5)
    assert torch.equal(merge(X, SKIP), torch.cat([SKIP * gate, X], dim=1))


def test_the_map_is_heard_through_the_gate_alone():
    merge = SelfGatedConcat(4, 4, 2).eval()
    wanted = torch.cat([SKIP, SKIP * merge.gate(X, SKIP)], dim=1)
    assert torch.equal(merge(X, SKIP), wanted)


def test_the_guided_skip_is_kept_beside_its_gated_self():
    merge = GuidedConcat(4).eval()
    gate = merge.gate(X, SKIP)
    assert gate.shape == SKIP.shape
    wanted = torch.cat([SKIP * (1 + gate), X], dim=1)
    assert torch.allclose(merge(X, SKIP), wanted, atol=1e-6)
