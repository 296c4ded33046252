"""Blocks join to what the whole gives, whatever their size."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_cihm.data.tiles import BlockGrid
from napari_cihm.segmentation.joining import join, mutual_best, overlaps
from napari_cihm.segmentation.parts import make_part
from tests.segmentation.conftest import crowd, relabelled


def _joined(truth: np.ndarray, size: tuple[int, ...], halo: int) -> np.ndarray:
    grid = BlockGrid(truth.shape, size, (halo,) * truth.ndim)
    parts = []
    for block in grid:
        # Each block numbers what it sees in its own way.
        seen = truth[block.view]
        own = np.random.default_rng(sum(block.index)).permutation(truth.max()) + 1
        shuffled = np.where(seen > 0, own[seen - 1], 0)
        parts.append(make_part(block, grid.shape, grid.counts, shuffled))
    tables, count = join(parts)
    out = np.zeros(truth.shape, np.int64)
    for block, part in zip(grid, parts, strict=True):
        out[block.core] = tables[block.index][part.labels]
    assert count == out.max()
    return out


@given(
    st.integers(0, 9),
    st.tuples(st.integers(20, 70), st.integers(20, 70)),
    st.tuples(st.integers(7, 40), st.integers(7, 40)),
)
def test_a_plane_joins_to_its_truth(seed, shape, size) -> None:
    truth = crowd(shape, 25, ((3, 8), (3, 8)), seed)
    np.testing.assert_array_equal(_joined(truth, size, 6), relabelled(truth))


def test_a_volume_joins_to_its_truth() -> None:
    truth = crowd((20, 40, 44), 40, ((2, 5), (4, 9), (4, 9)))
    for size in ((20, 40, 44), (7, 13, 15), (5, 40, 9)):
        np.testing.assert_array_equal(_joined(truth, size, 4), relabelled(truth))


def test_an_object_larger_than_any_block_gets_one_number() -> None:
    truth = np.zeros((60, 60), np.int32)
    truth[5:55, 5:55] = 1
    truth[20:40, 20:40] = 0
    truth[28:32, 28:32] = 2
    np.testing.assert_array_equal(_joined(truth, (11, 13), 4), relabelled(truth))


def test_blocks_that_disagree_join_what_overlaps_most() -> None:
    grid = BlockGrid((10, 20), (10, 10), (4, 4))
    left, right = grid
    one = np.zeros((10, 14), np.int32)
    one[2:8, 5:14] = 1  # one object here ...
    two = np.zeros((10, 14), np.int32)
    two[2:6, 0:9] = 1  # ... is two there, of which the larger continues it
    two[6:8, 0:9] = 2
    parts = [
        make_part(left, grid.shape, grid.counts, one),
        make_part(right, grid.shape, grid.counts, two),
    ]
    tables, count = join(parts)
    assert count == 2
    assert tables[0, 0][1] == tables[0, 1][1] == 1
    assert tables[0, 1][2] == 2


def test_overlaps_are_counted_pixel_by_pixel() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 6, (2, 30, 30))
    pairs, counts = overlaps(one, other)
    expected = {
        (a, b): int(((one == a) & (other == b)).sum())
        for a in range(1, 6)
        for b in range(1, 6)
    }
    assert dict(zip(map(tuple, pairs.tolist()), counts.tolist(), strict=True)) == {
        pair: n for pair, n in expected.items() if n
    }


@pytest.mark.parametrize(
    ("pairs", "counts", "best"),
    [
        ([(1, 1), (1, 2), (2, 2)], [5, 9, 3], [(1, 2)]),
        ([(1, 1), (2, 1), (2, 2)], [5, 9, 3], [(2, 1)]),
        ([(1, 1), (2, 2)], [1, 1], [(1, 1), (2, 2)]),
        ([], [], []),
    ],
)
def test_only_mutual_favourites_are_joined(pairs, counts, best) -> None:
    found = mutual_best(np.array(pairs).reshape(-1, 2), np.array(counts, np.int64))
    assert sorted(map(tuple, found.tolist())) == best
