"""What found labels are worth: of objects, of a region, of classes."""

import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest

from napari_cihm.config import ModelConfig
from napari_cihm.data.pairs import Pair
from napari_cihm.events import ImageScored
from napari_cihm.training.scores import report, score_pair, summary
from napari_cihm.training.sheet import FOUND, MISSED, Worst, slips

OBJECTS = ModelConfig(recipe="unet", classes=3, task="instance")
REGION = ModelConfig(recipe="unet", classes=1, task="semantic")
CLASSES = ModelConfig(recipe="unet", classes=4, task="semantic")


@pytest.fixture
def pair():
    """Two squares of class 1, one of class 2; nothing of class 3."""
    labels = np.zeros((40, 60), np.int32)
    labels[5:15, 5:15] = labels[5:15, 40:50] = 1
    labels[20:35, 5:20] = 2
    return Pair.of("squares", np.arange(2400).reshape(40, 60), labels)


def scored_of(pair, found, config):
    return score_pair(pair, found, "", config)[0]


def swapped(labels):
    return np.array([0, 2, 1])[labels]


def test_a_class_that_is_another_is_wrong(pair):
    right, wrong = (
        summary([scored_of(pair, found, CLASSES)])
        for found in (pair.labels, swapped(pair.labels))
    )
    assert right["dice"] == right["iou"] == right["recall"] == 1
    assert wrong["dice"] == wrong["iou"] == wrong["recall"] == 0
    assert wrong["hd95"] > 10 and right["hd95"] == 0


def test_each_class_is_averaged_where_it_is_and_then_the_classes(pair):
    found = np.where(pair.labels == 1, 1, 0)
    other = replace(pair, labels=np.where(pair.labels == 2, 0, pair.labels))
    scored = [scored_of(p, found, CLASSES) for p in (pair, other)]
    figures = summary(scored)
    assert {k: c["dice"] for k, c in figures["classes"].items()} == {"1": 1, "2": 0}
    assert figures["dice"] == 0.5
    assert [s.row()["dice"] for s in scored] == [0.5, 1]
    assert [s.figure for s in scored] == [0.5, 1]


def test_of_regions_nothing_is_said_of_objects(pair):
    for config in (REGION, CLASSES):
        figures = report([scored_of(pair, pair.labels, config)])
        assert figures["ap"] == {} and figures["map"] is None
        assert not {"f1", "pq", "n_objects"} & set(figures)
        assert not {"map", "ap50", "objects"} & set(figures["per_image"][0])


def test_one_region_is_any_label(pair):
    scored = scored_of(pair, swapped(pair.labels), REGION)
    assert summary([scored])["dice"] == 1
    assert list(scored.classes) == [1]


def test_nothing_where_nothing_is_is_right(pair):
    empty = replace(pair, labels=np.zeros_like(pair.labels))
    for config in (OBJECTS, REGION, CLASSES):
        figures = summary([scored_of(empty, empty.labels, config)])
        assert figures["dice"] == 1 and figures["hd95"] == 0


def test_objects_are_judged_by_their_greater_part_inside_the_review(pair):
    reviewed = np.zeros(pair.labels.shape, bool)
    reviewed[:, :41] = True  # one column of an object, all of another
    apart = np.where(np.indices(reviewed.shape)[1] > 30, 3 * pair.labels, pair.labels)
    found = np.where(apart == 3, 0, apart)
    found[5:15, 41:50] = 3
    seen = replace(pair, labels=apart, reviewed=reviewed)
    row = scored_of(seen, found, OBJECTS).row()
    assert (row["objects"], row["found"], row["ap50"]) == (2, 2, 1)


@pytest.mark.parametrize("config", [OBJECTS, REGION, CLASSES])
def test_regions_are_judged_inside_the_review_alone(pair, config):
    reviewed = np.indices(pair.labels.shape)[1] < 30
    seen = replace(pair, reviewed=reviewed)
    beside, inside = (
        np.where(wrong, 3 * (pair.labels == 0), pair.labels)
        for wrong in (~reviewed, reviewed)
    )
    assert summary([scored_of(seen, beside, config)])["dice"] == 1
    assert summary([scored_of(seen, inside, config)])["dice"] == 0


def test_errors_of_classes_are_those_of_pixels(pair):
    colours = slips(pair.labels, np.where(pair.labels == 2, 1, pair.labels))
    assert tuple(colours[10, 10]) == FOUND
    assert tuple(colours[27, 12]) == MISSED


@pytest.mark.parametrize("most", [0, 2])
def test_no_more_images_are_kept_than_the_worst(pair, most):
    alive = []

    def scoring():
        for number, wrong in enumerate((0, 16, 10, 40, 5), start=1):
            found = np.where(np.indices(pair.labels.shape)[0] < wrong, 0, pair.labels)
            named = replace(pair, name=str(wrong), image=pair.image.copy())
            scored, shown = score_pair(named, found, "", OBJECTS)
            alive.append(weakref.ref(shown.image))
            yield ImageScored(number, 5, scored, shown)
            del scored, shown, named

    worst = Worst(most)
    for event in worst.watch(scoring()):
        del event
    gc.collect()
    assert sum(image() is not None for image in alive) == most
    assert [shown.name for _, shown in worst.rows] == ["40", "10"][:most]
