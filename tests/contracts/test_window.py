"""A napari window opens in the tests, whether or not the machine has a screen."""

import numpy as np
import pytest


@pytest.fixture
def viewer(make_napari_viewer):
    """Show a bright square and a label beside it."""
    viewer = make_napari_viewer(show=True)
    image = np.zeros((64, 64), np.float32)
    image[8:32, 8:32] = 1
    labels = np.zeros((64, 64), int)
    labels[40:60, 40:60] = 3
    viewer.add_image(image)
    viewer.add_labels(labels)
    return viewer


@pytest.mark.window
def test_layers_are_shown_without_gl_too(viewer):
    assert [layer.name for layer in viewer.layers] == ["image", "labels"]
    assert viewer.layers["labels"].get_value((50, 50)) == 3


@pytest.mark.window
@pytest.mark.pixels
def test_canvas_shows_the_square_and_the_label(viewer):
    pixels = viewer.screenshot(canvas_only=True, flash=False)[..., :3].astype(float)
    white = (pixels > 250).all(-1).mean()
    coloured = (np.ptp(pixels, axis=-1) > 30).mean()
    assert white > 0.02
    assert coloured > 0.01
