"""Tiles cover everything, overlap as asked, and their weights add up."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_cihm.data.tiles import BlockGrid, TileGrid
from napari_cihm.errors import InputError

SIZES = st.tuples(st.integers(1, 90), st.integers(1, 90))


@given(SIZES, st.integers(2, 40), st.data())
def test_tiles_cover_every_pixel_and_share_the_overlap(shape, size, data) -> None:
    overlap = data.draw(st.integers(0, size - 1))
    grid = TileGrid(shape, size, overlap)
    seen = np.zeros(shape, int)
    for box in grid.boxes:
        assert all(
            s.stop - s.start == min(size, n) for s, n in zip(box, shape, strict=True)
        )
        seen[box] += 1
    assert seen.min() >= 1
    assert len(grid) == len(grid.boxes)
    for starts, n in zip(grid.starts, shape, strict=True):
        assert starts[-1] + min(size, n) == n
        assert all(b - a <= size - overlap for a, b in pairwise(starts))


@given(SIZES, st.integers(4, 40), st.data())
def test_touching_finds_the_tiles_that_share_a_pixel(shape, size, data) -> None:
    grid = TileGrid(shape, size, size // 3)
    first = [data.draw(st.integers(0, n - 1)) for n in shape]
    region = tuple(
        slice(a, data.draw(st.integers(a + 1, n)))
        for a, n in zip(first, shape, strict=True)
    )
    expected = [
        i
        for i, box in enumerate(grid.boxes)
        if all(
            b.start < r.stop and r.start < b.stop
            for b, r in zip(box, region, strict=True)
        )
    ]
    assert grid.touching(region) == expected


def test_weights_are_least_at_the_edges_and_never_nothing() -> None:
    rows, _ = TileGrid((100, 100), 40, 10).weights
    assert rows.argmin() in (0, 39)
    assert rows.min() > 0
    assert (rows[10:30] == 1).all()
    np.testing.assert_allclose(rows, rows[::-1])


@pytest.mark.parametrize(("size", "overlap"), [(0, 0), (8, 8), (8, -1)])
def test_tiles_that_cannot_be_are_refused(size: int, overlap: int) -> None:
    with pytest.raises(InputError, match="overlap smaller than the tile"):
        TileGrid((50, 50), size, overlap)


@given(SIZES, st.integers(3, 40), st.integers(0, 9))
def test_blocks_own_every_pixel_once_and_see_their_halo(shape, size, halo) -> None:
    grid = BlockGrid(shape, (size, size), (halo, halo))
    owned = np.zeros(shape, int)
    for block in grid:
        owned[block.core] += 1
        for core, view, n in zip(block.core, block.view, shape, strict=True):
            assert view.start == max(core.start - halo, 0)
            assert view.stop == min(core.stop + halo, n)
    assert (owned == 1).all()
    assert len(grid) == len(list(grid))
