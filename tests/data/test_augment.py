"""Patches: targets follow their image through every warp, and colours stay sane."""

import numpy as np
import pytest
import torch

from napari_cihm.config import ModelConfig, Normalisation
from napari_cihm.data import augment
from napari_cihm.data.augment import draw_nothing, draw_patch, recolour
from napari_cihm.data.samples import sample_of
from napari_cihm.data.warps import draw_warp

SIZE = 48
INSTANCES = ModelConfig(recipe="cihm", in_channels=1, classes=3, task="instance")
STRETCH = Normalisation()


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


@pytest.fixture
def uncoloured(monkeypatch):
    """Leave what an image shows as it is, wherever its pixels go."""
    monkeypatch.setattr(augment, "recolour", lambda image, rng, strength: image)


@pytest.mark.usefixtures("uncoloured")
def test_targets_follow_the_image_through_every_warp(discs):
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


@pytest.mark.parametrize("far", [slice(100, 400), slice(360, 390)])
def test_what_is_drawn_anywhere_holds_something_reviewed(discs, far):
    field = np.zeros((400, 400), np.int32)
    field[:96, :96] = discs
    reviewed = np.zeros(field.shape, bool)
    reviewed[far, far] = True  # ground alone, or mostly
    learnt = sample(field, reviewed)
    patches = [draw_patch(learnt, SIZE, rng_of(seed), strength=0) for seed in range(60)]
    assert all(patch.valid[0].any() for patch in patches)
    unknown = sample(field, np.zeros(field.shape, bool))
    assert not draw_patch(unknown, SIZE, rng_of(0)).valid.any()


def test_every_reviewed_pixel_is_drawn_as_often():
    reviewed = np.zeros((400, 400), bool)
    reviewed[100:103, 200:300] = True  # as many in few rows as in many
    reviewed[290:310, 90:105] = True
    learnt = sample(np.zeros(reviewed.shape, np.int32), reviewed)
    patches = (draw_patch(learnt, SIZE, rng_of(s), strength=0) for s in range(200))
    thin = [min(p.valid[0].any(d).sum() for d in (0, 1)) <= 3 for p in patches]
    assert 75 <= sum(thin) <= 125


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


@pytest.mark.usefixtures("uncoloured")
def test_what_nobody_reviewed_is_not_believed(discs):
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
        targets = draw_patch(learnt, SIZE, rng_of(seed), stretch=STRETCH).targets
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


@pytest.mark.parametrize("channels", [2, 3, 4, 5])
def test_channels_that_differ_change_apart(channels):
    image = torch.rand(channels, SIZE, SIZE)
    new = torch.stack([recolour(image.clone(), rng_of(seed)) for seed in range(30)])
    means = new.mean((2, 3))
    assert (means - means.mean(1, keepdim=True)).abs().max() > 0.05


@pytest.mark.parametrize(("channels", "grey"), [(1, True), (3, True), (3, False)])
def test_nothing_is_made_where_objects_lie_everywhere(channels, grey):
    full = np.ones((96, 96), np.int32)
    crowded = sample(full, config=INSTANCES.but(in_channels=channels))
    if not grey:
        crowded.image[0] = 0.5
    for seed in range(20):
        field = draw_nothing(crowded, SIZE, rng_of(seed), STRETCH)
        assert field.shape == (channels, SIZE, SIZE) and field.dtype == torch.float32
        assert torch.equal(field, field[:1].expand_as(field)) == grey
        assert -0.6 < field.min() < 0.01 and 0.99 < field.max() < 2  # stretched


def test_nothing_is_background_where_there_is_some(discs):
    learnt = sample(discs)
    learnt.image[0, :, 48:] = np.linspace(0.2, 0.3, 48)  # dim, beside the discs
    learnt.targets[:, :, 48:] = 0
    fields = [
        draw_nothing(learnt, SIZE, rng_of(seed), STRETCH)[0] for seed in range(20)
    ]
    ramps = [f for f in fields if (f.diff(dim=1) >= 0).all()]
    assert len(ramps) > 10
    for field in ramps:  # over its own range
        assert field[:, -1].min() - field[:, 0].max() > 0.95
    # Where nobody looked there may be objects: it is made as where they lie everywhere.
    unsure, full = sample(discs, discs < 0), sample(np.ones_like(discs))
    for seed in range(20):
        made = [draw_nothing(s, SIZE, rng_of(seed), STRETCH) for s in (unsure, full)]
        assert torch.equal(*made)


@pytest.mark.parametrize("low", [1, 20])
def test_nothing_is_stretched_as_the_model_stretches(discs, low):
    crowded = sample(np.ones_like(discs))
    for seed in range(20):
        field = draw_nothing(crowded, SIZE, rng_of(seed), STRETCH.but(low=low))
        assert float((field < 0).float().mean()) == pytest.approx(low / 100, abs=0.002)


def test_some_patches_hold_nothing(discs, monkeypatch):
    monkeypatch.setattr(augment, "EMPTY", 0.5)
    reviewed = np.zeros(discs.shape, bool)
    reviewed[60:84, 60:84] = True
    learnt = sample(discs, reviewed)
    patches = [
        draw_patch(learnt, SIZE, rng_of(seed), stretch=STRETCH) for seed in range(40)
    ]
    empty = [p for p in patches if p.valid.all()]  # no doubt about nothing
    assert 12 < len(empty) < 28
    assert not any(p.targets.any() for p in empty)
    several = ModelConfig(recipe="unet", classes=3, task="semantic")
    learnt = sample(discs, config=several)
    for seed in range(20):  # background is a class of its own there
        assert draw_patch(learnt, SIZE, rng_of(seed), stretch=STRETCH).targets.any()


@pytest.mark.usefixtures("uncoloured")
def test_some_patches_are_stretched_to_their_own_range(discs, monkeypatch):
    monkeypatch.setattr(augment, "EMPTY", 0)
    dim = sample(discs)
    dim.image[:] = 0.4 + 0.1 * dim.image
    images = [
        draw_patch(dim, SIZE, rng_of(seed), stretch=STRETCH).image for seed in range(80)
    ]
    ranges = [float(image.max() - image.min()) for image in images]
    assert 10 < sum(r > 0.9 for r in ranges) < 32  # a quarter
    assert all(r > 0.9 or r < 0.11 for r in ranges)


def test_a_patch_is_a_function_of_its_generator(discs):
    first, again, other = (
        draw_patch(sample(discs), SIZE, rng_of(s), stretch=STRETCH) for s in (1, 1, 2)
    )
    assert torch.equal(first.image, again.image)
    assert torch.equal(first.targets, again.targets)
    assert not torch.equal(first.image, other.image)
