"""What the engine is told of a layer."""

import numpy as np
import pytest
from napari.layers import Image

from napari_cihm.plugin.pictures import picture_of
from napari_cihm.plugin.region import region_of


@pytest.mark.parametrize(
    ("place", "scale", "units"),
    [
        ({}, {}, {}),
        ({"scale": (3, 1, 1)}, {"z": 3, "y": 1, "x": 1}, dict.fromkeys("zyx", "unit")),
        (
            {"scale": (-2, 500, 500), "units": ("um", "nm", "nm")},
            {"z": -2, "y": 500, "x": 500},
            {"z": "um", "y": "nm", "x": "nm"},
        ),
        (
            {"units": ("um", "pixel", "pixel")},
            {"z": 1, "y": 1, "x": 1},
            {"z": "um", "y": "unit", "x": "unit"},
        ),
    ],
)
def test_a_layer_with_one_length_has_them_all(place, scale, units):
    layer = Image(np.zeros((2, 9, 9)), **place)
    picture = picture_of(layer, region_of("zyx", (2, 9, 9)))
    assert (picture.scale, picture.units) == (scale, units)


def test_a_place_is_looked_at_where_an_axis_runs_the_other_way(shown, blobs):
    layer = shown.viewer.add_labels(blobs.astype(int), scale=(-0.5, -0.5))
    screen = shown.desk.scene.screen
    screen.look_at(layer, (slice(10, 20), slice(30, 40)))
    assert screen._camera.zoom > 0
    np.testing.assert_allclose(screen._camera.center[-2:], (-7.25, -17.25))


def test_time_between_frames_is_no_size_of_a_pixel():
    layer = Image(np.zeros((2, 9, 9)), scale=(30, 1, 1))
    picture = picture_of(layer, region_of("tyx", (2, 9, 9)))
    assert (picture.scale, picture.units) == ({"t": 30}, {"t": "unit"})
