"""Patches, against loops over pixels."""

import pytest
import torch
from torch import nn

from napari_cihm.models.blocks.patches import PatchEmbed, PatchExpand, PatchMerge


def test_a_patch_is_embedded_by_itself():
    embed = PatchEmbed(3, 8)
    x = torch.randn(1, 3, 8, 12)
    alone = embed(x[..., 4:8, 8:12])
    assert torch.allclose(embed(x)[..., 1:2, 2:3], alone, atol=1e-5)


def test_merging_sees_four_neighbours():
    merge = PatchMerge(2, 5)
    merge.norm = nn.Identity()
    x = torch.randn(1, 2, 4, 6)
    y = merge(x)
    assert y.shape == (1, 5, 2, 3)
    for i, j in [(0, 0), (1, 2)]:
        cell = x[0, :, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].flatten()  # c, row, column
        wanted = merge.reduce.weight[..., 0, 0] @ cell
        assert torch.allclose(y[0, :, i, j], wanted, atol=1e-5)


@pytest.mark.parametrize("factor", [2, 4])
def test_expanding_makes_a_cell_of_each_pixel(factor):
    expand = PatchExpand(6, 3, factor)
    expand.norm = nn.Identity()
    x = torch.randn(1, 6, 2, 3)
    y = expand(x)
    assert y.shape == (1, 3, 2 * factor, 3 * factor)
    cell = y[0, :, factor : 2 * factor, 2 * factor :].flatten()
    wanted = expand.expand.weight[..., 0, 0] @ x[0, :, 1, 2]
    assert torch.allclose(cell, wanted, atol=1e-5)


def test_what_is_expanded_is_normed_pixel_by_pixel():
    y = PatchExpand(6, 8, 2)(torch.randn(1, 6, 2, 3))
    assert torch.allclose(y.mean(1), torch.zeros(1, 4, 6), atol=1e-5)
    assert torch.allclose(y.var(1, correction=0), torch.ones(1, 4, 6), atol=1e-2)
