"""Regions of an image, and where their labels belong, against plain indexing."""

import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from napari.layers import Image as ImageLayer

from napari_cihm.plugin.pictures import picture_of
from napari_cihm.plugin.region import Part, region_of

SIZES = {"t": 3, "z": 4, "c": 2, "y": 7, "x": 5}


def _image(axes: str) -> np.ndarray:
    shape = tuple(SIZES[a] for a in axes)
    return np.arange(np.prod(shape)).reshape(shape)


ALL_AXES = ["yx", "zyx", "tyx", "cyx", "yxc", "zcyx", "czyx", "tzcyx", "tzyxc", "xy"]


@pytest.mark.parametrize("axes", ALL_AXES)
def test_the_whole_is_fed_as_it_is(axes):
    image = _image(axes)
    region = region_of(axes, image.shape)
    assert region.whole
    assert region.feed(image) is image
    assert region.fed_axes == axes


@pytest.mark.parametrize("axes", ALL_AXES)
@pytest.mark.parametrize("extent", ["all", "slice", "view"])
def test_labels_come_back_to_the_pixels_they_were_made_of(axes, extent):
    image = _image(axes)
    region = region_of(
        axes, image.shape, extent, {"t": 1, "z": 2}, {"y": (2, 5), "x": (1, 9)}
    )
    fed = np.asarray(region.feed(image))
    # As labels take the least channel's numbers: one for each pixel.
    labels = fed.min(axis=region.fed_axes.index("c")) if "c" in axes else fed
    whole = np.full(region.shown_shape, -1)
    whole[region.shown_box] = region.show(labels)
    np.testing.assert_array_equal(region.fed_labels(region.show(labels)), labels)
    truth = image.min(axis=axes.index("c")) if "c" in axes else image
    inside = whole.reshape(truth.shape) >= 0
    np.testing.assert_array_equal(whole.reshape(truth.shape)[inside], truth[inside])
    rows, columns = (3, 4) if extent == "view" else (7, 5)
    planes = 1 if extent != "all" else truth.size // (7 * 5)
    assert inside.sum() == planes * rows * columns


def test_channels_take_one_element_where_they_do_not_lead():
    assert region_of("zcyx", (4, 2, 7, 5)).shown_shape == (4, 1, 7, 5)
    assert region_of("czyx", (2, 4, 7, 5)).shown_shape == (4, 7, 5)
    assert region_of("yxc", (7, 5, 3)).shown_shape == (7, 5)


def test_a_box_of_the_run_is_placed_in_what_is_shown():
    region = region_of("tzcyx", (3, 4, 2, 7, 5), "slice", {"t": 1})
    assert region.fed_axes == "zcyx"
    box = (slice(2, 3), slice(0, 4), slice(1, 5))
    one = slice(0, 1)
    assert region.show_box(box) == (one, slice(2, 3), one, *box[1:])


def test_a_view_beyond_the_image_is_cut_to_it():
    region = region_of("yx", (7, 5), "view", {}, {"y": (-3, 99), "x": (3, 99)})
    assert region.box == (slice(0, 7), slice(3, 5))


index = st.one_of(
    st.integers(0, 2),
    st.slices(3).filter(lambda s: s.step is None or s.step > 0),
)


@given(st.tuples(index, index, index))
def test_a_part_reads_as_the_slice_it_stands_for(wanted):
    whole = np.arange(6 * 4 * 7 * 5).reshape(6, 4, 7, 5)
    taken = (slice(1, 4), 2, slice(3, 6), slice(0, 3))
    part = Part(da.from_array(whole), taken)
    assert part.shape == (3, 3, 3)
    np.testing.assert_array_equal(part[wanted], whole[taken][wanted])
    np.testing.assert_array_equal(part[wanted[0]], whole[taken][wanted[0]])
    np.testing.assert_array_equal(part[..., wanted[2]], whole[taken][..., wanted[2]])


@pytest.mark.parametrize("extent", ["all", "slice", "view"])
def test_a_plane_that_a_reader_gives_whole_is_computed_once_a_run(extent):
    computed = []

    def plane(block, block_info):
        computed.append(block_info[0]["chunk-location"][0])
        return block

    pixels = np.arange(2 * 40 * 50, dtype=np.uint16).reshape(2, 40, 50)
    array = da.from_array(pixels, chunks=(1, 40, 50)).map_blocks(
        plane, meta=np.empty((0, 0, 0), pixels.dtype)
    )
    layer = ImageLayer(array)
    window = {"y": (4, 36), "x": (5, 45)}
    region = region_of("zyx", pixels.shape, extent, {"z": 1}, window)
    data = picture_of(layer, region).data
    computed.clear()
    whole = np.asarray(region.feed(pixels)).reshape(-1, *data.shape[-2:])
    front = (len(whole) - 1,) * (len(data.shape) - 2)
    for y in range(0, 30, 10):
        part = data[(*front, slice(y, y + 10), slice(2, 20))]
        np.testing.assert_array_equal(part, whole[-1, y : y + 10, 2:20])
    assert computed == [1]


def test_a_region_looks_further_than_was_asked_for():
    region = region_of(
        "zyxc", (4, 7, 9, 3), "view", {"z": 2}, {"y": (1, 3), "x": (5, 9)}
    )
    grown = region.grown(2)
    assert grown.fed_axes == region.fed_axes
    assert grown.shown_box == (slice(2, 3), slice(0, 5), slice(3, 9))
    assert grown.shown_core == (slice(0, 1), slice(1, 3), slice(2, 6))
    assert region_of("yx", (7, 9)).grown(2).asked is None
    everything = region.grown(99)
    assert everything.shown_part == (1, 7, 9)
    assert not everything.whole


def test_slices_and_frames_beside_a_region_are_the_nearest_there_are():
    region = region_of("tzcyx", (3, 4, 2, 7, 5), "slice", {"t": 2, "z": 1})
    plane = (slice(0, 1), slice(0, 7), slice(0, 5))
    t, z = slice(2, 3), slice(1, 2)
    assert list(region.beside("z", 2)) == [
        (1, (t, slice(0, 1), *plane)),
        (1, (t, slice(2, 3), *plane)),
        (2, (t, slice(3, 4), *plane)),
    ]
    assert list(region.beside("t", 1)) == [(1, (slice(1, 2), z, *plane))]
    whole = region_of("zyx", (3, 7, 5))
    assert list(whole.beside("z", 2)) == []
    assert list(whole.beside("t", 2)) == []
