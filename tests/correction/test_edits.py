"""Edits: what they hold, how they are written and taken back."""

import numpy as np
import pytest

from napari_cihm.correction.edits import changed, edit_of, fitting
from napari_cihm.errors import DtypeError


def test_a_block_holds_what_changes_and_no_more(draw) -> None:
    before = draw("....", ".12.", ".12.")
    after = draw("....", ".72.", ".72.")
    block = changed((10, 20), before, after)
    assert (block.start, block.shape) == ((11, 21), (2, 1))
    assert block.mask is None
    assert block.old.tolist() == 1
    assert block.new.tolist() == 7


def test_nothing_changed_is_no_block(draw) -> None:
    before = draw("12", "12")
    assert changed((0, 0), before, before.copy()) is None


def test_indices_and_values_go_together(draw, make, after) -> None:
    labels = make(draw("....", ".12.", ".12.", "...."))
    before = np.array(labels)
    target = draw("....", ".10.", "5120", "....")
    edit = edit_of([changed((0, 0), before, target)], labels)
    assert edit.size == 2
    found = np.stack([*edit.indices, edit.old, edit.new], axis=1)
    assert sorted(found.tolist()) == [[1, 2, 2, 0], [2, 0, 0, 5]]
    assert np.array_equal(after(labels, edit), target)


def test_an_inverse_restores_the_array(draw, make) -> None:
    start = draw("1122", "1122", "..33")
    labels = make(start)
    edit = edit_of([changed((0, 0), start, draw("1.22", "9.22", "4433"))], labels)
    edit.apply(labels)
    edit.inverse().apply(labels)
    assert np.array_equal(np.array(labels), start)


def test_blocks_far_apart_do_not_fill_what_lies_between(after) -> None:
    labels = np.zeros((1000, 1000), np.int32)
    corner = np.ones((2, 2), np.int32)
    edit = edit_of(
        [
            changed((0, 0), np.zeros_like(corner), corner),
            changed((998, 998), np.zeros_like(corner), 2 * corner),
        ],
        labels,
    )
    assert edit.size == 8
    assert sum(block.where.size for block in edit.blocks) == 8
    assert after(labels, edit).sum() == 4 + 8


def test_an_empty_edit_is_false_and_harmless(draw) -> None:
    labels = draw("12")
    edit = edit_of([None], labels)
    assert not edit
    assert [i.size for i in edit.indices] == [0, 0]
    assert edit.new.dtype == labels.dtype


def test_a_number_too_large_for_the_labels_is_refused() -> None:
    with pytest.raises(DtypeError, match=r"256 does not fit uint8.*wider type"):
        fitting(np.array([3, 256]), np.dtype(np.uint8))
    with pytest.raises(DtypeError, match="-1 does not fit uint16"):
        fitting(np.array([-1]), np.dtype(np.uint16))
    assert fitting(np.array([255]), np.dtype(np.uint8)).dtype == np.uint8
