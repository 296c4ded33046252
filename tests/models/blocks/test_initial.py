"""How weights are drawn: their widths, and what is left alone."""

import pytest
import torch
from torch import nn

from napari_cihm.models.blocks.initial import he, he_out, truncated
from napari_cihm.models.blocks.mamba import Mamba
from napari_cihm.models.blocks.vss import VSS


def drawn(by):
    return by(
        nn.Sequential(
            nn.Conv2d(64, 128, 3), nn.Conv2d(64, 128, 1), nn.ConvTranspose2d(64, 32, 2)
        )
    )


def test_linear_layers_are_narrow_and_cut():
    conv, linear, _ = drawn(truncated)
    assert linear.weight.detach().std() == pytest.approx(0.02, rel=0.05)
    assert torch.equal(linear.bias, torch.zeros(128))
    assert conv.weight.detach().std() == pytest.approx(
        (3 * 64 * 9) ** -0.5, rel=0.05
    )  # torch's


def test_he_keeps_the_variance():
    conv, linear, up = drawn(he)
    assert conv.weight.detach().std() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.05)
    assert linear.weight.detach().std() == pytest.approx((2 / 64) ** 0.5, rel=0.05)
    assert up.weight.detach().std() == pytest.approx((2 / (32 * 4)) ** 0.5, rel=0.05)
    assert all(not layer.bias.any() for layer in (conv, linear, up))


def test_he_out_keeps_the_gradients():
    conv = drawn(he_out)[0]
    assert conv.weight.detach().std() == pytest.approx((2 / (128 * 9)) ** 0.5, rel=0.05)
    grouped = he_out(nn.Conv2d(256, 256, 3, groups=256))
    assert grouped.weight.detach().std() == pytest.approx((2 / 9) ** 0.5, rel=0.05)


@pytest.mark.parametrize("by", [he, he_out])
def test_scans_keep_their_own_weights(by):
    block = nn.Sequential(VSS(16), Mamba(16))
    before = {k: v.clone() for k, v in block.state_dict().items()}
    by(block)
    assert all(torch.equal(before[k], v) for k, v in block.state_dict().items())


def test_decay_rates_are_one_to_n_however_drawn():
    block = truncated(VSS(16))
    rates = block.context.log_decay.exp()
    assert torch.allclose(rates, torch.arange(1.0, 17).expand_as(rates))
