"""The reference is checked by hand and against plain numpy; the rest against it."""

import math

import numpy as np
import pytest
import torch

from napari_cihm.scan import selective_scan


@pytest.fixture(autouse=True)
def _reference(monkeypatch):
    monkeypatch.setenv("CIHM_SCAN", "reference")


def test_three_steps_by_hand():
    # A = -ln 2 and delta = 1 halve the state at each step: with B = 3 and C = 5,
    # h = 3, 3/2 + 6, 15/4 + 3 and y = 5 h.
    u = torch.tensor([[[1.0, 2.0, 1.0]]])
    out, last = selective_scan(
        u,
        torch.ones(1, 1, 3),
        torch.tensor([[-math.log(2)]]),
        torch.tensor([[3.0]]),
        torch.tensor([[5.0]]),
        return_last_state=True,
    )
    assert out.flatten().tolist() == pytest.approx([15, 37.5, 33.75])
    assert last.flatten().tolist() == pytest.approx([6.75])


def test_skip_gate_bias_and_softplus_by_hand():
    # softplus(-1 + 1) = ln 2, so h = ln 2 * 2 * 1; y = h + 10 * 2, times silu(0.5).
    out = selective_scan(
        torch.tensor([[[2.0]]]),
        torch.tensor([[[-1.0]]]),
        torch.tensor([[-1.0]]),
        torch.ones(1, 1, 1),
        torch.ones(1, 1, 1),
        D=torch.tensor([10.0]),
        z=torch.tensor([[[0.5]]]),
        delta_bias=torch.tensor([1.0]),
        delta_softplus=True,
    )
    wanted = (2 * math.log(2) + 20) * 0.5 / (1 + math.exp(-0.5))
    assert out.item() == pytest.approx(wanted)


@pytest.mark.parametrize("groups", [None, 1, 2, 4])
@pytest.mark.parametrize("constant", ["", "B", "C", "BC"])
def test_agrees_with_numpy(case, recurrence, groups, constant):
    tensors = case(groups=groups, constant=constant, dtype=torch.float64, grad=False)
    out, last = selective_scan(**tensors, delta_softplus=True, return_last_state=True)
    wanted_out, wanted_last = recurrence(tensors)
    np.testing.assert_allclose(out.numpy(), wanted_out, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(last.numpy(), wanted_last, rtol=1e-11, atol=1e-12)


def test_gradients_agree_with_finite_differences(case):
    tensors = case(b=1, d=2, length=3, n=2, dtype=torch.float64)

    def scan(*given):
        named = dict(zip(tensors, given, strict=True))
        return selective_scan(**named, delta_softplus=True, return_last_state=True)

    assert torch.autograd.gradcheck(scan, list(tensors.values()))


def test_a_sequence_of_no_positions_has_gradients_of_zero(case):
    tensors = case(length=0)
    selective_scan(**tensors, delta_softplus=True).sum().backward()
    for tensor in tensors.values():
        assert tensor.grad is not None
        assert not tensor.grad.any()
