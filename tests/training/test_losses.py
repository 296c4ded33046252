"""The losses against sums written out in numpy, and what must not move them."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from napari_cihm.training.losses import boundary_loss, levels_loss, region_loss


def squares(classes: int) -> torch.Tensor:
    """Two pictures, each with a square; several classes exclude each other."""
    inside = np.zeros((2, 12, 14), np.float32)
    inside[0, 3:8, 2:9] = 1
    inside[1, 0:4, 6:14] = 1
    if classes == 1:
        return torch.from_numpy(inside[:, None])
    half = inside * (np.arange(14) < 7)
    return torch.from_numpy(np.stack([1 - inside, half, inside - half], axis=1))


def numpy_edge_entropy(logits, targets, believed):
    """Mean cross entropy over pixels whose 5 x 5 square is mixed and believed."""
    z, t = logits.double().numpy(), targets.double().numpy()
    if z.shape[1] == 1:
        p = 1 / (1 + np.exp(-z[:, 0]))
        entropy = -(t[:, 0] * np.log(p) + (1 - t[:, 0]) * np.log(1 - p))
    else:
        shares = np.exp(z) / np.exp(z).sum(1, keepdims=True)
        entropy = -(t * np.log(shares)).sum(1)
    edges = []
    for picture, trust in zip(t, believed.numpy(), strict=True):
        mixed = np.zeros(picture.shape[1:], bool)
        for one in picture:
            high = ndimage.maximum_filter(one, 5, mode="nearest")
            mixed |= high != ndimage.minimum_filter(one, 5, mode="nearest")
        edges.append(mixed & (ndimage.minimum_filter(trust[0], 5, mode="nearest") > 0))
    return entropy[np.array(edges)].mean()


@pytest.mark.parametrize("classes", [1, 3])
def test_boundary_loss_adds_the_entropy_at_the_edges(classes):
    targets = squares(classes)
    logits = torch.randn(targets.shape)
    valid = torch.ones_like(targets)
    valid[0, :, :, 7:] = 0
    extra = boundary_loss(logits, targets, valid) - region_loss(logits, targets, valid)
    assert float(extra) == pytest.approx(
        numpy_edge_entropy(logits, targets, valid), rel=1e-5
    )


def test_the_frame_of_what_was_reviewed_is_no_edge():
    """Labels beyond it are unknown, so whatever they say must not matter."""
    targets = squares(1)
    valid = torch.ones_like(targets)
    valid[..., 5:] = 0
    logits = torch.randn(targets.shape)
    other = targets.clone()
    other[..., 5:] = 1 - other[..., 5:]
    here, there = (boundary_loss(logits, t, valid) for t in (targets, other))
    assert float(here) == float(there)


@pytest.mark.parametrize("fill", [0.0, 1.0])
def test_without_edges_the_boundary_loss_is_the_region_loss(fill):
    targets = torch.full((1, 1, 9, 9), fill)
    logits = torch.randn(1, 1, 9, 9, requires_grad=True)
    valid = torch.ones_like(targets)
    loss = boundary_loss(logits, targets, valid)
    assert torch.equal(loss, region_loss(logits, targets, valid))
    loss.backward()
    assert torch.isfinite(logits.grad).all()


def test_each_level_weighs_half_of_the_one_before():
    levels = [torch.full((1, 1, 2, 2), value) for value in (1.0, 10.0, 100.0)]

    def value(logits, targets, valid):
        return logits.mean()

    one = levels_loss(value, levels[:1], levels[0], levels[0])
    three = levels_loss(value, levels, levels[0], levels[0])
    assert float(one) == 1.0
    assert float(three) == pytest.approx((1 + 10 / 2 + 100 / 4) / 1.75)
