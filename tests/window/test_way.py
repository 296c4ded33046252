"""A newcomer's way through a real window: menus, sample, Segment, mending, looking."""

import numpy as np
import pytest
from qtpy.QtWidgets import QWidget

pytestmark = [pytest.mark.window, pytest.mark.pixels]


def _colourful(pixels):
    """Return the share of pixels that are neither black, white nor grey."""
    return (np.ptp(pixels[..., :3].astype(int), axis=-1) > 40).mean()


def test_from_the_menu_to_labels_that_are_mended(window):
    """Nothing is known beforehand: each step is an entry or a button on screen."""
    file_menu = window.viewer.window.file_menu
    window.menu(file_menu, "Open Sample", "CIHM Segment", "Nuclei, fluorescence")
    panel = window.open_panel()
    window.ready()
    window.picture("open")
    coordinator = panel.coordinator
    window.press(coordinator.segment._section.segment)
    window.until(lambda: "nuclei labels" in window.viewer.layers)
    window.rest()
    found = window.viewer.layers["nuclei labels"].data
    truth = window.viewer.layers["nuclei truth"].data
    assert len(set(truth[found > 0])) > 60
    assert _colourful(window.picture("segmented")) > 0.05
    section = coordinator.correct._section
    section.review.form.set_values({"order": "size"})
    for _ in range(4):
        window.tool("looks_right" if coordinator.correct.tour._stop else "next_stop")
    window.tool("split")
    assert "3 of" in section.review.words.text()
    window.picture("correct")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_is_cut_off_at_the_width_of_a_dock(window, theme):
    window.viewer.theme = theme
    file_menu = window.viewer.window.file_menu
    window.menu(file_menu, "Open Sample", "CIHM Segment", "Nuclei, stack of slices")
    panel = window.open_panel()
    window.ready()
    image = window.viewer.layers["nuclei stack"]
    window.viewer.add_labels(
        np.zeros(image.data.shape, int),
        name="labels of a long name " * 3,
        scale=image.scale,
        units=image.units,
    )
    panel.coordinator.folder_section.opened = True
    window.picture(f"panel_{theme}")
    inside = panel._scroll.widget()
    assert inside.width() <= panel._scroll.viewport().width()
    for child in inside.findChildren(QWidget):
        if child.isVisibleTo(inside):
            edge = child.mapTo(inside, child.rect().bottomRight()).x()
            assert edge <= inside.width(), child
    for button in _tools(panel):
        assert button.width() >= button.sizeHint().width() - 2, button.title
    panel._scroll.verticalScrollBar().setValue(10**6)
    window.picture(f"panel_{theme}_below")


def _tools(panel):
    """Return the tools' buttons that can be seen."""
    buttons = panel.coordinator.correct._section.buttons.values()
    return [button for button in buttons if button.isVisible()]
