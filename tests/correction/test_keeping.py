"""A new run replaces what nobody reviewed, and nothing else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_cihm.correction.keeping import keep_reviewed
from napari_cihm.errors import DtypeError

SHAPE = (6, 8)
LABELS = arrays(np.int32, SHAPE, elements=st.integers(0, 5))


def test_objects_seen_again_are_dropped_and_others_are_numbered_on():
    old = np.array([[3, 3, 3, 0, 0, 8, 8, 0]])
    reviewed = np.array([[1, 1, 1, 1, 0, 0, 0, 0]], bool)
    found = np.array([[1, 1, 0, 0, 2, 2, 2, 5]])
    expected = np.array([[3, 3, 3, 0, 4, 4, 4, 5]])
    np.testing.assert_array_equal(keep_reviewed(old, reviewed, found), expected)


def test_an_object_mostly_reviewed_stays_whole():
    old = np.array([[7, 7, 7, 7, 0, 0]])
    reviewed = np.array([[1, 1, 1, 0, 0, 0]], bool)
    found = np.array([[0, 0, 0, 2, 2, 2]])
    expected = np.array([[7, 7, 7, 7, 8, 8]])
    np.testing.assert_array_equal(keep_reviewed(old, reviewed, found), expected)


def test_reviewed_background_stays_empty():
    old = np.zeros((1, 6), int)
    reviewed = np.array([[1, 1, 1, 0, 0, 0]], bool)
    found = np.array([[9, 9, 9, 9, 0, 4]])
    expected = np.array([[0, 0, 0, 0, 0, 1]])
    np.testing.assert_array_equal(keep_reviewed(old, reviewed, found), expected)


@pytest.mark.parametrize(
    ("dtype", "label", "kind"),
    [
        ("int32", -4, "int32"),
        ("int64", 2**40, "int64"),
        ("uint64", 2**63 + 5, "uint64"),
        ("uint8", 255, "uint16"),
        ("int16", 2**15 - 1, "int32"),
    ],
)
def test_any_number_is_kept_and_the_new_ones_fit(dtype, label, kind):
    old = np.array([[label, label, 0, 0]], dtype)
    found = np.array([[0, 0, 0, 6]], np.uint32)
    result = keep_reviewed(old, old != 0, found)
    assert result.dtype == kind
    assert result[0].tolist() == [label, label, 0, max(label, 0) + 1]


def test_numbers_that_no_kind_holds_are_refused():
    old = np.array([[2**64 - 1, 0]], np.uint64)
    with pytest.raises(DtypeError, match="18446744073709551616"):
        keep_reviewed(old, old != 0, np.array([[0, 1]]))


@pytest.mark.parametrize("shape", [(5, 7), (3, 5, 7), (2, 3, 5, 7)])
def test_without_marks_it_is_the_new_run(shape):
    found = np.random.default_rng(0).integers(0, 4, shape)
    result = keep_reviewed(np.ones(shape, int), np.zeros(shape, bool), found)
    np.testing.assert_array_equal(result > 0, found > 0)


@given(LABELS, arrays(np.bool_, SHAPE), LABELS)
def test_no_reviewed_pixel_ever_changes(old, reviewed, found):
    result = keep_reviewed(old, reviewed, found)
    np.testing.assert_array_equal(result[reviewed], old[reviewed])
    new = np.setdiff1d(result[result > old.max(initial=0)], [0])
    for number in new:  # each is a part of one found object, most of it
        (source,) = np.unique(found[result == number])
        assert 2 * (result == number).sum() > (found == source).sum()
