"""Marks of what was looked at: made and taken back."""

import numpy as np
from qtpy.QtCore import QObject
from skimage import draw

from napari_cihm.correction.marking import ReviewChange
from napari_cihm.data.boxes import Box, shape_of
from napari_cihm.plugin import notices
from napari_cihm.plugin.flows.correct.bench import Bench
from napari_cihm.plugin.flows.correct.mending import Mending
from napari_cihm.plugin.flows.correct.pointing import Point, Pointing
from napari_cihm.plugin.tools import Tool
from napari_cihm.plugin.views.correct_section import CorrectSection

PLANAR = "review_slice", "review_region"
BESIDE = "these labels are not on screen", "move the sliders to where they lie"


class ReviewFlow(QObject):
    """Answers the buttons under *Reviewed*."""

    def __init__(
        self,
        bench: Bench,
        section: CorrectSection,
        pointing: Pointing,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._bench, self._section, self._pointing = bench, section, pointing
        pointing.pointed.connect(self._on_pointed)

    def press(self, tool: Tool) -> None:
        """Mark something, or wait for a region."""
        layer = self._bench.labels
        if layer is None:
            return
        hindrance = self._bench.desk.scene.screen.hindrance(layer)
        if tool.name in PLANAR and hindrance:
            notices.refuse(*hindrance)
            self._section.review.set_chosen("")
        elif tool.name == "review_region":
            if self._pointing.tool is tool:
                self._pointing.drop()
            else:
                self._bench.begin(layer)
                self._pointing.choose(tool, layer)
        else:
            self._mark_at_once(tool, self._bench.begin(layer))

    def _mark_at_once(self, tool: Tool, mending: Mending) -> None:
        reviewed = mending.session.reviewed
        if tool.name == "review_slice":
            box = self._bench.desk.scene.screen.plane_box(mending.layer)
            if box is None:
                notices.refuse(*BESIDE)
            else:
                self._mark(mending, reviewed.mark(box))
        elif tool.name == "review_all":
            self._mark(mending, reviewed.mark_all())
        elif mending.unmark() is None:
            notices.tell("there is no mark to undo")

    def _mark(self, mending: Mending, change: ReviewChange) -> None:
        mending.mark(change)
        if not change:
            self._bench.desk.tasks.say("It was already marked.")

    def _on_pointed(
        self, tool: Tool, points: list[Point], drawn: bool, away: bool
    ) -> None:
        layer = self._bench.labels
        if layer is None or tool.name != "review_region":
            return
        mending, screen = self._bench.begin(layer), self._bench.desk.scene.screen
        plane = screen.plane_box(layer)
        if plane is None:
            notices.refuse(*BESIDE)
            return
        box, mask = _region(points, plane, screen.plane(layer))
        if not mask.any():
            return  # it was drawn beside the image
        reviewed = mending.session.reviewed
        switch = reviewed.erase if away else reviewed.mark
        self._mark(mending, switch(box, mask))


def _region(
    points: list[Point], plane: Box, axes: tuple[int, ...]
) -> tuple[Box, np.ndarray]:
    """Return the box around a drawn region, and which of its pixels lie within."""
    corners = np.asarray(points)[:, list(axes)]
    sizes = [plane[a].stop for a in axes]
    low = np.clip(np.floor(corners.min(axis=0)), 0, sizes).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0)) + 1, 0, sizes).astype(int)
    size = tuple(np.maximum(high - low, 0))
    mask = draw.polygon2mask(size, corners - low)
    # The line itself too, which is all there is where labels are a pixel thick.
    ends = np.round(corners - low).astype(int)
    for one, other in zip(ends, np.roll(ends, -1, axis=0), strict=True):
        line = np.array(draw.line(*one, *other))
        inside = ((line >= 0) & (line < np.reshape(size, (2, 1)))).all(axis=0)
        mask[tuple(line[:, inside])] = True
    box = list(plane)
    shape = list(shape_of(plane))
    for axis, first, last in zip(axes, low, high, strict=True):
        box[axis] = slice(int(first), int(last))
        shape[axis] = int(last - first)
    return tuple(box), mask.reshape(shape)
