"""What the mouse does on the canvas while a tool is chosen."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from napari.layers import Labels, Vectors
from qtpy.QtCore import QObject, Signal

from napari_cihm.plugin.overlays import Overlays
from napari_cihm.plugin.scene import Scene
from napari_cihm.plugin.tools import Gesture, Tool

STILL = 4.0  # pixels of the screen that a hand moves in a click
PAUSE = 1.5  # and between two points of a drawn line

Point = tuple[float, ...]


class Pointing(QObject):
    """Turns clicks and strokes on a labels layer into points for a tool.

    While a tool is chosen the layer neither pans nor zooms with the left button;
    choosing a brush, another layer, or `retreat` ends it.

    Attributes
    ----------
    pointed
        Emitted with the tool, its points, whether they are a drawn line, and
        whether Alt was held.
    changed
        Emitted when another tool is chosen, or none, or one waits for more.
    tool : Tool or None
        What is chosen.
    """

    pointed = Signal(object, list, bool, bool)
    changed = Signal()

    def __init__(self, scene: Scene, overlays: Overlays, parent: QObject) -> None:
        super().__init__(parent)
        self._scene, self._overlays = scene, overlays
        self.tool: Tool | None = None
        self._layer: Labels | None = None
        self._points: list[Point] = []
        self._line: Vectors | None = None
        self._release: Callable[[], None] = _nothing

    @property
    def begun(self) -> bool:
        """Whether the first of two clicks is done."""
        return bool(self._points)

    def choose(self, tool: Tool, layer: Labels) -> None:
        """Wait for what a tool needs."""
        self.drop()
        self.tool, self._layer = tool, layer
        self._scene.layers.selection.active = layer
        layer.mode = "pan_zoom"
        layer.mouse_pan = False
        layer.cursor = "crosshair"
        layer.mouse_drag_callbacks.append(self._on_drag)
        layer.mouse_double_click_callbacks.append(self._on_double_click)
        layer.events.mode.connect(self._on_mode)
        self._release = self._scene.screen.hold_clicks()
        self.changed.emit()

    def retreat(self) -> None:
        """Forget the first of two clicks, or wait for nothing any more."""
        if self._points:
            self._forget()
            self.changed.emit()
        else:
            self.drop()

    def drop(self) -> None:
        """Wait for nothing any more; the mouse is napari's again."""
        layer, self._layer, self.tool = self._layer, None, None
        if layer is None:
            return
        self._forget()
        line, self._line = self._line, None
        self._overlays.remove(line)
        layer.events.mode.disconnect(self._on_mode)
        layer.mouse_drag_callbacks.remove(self._on_drag)
        layer.mouse_double_click_callbacks.remove(self._on_double_click)
        self._release()
        self._release = _nothing
        if layer.mode == "pan_zoom":
            layer.mouse_pan, layer.cursor = True, "standard"
        self.changed.emit()

    def _on_drag(self, layer: Labels, event: Any) -> Iterator[None]:
        if event.button != 1 or not self._scene.screen.flat:
            return
        away, chosen = "Alt" in event.modifiers, (self.tool, self._layer)
        path = [self._place(event)]
        yield
        draws = self.tool is not None and self.tool.gesture in DRAWN
        while chosen == (self.tool, self._layer) and event.type == "mouse_move":
            place = self._place(event)
            if _far(path[-1], place) > self._width(PAUSE):
                path.append(place)
                if draws:
                    self._show(path)
            yield
        if chosen != (self.tool, self._layer):
            return  # it was put down with the button held, as when a run ended
        if _far(path[-1], place := self._place(event)) > self._width(PAUSE):
            path.append(place)  # moves in quick succession are left out
        self._take(path, away)

    def _on_double_click(self, layer: Labels, event: Any) -> None:
        # The second of two quick clicks comes as this one alone.
        if event.button == 1 and self._scene.screen.flat:
            self._take([self._place(event)], "Alt" in event.modifiers)

    def _take(self, path: list[Point], away: bool) -> None:
        tool, layer = self.tool, self._layer
        if tool is None or layer is None or not self._scene.holds(layer):
            return
        spread = max(_far(path[0], p) for p in path)
        drawn = tool.gesture in DRAWN and spread > self._width(STILL)
        pair = tool.gesture in (Gesture.PAIR, Gesture.ENDS)
        if pair and not drawn:
            self._points.append(path[0])
            if len(self._points) == 1:
                self._show(path[:1])
                self.changed.emit()
                return
            path = self._points
        elif not drawn:
            path = path[:1]
        if drawn or tool.gesture is not Gesture.REGION:
            points = list(path)
            self._forget()
            self.pointed.emit(tool, points, drawn, away)
            self.changed.emit()

    def _place(self, event: Any) -> Point:
        assert self._layer is not None
        return self._scene.screen.in_pixels(self._layer, event.position)

    def _width(self, pixels: float) -> float:
        assert self._layer is not None
        return self._scene.screen.width(self._layer, pixels)

    def _show(self, path: list[Point]) -> None:
        assert self._layer is not None
        if self._line is None or not self._scene.holds(self._line):
            self._line = self._overlays.show_line(self._layer, path)
        else:
            self._overlays.draw_line(self._line, self._layer, path)
            self._line.visible = True

    def _forget(self) -> None:
        """Hide the line; napari takes long to remove a layer, so it stays a while."""
        self._points = []
        if self._line is not None:
            self._line.visible = False

    def _on_mode(self, event: Any) -> None:
        if self._layer is not None and self._layer.mode != "pan_zoom":
            self.drop()


DRAWN = (Gesture.PAIR, Gesture.SCRIBBLE, Gesture.REGION)


def _far(one: Point, other: Point) -> float:
    return float(np.linalg.norm(np.subtract(one, other)))


def _nothing() -> None:
    """Have nothing to release."""
