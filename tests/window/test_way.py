"""A newcomer's way through a real window: menus, sample, Segment, mending, looking."""

from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPushButton, QWidget

from napari_cihm.events import Kept, Version
from napari_cihm.plugin.parts.boxes import DropDown
from napari_cihm.plugin.parts.section import Fold, Section

pytestmark = [pytest.mark.pixels, pytest.mark.slow, pytest.mark.window]


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


def test_nothing_is_cut_off_at_the_width_of_a_dock(window):
    file_menu = window.viewer.window.file_menu
    window.menu(file_menu, "Open Sample", "CIHM Segment", "Nuclei, stack of slices")
    panel = window.open_panel()
    window.ready()
    image = window.viewer.layers["nuclei stack"]
    window.viewer.add_labels(
        np.zeros(image.data.shape, int),
        name="plate07_well_B03_labels_" * 4,
        scale=image.scale,
        units=image.units,
    )
    section = panel.coordinator.finetune_section
    section.reason.setText("Words of a reason. " * 6)
    section.unmarked.offer(f"{window.viewer.layers[-1].name} has no marks.")
    for theme in ("light", "dark"):
        window.viewer.theme = theme
        _nothing_is_cut_off(window, panel, theme)


def _nothing_is_cut_off(window, panel, theme):
    """Look at the panel with all folds open and all words said, and as it opens."""
    for fold in panel.findChildren(Fold):
        fold.opened = True
    panel.coordinator.segment._section.axes.textEdited.emit("zyq")
    _show_refusal(panel)
    window.qtbot.wait(100)
    _nothing_overhangs(panel)
    verdict = panel.coordinator.finetune_section.verdict
    assert not verdict.visibleRegion().isEmpty()
    window.picture(f"verdict_{theme}")
    for fold in panel.findChildren(Fold):
        fold.opened = isinstance(fold, Section)
    panel.coordinator.segment._section.axes.textEdited.emit("zyx")
    verdict.hide()
    window.qtbot.wait(100)
    _nothing_overhangs(panel)
    bar = panel._scroll.verticalScrollBar()
    for name, place in (("", 0), ("_below", 10**6)):
        bar.setValue(place)
        window.picture(f"panel_{theme}{name}")


def test_a_dock_is_never_too_narrow_for_what_is_in_it(window):
    panel = window.open_panel()
    dock, widest = panel.parent(), panel._scroll.widget()
    for fold in panel.findChildren(Fold):
        fold.opened = True
    window.main.resizeDocks([dock], [100], Qt.Orientation.Horizontal)
    window.qtbot.wait(200)
    assert dock.width() <= 360
    _nothing_overhangs(panel)
    button = panel.coordinator.segment._section.segment
    button.setMinimumWidth(420)  # as words of a larger font would
    window.until(lambda: dock.width() > 420, 5_000)
    assert widest.width() <= panel._scroll.viewport().width()


def _show_refusal(panel):
    """Let the verdict card say all that it can."""
    figures = {"map": 0.4, "ap0.50": 0.6, "dice": 0.8, "objects": 1234, "found": 1201}
    version = Version(
        Path("x"), 4, "x", "", 1, 9, "", False, "", figures, figures, {"loss": [1.0]}
    )
    verdict = panel.coordinator.finetune_section.verdict
    verdict.show_note("Scored on 300 objects that were held out.")
    verdict.show_verdict(Kept(version, ("the new model finds far fewer objects",)))


def _nothing_overhangs(panel):
    inside = panel._scroll.widget()
    assert inside.width() <= panel._scroll.viewport().width()
    for child in inside.findChildren(QWidget):
        if child.isVisibleTo(inside):
            edge = child.mapTo(inside, child.rect().bottomRight()).x()
            assert edge <= inside.width(), child
    for button in panel.findChildren(QPushButton):
        if button.isVisibleTo(panel):
            wanted = button.sizeHint().width() - 2
            assert button.width() >= wanted, button.text() or button.title
    for choice in panel.findChildren(DropDown):
        if choice.isVisibleTo(panel) and choice.accessibleName() != "Labels":
            assert not choice.shortened, choice.currentText()
