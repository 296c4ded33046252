"""Chunked arrays behave like numpy's and leave their source alone."""

import threading
from copy import deepcopy

import dask.array as da
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from napari_cihm.correction.chunked import ChunkedArray

SHAPE = (5, 13, 11)


def spans(n: int) -> st.SearchStrategy:
    bound = st.none() | st.integers(-n - 2, n + 2)
    step = st.sampled_from([None, 1, 2, 3, -1, -2])
    return st.builds(slice, bound, bound, step) | st.integers(-n, n - 1)


indices = (
    st.tuples(*[spans(n) for n in SHAPE])
    | st.tuples(spans(SHAPE[0]))
    | st.tuples(st.just(Ellipsis), spans(SHAPE[-1]))
    | st.just(Ellipsis)
)


def pair() -> tuple[np.ndarray, ChunkedArray, np.ndarray]:
    source = np.arange(np.prod(SHAPE), dtype=np.int32).reshape(SHAPE)
    return source.copy(), ChunkedArray(SHAPE, np.int32, (2, 5, 4), source), source


@given(st.lists(st.tuples(indices, st.integers(0, 99)), max_size=5), indices)
def test_reads_and_writes_like_numpy(writes, index) -> None:
    plain, chunked, source = pair()
    for where, value in writes:
        plain[where] = value
        chunked[where] = value
    assert np.array_equal(chunked[index], plain[index])
    assert np.shape(chunked[index]) == np.shape(plain[index])
    assert np.array_equal(np.asarray(chunked), plain)
    assert np.array_equal(source.reshape(-1), np.arange(source.size))


@given(st.lists(st.tuples(*[st.integers(-n, n - 1) for n in SHAPE]), max_size=30))
def test_points_are_read_and_written_like_numpy(places) -> None:
    plain, chunked, _ = pair()
    # A place listed twice has no say in which value wins: list each once.
    unique = list({tuple(np.array(p) % SHAPE): p for p in places}.values())
    points = tuple(np.array([p[a] for p in unique], int) for a in range(3))
    assert np.array_equal(chunked[points], plain[points])
    values = np.arange(len(unique)) + 1000
    plain[points] = values
    chunked[points] = values
    assert np.array_equal(np.asarray(chunked), plain)


def test_a_mask_costs_memory_only_where_it_was_drawn() -> None:
    mask = ChunkedArray((64, 2048, 2048), bool, (1, 256, 256))
    mask[3, 10:20, 10:20] = True
    assert mask.nbytes == 256 * 256
    mask[7] = True
    assert mask.nbytes == 256 * 256
    assert mask[7].sum() == 2048 * 2048
    mask[3] = False
    mask[7] = False
    assert list(mask.changed_boxes()) == []


def test_what_is_read_is_a_copy() -> None:
    plain, chunked, source = pair()
    part = chunked[0]
    part[...] = -1
    assert np.array_equal(np.asarray(chunked), plain)
    assert (source >= 0).all()


@pytest.mark.parametrize(
    "copied", [ChunkedArray.copy, deepcopy, lambda x: x.astype(np.int64)]
)
def test_a_copy_goes_its_own_way(copied) -> None:
    plain, chunked, _ = pair()
    chunked[0:2, 0:5, 0:4] = 7  # a whole piece of one value, and another
    chunked[3, 6, 2] = -3
    plain[:] = np.asarray(chunked)
    other = copied(chunked)
    assert other.dtype == copied(plain).dtype
    assert other.nbytes == chunked.nbytes * other.dtype.itemsize // 4
    other[3, 6, 2], other[0, 0, 0] = 1, 2
    chunked[3, 6, 3] = 5
    assert other[3, 6, 2] == 1
    assert chunked[3, 6, 2] == -3
    assert (chunked[0, 0, 0], other[3, 6, 3]) == (7, plain[3, 6, 3])
    assert np.array_equal(other[4], plain[4])
    assert np.array_equal(chunked.reshape(5, -1), np.asarray(chunked).reshape(5, -1))


def test_places_outside_are_refused() -> None:
    _, chunked, _ = pair()
    with pytest.raises(IndexError):
        chunked[5]
    with pytest.raises(IndexError):
        chunked[np.array([0]), np.array([13]), np.array([0])]
    with pytest.raises(IndexError):
        chunked[0, 0, 0, 0]
    with pytest.raises(TypeError):
        chunked[1.5]


def test_touches_knows_where_changes_lie() -> None:
    mask = ChunkedArray((100, 100), bool, (10, 10))
    mask[55, 55] = True
    assert mask.touches((slice(50, 51), slice(0, 100)))
    assert not mask.touches((slice(0, 50), slice(0, 100)))


def test_readers_and_a_writer_at_once_see_only_values_that_were_there() -> None:
    chunked = ChunkedArray((64, 64), np.int32, (16, 16), np.zeros((64, 64), np.int32))
    stop = threading.Event()
    seen: set[int] = set()

    def read() -> None:
        while not stop.is_set():
            seen.update(np.unique(chunked[...]).tolist())

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for value in range(1, 200):
        chunked[10:40, 10:40] = value
    stop.set()
    for reader in readers:
        reader.join()
    assert seen <= set(range(200))
    assert (chunked[10:40, 10:40] == 199).all()


def test_a_cropped_dask_array_is_read_by_its_usual_chunks() -> None:
    cropped = da.zeros((40, 40), int, chunks=16)[15:, 14:]  # the first ones: 1 x 2
    assert ChunkedArray.over(cropped).chunks == (16, 16)
