"""CiMC and its T-shaped convolution, chunk by chunk and pixel by pixel."""

import torch
from torch import nn
from torch.nn import functional as F

from napari_cihm.models.blocks.cimc import CiMC
from napari_cihm.models.blocks.conv import Sharpen
from napari_cihm.models.blocks.tconv import PartialConv, TConv


def by_pixel(conv, x):
    """Mix the channels of each pixel, as a 1x1 convolution does."""
    y = torch.einsum("oc,bchw->bohw", conv.weight[..., 0, 0], x)
    return y if conv.bias is None else y + conv.bias[:, None, None]


def test_a_partial_convolution_sees_around_a_quarter_of_the_channels():
    block = PartialConv(8)
    x = torch.randn(2, 8, 4, 5)
    y = block(x)
    wanted = F.conv2d(x[:, :2], block.conv.weight, padding=1)
    assert block.conv.weight.shape == (2, 2, 3, 3)
    assert torch.allclose(y[:, :2], wanted, atol=1e-6)
    assert torch.equal(y[:, 2:], x[:, 2:])


def test_a_t_convolution_mixes_a_partial_one_beside_the_map():
    block = TConv(8).eval()
    partial, first, norm, _, second = block.body
    norm.running_mean.uniform_(-1, 1)
    norm.running_var.uniform_(0.5, 2)
    x = torch.randn(1, 8, 4, 5)
    y = by_pixel(first, partial(x)) - norm.running_mean[:, None, None]
    y = F.gelu(y / (norm.running_var[:, None, None] + norm.eps).sqrt())
    assert torch.allclose(block(x), x + by_pixel(second, y), atol=1e-5)


def test_sharpening_adds_to_the_map():
    block = Sharpen(4).eval()
    x = torch.randn(1, 4, 5, 5)
    added = F.conv2d(x, block.body[0].weight, padding=1) / (1 + 1e-5) ** 0.5
    assert torch.allclose(block(x), x + F.gelu(added), atol=1e-6)
    nn.init.zeros_(block.body[0].weight)
    assert torch.equal(block(x), x)


def test_both_branches_see_the_normed_map_and_are_joined():
    block = CiMC(16, 6).eval()
    with torch.no_grad():
        block.alpha.fill_(0.3)
        for norm in (block.norm, block.join_norm):
            norm.weight.uniform_(0.5, 2)
            norm.bias.uniform_(-1, 1)
    x = torch.randn(2, 16, 5, 3)
    u = block.norm(x)
    context = [block.context(part) + 0.3 * part for part in u.split(4, dim=1)]
    both = torch.cat([*context, block.insight(u)], dim=1)
    wanted = by_pixel(block.join, block.join_norm(both))
    assert torch.allclose(block(x), wanted, atol=1e-5)
