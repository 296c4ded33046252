"""Metrics of objects against StarDist's matching, and by hand."""

import sys
import tracemalloc

import numpy as np
import pytest
from scipy import ndimage

from napari_cihm.training.metrics import (
    THRESHOLDS,
    judged,
    match,
    total,
)

if sys.version_info < (3, 14):
    from stardist.matching import matching as their_matching
    from stardist.matching import matching_dataset

beside_stardist = pytest.mark.skipif(
    sys.version_info >= (3, 14), reason="StarDist has no wheels for Python 3.14"
)


def blobs(rng, shape=(96, 120), count=30):
    """Random discs that may overwrite each other, as label pairs really do."""
    labels = np.zeros(shape, np.int32)
    y, x = np.indices(shape)
    for number in range(1, count + 1):
        cy, cx, r = (
            rng.uniform(0, shape[0]),
            rng.uniform(0, shape[1]),
            rng.uniform(3, 9),
        )
        labels[(y - cy) ** 2 + (x - cx) ** 2 < r * r] = number
    return labels


def shaken(labels, rng):
    """A plausible prediction: shifted, eroded, with objects merged and lost."""
    found = ndimage.shift(labels, rng.integers(-2, 3, 2), order=0)
    numbers = np.unique(found)[1:]
    found[np.isin(found, rng.choice(numbers, 3))] = 0
    found[found == numbers[0]] = numbers[1]
    return np.where(ndimage.minimum_filter(found, 2) == found, found, 0)


@beside_stardist
@pytest.mark.parametrize("seed", range(6))
def test_matching_equals_stardist_at_every_threshold(seed):
    rng = np.random.default_rng(seed)
    truth = blobs(rng)
    found = shaken(truth, rng) if seed % 2 else blobs(rng)
    for ours in match(truth, found):
        theirs = their_matching(truth, found, thresh=ours.threshold)
        assert (ours.tp, ours.fp, ours.fn) == (theirs.tp, theirs.fp, theirs.fn)
        assert ours.ap == pytest.approx(theirs.accuracy)
        assert ours.f1 == pytest.approx(theirs.f1)
        assert ours.pq == pytest.approx(theirs.panoptic_quality)


@beside_stardist
def test_a_sets_matching_equals_stardists():
    rng = np.random.default_rng(9)
    truths = [blobs(rng) for _ in range(4)]
    founds = [shaken(t, rng) for t in truths]
    ours = total(match(t, f) for t, f in zip(truths, founds, strict=True))
    for each in ours:
        theirs = matching_dataset(
            truths, founds, thresh=each.threshold, show_progress=False, by_image=False
        )
        assert each.tp == theirs.tp
        assert each.ap == pytest.approx(theirs.accuracy)


def test_nothing_against_nothing_is_perfect_and_against_something_is_not():
    empty, one = np.zeros((8, 8), int), np.zeros((8, 8), int)
    one[2:5, 2:5] = 7
    assert [m.ap for m in match(empty, empty)] == [1.0] * len(THRESHOLDS)
    assert match(one, empty)[0].fn == 1 and match(one, empty)[0].ap == 0
    assert match(empty, one)[0].fp == 1 and match(empty, one)[0].ap == 0


def square(*boxes, shape=(60, 60)):
    labels = np.zeros(shape, np.int32)
    for number, (top, left) in enumerate(boxes, start=1):
        labels[top : top + 10, left : left + 10] = number
    return labels


def in_the_left(columns):
    reviewed = np.zeros((60, 60), bool)
    reviewed[:, :columns] = True
    return reviewed


@pytest.mark.parametrize("columns", range(20, 32))
def test_an_object_that_the_edge_of_the_review_cuts_is_not_missed_and_invented(columns):
    truth, found = square((5, 5), (40, 20)), square((5, 6), (41, 21))
    for pair, last in (((truth, found), 25), ((found, truth), 26)):
        first = match(*judged(*pair, in_the_left(columns)))[0]
        assert (first.fp, first.fn) == (0, 0)
        assert first.tp == (1 if columns <= last else 2)


def test_what_lies_where_nobody_looked_is_no_mistake():
    truth, found = square((5, 5)), square((5, 5), (5, 45), (40, 24))
    first = match(*judged(truth, found, in_the_left(28)))[0]
    assert (first.tp, first.fp, first.fn) == (1, 0, 0)
    first = match(*judged(truth, found, in_the_left(30)))[0]
    assert (first.tp, first.fp, first.fn) == (1, 1, 0)
    assert match(*judged(found, truth, in_the_left(30)))[0].fn == 1


def test_a_slide_of_objects_is_matched_without_a_table_of_all_pairs():
    side, many = 12, 64
    y, x = np.indices((many * side, many * side))
    inside = (y % side < 9) & (x % side < 9)
    truth = np.where(inside, y // side * many + x // side + 1, 0)
    found = np.roll(truth, 1, axis=0)
    tracemalloc.start()
    first = match(truth, found)[0]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (first.tp, first.fp, first.fn) == (many**2, 0, 0)
    assert first.iou == pytest.approx(many**2 * 8 / 10)
    assert peak < 8 * many**4


def test_where_objects_can_choose_as_many_as_can_be_find_one():
    truth = np.array([[1] * 10 + [2] * 4])
    found = np.array([[6] * 2 + [5] * 10 + [0] * 2])  # 5 is most like 1, and all of 2
    first = match(truth, found, [0.1])[0]
    assert (first.tp, first.fp, first.fn) == (2, 0, 0)
    assert first.iou == pytest.approx(2 / 10 + 2 / 12)
