"""Bridges against loops over levels."""

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import nn
from torch.nn import functional as F

from napari_cihm.models.bridges.attention import SpatialChannelBridge
from napari_cihm.models.bridges.each import Each
from napari_cihm.models.bridges.sdi import SDI


@pytest.fixture
def skips():
    """Three levels of one pyramid, the last of a single pixel."""
    return [torch.randn(2, c, h, w) for c, h, w in [(4, 9, 6), (6, 4, 3), (8, 1, 1)]]


def test_each_skip_has_its_own_block(skips):
    bridge = Each([nn.Identity(), nn.ReLU(), nn.Tanh()])
    wanted = [skips[0], skips[1].clamp_min(0), skips[2].tanh()]
    assert all(torch.equal(a, b) for a, b in zip(bridge(skips), wanted, strict=True))


def test_each_level_is_the_product_of_all(skips):
    bridge = SDI([4, 6, 8], 5).eval()
    levels = [narrow(t) for narrow, t in zip(bridge.narrow, skips, strict=True)]
    for i, (got, here) in enumerate(zip(bridge(skips), levels, strict=True)):
        size = here.shape[2:]
        wanted = torch.ones(2, 5, *size)
        for j, level in enumerate(levels):
            conv = bridge.smooth[i][j]
            if j < i:
                level = F.adaptive_avg_pool2d(level, size)
            elif j > i:
                level = F.interpolate(level, size, mode="bilinear")
            wanted = wanted * F.conv2d(level, conv.weight, conv.bias, padding=1)
        assert got.shape == (2, 5, *size)
        assert torch.allclose(got, wanted, atol=1e-5)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_pixels_then_channels_of_all_levels_are_gated(skips, weights):
    bridge = SpatialChannelBridge([4, 6, 8])
    w = weights(bridge)
    kernel = np.zeros((2, 19, 19))
    kernel[:, ::3, ::3] = w["pixels.weight"][0]  # every third pixel
    for image in range(2):
        levels = [t[image].double().numpy() for t in skips]
        gated = []
        for level in levels:
            summary = level.mean(0), level.max(0)
            pixels = w["pixels.bias"][0] + sum(
                ndimage.correlate(s, k, mode="constant")
                for s, k in zip(summary, kernel, strict=True)
            )
            gated.append(level * sigmoid(pixels))
        sums = [a + b for a, b in zip(levels, gated, strict=True)]
        means = np.concatenate([s.mean((1, 2)) for s in sums])
        mixed = ndimage.correlate1d(
            means, w["neighbours.weight"][0, 0], mode="constant"
        )
        for i, out in enumerate(bridge(skips)):
            gate = sigmoid(w[f"channels.{i}.weight"] @ mixed + w[f"channels.{i}.bias"])
            wanted = gated[i] + sums[i] * gate[:, None, None]
            np.testing.assert_allclose(
                out[image].detach().numpy(), wanted, rtol=1e-4, atol=1e-5
            )
