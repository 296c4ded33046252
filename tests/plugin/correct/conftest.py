"""Labels of simple shapes, and a mouse that needs no canvas."""

from types import SimpleNamespace

import numpy as np
import pytest
from napari.utils._proxies import ReadOnlyWrapper
from napari.utils.interactions import (
    mouse_double_click_callbacks,
    mouse_move_callbacks,
    mouse_press_callbacks,
    mouse_release_callbacks,
)

from napari_cihm.plugin.layers import Found
from napari_cihm.plugin.region import region_of
from napari_cihm.plugin.signing import record_of, sign_for


def make_squares():
    """Return an image's worth of labels: three in a row and a long one below."""
    labels = np.zeros((96, 128), np.int32)
    labels[8:28, 8:28] = 1
    labels[8:28, 40:60] = 2
    labels[8:28, 80:100] = 3
    labels[14:20, 86:92] = 0  # a hole in 3
    labels[50:80, 10:90] = 4
    labels[92:96, 124:128] = 7  # small, at the corner
    return labels


class Correct:
    """The Correct section with labels, and the ways a test drives them."""

    def __init__(self, shown, layer):
        self.shown, self.layer, self.viewer = shown, layer, shown.viewer
        self.flow = shown.coordinator.correct
        self.section = self.flow._section
        self.bench = self.flow.bench

    @property
    def session(self):
        return self.bench.begun(self.layer).session

    def press(self, name):
        self.shown.press(self.section.buttons[name])

    def _event(self, kind, place, held=()):
        event = SimpleNamespace(
            type=kind,
            button=1,
            modifiers=list(held),
            position=tuple(self.layer.data_to_world(place)),
            is_dragging=kind == "mouse_move",
            handled=False,
        )
        return ReadOnlyWrapper(event, exceptions=("handled",))

    def click(self, *place):
        mouse_press_callbacks(self.layer, self._event("mouse_press", place))
        mouse_release_callbacks(self.layer, self._event("mouse_release", place))

    def double_click(self, *place):
        event = self._event("mouse_double_click", place)
        mouse_double_click_callbacks(self.layer, event)

    def drag(self, *places, held=()):
        mouse_press_callbacks(self.layer, self._event("mouse_press", places[0], held))
        for place in places[1:]:
            mouse_move_callbacks(self.layer, self._event("mouse_move", place, held))
        end = self._event("mouse_release", places[-1], held)
        mouse_release_callbacks(self.layer, end)

    def key(self, text):
        return self.viewer.window._qt_viewer._key_map_handler.press_key(text)

    def point_at(self, *place):
        self.viewer.cursor.position = tuple(self.layer.data_to_world(place))

    def run_again(self, found):
        """Have a run of our own write labels over those that are there."""
        desk, (image,) = self.shown.desk, self.shown.desk.scene.images
        region, about = region_of("yx", found.shape), record_of(self.layer)
        sign_for(self.layer, image, about)
        live = desk.previews.begin(image, region, "running")
        desk.layers.settle(live, Found(image, region, found, about, None))

    def marks(self):
        return np.asarray(self.session.reviewed.view()).astype(bool)


@pytest.fixture
def squares():
    """Give the labels as they are at first."""
    return make_squares()


@pytest.fixture
def correcting(shown):
    """Return a way to other labels."""
    return lambda layer: Correct(shown, layer)


@pytest.fixture
def correct(shown):
    """Show labels of squares over their image, chosen for correction."""
    labels = make_squares()
    shown.viewer.add_image((labels > 0).astype(np.uint8) * 200, name="squares")
    layer = shown.viewer.add_labels(labels, name="squares labels")
    return Correct(shown, layer)


@pytest.fixture
def deep(shown):
    """Show a stack of labels over its image."""
    plane = make_squares()
    labels = np.stack([plane, plane, np.where(plane == 4, 0, plane), plane, plane])
    image = (labels > 0).astype(np.uint8) * 200
    shown.viewer.add_image(image, name="stack", axis_labels=("z", "y", "x"))
    layer = shown.viewer.add_labels(labels, name="stack labels")
    return Correct(shown, layer)
