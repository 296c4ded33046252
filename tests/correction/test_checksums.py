"""Sums of the labels tell what nobody told."""

import numpy as np
import pytest

from napari_cihm.correction import chunk_store, grids
from napari_cihm.correction.checksums import Checksums, checksum
from napari_cihm.correction.chunked import ChunkedArray
from napari_cihm.correction.edits import changed, edit_of
from napari_cihm.correction.survey import Survey


@pytest.fixture(autouse=True)
def _small_cells(monkeypatch):
    monkeypatch.setattr(grids, "CELL_FLAT", (8, 8))


@pytest.fixture
def labels():
    rng = np.random.default_rng(3)
    return rng.integers(0, 5, (20, 30)).astype(np.int32)


@pytest.fixture(params=["numpy", "zarr", "chunked"])  # nobody writes into dask's
def kind(request):
    return request.param


def _edit(labels, box, values):
    before = np.asarray(labels[box])
    after = np.broadcast_to(values, before.shape).astype(before.dtype)
    start = [s.start for s in box]
    edit = edit_of([changed(start, before, after)], labels)
    edit.apply(labels)
    return edit


def test_what_was_told_is_no_news(make, labels):
    labels = make(labels)
    sums = Checksums(labels)
    sums.complete()
    rng = np.random.default_rng(0)
    for _ in range(10):
        y, x = int(rng.integers(0, 12)), int(rng.integers(0, 20))
        box = slice(y, y + 7), slice(x, x + 9)
        edit = _edit(labels, box, rng.integers(-3, 9, (7, 9)))
        sums.hear(edit)
    assert not list(sums.doubts())
    assert not sums.settle()


@pytest.mark.parametrize("dtype", ["uint8", "int64", "uint64"])
def test_a_silent_change_is_found_once(make, labels, dtype):
    labels = make(labels.astype(dtype))
    sums = Checksums(labels)
    sums.complete()
    high = np.iinfo(dtype).max
    labels[9, 3] = high
    one, other = labels[17, 1], labels[17, 2]
    labels[17, 1], labels[17, 2] = other + 1, one  # elsewhere, numbers alone moved
    found = sums.settle(list(sums.doubts()))
    assert [tuple(s.start for s in box) for box in found if box[0].start <= 9]
    assert all(box[1].start <= 3 for box in found)
    assert any(box[0].start <= 17 < box[0].stop and box[1].start <= 1 for box in found)
    assert not sums.settle()


def test_swapped_pixels_are_a_change(labels):
    sums = Checksums(labels)
    sums.complete()
    labels[2, 3], labels[3, 2] = 1, 2
    sums.settle()
    labels[2, 3], labels[3, 2] = 2, 1
    assert sums.settle() == [(slice(0, 8), slice(0, 8))]


def test_edits_are_heard_while_it_is_summed(labels):
    survey = Survey(labels, checksum)
    sums = Checksums(labels, survey)
    for step, _ in enumerate(survey.scan()):
        if step in (2, 5):
            sums.hear(_edit(labels, (slice(0, 20), slice(step, 20)), step))
    sums.complete()
    assert not sums.settle()
    labels[0, 0] += 1
    assert len(sums.settle()) == 1


def test_a_source_that_nobody_writes_is_read_once(monkeypatch):
    class Source(np.ndarray):
        read = 0

        def __getitem__(self, index):
            type(self).read += 1
            return super().__getitem__(index)

    source = np.zeros((20, 30), np.int32).view(Source)
    monkeypatch.setattr(chunk_store, "CACHE_MB", 0)
    labels = ChunkedArray((20, 30), np.int32, (8, 8), source)
    sums = Checksums(labels)
    sums.complete()
    labels[1, 1] = 4
    before = Source.read
    assert sums.settle() == [(slice(0, 8), slice(0, 8))]
    assert Source.read == before
