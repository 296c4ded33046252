"""Run lengths as the 2018 Data Science Bowl reads them."""

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_cihm.errors import ShapeError
from napari_cihm.segmentation.submission import run_lengths, write_submission


def _decoded(runs: str, shape: tuple[int, int]) -> np.ndarray:
    """Fill a mask from runs, as the contest describes them: one pixel at a time."""
    mask = np.zeros(shape, bool)
    numbers = [int(word) for word in runs.split()]
    for first, length in zip(numbers[::2], numbers[1::2], strict=True):
        for pixel in range(first - 1, first - 1 + length):
            mask[pixel % shape[0], pixel // shape[0]] = True
    return mask


@given(
    arrays(
        np.uint16,
        st.tuples(st.integers(1, 12), st.integers(1, 12)),
        elements=st.integers(0, 3),
    )
)
def test_runs_hold_each_object_exactly(labels) -> None:
    runs = list(run_lengths(labels))
    numbers = [n for n in np.unique(labels) if n]
    assert len(runs) == len(numbers)
    for number, run in zip(numbers, runs, strict=True):
        np.testing.assert_array_equal(_decoded(run, labels.shape), labels == number)
        firsts = [int(word) for word in run.split()][::2]
        assert firsts == sorted(firsts)


def test_the_contests_own_example() -> None:
    # "1 3 10 5" is pixels 1, 2, 3, 10, 11, 12, 13 and 14, down the columns.
    labels = np.zeros((5, 4), np.uint8)
    for pixel in (1, 2, 3, 10, 11, 12, 13, 14):
        labels[(pixel - 1) % 5, (pixel - 1) // 5] = 1
    assert list(run_lengths(labels)) == ["1 3 10 5"]


def test_the_file_has_a_row_for_each_object_and_empty_image(tmp_path) -> None:
    path = write_submission(
        tmp_path / "s.csv", [("b", ["1 2", "9 1"]), ("a", []), ("µ", ["4 4"])]
    )
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["ImageId", "EncodedPixels"],
        ["a", ""],
        ["b", "1 2"],
        ["b", "9 1"],
        ["µ", "4 4"],
    ]


def test_a_stack_is_refused() -> None:
    with pytest.raises(ShapeError, match="3 dimensions"):
        list(run_lengths(np.zeros((2, 3, 4), int)))
