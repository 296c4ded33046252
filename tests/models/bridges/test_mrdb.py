"""MRDB against a plain product, gate by gate."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from napari_cihm.models.blocks.norm import BatchNorm, group_norm
from napari_cihm.models.bridges.mrdb import MRDB

WIDTHS, SIZES = (4, 6, 8), [(9, 6), (4, 3), (1, 1)]


def filtered(layers, x, part):
    """Put a map through those filters of a stack that are meant for one level."""
    conv, norm = layers
    y = F.conv2d(x, conv.weight[part], padding=1, groups=x.shape[1])
    about = (norm.running_mean, norm.running_var, norm.weight, norm.bias)
    return F.batch_norm(y, *(values[part] for values in about))


def plain_product(bridge, skips):
    width, levels = bridge.width, range(len(skips))
    parts = [slice(i * width, (i + 1) * width) for i in levels]
    reduced = [reduce(t) for reduce, t in zip(bridge.reduce, skips, strict=True)]
    for i in levels:
        product = torch.ones(len(skips[i]), width, *SIZES[i])
        for j in levels:
            x = reduced[j]
            if j <= i:
                for size in SIZES[j + 1 : i + 1]:
                    x = F.adaptive_avg_pool2d(x, size)
                gate = 2 * filtered(bridge.take[i], x, parts[j]).sigmoid()
            else:
                share = x.repeat_interleave(j, dim=1)[:, parts[i]]
                gate = 2 * filtered(bridge.send[j - 1], share, parts[i]).sigmoid()
                for size in SIZES[i:j][::-1]:  # in logarithms: gates are multiplied
                    gate = F.interpolate(gate.log(), size, mode="bilinear").exp()
            product = product * gate
        yield skips[i] + bridge.refine[i](torch.cat([skips[i], product], dim=1))


@pytest.mark.parametrize("norm", [BatchNorm, group_norm])
def test_each_level_is_refined_by_the_product_of_all_gates(norm):
    bridge = MRDB(WIDTHS, norm).eval().requires_grad_(False)
    for part in bridge.modules():
        if isinstance(part, nn.BatchNorm2d):
            for values in (part.running_mean, part.weight, part.bias):
                values.add_(0.5 * torch.randn_like(values))
    skips = [torch.randn(2, c, *size) for c, size in zip(WIDTHS, SIZES, strict=True)]
    wanted = plain_product(bridge, skips)
    for found, right in zip(bridge(skips), wanted, strict=True):
        assert torch.allclose(found, right, rtol=1e-4, atol=1e-5)


def test_levels_of_one_size_meet_as_they_are():
    bridge = MRDB((4, 4), group_norm).eval()
    skips = [torch.randn(1, 4, 3, 5) for _ in range(2)]
    a, b = (reduce(t) for reduce, t in zip(bridge.reduce, skips, strict=True))
    gates = bridge.take[0](a).sigmoid() * bridge.send[0](b).sigmoid() * 4
    wanted = skips[0] + bridge.refine[0](torch.cat([skips[0], gates], dim=1))
    assert torch.allclose(bridge(skips)[0], wanted, atol=1e-5)
