"""Quiet layers beside the labels: what is reviewed, and the line that is drawn.

They are ours alone, are never selected, and go with the labels they belong to.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from napari.layers import Labels, Layer, Vectors
from napari.utils import CyclicLabelColormap
from numpy.typing import NDArray

from napari_cihm.correction.reviewed import Reviewed
from napari_cihm.data.boxes import Box, overlap, shape_of
from napari_cihm.plugin.placing import add, lay, place_of
from napari_cihm.plugin.scene import Scene
from napari_cihm.plugin.signing import id_of, record_of, sign

TINT = (0.25, 0.73, 0.31, 1.0)
OPACITY = 0.18
LINE = "#ffd33d"
THICK, CROSS = 3, 8  # pixels of the screen


class Overlays:
    """Adds, draws and removes layers of our own."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def show_reviewed(
        self, labels: Labels, reviewed: Reviewed, visible: bool
    ) -> Labels:
        """Add a tint over what is reviewed, below the labels."""
        # One colour for each number would have numba compile for a second.
        tint = CyclicLabelColormap(colors=[(0.0,) * 4, TINT])
        layer = Labels(
            reviewed.view(),
            name=f"{labels.name} reviewed",
            colormap=tint,
            opacity=OPACITY,
            visible=visible,
            **place_of(labels),
        )
        layer.editable = False
        self._add(layer, labels, "reviewed", self._scene.layers.index(labels))
        return layer

    def draw_reviewed(self, layer: Labels, boxes: Sequence[Box] | None) -> None:
        """Draw parts of a tint anew; all of it for None.

        napari does so after a stroke with the layer that was painted, but of any
        other layer it reads all that is on screen.
        """
        screen = self._scene.screen
        picture: Any = getattr(getattr(layer, "_slice", None), "image", None)
        to_texture: Any = getattr(layer.colormap, "_data_to_texture", None)
        if not layer.visible:
            return  # it is read when it is shown
        known = picture is not None and to_texture is not None
        if boxes is None or not known or not screen.upright(layer):
            layer.refresh(thumbnail=False, extent=False)
            return
        plane, shown = screen.plane(layer), screen.plane_box(layer)
        for box in boxes:
            part = None if shown is None else overlap(box, shown)
            if part is None:
                continue  # not on screen
            inner = tuple(part[a] for a in plane)
            values = layer.data[part].reshape(shape_of(inner))
            picture.raw[inner] = values
            picture.view[inner] = to_texture(values)
            offset = [s.start for s in inner]
            layer.events.labels_update(data=picture.view[inner], offset=offset)

    def show_line(self, labels: Labels, line: Sequence[Sequence[float]]) -> Vectors:
        """Add a line above all.

        As vectors, since napari's shapes are compiled for seconds at the first one.
        """
        layer = Vectors(
            self._steps(labels, line),
            ndim=labels.ndim,
            name="line",
            vector_style="line",
            edge_color=LINE,
            edge_width=self._scene.screen.width(labels, THICK),
            **place_of(labels),
        )
        self._add(layer, labels, "line", len(self._scene.layers))
        return layer

    def draw_line(
        self, layer: Vectors, labels: Labels, line: Sequence[Sequence[float]]
    ) -> None:
        """Let a line run through other points."""
        layer.data = self._steps(labels, line)

    def _steps(
        self, labels: Labels, line: Sequence[Sequence[float]]
    ) -> NDArray[np.float64]:
        """Return a line as places and the steps from each to the next."""
        points = np.asarray(line, float)
        if len(points) == 1:  # a single click: a cross shows where it was
            arm = self._scene.screen.width(labels, CROSS)
            steps = np.zeros((4, 2, points.shape[1]))
            steps[:, 0] = points[0]
            for n, (axis, way) in enumerate(((-1, 1), (-1, -1), (-2, 1), (-2, -1))):
                steps[n, 1, self._scene.screen.plane(labels)[axis]] = way * arm
            return steps
        return np.stack([points[:-1], np.diff(points, axis=0)], axis=1)

    def remove(self, layer: Layer | None) -> None:
        """Remove one of these layers, if the user has not done so."""
        if layer is not None and self._scene.holds(layer):
            selected = set(self._scene.layers.selection) - {layer}
            self._scene.layers.remove(layer)
            self._scene.layers.selection = selected

    def _add(self, layer: Layer, labels: Labels, role: str, at: int) -> None:
        sign(layer, {"role": role, "of": id_of(labels)})
        for name in place_of(labels):  # it lies where its labels are laid by whomever
            getattr(labels.events, name).connect(self._on_laid)
        add(self._scene.layers, layer, at)

    def _on_laid(self, event: Any) -> None:
        labels = event.source
        place, key = place_of(labels), id_of(labels)
        for layer in list(self._scene.layers):
            if record_of(layer).get("of") == key:
                lay(layer, place)


def is_overlay(layer: Layer) -> bool:
    """Tell whether a layer is one of these."""
    return "role" in record_of(layer)
