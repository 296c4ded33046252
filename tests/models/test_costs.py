"""What networks cost, against counts by hand and the papers' tables."""

import pytest
import torch
from torch import nn

from napari_cihm.models import model_names
from napari_cihm.models.costs import count_costs, network_costs, recipe_costs

# Thousands of millions of multiplications at 256 x 256, 3 channels and 1 map, measured
# on the public code of each paper with its scan left out.
MEASURED = {
    "u-mamba-enc": 31.5,
    "vm-unet": 5.29,
    "vm-unet-v2": 5.34,
    "ultralight-vm-unet": 0.066,
    "lightm-unet": 11.9,
    "mamba-unet": 5.81,
    "h-vmunet": 1.03,
    "swin-umamba-d": 7.83,
    "mambau-lite": 1.33,
    "ac-mambaseg": 7.34,
}


@pytest.mark.parametrize(("name", "gmac"), MEASURED.items())
def test_multiplications_agree_with_the_public_code(name, gmac):
    assert recipe_costs(name).gmac == pytest.approx(gmac, rel=0.01)


@pytest.mark.parametrize("name", model_names())
def test_what_is_listed_was_counted(name):
    listed, counted = recipe_costs(name), count_costs(name)
    assert listed.parameters == counted.parameters
    assert (listed.macs, listed.weight_bytes) == (counted.macs, counted.weight_bytes)
    # what an operation holds in between is torch's
    assert listed.map_bytes == pytest.approx(counted.map_bytes, rel=0.05)


def test_a_chain_is_counted_by_hand():
    with torch.device("meta"):
        chain = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1),  # 3 * 9 * 8 a pixel
            nn.BatchNorm2d(8),
            nn.Conv2d(8, 8, 3, padding=1, groups=8),  # 9 * 8
            nn.ConvTranspose2d(8, 2, 2, stride=2),  # 8 * 4 * 2
        )
    costs = network_costs(chain, 3, size=10)
    assert costs.parameters == (216 + 8) + 16 + (72 + 8) + (64 + 2)
    assert costs.macs == 100 * (216 + 72 + 64)
    # each number has four bytes; batch norm keeps 16 statistics and an 8-byte counter
    assert costs.weight_bytes == 4 * (costs.parameters + 16) + 8
    # the image, two maps of eight channels at once, and their means and deviations
    assert costs.map_bytes == 4 * (100 * (3 + 8 + 8) + 8 + 8)
    assert costs.memory == costs.weight_bytes + costs.map_bytes


def test_a_skip_stays_in_memory_until_it_is_used():
    class Skip(nn.Module):
        def forward(self, x):
            y = x + 1
            for _ in range(3):
                y = y + 1
            return x + y

    # the image, and old and new y; the first y is long gone when the last is made
    assert network_costs(Skip(), 2, size=8).map_bytes == 4 * 2 * 64 * 3


def test_views_and_weights_take_no_memory():
    class Views(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.empty(4, 4, device="meta"))

        def forward(self, x):
            return x.flatten(2).transpose(1, 2)[:, :4] @ self.weight.T.flip(0)

    flipped, product = 4 * 16, 4 * 16
    costs = network_costs(Views(), 4, size=8)
    assert costs.map_bytes == 4 * 4 * 64 + flipped + product
    assert costs.macs == 4 * 4 * 4


def test_more_pixels_cost_more():
    small, large = (count_costs("unet", size) for size in (64, 128))
    assert large.macs == 4 * small.macs
    assert large.weight_bytes == small.weight_bytes
    assert large.map_bytes == pytest.approx(4 * small.map_bytes, rel=1e-3)
