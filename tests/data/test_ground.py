"""Masks whose background has a number of its own are told from those that have none."""

import numpy as np
import pytest

from napari_cihm.data.ground import believed, said_of_ground


def mask(ground, *objects):
    """Lay squares of these numbers on a ground."""
    labels = np.full((6, 30), ground)
    for place, number in enumerate(objects):
        labels[1:4, 6 * place + 1 : 6 * place + 4] = number
    return labels


@pytest.mark.parametrize(
    ("masks", "number"),
    [
        ([mask(1, 2, 3), mask(1, 2)], 1),
        ([mask(1, 2, 2)], 1),  # as ilastik numbers pixels
        ([mask(65535, 1, 2)], 65535),  # -1 in a file that knows no sign
        ([mask(9, 0, 0), mask(9, 0, 0, 0), mask(9)], 9),  # black on white
        ([mask(9, 0)], None),  # one gap
        ([mask(9, 0, 0), mask(0, 9)], None),
        ([mask(9, 0, 0, 3)], None),
        ([mask(9, 0, 0).ravel()], None),  # known in parts, as in no places
        ([mask(0, 1, 2)], None),
        ([mask(1, 2), mask(0, 1)], None),
        ([mask(1, 2), mask(2, 1)], None),
        ([np.arange(100) // 25 + 1], None),  # cells that leave nothing free
        ([], None),
    ],
)
def test_a_number_of_the_background_is_noticed(masks, number):
    said = said_of_ground(masks)
    assert said.startswith(f"The number {number} fills") if number else said == ""


def test_what_was_not_reviewed_tells_nothing():
    labels, seen = mask(0, 7), mask(0, 1).astype(bool)
    assert np.unique(believed(labels, seen)).tolist() == [7]


def test_labels_of_which_all_may_be_believed_keep_their_places():
    labels = mask(0, 7)
    assert believed(labels, None) is labels
    assert believed(labels, np.ones(labels.shape, bool)) is labels
