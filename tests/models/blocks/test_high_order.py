"""High-order SS2D: the chain, the gates, and the filter of frequencies."""

import numpy as np
import pytest
import torch
from torch import nn

from napari_cihm.models.blocks.high_order import (
    HighOrderBlock,
    HighOrderSS2D,
    LocalGlobal,
)


@pytest.mark.parametrize("order", [2, 3, 4, 5])
def test_widths_double_up_to_the_channels(order):
    block = HighOrderSS2D(32, order)
    assert block.widths == [32 // 2**i for i in range(order - 1, -1, -1)]
    assert block(torch.randn(1, 32, 3, 4)).shape == (1, 32, 3, 4)


def test_each_link_is_gated_scanned_and_widened():
    block = HighOrderSS2D(8, 3)
    block.gates = nn.Identity()
    x = torch.randn(1, 8, 3, 4)
    entered = block.enter(x)
    narrow, first = entered[:, :2], entered[:, 2:4] / 3
    second, third = entered[:, 4:8] / 3, entered[:, 8:] / 3
    y = block.scans[0](narrow * first)
    y = block.scans[1](block.widen[0](y) * second)
    y = block.scans[2](block.widen[1](y) * third)
    assert torch.allclose(block(x), block.leave(y), atol=1e-6)


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (6, 4), (5, 7)])
def test_a_flat_spectrum_passes_everything_alike(size):
    block = LocalGlobal(8, 2)
    with torch.no_grad():
        block.spectrum[0] = 0.3  # real
        block.spectrum[1] = 0
    x = torch.randn(2, 4, *size)
    assert torch.allclose(block._filtered(x), 0.3 * x, atol=1e-5)


def test_the_filter_is_a_product_of_frequencies():
    block = LocalGlobal(4, 5)
    x = torch.randn(1, 2, 12, 12)  # just as fine as the table
    table = block.spectrum.detach().double().numpy()
    frequencies = np.fft.rfft2(x[0].double().numpy())
    wanted = np.fft.irfft2(frequencies * (table[0] + 1j * table[1]), s=(12, 12))
    np.testing.assert_allclose(
        block._filtered(x)[0].detach().numpy(), wanted, atol=1e-5
    )


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_a_block_of_another_precision_filters_too(kind):
    block, x = LocalGlobal(4, 2), torch.randn(1, 2, 5, 7)
    wanted = block._filtered(x).double()
    found = block.to(kind)._filtered(x.to(kind))
    assert found.dtype == kind
    rounding = 4 * max(torch.finfo(kind).eps, torch.finfo(x.dtype).eps)
    assert torch.allclose(found.double(), wanted, rtol=0, atol=rounding)


def test_local_and_global_channels_take_turns():
    block = LocalGlobal(4, 2)
    block.before = block.after = nn.Identity()
    nn.init.zeros_(block.local.weight)
    y = block(torch.randn(1, 4, 5, 5))
    assert torch.equal(y[:, ::2], torch.zeros(1, 2, 5, 5))
    assert (y[:, 1::2].abs().amax((2, 3)) > 0).all()


def test_the_block_starts_as_good_as_nothing_and_learns_everywhere():
    block = HighOrderBlock(16, 3)
    x = torch.randn(1, 16, 6, 6)
    y = block(x)
    assert torch.allclose(y, x, atol=1e-4)
    (y * torch.randn_like(y)).sum().backward()
    assert all(p.grad.abs().max() > 0 for p in block.parameters())
