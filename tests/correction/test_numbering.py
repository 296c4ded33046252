"""Closing gaps in the numbers."""

import numpy as np
import pytest
from skimage.segmentation import relabel_sequential

from napari_cihm.correction.label_index import LabelIndex
from napari_cihm.correction.numbering import relabel_consecutively


def test_only_what_lies_behind_a_gap_changes(draw, make, after) -> None:
    labels = make(draw("11.2", "4..2", "4.99"))
    edit = relabel_consecutively(labels)
    assert edit.what == "Renumber 2 of 4 objects"
    assert edit.size == 4
    assert np.array_equal(after(labels, edit), draw("11.2", "3..2", "3.44"))


def test_agrees_with_scikit_image_on_many_objects(after) -> None:
    rng = np.random.default_rng(0)
    labels = rng.choice(np.arange(0, 9000, 3), (90, 80)).astype(np.int32)
    expected = relabel_sequential(labels)[0]
    assert np.array_equal(after(labels, relabel_consecutively(labels)), expected)


def test_numbers_without_a_gap_stay(draw) -> None:
    labels = draw("12", "33")
    edit = relabel_consecutively(labels, index=LabelIndex.of(labels))
    assert not edit
    assert edit.note == "The numbers have no gap."


@pytest.mark.parametrize("count", [3, 600])
def test_huge_numbers_are_closed_too(count: int) -> None:
    labels = np.zeros((40, 40), np.uint64)
    expected = np.zeros((40, 40), np.uint64)
    for n in range(count):
        labels[2 * n // 40, n % 40] = 2**63 + 3 * n
        expected[2 * n // 40, n % 40] = n + 1
    relabel_consecutively(labels).apply(labels)
    np.testing.assert_array_equal(labels, expected)
