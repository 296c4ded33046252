"""What a run of a region does to labels that go on beyond it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_cihm.config import SegmentSettings
from napari_cihm.plugin.region import region_of
from napari_cihm.plugin.splicing import spliced

SHAPE = (60, 90)
CENTRES = [(y, x) for y in range(8, 60, 15) for x in range(8, 90, 15)]


def _discs(radius, centres=CENTRES, first=1):
    labels = np.zeros(SHAPE, np.int32)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    for number, (row, column) in enumerate(centres, first):
        labels[np.hypot(y - row, x - column) < radius] = number
    return labels


def _view(rows, columns, margin=12, axes="yx", shape=SHAPE):
    region = region_of(axes, shape, "view", {}, {"y": rows, "x": columns})
    return region.grown(margin)


def _run(labels, region, truth, reviewed=None, **settings):
    """Take in what a run would find that sees objects as they are in `truth`."""
    seen = truth[region.shown_box]
    found = np.searchsorted(np.unique([0, *np.unique(seen)]), seen).astype(np.uint32)
    chosen = SegmentSettings(**settings)
    result = labels.copy()
    marks = None if reviewed is None else reviewed[region.shown_box]
    new = spliced(labels, region, found, marks, chosen)
    result = result.astype(new.dtype)
    result[region.shown_box] = new
    return result


def _same_objects(one, other):
    """Tell whether labels are the same but for their numbers."""
    pairs = np.unique(np.stack([one.ravel(), other.ravel()]), axis=1)
    return all(len(np.unique(side)) == pairs.shape[1] for side in pairs)


VIEWS = [((0, 31), (0, 47)), ((8, 23), (38, 66)), ((22, 60), (0, 90)), ((5, 7), (4, 9))]


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("margin", [0, 4, 12, 200])
def test_the_same_run_again_changes_nothing(view, margin):
    labels = _discs(6) * 3
    result = _run(labels, _view(*view, margin), labels)
    np.testing.assert_array_equal(result, labels)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("radius", [5, 7])
def test_objects_drawn_otherwise_are_taken_whole_or_left_whole(view, radius):
    before, truth = _discs(6), _discs(radius)
    result = _run(before, _view(*view), truth)
    for number in range(1, len(CENTRES) + 1):
        mask = result == number
        as_it_was = np.array_equal(mask, before == number)
        assert as_it_was or np.array_equal(mask, truth == number)
    inside = truth[slice(*view[0]), slice(*view[1])]
    outside = truth.copy()
    outside[slice(*view[0]), slice(*view[1])] = 0
    for number in np.setdiff1d(inside, outside):  # lies in the view alone
        np.testing.assert_array_equal(result == number, truth == number)


def test_views_side_by_side_give_the_objects_of_the_whole():
    truth, labels = _discs(6), np.zeros(SHAPE, np.int32)
    for rows in ((0, 25), (25, 60)):
        for columns in ((0, 38), (38, 90)):
            labels = _run(labels, _view(rows, columns), truth)
    assert _same_objects(labels, truth)


def test_an_object_that_was_cut_by_an_edge_is_made_whole():
    truth = _discs(6, [(30, 45)])
    half = np.where(np.arange(90) < 43, truth * 9, 0)
    result = _run(half, _view((0, 60), (43, 90)), truth)
    assert _same_objects(result, truth)


def test_what_was_merged_is_told_apart_in_the_view_and_left_outside():
    truth = _discs(6, CENTRES[:6])
    merged = np.where(_discs(9, CENTRES[:6]) > 0, 5, 0).astype(np.int32)
    result = _run(merged, _view((0, 60), (0, 45)), truth)
    for number in (1, 2, 3):
        (name,) = np.unique(result[truth == number])
        assert name != 5
        np.testing.assert_array_equal(result == name, truth == number)
    assert (result[truth > 3] == 5).all()


def test_what_is_not_found_any_more_goes_or_stays_whole():
    inside, outside = (30, 42), (8, 48)
    labels = _discs(6, [inside, outside])
    result = _run(labels, _view((0, 60), (0, 45)), np.zeros_like(labels))
    np.testing.assert_array_equal(result, np.where(labels == 2, 2, 0))


def _stack():
    spots = [(15, 15), (15, 40), (40, 15)]
    return np.stack([_discs(r, spots) for r in (4, 6, 8, 8, 6)])


def _slice(labels, at, axes="zyx"):
    return region_of(axes, labels.shape, "slice", {axes[0]: at}).grown(12)


@pytest.mark.parametrize("at", range(5))
@pytest.mark.parametrize("settings", [{}, {"volume": "slices"}])
def test_a_slice_again_keeps_the_objects_of_a_stack(at, settings):
    stack = _stack()
    result = _run(stack, _slice(stack, at), stack, **settings)
    np.testing.assert_array_equal(result, stack)


@pytest.mark.parametrize(
    ("axes", "settings", "linked"),
    [
        ("zyx", {}, True),
        ("zyx", {"volume": "orthogonal"}, True),
        ("zyx", {"volume": "slices"}, False),
        ("zyx", {"min_overlap": 0.99}, True),  # one lies within the other
        ("tyx", {"time": "linked"}, True),
        ("tyx", {"time": "linked", "min_overlap": 0.99}, False),
        ("tyx", {}, False),
    ],
)
def test_a_new_slice_is_linked_as_a_run_links(axes, settings, linked):
    stack = _stack()
    before = stack.copy()
    before[1] = 0
    result = _run(before, _slice(stack, 1, axes), stack, **settings)
    numbers = stack[1] if linked else np.where(stack[1] > 0, stack[1] + 3, 0)
    np.testing.assert_array_equal(result[1], numbers)
    np.testing.assert_array_equal(result[[0, 2, 3, 4]], before[[0, 2, 3, 4]])


def test_objects_are_linked_across_the_slices_they_may_miss():
    stack = _stack()
    before = stack.copy()
    before[[0, 2, 3, 4]] = 0
    for gap, names in ((1, [1, 2, 3]), (0, [4, 5, 6])):
        result = _run(before, _slice(stack, 3), stack, gap=gap, min_overlap=0.5)
        assert np.unique(result[3]).tolist() == [0, *names]


def test_what_a_slice_tells_apart_shares_no_number():
    parts = _discs(6, [(30, 40), (30, 49)])
    stack = np.stack([np.where(parts > 0, 1, 0)] * 3)
    truth = np.stack([stack[0], parts, stack[0]])
    result = _run(stack, _slice(stack, 1), truth)
    assert np.unique(result[1]).tolist() == [0, 1, 2]
    assert _same_objects(result[1], parts)


def test_a_fragment_stays_with_its_object():
    stack = np.stack([_discs(8, [(30, 40)])] * 3)
    stack[1, :, 34:37] = 0  # in which linking saw one object in two pieces
    truth = stack.copy()
    truth[1, :, :34] *= 2
    result = _run(stack, _slice(stack, 1), truth)
    np.testing.assert_array_equal(result, stack)


def test_numbers_that_their_kind_cannot_hold_widen_it():
    labels = np.zeros(SHAPE, np.uint8)
    labels[:3] = 255
    result = _run(labels, _view((20, 60), (0, 90)), _discs(6, [(40, 40)]))
    assert result.dtype == np.uint16
    assert np.unique(result).tolist() == [0, 255, 256]
    high = np.zeros(SHAPE, np.uint64)
    high[:3] = 2**63 + 1
    result = _run(high, _view((20, 60), (0, 90)), _discs(6, [(40, 40)]))
    assert np.unique(result).tolist() == [0, 2**63 + 1, 2**63 + 2]


def test_classes_keep_the_numbers_of_the_model():
    before, truth = _discs(6).clip(0, 2), _discs(7).clip(0, 3)
    region = _view((0, 31), (0, 47))
    reviewed = np.zeros(SHAPE, bool)
    reviewed[:10, :10] = True
    box = region.shown_box
    new = spliced(before, region, truth[box], reviewed[box], None)
    expected = before.copy()
    expected[:31, :47] = truth[:31, :47]
    expected[:10, :10] = before[:10, :10]
    np.testing.assert_array_equal(new, expected[box])


TINY = (9, 11)
LABELS = arrays(np.int32, TINY, elements=st.integers(0, 4))


@given(LABELS, arrays(np.bool_, TINY), LABELS, st.integers(0, 3))
def test_nothing_changes_that_was_reviewed_or_lies_beyond(old, reviewed, truth, margin):
    region = _view((2, 6), (3, 9), margin, shape=TINY)
    result = _run(old, region, truth, reviewed)
    np.testing.assert_array_equal(result[reviewed], old[reviewed])
    beyond = np.ones(TINY, bool)
    beyond[region.shown_box] = False
    np.testing.assert_array_equal(result[beyond], old[beyond])
    again = _run(result, region, result, reviewed)
    np.testing.assert_array_equal(again, result)


def test_an_object_mostly_reviewed_stays_at_the_edge_and_inside():
    labels, truth = _discs(6), _discs(7)
    reviewed = (labels > 0) & (np.arange(SHAPE[0])[:, None] % 15 < 11)
    result = _run(labels, _view((0, 40), (0, 50)), truth, reviewed)
    np.testing.assert_array_equal(result, labels)
