"""Resampling part by part gives the very pixels of resampling the whole."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow
from scipy import ndimage

from napari_cihm.data.zoom import AxisZoom, resample


@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_a_part_equals_the_whole_to_the_bit(source, target, data) -> None:
    zoom = AxisZoom(source, target)
    rng = np.random.default_rng(source * 61 + target)
    values = rng.random((3, source), np.float32)
    whole = zoom.apply(values[:, zoom.window(slice(0, target))], slice(0, target), 1)
    first = data.draw(st.integers(0, target - 1))
    span = slice(first, data.draw(st.integers(first + 1, target)))
    part = zoom.apply(values[:, zoom.window(span)], span, 1)
    np.testing.assert_array_equal(part, whole[:, span])


@pytest.mark.parametrize("size", [(90, 120), (37, 51), (200, 130), (64, 96)])
def test_it_resamples_as_pillow_does(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    image = ndimage.gaussian_filter(rng.random((64, 96)), 1).astype(np.float32)
    zooms = (AxisZoom(64, size[0]), AxisZoom(96, size[1]))
    ours = resample(image, zooms, (slice(0, size[0]), slice(0, size[1])))
    theirs = Pillow.fromarray(image).resize(size[::-1], Pillow.Resampling.BILINEAR)
    np.testing.assert_allclose(ours, np.asarray(theirs), atol=2e-6)


def test_nothing_changes_at_the_same_size() -> None:
    zoom = AxisZoom(7, 7)
    values = np.arange(7.0, dtype=np.float32)
    assert zoom.apply(values[2:5], slice(2, 5), 0).tolist() == [2, 3, 4]
    assert zoom.nearest(slice(2, 5)).tolist() == [2, 3, 4]


def test_the_nearest_pixel_is_the_one_whose_centre_is_nearest() -> None:
    zoom = AxisZoom(10, 4)  # centres of the four lie at 0.75, 3.25, 5.75, 8.25
    assert zoom.nearest(slice(0, 4)).tolist() == [1, 3, 6, 8]
    assert zoom.reversed() == AxisZoom(4, 10)
