"""Masks of one number are told from labels that merely are few."""

import numpy as np
import pytest

from napari_cihm.data.apart import one_number, tell_apart


def mask(*numbers):
    """Lay squares of these numbers side by side, each apart from the next."""
    row = np.zeros((6, 6 * len(numbers)), np.uint8)
    for place, number in enumerate(numbers):
        row[1:4, 6 * place + 1 : 6 * place + 4] = number
    return row


@pytest.mark.parametrize(
    ("masks", "expected"),
    [
        ([mask(255, 255, 255)], True),
        ([mask(1, 1, 1), mask(0), mask(1, 1)], True),
        ([mask(True, True).astype(bool)], True),
        ([mask(1, 2)], False),
        ([mask(1, 1, 1), mask(2, 2)], False),
        ([mask(1), mask(1), mask(1)], False),  # one object to an image
        ([mask(1, 1), mask(1), mask(1)], False),  # one of which has a fragment
        ([mask(0)], False),
        ([], False),
    ],
)
def test_one_number_on_several_things_is_noticed(masks, expected):
    assert one_number(masks) is expected


def test_the_look_ends_where_two_numbers_are_found():
    def masks():
        yield mask(1, 2)
        pytest.fail("looked further")

    assert not one_number(masks())


def test_what_touches_by_a_corner_is_one_piece():
    corner = np.kron(np.eye(2, dtype=np.uint8), np.ones((2, 2), np.uint8))
    assert tell_apart(corner).max() == 1
    assert np.unique(tell_apart(mask(9, 9, 0, 9))).tolist() == [0, 1, 2, 3]
