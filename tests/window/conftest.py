"""A window on a screen, driven by the mouse, and pictures of it.

Set CIHM_PICTURES to a folder to keep the pictures that the README shows.
"""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from qtpy.QtCore import QPoint, QSize, Qt
from qtpy.QtTest import QTest

SIZE = (1280, 860)
DOCK = 360
PANEL = "Segment and fine-tune"


class Window:
    """A viewer that is shown, with the panel once it is opened."""

    def __init__(self, viewer, qtbot):
        self.viewer, self.qtbot = viewer, qtbot
        viewer.window.resize(*SIZE)
        self.panel = None

    @property
    def main(self):
        return self.viewer.window._qt_window

    @property
    def camera(self):
        return self.viewer.scene.camera

    @property
    def canvas(self):
        return self.viewer.window._qt_viewer.canvas.native

    def menu(self, menu, *path):
        """Choose an entry as the mouse would, menu by menu."""
        for name in path:
            menu.aboutToShow.emit()
            found = [a for a in menu.actions() if _name(a) == name]
            assert found, [_name(a) for a in menu.actions()]
            menu = found[0].menu()
        found[0].trigger()

    def open_panel(self):
        from napari_cihm.plugin.widgets import SegmentWidget

        self.menu(self.viewer.window.plugins_menu, "CIHM Segment", PANEL)
        (self.panel,) = self.main.findChildren(SegmentWidget)
        dock = self.panel.parent()
        self.main.resizeDocks([dock], [DOCK], Qt.Orientation.Horizontal)
        self.qtbot.waitUntil(lambda: dock.width() <= DOCK + 4)
        return self.panel

    def until(self, condition, timeout=150_000):
        self.qtbot.waitUntil(condition, timeout=timeout)

    def ready(self):
        """Wait for the model."""
        self.until(lambda: self.panel.coordinator.desk.session.model is not None)

    def rest(self):
        self.until(lambda: len(self.panel.coordinator.desk.tasks) == 0)

    def press(self, button):
        self.panel._scroll.ensureWidgetVisible(button)
        assert button.isEnabled(), button.toolTip()
        self.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    def tool(self, name):
        self.press(self.panel.coordinator.correct._section.buttons[name])

    def at(self, y, x):
        """Return where a point of the world is on the canvas."""
        camera, size = self.camera, self.canvas.size()
        centre = np.array(camera.center)[-2:]
        row, column = (np.array([y, x]) - centre) * camera.zoom
        return QPoint(round(column + size.width() / 2), round(row + size.height() / 2))

    def click(self, y, x):
        QTest.mouseMove(self.canvas, self.at(y, x))
        QTest.mouseClick(self.canvas, Qt.MouseButton.LeftButton, pos=self.at(y, x))

    def drag(self, *places):
        left = Qt.MouseButton.LeftButton
        first, *others = [self.at(*place) for place in places]
        QTest.mouseMove(self.canvas, first)
        QTest.mousePress(self.canvas, left, pos=first)
        for one, other in zip([first, *others], others, strict=False):
            for n in range(1, 6):
                self.qtbot.wait(15)  # moves in quicker succession are left out
                _move(self.canvas, one + (other - one) * n / 5)
        QTest.mouseRelease(self.canvas, left, pos=others[-1])

    def picture(self, name=""):
        """Return the window's pixels; keep them where they are asked for."""
        self.qtbot.wait(300)
        pixels = self.viewer.screenshot(canvas_only=False, flash=False)
        folder = os.environ.get("CIHM_PICTURES", "")
        if folder and name:
            flat = Image.fromarray(pixels[..., :3]).quantize(256, dither=0)
            flat.save(Path(folder) / f"{name}.png", optimize=True)
        return pixels


def _name(action):
    return action.text().replace("&", "").removesuffix(" (CIHM Segment)")


def _move(widget, place):
    """Move the mouse with its left button held, which QTest cannot."""
    from qtpy.QtCore import QEvent, QPointF
    from qtpy.QtGui import QMouseEvent
    from qtpy.QtWidgets import QApplication

    event = QMouseEvent(
        QEvent.Type.MouseMove,
        QPointF(place),
        QPointF(widget.mapToGlobal(place)),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(widget, event)


@pytest.fixture
def window(make_napari_viewer, qtbot, tmp_path, monkeypatch):
    """Show a window; its journals and lists of files are the test's own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    window = Window(make_napari_viewer(show=True), qtbot)
    window.until(lambda: window.main.size() == QSize(*SIZE), 5_000)
    return window
