"""No chunk is computed or decoded for every part that is read of it."""

import pickle

import dask
import dask.array as da
import numpy as np
import pytest
import zarr

from napari_cihm import segment
from napari_cihm.data import chunks
from napari_cihm.data.chunks import Chunks, chunk_by_chunk
from napari_cihm.data.image import Image
from napari_cihm.data.synthetic import nuclei
from napari_cihm.segmentation.measurements import measure

PIXELS = np.arange(5 * 70 * 90, dtype=np.int32).reshape(5, 70, 90)


def _counted(pixels):
    """Return an array of one chunk a plane, and how often each was computed."""
    computed = []

    @dask.delayed(pure=False)
    def plane(number):
        computed.append(number)
        return pixels[number]

    planes = [
        da.from_delayed(plane(n), pixels.shape[1:], pixels.dtype)
        for n in range(len(pixels))
    ]
    return da.stack(planes), computed


def _zarr(sizes):
    return zarr.create_array({}, data=PIXELS, chunks=sizes)


def _dask(sizes):
    return da.from_array(PIXELS, chunks=sizes)


@pytest.mark.parametrize("sizes", [(1, 70, 90), (2, 32, 17), (5, 7, 90)])
@pytest.mark.parametrize("kind", [_dask, _zarr])
def test_any_part_is_that_of_the_array(kind, sizes):
    held = Chunks(kind(sizes))
    random = np.random.default_rng(3)
    for _ in range(60):
        first = [int(random.integers(n)) for n in PIXELS.shape]
        index = [
            slice(a, int(random.integers(a, n)) + 1)
            for a, n in zip(first, PIXELS.shape, strict=True)
        ]
        for axis in range(3):
            if random.random() < 0.3:
                index[axis] = first[axis]
        np.testing.assert_array_equal(held[tuple(index)], PIXELS[tuple(index)])
    for index in [..., 2, (slice(None, None, 2), 3), (-1, slice(5), slice(-9, None))]:
        np.testing.assert_array_equal(held[index], PIXELS[index])
    np.testing.assert_array_equal(np.asarray(held), PIXELS)


def test_a_chunk_is_computed_once_for_all_of_its_parts():
    array, computed = _counted(PIXELS)
    held = Chunks(array)
    for z in range(5):
        for y in range(0, 70, 10):
            held[z, y : y + 15, 20:60]
    assert computed == [0, 1, 2, 3, 4]
    held[1:4]  # whole chunks are not held: nothing would be left to read of them
    assert sorted(computed) == [0, 1, 1, 2, 2, 3, 3, 4]


def test_no_more_is_held_than_may_be(monkeypatch):
    monkeypatch.setattr(chunks, "MOST", 2 * PIXELS[0].nbytes)
    array, computed = _counted(PIXELS)
    held = Chunks(array)
    for z in (0, 1, 0, 2, 0, 1):
        held[z, :9, :]
        held[z, 1:9, 1:9]
    assert computed == [0, 1, 2, 1]  # 0 was read since, and 1 made room
    assert sum(chunk.nbytes for chunk in held._held.values()) <= chunks.MOST


def test_a_chunk_too_large_to_be_held_is_read_in_parts(monkeypatch):
    monkeypatch.setattr(chunks, "MOST", PIXELS[0].nbytes - 1)
    held = Chunks(da.from_array(PIXELS, chunks=(1, 70, 90)))
    np.testing.assert_array_equal(held[1, 3:9, 4:8], PIXELS[1, 3:9, 4:8])
    assert not held._held


def test_it_is_sent_without_what_it_holds():
    held = Chunks(da.from_array(PIXELS, chunks=(1, 70, 90)))
    held[0, 1:5, 1:5]
    other = pickle.loads(pickle.dumps(held))
    assert not other._held
    np.testing.assert_array_equal(other[3, 2:4, 1:], PIXELS[3, 2:4, 1:])


def test_only_dask_and_thick_chunks_are_read_so():
    assert chunk_by_chunk(PIXELS) is PIXELS
    assert isinstance(chunk_by_chunk(da.from_array(PIXELS)), Chunks)
    assert isinstance(chunk_by_chunk(_zarr((2, 32, 17))), Chunks)
    flat = _zarr((1, 32, 17))  # each tile decodes little more than it needs
    assert chunk_by_chunk(flat) is flat


def test_a_run_computes_a_plane_that_is_one_chunk_once():
    image, _ = nuclei((300, 300), seed=4)
    array, computed = _counted(image[None])
    # Each tile is read apart, and so are the patches that tell the contrast.
    labels = segment(array, axes="zyx", tile=128)
    assert len(computed) <= 2
    np.testing.assert_array_equal(labels[0], segment(image, tile=128))


def test_a_run_and_its_table_decode_a_thick_chunk_once(monkeypatch):
    image, _ = nuclei((128, 128), seed=4)
    stored = zarr.create_array({}, data=np.stack([image] * 6), chunks=(6, 64, 64))
    decoded = []
    read = zarr.Array.__getitem__

    def counted(array, where):
        decoded.append(where)
        return read(array, where)

    monkeypatch.setattr(zarr.Array, "__getitem__", counted)
    labels = segment(stored, axes="zyx", tile=96, diameter=None)
    assert len(decoded) == 4
    decoded.clear()
    measure(labels, Image.of(stored, "zyx"))
    assert len(decoded) == 4
