import numpy as np
import pytest
import torch

from napari_cihm import load_model
from napari_cihm.data.normalise import normalise
from napari_cihm.data.synthetic import nuclei, tissue
from napari_cihm.segmentation.decoding import decode
from napari_cihm.training.adapting import adapt, seeing
from napari_cihm.training.colours import standing_out
from napari_cihm.training.material import Plane
from napari_cihm.training.metrics import match


def plane(image, labels, reviewed=None):
    seen = np.ones(labels.shape, bool) if reviewed is None else reviewed
    return Plane(np.asarray(image, np.float32), np.where(seen, labels, 0), seen, 0)


def stained(model, seed):
    image, labels = tissue((192, 192), seed)
    return normalise(np.moveaxis(image, -1, 0), model.config.normalisation), labels


@pytest.fixture(scope="module")
def fluo():
    return load_model("cihm-fluo", "cpu")


def found(model, image, labels):
    maps = model.predict(image[None])[0]
    return match(labels, decode(maps, model.config.decoding))[0]


def test_nuclei_are_found_in_tissue_before_anything_is_learnt(fluo):
    learnt, unseen = stained(fluo, 1), stained(fluo, 2)
    config = seeing(fluo.config, {3})
    plain, word = adapt(fluo, config)
    assert "weighted" not in word
    mixed, word = adapt(fluo, config, standing_out([plane(*learnt)]))
    assert "sees 3 channels instead of 1, weighted" in word
    assert found(plain, *unseen).ap < 0.1
    assert found(mixed, *unseen).ap > 0.2


def test_what_was_grey_is_seen_as_ever(fluo):
    weights = standing_out([plane(*stained(fluo, 1))])
    assert weights.sum() == pytest.approx(1)
    mixed, _ = adapt(fluo, seeing(fluo.config, {3}), weights)
    grey = normalise(nuclei((96, 96), 3)[0][None], fluo.config.normalisation)
    before = fluo.predict(grey[None])
    after = mixed.predict(np.repeat(grey, 3, axis=0)[None])
    np.testing.assert_allclose(after, before, atol=1e-4)


def test_the_channel_that_holds_the_objects_is_taken():
    rng = np.random.default_rng(0)
    labels = nuclei((64, 64), 0, 16.0)[1]
    image = rng.normal(0, 0.1, (4, 64, 64))
    image[2] += labels > 0
    weights = standing_out([plane(image, labels)])
    assert weights.argmax() == 2 and weights[2] > 0.8
    assert abs(np.delete(weights, 2)).max() < 0.2


def test_only_what_was_reviewed_is_looked_at():
    labels = np.zeros((32, 32), np.int32)
    labels[4:12, 4:12] = 1
    labels[4:12, 20:28] = 2
    reviewed = np.zeros(labels.shape, bool)
    reviewed[:, :16] = True
    image = np.zeros((2, 32, 32))
    image[0, :, :16] = labels[:, :16] > 0
    image[1, :, 16:] = 50 * (labels[:, 16:] > 0)
    image += np.random.default_rng(0).normal(0, 0.05, image.shape)
    part = standing_out([plane(image, labels, reviewed)])
    assert part[0] > 0.9
    alone = standing_out([plane(image[:, :, :16], labels[:, :16])])
    np.testing.assert_allclose(part, alone)


@pytest.mark.parametrize("labels", [np.ones((8, 8), int), np.eye(8, dtype=int)])
def test_channels_count_alike_where_nothing_tells_them_apart(labels):
    grey = np.random.default_rng(0).random((1, 8, 8)).repeat(3, axis=0)
    weights = standing_out([plane(grey, labels)])
    np.testing.assert_allclose(weights, 1 / 3)


def test_one_channel_is_one_channel(fluo):
    assert standing_out([plane(np.ones((1, 8, 8)), np.eye(8, dtype=int))]) == [1.0]
    same, word = adapt(fluo, fluo.config, np.ones(1))
    assert not word
    assert all(
        torch.equal(a, b)
        for a, b in zip(
            fluo.network.state_dict().values(),
            same.network.state_dict().values(),
            strict=True,
        )
    )
