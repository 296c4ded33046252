"""Plain regions: numbers as classes, held out in pieces, learnt by fine-tuning."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_cihm.config import ModelConfig
from napari_cihm.data.pairs import Pair
from napari_cihm.errors import DataError
from napari_cihm.events import Note
from napari_cihm.training import finetune, train
from napari_cihm.training.adapting import adapt
from napari_cihm.training.classes import class_numbers
from napari_cihm.training.holdout import block_side
from napari_cihm.training.material import Plane
from napari_cihm.training.regions import naming, pieces

FAST = {"seconds": None, "patch": 32, "batch": 4, "rate": 0.01}
BINARY = ModelConfig(recipe="unet", in_channels=1, task="semantic")


def _plane(labels, source=0):
    shown = np.zeros((1, *labels.shape), np.float32)
    return Plane(shown, labels, np.ones(labels.shape, bool), source)


def _discs(*centres, number):
    y, x = np.indices((96, 96))
    inside = [(y - cy) ** 2 + (x - cx) ** 2 < 36 for cy, cx in centres]
    return number * np.any(inside, axis=0).astype(np.int32)


CLASSES = _discs((20, 20), (20, 60), number=1) + _discs((60, 20), (60, 60), number=2)
OBJECTS = _discs((20, 20), number=1) + _discs((60, 60), number=2)


@pytest.mark.parametrize(
    ("config", "labels", "classes"),
    [
        (BINARY, CLASSES, 3),
        (BINARY, OBJECTS, 1),
        (BINARY, np.minimum(CLASSES, 1), 1),
        (BINARY, 100 * OBJECTS, 1),
        (BINARY.but(classes=2), OBJECTS, 3),
        (BINARY.but(classes=5), CLASSES, 5),
        (BINARY.but(task="instance", classes=3), CLASSES, 3),
    ],
)
def test_a_number_of_several_regions_is_a_class(config, labels, classes):
    assert naming(config, [_plane(labels)]).classes == classes


def test_regions_are_cut_along_blocks_and_keep_their_place():
    labels = np.ones((192, 192), np.int32)
    labels[:10] = 0
    plane = _plane(labels)
    (cut,), side = pieces([plane]), block_side([plane])
    assert len(cut.objects) == np.ceil(192 / side) ** 2
    np.testing.assert_array_equal(cut.labels > 0, labels > 0)
    for number in cut.objects:
        rows, columns = np.nonzero(cut.labels == number)
        assert np.ptp(rows // side) == np.ptp(columns // side) == 0


@pytest.fixture(scope="module")
def base(make_discs):
    """A small U-Net that tells bright discs, as one region."""
    flat = [Pair.of(p.name, p.image, p.labels > 0) for p in map(make_discs, range(6))]
    settings = {"epochs": 6, "steps_per_epoch": 12, "options": {"base": 4}}
    budgets = {"patch": 32, "batch": 4, "rate": 0.01}
    *_, last = train(flat, "unet", task="semantic", **settings, **budgets)
    return last.model


def _both(seed, make_discs):
    """Bright discs of class 1, and striped ones of class 2."""
    pair = make_discs(seed, shape=(96, 96), count=14)
    classes = np.where(pair.labels > 0, 1 + pair.labels % 2, 0).astype(np.uint8)
    stripes = np.where(np.indices(classes.shape)[0] // 2 % 2, 1.0, 0.4)
    return np.where(classes == 2, stripes * pair.image[0], pair.image[0]), classes


def test_one_region_is_learnt_though_all_of_it_has_one_number(base, make_discs):
    found = [make_discs(seed, shape=(96, 96), count=12) for seed in range(10, 13)]
    masks = [(pair.labels > 0).astype(np.uint8) for pair in found]
    images = [pair.image[0] for pair in found]
    started, *_, last = finetune(base, images, masks, steps=12, **FAST)
    assert started.objects > 20 and "pieces of regions" in started.sure
    assert last.model.config.classes == 1
    assert last.base_score > 0.8 and last.new_score > 0.8
    assert "held-out regions" in last.reason


@pytest.mark.slow
def test_further_classes_get_maps_and_are_scored_each(base, make_discs):
    images, labels = zip(*(_both(s, make_discs) for s in range(3)), strict=True)
    events = list(finetune(base, images, labels, steps=150, **FAST))
    said = [event.text for event in events if isinstance(event, Note)]
    assert any("3 maps instead of 1" in text for text in said)
    last = events[-1]
    assert last.model.config.classes == 3
    assert last.base_score < 0.5  # one class for all
    assert last.accepted and last.new_score > last.base_score + 0.25


def test_what_was_known_is_the_first_class_before_anything_is_learnt(base, make_discs):
    wider, _ = adapt(base, base.config.but(classes=3))
    bright = make_discs(7).image[None].astype(np.float32) / 255
    maps = wider.predict(bright)[0]
    known = base.predict(bright)[0, 0]
    np.testing.assert_allclose(maps[1] / (maps[0] + maps[1]), known, atol=1e-5)


def _greys(labels):
    return np.array([0, 127, 255], np.uint8)[labels]


BLURRED = np.round(gaussian_filter(255.0 * (OBJECTS > 0), 1)).astype(np.int32)


@pytest.mark.parametrize(
    ("masks", "known", "numbers"),
    [
        ([CLASSES], (), ()),
        ([_greys(CLASSES)], (), (127, 255)),
        ([_greys(OBJECTS)] * 2, (), (127, 255)),
        ([_greys(OBJECTS)], (), ()),  # found once each: single objects
        ([_greys(OBJECTS)], (255, 127), (255, 127)),
        ([_greys(CLASSES)], (200, 127), (200, 127, 255)),
        ([127 * np.minimum(CLASSES, 1)], (), ()),
        ([40 + np.indices((96, 96))[0] // 2], (), ()),  # 48 single objects
    ],
)
def test_which_numbers_name_classes(masks, known, numbers):
    held = set(np.unique(masks).tolist()) - {0}
    assert class_numbers(masks, held, known) == numbers


@pytest.mark.parametrize(
    "mask", [BLURRED, BLURRED // 64 * 64], ids=["many numbers", "few"]
)
def test_the_edges_of_a_blurred_mask_are_no_classes(mask):
    held = set(np.unique(mask).tolist()) - {0}
    with pytest.raises(DataError, match=r"blurred mask are.*keep what is above"):
        class_numbers([mask], held)


def test_numbers_far_apart_are_learnt_as_classes_from_labels(base, make_discs):
    image, classes = _both(10, make_discs)
    events = list(finetune(base, [image], [_greys(classes)], steps=1, **FAST))
    said = [event.text for event in events if isinstance(event, Note)]
    assert any("127, 255 are the classes 1 to 2" in text for text in said)
    assert events[-1].model.config.classes == 3


def test_too_small_a_region_is_refused(base, make_dark):
    image, labels = make_dark(0)
    mask = (labels == 1).astype(np.uint8)
    with pytest.raises(DataError, match="at least 5"):
        list(finetune(base, [image], [mask], steps=1, **FAST))


def test_a_model_is_trained_further_on_more_classes(base, pairs, tmp_path):
    path = base.save(tmp_path / "base.safetensors")
    classed = [Pair.of(p.name, p.image, p.labels % 3) for p in pairs]
    settings = {"epochs": 1, "steps_per_epoch": 2, "patch": 32, "batch": 2}
    *_, last = train(classed, str(path), task="semantic", **settings)
    assert last.model.config.classes == 3
