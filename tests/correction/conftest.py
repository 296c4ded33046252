"""Small labels drawn as text, and the kinds of array that hold them."""

from collections.abc import Callable
from typing import Any

import dask.array as da
import numpy as np
import pytest
import zarr

from napari_cihm.correction.chunked import ChunkedArray

KINDS = ("numpy", "zarr", "dask", "chunked")


def as_kind(kind: str, values: np.ndarray) -> Any:
    """Return a copy of an array as another kind of array, in small chunks."""
    chunks = tuple(max(1, n // 3) for n in values.shape)
    if kind == "numpy":
        return values.copy()
    if kind == "zarr":
        return zarr.array(values.copy(), chunks=chunks)
    if kind == "dask":
        return da.from_array(values.copy(), chunks=chunks)
    return ChunkedArray(values.shape, values.dtype, chunks, values.copy())


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of array in turn."""
    return request.param


@pytest.fixture
def make(kind: str) -> Callable[[np.ndarray], Any]:
    """Return what turns a numpy array into the kind under test."""
    return lambda values: as_kind(kind, values)


@pytest.fixture
def draw() -> Callable[..., np.ndarray]:
    """Return what reads a drawing: one character a pixel, '.' for background."""

    def read(*rows: str, dtype: Any = np.int32) -> np.ndarray:
        lines = [row.replace(" ", "") for row in rows]
        numbers = [[0 if c == "." else int(c, 36) for c in line] for line in lines]
        return np.array(numbers, dtype)

    return read


@pytest.fixture
def after() -> Callable[..., np.ndarray]:
    """Return what applies an edit to a copy, checking its old values first."""

    def apply(labels: Any, edit: Any) -> np.ndarray:
        before = np.array(labels)
        assert np.array_equal(before[edit.indices], edit.old)
        assert (edit.old != edit.new).all()
        whole = before.copy()
        whole[edit.indices] = edit.new
        edit.apply(labels)
        assert np.array_equal(np.array(labels), whole)
        return whole

    return apply
