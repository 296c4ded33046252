"""Normalisations where values are few."""

import pytest
import torch

from napari_cihm.models.blocks.norm import (
    BatchNorm,
    ChannelNorm,
    InstanceNorm,
    group_norm,
)


def test_channel_norm_is_by_pixel():
    norm = ChannelNorm(6)
    with torch.no_grad():
        norm.weight.uniform_(0.5, 2)
        norm.bias.uniform_(-1, 1)
    x = torch.randn(2, 6, 3, 4)
    pixel = x[1, :, 2, 3].double()
    normed = (pixel - pixel.mean()) / (pixel.var(correction=0) + norm.eps).sqrt()
    wanted = normed * norm.weight.double() + norm.bias.double()
    assert torch.allclose(norm(x)[1, :, 2, 3].double(), wanted, atol=1e-6)


@pytest.mark.parametrize("training", [True, False])
def test_instance_norm_is_torchs_where_there_are_pixels(training):
    norm = InstanceNorm(4).train(training)
    x = torch.randn(2, 4, 3, 5)
    mean, var = x.mean((2, 3), keepdim=True), x.var((2, 3), correction=0, keepdim=True)
    assert torch.allclose(norm(x), (x - mean) / (var + norm.eps).sqrt(), atol=1e-5)


@pytest.mark.parametrize("training", [True, False])
def test_instance_norm_keeps_what_one_pixel_says(training):
    norm = InstanceNorm(4).train(training)
    x = torch.tensor([[1.0, 2.0, 3.0, 4.0], [-1.0, 1.0, -1.0, 1.0]])[..., None, None]
    y = norm(x)
    assert torch.allclose(y.mean(1), torch.zeros(2, 1, 1), atol=1e-6)
    assert torch.allclose(y[0, :, 0, 0].diff(), torch.full((3,), 0.894427), atol=1e-4)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
@pytest.mark.parametrize("seen", [(1, 1), (3, 5)])
def test_instance_norm_is_traced_for_any_size(seen):
    norm = InstanceNorm(4).eval().requires_grad_(False)
    traced = torch.jit.trace(norm, torch.randn(1, 4, *seen))
    for size in ((1, 1), (2, 4)):
        x = torch.randn(2, 4, *size)
        assert torch.allclose(traced(x), norm(x), atol=1e-6)


def test_batch_norm_learns_no_statistics_from_a_handful_of_values():
    norm = BatchNorm(2)
    x = torch.randn(1, 2, 3, 5)
    assert torch.allclose(norm(x), x, atol=1e-4)  # mean 0 and variance 1, as at first
    assert torch.equal(norm.running_mean, torch.zeros(2))
    norm(torch.full((1, 2, 4, 4), 5.0))
    assert torch.allclose(norm.running_mean, torch.full((2,), 0.5))


@pytest.mark.parametrize(("channels", "groups"), [(8, 4), (6, 3), (7, 1), (2, 2)])
def test_groups_divide_the_channels(channels, groups):
    assert group_norm(channels).num_groups == groups
