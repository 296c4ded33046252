"""Gates, against the same sums in numpy."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from napari_cihm.models.blocks.attention import CBAM, Gate
from napari_cihm.models.blocks.priority import PriorityAttention


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("plain", [True, False])
def test_cbam_gates_channels_then_pixels(plain, weights):
    block, w = CBAM(32, plain).eval(), None
    w = weights(block)
    x = torch.randn(1, 32, 5, 6)
    a = x[0].double().numpy()

    def narrow_and_widen(v):
        v = w["channels.0.weight"][..., 0, 0] @ v + w.get("channels.0.bias", 0)
        v = np.where(v > 0, v, 0.01 * v)
        return w["channels.2.weight"][..., 0, 0] @ v + w.get("channels.2.bias", 0)

    gate = narrow_and_widen(a.mean((1, 2))) + narrow_and_widen(a.max((1, 2)))
    a = a * sigmoid(gate)[:, None, None]
    kernel = w["pixels.0.weight"][0]
    pixels = sum(
        ndimage.correlate(summary, k, mode="constant")
        for summary, k in zip((a.mean(0), a.max(0)), kernel, strict=True)
    )
    scale = 1 if plain else 1 / np.sqrt(1 + 1e-5)  # batch norm that has seen nothing
    wanted = a * sigmoid(pixels * scale)
    np.testing.assert_allclose(
        block(x)[0].detach().numpy(), wanted, rtol=1e-4, atol=1e-5
    )


def test_a_narrow_cbam_never_falls_silent():
    """One hidden channel below zero for mean and maximum still learns."""
    block = CBAM(16)
    with torch.no_grad():
        block.channels[0].weight.fill_(-1.0)
    block(torch.rand(1, 16, 4, 4)).sum().backward()
    assert block.channels[0].weight.grad.abs().max() > 0


@pytest.mark.parametrize("maps", [1, 5])
def test_a_gate_lies_between_nothing_and_all(maps):
    gate = Gate(7, 5, 4, maps)
    y = gate(torch.randn(2, 7, 4, 4), torch.randn(2, 5, 4, 4))
    assert y.shape == (2, maps, 4, 4)
    assert (y > 0).all()
    assert (y < 1).all()


def test_a_gate_hears_both_maps(weights):
    gate = Gate(3, 2, 4).eval()
    w = weights(gate)
    gating, gated = torch.randn(1, 3, 2, 2), torch.randn(1, 2, 2, 2)
    scale = 1 / np.sqrt(1 + 1e-5)
    met = scale * (
        np.einsum("oc,chw->ohw", w["gating.0.weight"][..., 0, 0], gating[0].numpy())
        + np.einsum("oc,chw->ohw", w["gated.0.weight"][..., 0, 0], gated[0].numpy())
    )
    meet = np.einsum("c,chw->hw", w["meet.weight"][0, :, 0, 0], np.maximum(met, 0))
    wanted = sigmoid(meet + w["meet.bias"][0])
    np.testing.assert_allclose(
        gate(gating, gated)[0, 0].detach().numpy(), wanted, rtol=1e-4, atol=1e-6
    )


def test_priority_attention_weighs_what_a_filter_raised(weights):
    block = PriorityAttention(4, kernel=3)
    w = weights(block)
    x = torch.randn(2, 4, 3, 5)
    for one, got in zip(x.double().numpy(), block(x).detach().numpy(), strict=True):
        y = np.stack(
            [
                ndimage.correlate(c, k[0], mode="constant") + b
                for c, k, b in zip(
                    one, w["depthwise.weight"], w["depthwise.bias"], strict=True
                )
            ]
        )
        rise = np.exp(y.mean((1, 2)) - one.mean((1, 2)))
        mean = y.mean((1, 2))
        y = y * sigmoid(mean * (1 + rise / rise.sum()))[:, None, None]
        z = np.einsum("oc,chw->ohw", w["pointwise.weight"][..., 0, 0], y)
        z = z + w["pointwise.bias"][:, None, None]
        rise = np.exp(z.mean(0) - y.mean(0))
        wanted = z * sigmoid(z.mean(0) * (1 + rise / rise.sum()))
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-6)
