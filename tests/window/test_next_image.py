"""One image after another: what is deleted does not take the window with it."""

import numpy as np
import pytest
from qtpy.QtGui import QOpenGLContext

pytestmark = [pytest.mark.pixels, pytest.mark.window]


def test_layers_are_deleted_where_the_canvas_draws_them(window):
    window.open_panel()
    layers = window.viewer.layers
    own, current = window.canvas.context(), []
    layers.events.removed.connect(
        lambda _: current.append(QOpenGLContext.currentContext() is own)
    )
    rng = np.random.default_rng(0)
    for dtype, side in ((np.uint8, 64), (np.uint32, 256), (np.uint8, 64)):
        pixels = rng.integers(0, 200, (side, side))
        window.viewer.add_image(pixels.astype(dtype))
        window.viewer.add_labels(pixels // 25)
        window.picture()  # where such a layer was deleted elsewhere, this may crash
        window.canvas.doneCurrent()
        for layer in list(layers):
            layers.remove(layer)
    assert current == [True] * 6
