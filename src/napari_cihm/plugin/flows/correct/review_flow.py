"""Marks of what was looked at: made, taken back, and shown as a tint."""

import numpy as np
from napari.layers import Labels
from qtpy.QtCore import QObject
from skimage import draw

from napari_cihm.correction.reviewed import ReviewChange, Reviewed
from napari_cihm.data.boxes import Box, shape_of, volume_of, whole
from napari_cihm.plugin import notices
from napari_cihm.plugin.flows.correct.bench import Bench
from napari_cihm.plugin.flows.correct.mending import Mending
from napari_cihm.plugin.flows.correct.pointing import Point, Pointing
from napari_cihm.plugin.overlays import Overlays
from napari_cihm.plugin.tools import Tool
from napari_cihm.plugin.views.correct_section import CorrectSection

PLANAR = "review_slice", "review_region"
FEW = 1 << 22  # pixels that are drawn by themselves, not with all the others
BESIDE = "these labels are not on screen", "move the sliders to one of their slices"


class ReviewFlow(QObject):
    """Answers the buttons under *Reviewed*.

    Parameters
    ----------
    pointing : Pointing
        The mouse, for regions.
    overlays : Overlays
        Shows the tint.
    """

    def __init__(
        self,
        bench: Bench,
        section: CorrectSection,
        pointing: Pointing,
        overlays: Overlays,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._bench, self._section = bench, section
        self._pointing, self._overlays = pointing, overlays
        self._tints: dict[Labels, tuple[Labels, Reviewed]] = {}
        self._drawn: dict[Labels, int] = {}  # changes of the marks that were drawn
        pointing.pointed.connect(self._on_pointed)
        bench.began.connect(self._on_began)
        section.review.shown_chosen.connect(self._on_shown_chosen)

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

    def forget(self, layer: Labels) -> None:
        """Let the tint go with the labels it belongs to."""
        tint, _ = self._tints.pop(layer, (None, None))
        self._drawn.pop(layer, None)
        self._overlays.remove(tint)

    def close(self) -> None:
        """Take all tints away."""
        for layer in list(self._tints):
            self.forget(layer)

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

    def _on_began(self, mending: Mending) -> None:
        mending.marked.connect(lambda: self._show(mending))
        self._show(mending)

    def _show(self, mending: Mending) -> None:
        """Draw the tint anew; there is none before anything is marked."""
        layer, reviewed = mending.layer, mending.session.reviewed
        if self._bench.begun(layer) is not mending:
            return
        tint, shown = self._tints.get(layer, (None, None))
        if tint is not None and not self._bench.desk.scene.holds(tint):
            return  # the user does not want it
        drawn, self._drawn[layer] = self._drawn.get(layer, 0), reviewed.changes
        if tint is not None and shown is reviewed:
            boxes = reviewed.since(drawn)
            few = boxes is not None and sum(map(volume_of, boxes)) <= FEW
            self._overlays.draw_reviewed(tint, boxes if few else None)
        elif tint is not None:
            tint.data = reviewed.view()
            self._tints[layer] = tint, reviewed
        elif reviewed.touches(whole(reviewed.shape)):
            visible = self._section.review.shown.isChecked()
            tint = self._overlays.show_reviewed(layer, reviewed, visible)
            self._tints[layer] = tint, reviewed

    def _on_shown_chosen(self, shown: bool) -> None:
        for layer, (tint, _) in list(self._tints.items()):
            if self._bench.desk.scene.holds(tint):
                tint.visible = shown
            elif shown and (mending := self._bench.begun(layer)) is not None:
                del self._tints[layer]
                self._show(mending)


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
