"""Patches: targets follow their image through every warp, and colours stay sane."""

import numpy as np
import pytest
import torch

from napari_cihm.config import ModelConfig
from napari_cihm.data.augment import draw_patch, draw_warp, recolour
from napari_cihm.data.samples import sample_of

SIZE = 48
INSTANCES = ModelConfig(recipe="cihm", in_channels=1, classes=3, task="instance")


def rng_of(seed):
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def discs():
    """An image that is its own truth: discs of 1 on 0."""
    y, x = np.mgrid[:96, :96]
    labels = np.zeros((96, 96), np.int32)
    for number, (row, column) in enumerate([(20, 22), (30, 70), (66, 30), (70, 72)], 1):
        labels[(y - row) ** 2 + (x - column) ** 2 < 14**2] = number
    return labels


def sample(labels, reviewed=None, config=INSTANCES):
    image = np.repeat((labels > 0)[None], config.in_channels, 0)
    return sample_of(image.astype(np.float32), labels, reviewed, config)


def uncoloured(monkeypatch):
    monkeypatch.setattr(
        "napari_cihm.data.augment.recolour", lambda image, rng, strength: image
    )


def test_targets_follow_the_image_through_every_warp(discs, monkeypatch):
    uncoloured(monkeypatch)
    learnt = sample(discs)
    warped = 0
    for seed in range(60):
        patch = draw_patch(learnt, SIZE, rng_of(seed))
        assert patch.image.shape == (1, SIZE, SIZE)
        assert patch.targets.shape == patch.valid.shape == (3, SIZE, SIZE)
        seen, foreground, distance = patch.image[0], patch.targets[0], patch.targets[2]
        assert set(foreground.unique().tolist()) <= {0.0, 1.0}
        warped += bool(((seen > 0.02) & (seen < 0.98)).any())
        sure = (seen < 0.02) | (seen > 0.98)  # no interpolated edge
        assert torch.equal(foreground[sure], (seen[sure] > 0.5).float())
        assert (distance[seen < 0.02] < 0.05).all()
        assert (patch.valid == 1).all()
    assert 20 <= warped <= 40  # half of them


def test_scales_reach_from_half_to_double():
    scales = np.array([draw_warp(rng_of(seed)).scale for seed in range(400)])
    free = scales[scales != 1]
    assert 0.4 < len(free) / len(scales) < 0.6
    assert 0.5 <= free.min() < 0.53 and 1.9 < free.max() <= 2


def test_without_strength_pixels_only_change_places(discs):
    learnt = sample(discs)
    for seed in range(20):
        patch = draw_patch(learnt, SIZE, rng_of(seed), strength=0)
        assert torch.equal(patch.image[0], patch.targets[0])


def test_what_nobody_reviewed_is_not_believed(discs, monkeypatch):
    uncoloured(monkeypatch)
    reviewed = np.zeros(discs.shape, bool)
    reviewed[:, :48] = True
    learnt = sample(discs, reviewed)
    beyond = (discs > 0) & ~reviewed
    assert beyond.any()
    for seed in range(40):
        patch = draw_patch(learnt, SIZE, rng_of(seed))
        believed = patch.valid[0] == 1
        sure = ((patch.image[0] < 0.02) | (patch.image[0] > 0.98)) & believed
        # unreviewed objects are no background where they are believed
        assert torch.equal(patch.targets[0][sure], (patch.image[0][sure] > 0.5).float())


@pytest.mark.parametrize("classes", [1, 3, 5])
def test_classes_stay_yes_or_no(discs, classes):
    config = ModelConfig(recipe="unet", classes=classes, task="semantic")
    learnt = sample(discs, config=config)
    for seed in range(20):
        targets = draw_patch(learnt, SIZE, rng_of(seed)).targets
        assert set(targets.unique().tolist()) <= {0.0, 1.0}
        assert (targets.sum(0) <= 1).all()


def test_an_image_smaller_than_the_patch_is_mirrored(discs):
    patch = draw_patch(sample(discs[:20, :18]), SIZE, rng_of(3))
    assert patch.image.shape == (1, SIZE, SIZE)
    assert patch.targets[0].any()


@pytest.mark.parametrize("channels", [1, 3])
def test_grey_stays_grey_and_nothing_leaves_the_range(channels):
    image = torch.rand(1, SIZE, SIZE).repeat(channels, 1, 1)
    changed = 0
    for seed in range(40):
        new = recolour(image.clone(), rng_of(seed))
        assert new.isfinite().all() and new.min() >= -1 and new.max() <= 3
        assert torch.equal(new, new[:1].expand_as(new))
        changed += not torch.equal(new, image)
    assert changed > 30


def test_colours_of_a_stain_change_apart():
    image = torch.rand(3, SIZE, SIZE)
    new = torch.stack([recolour(image.clone(), rng_of(seed)) for seed in range(30)])
    means = new.mean((2, 3))
    assert (means - means.mean(1, keepdim=True)).abs().max() > 0.05


def test_a_patch_is_a_function_of_its_generator(discs):
    first, again, other = (
        draw_patch(sample(discs), SIZE, rng_of(s)) for s in (1, 1, 2)
    )
    assert torch.equal(first.image, again.image)
    assert torch.equal(first.targets, again.targets)
    assert not torch.equal(first.image, other.image)
