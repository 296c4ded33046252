"""Pieces: found whole, without a look at the rest."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays
from skimage.measure import label as skimage_label

from napari_cihm.correction.chunked import ChunkedArray
from napari_cihm.correction.pieces import piece_at
from napari_cihm.errors import InputError


@given(
    arrays(np.int32, (6, 9, 10), elements=st.integers(0, 2)),
    st.tuples(st.integers(0, 5), st.integers(0, 8), st.integers(0, 9)),
    st.sampled_from([None, (1, 2), (0, 2)]),
)
def test_agrees_with_scikit_image(values, point, axes) -> None:
    chunked = ChunkedArray(values.shape, values.dtype, (2, 4, 3), values)
    if values[point] == 0:
        with pytest.raises(InputError, match="no object"):
            piece_at(chunked, point, axes)
        return
    plane = values
    if axes is not None:
        fixed = next(a for a in range(3) if a not in axes)
        plane = np.zeros_like(values)
        at = tuple(point[fixed] if a == fixed else slice(None) for a in range(3))
        plane[at] = values[at]
    numbered = skimage_label(plane, connectivity=3)
    expected = numbered == numbered[point]
    for labels in (values, chunked):
        piece = piece_at(labels, point, axes)
        whole = tuple(slice(0, n) for n in values.shape)
        assert np.array_equal(piece.mask_in(whole), expected)
        assert piece.size == expected.sum()
        assert point in piece
        inside = np.argwhere(expected)
        low, high = inside.min(axis=0), inside.max(axis=0) + 1
        assert piece.box == tuple(map(slice, low.tolist(), high.tolist()))


def test_a_large_object_is_followed_through_large_blocks() -> None:
    labels = np.zeros((1300, 1300), np.uint8)
    labels[::4] = 3  # a comb, and apart from it what its teeth nearly reach
    labels[:, 0] = 3
    labels[2, 2:900] = 3
    expected = labels == 3
    expected[2] = False
    expected[2, 0] = True
    piece = piece_at(labels, (640, 640))
    assert np.array_equal(piece.mask_in((slice(0, 1300),) * 2), expected)
    assert len(piece.parts) == 9


def test_reads_only_the_chunks_an_object_lies_in() -> None:
    class Watched:
        shape = (64, 2048, 2048)
        dtype = np.dtype(np.int32)
        chunks = (8, 256, 256)
        reads = 0

        def __getitem__(self, index):
            self.reads += 1
            part = np.zeros([s.stop - s.start for s in index], np.int32)
            # A bar of 600 pixels along x, from x = 900, at z 20, y 1000.
            z, y, x = (np.arange(s.start, s.stop) for s in index)
            bar = np.ix_(z == 20, y == 1000, (x >= 900) & (x < 1500))
            part[bar] = 5
            return part

    labels = Watched()
    piece = piece_at(labels, (20, 1000, 1200))
    assert piece.size == 600
    assert piece.box == (slice(20, 21), slice(1000, 1001), slice(900, 1500))
    # Chunks of 256 from 768 to 1536: three, and one pixel for the label itself.
    assert labels.reads == 4


def test_a_point_outside_says_so() -> None:
    with pytest.raises(InputError, match=r"\(0, 9\) lies outside.*\(3, 4\)"):
        piece_at(np.ones((3, 4), int), (0, 9))
    with pytest.raises(InputError, match="3 coordinates in labels of 2"):
        piece_at(np.ones((3, 4), int), (0, 0, 0))
    with pytest.raises(InputError, match="different axes"):
        piece_at(np.ones((3, 4), int), (0, 0), (0, 5))
