"""Residual, depthwise and selective convolutions."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from napari_cihm.models.blocks.depthwise import Axial, ResidualSeparable, separable
from napari_cihm.models.blocks.residual import ResidualConv, residual_pair
from napari_cihm.models.blocks.selective_kernel import SelectiveKernel, SelectiveUnit


@pytest.mark.parametrize(("c_in", "c_out", "stride"), [(4, 4, 1), (3, 6, 1), (4, 8, 2)])
def test_without_its_convolutions_the_shortcut_remains(c_in, c_out, stride):
    block = ResidualConv(c_in, c_out, stride, norm=nn.Identity)
    nn.init.zeros_(block.body[3].weight)
    x = torch.rand(1, c_in, 6, 4)
    wanted = F.avg_pool2d(x, stride)
    if c_in != c_out:
        weight = block.shortcut[-2].weight[..., 0, 0]
        wanted = torch.einsum("oc,bchw->bohw", weight, wanted)
    assert torch.allclose(block(x), F.relu(wanted), atol=1e-6)


def test_the_convolutions_stand_beside_the_shortcut():
    block = ResidualConv(3, 3, norm=nn.Identity)
    x = torch.randn(1, 3, 5, 5)
    first, _, _, second, _ = block.body
    inner = F.relu(F.conv2d(x, first.weight, padding=1))
    wanted = F.relu(x + F.conv2d(inner, second.weight, padding=1))
    assert torch.allclose(block(x), wanted, atol=1e-6)


def test_a_pair_halves_and_widens_once():
    assert residual_pair(4, 8, stride=2)(torch.randn(1, 4, 8, 8)).shape == (1, 8, 4, 4)


def test_a_separable_convolution_is_an_outer_product():
    block = separable(2, 3)
    dense = block[1].weight[..., 0, 0, None, None] * block[0].weight[:, 0]
    x = torch.randn(1, 2, 5, 5)
    assert torch.allclose(block(x), F.conv2d(x, dense, padding=1), atol=1e-6)


def test_the_separable_block_scales_its_shortcut():
    block = ResidualSeparable(8)
    nn.init.zeros_(block.conv[1].weight)
    block.after = nn.Identity()
    with torch.no_grad():
        block.scale.fill_(0.25)
    x = torch.randn(1, 8, 3, 3)
    assert torch.allclose(block(x), 0.25 * x)


@pytest.mark.parametrize("kernel", [3, 7])
def test_axial_filters_look_along_one_axis_each(kernel):
    block = Axial(1, kernel)
    nn.init.ones_(block.down.weight)
    nn.init.constant_(block.across.weight, 2.0)
    for conv in (block.down, block.across):
        nn.init.zeros_(conv.bias)
    point = torch.zeros(1, 1, 9, 9)
    point[..., 4, 4] = 1
    half = kernel // 2
    wanted = torch.zeros(9, 9)
    wanted[4 - half : 5 + half, 4] += 1
    wanted[4, 4 - half : 5 + half] += 2
    wanted[4, 4] += 1
    assert torch.equal(block(point)[0, 0], wanted)


def test_a_selective_kernel_mixes_its_branches_by_a_softmax():
    block = SelectiveKernel(4, 3, groups=2, narrow=8).eval()
    x = torch.randn(2, 4, 9, 9)
    near, far = (branch(x) for branch in block.branches)
    assert block.branches[1][0].dilation == (2, 2)
    mean = (near + far).mean((2, 3), keepdim=True)
    scores = block.weigh(block.narrow(mean))
    share = torch.sigmoid(scores[:, :4] - scores[:, 4:])  # a softmax of two
    assert torch.allclose(block(x), share * near + (1 - share) * far, atol=1e-6)


def test_groups_are_lowered_to_what_divides():
    assert SelectiveKernel(12, 3, groups=16, narrow=4).branches[0][0].groups == 12
    assert SelectiveKernel(12, 3, groups=8, narrow=4).branches[0][0].groups == 6


def test_a_selective_unit_adds_to_its_input():
    block = SelectiveUnit(8, 4, 4)
    nn.init.zeros_(block.body[-1].weight)
    x = torch.randn(1, 8, 5, 5)
    assert torch.equal(block(x), F.relu(x))
