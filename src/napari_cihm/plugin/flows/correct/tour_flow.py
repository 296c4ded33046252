"""Where to look next: a walk along an order of objects or patches."""

from functools import partial

import numpy as np
from napari.layers import Labels
from qtpy.QtCore import QObject

from napari_cihm.correction.marking import around
from napari_cihm.correction.tour import Stop, Tour
from napari_cihm.data.boxes import Box, box_at, grown, shape_of, start_of, tight
from napari_cihm.plugin.flows.correct.bench import Bench
from napari_cihm.plugin.flows.correct.mending import Mending
from napari_cihm.plugin.flows.correct.ordering import Ordering
from napari_cihm.plugin.screen import OBJECT, PATCH
from napari_cihm.plugin.tools import Tool
from napari_cihm.plugin.views.correct_section import CorrectSection

MARGIN = 3  # pixels around an object that was called right


class TourFlow(QObject):
    """Answers the buttons under *Where to look next*."""

    def __init__(
        self, bench: Bench, section: CorrectSection, ordering: Ordering, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._bench, self._section, self._ordering = bench, section, ordering
        self._stop: Stop | None = None
        bench.chosen.connect(self.forget)
        bench.changed.connect(self.show_progress)
        bench.desk.layers.rewritten.connect(self._on_rewritten)

    def press(self, tool: Tool) -> None:
        """Go on, go back, or call what is shown right and go on."""
        layer = self._bench.labels
        if layer is None:
            return
        mending = self._bench.begin(layer)
        mending.settle()
        if tool.name == "looks_right":
            self._call_right(mending)
        back = tool.name == "previous_stop"
        self._ordering.provide(mending, partial(self._walk, mending, back))

    def forget(self) -> None:
        """Begin anew, at no stop."""
        self._ordering.forget()
        self._stop = None
        self.show_progress()

    def show_progress(self) -> None:
        """Say how many objects are checked."""
        mending, rows = self._bench.mending, self._section.review
        tour = self._ordering.tour
        if mending is None:
            rows.show_progress(None, "Nothing is checked yet.")
        elif tour is not None and self._bench.settings.unit == "patches":
            rows.show_progress(tour.progress(), self._words())
        elif (done := mending.progress) is None:
            rows.show_progress(None, "Counting objects…")
        else:
            rows.show_progress(done, self._words())
        rows.set_walk(self._stop is not None, tour is not None and tour.has_trail)

    def _words(self) -> str:
        if self._stop is None:
            return ""
        return f"object {self._stop.label}" if self._stop.label else "this patch"

    def _call_right(self, mending: Mending) -> None:
        stop = self._stop
        if stop is None:
            return
        shape = tuple(mending.layer.data.shape)
        box, mask = stop.box, None
        if stop.label:
            plane = self._bench.desk.scene.screen.plane(mending.layer)
            if stop.label not in mending.session.index:
                return
            box = grown(_box_of(mending, stop.label), MARGIN, shape, plane)
            own = np.asarray(mending.layer.data[box]) == stop.label
            mask = around(own, MARGIN, plane)
        mending.mark(mending.session.reviewed.mark(box, mask))

    def _walk(self, mending: Mending, back: bool, tour: Tour) -> None:
        stop = tour.previous() if back else tour.next()
        if back and stop is None:  # a key was pressed
            self._bench.desk.tasks.say("Nothing was looked at before.")
            return
        if stop is None and not _is_done(tour):
            # What is left are objects that came after the order was made.
            stop = self._ordering.renew(mending).next()
        self._stop = stop
        if stop is None:
            self._bench.desk.tasks.say("Everything is checked.")
        else:
            box, sizes = stop.box, PATCH
            if stop.label:
                box, sizes = _box_of(mending, stop.label), OBJECT
                mending.layer.selected_label = stop.label
            self._bench.desk.scene.screen.look_at(mending.layer, box, sizes)
        self.show_progress()

    def _on_rewritten(self, layer: Labels) -> None:
        """Begin anew: other objects may have the numbers of those that were there."""
        if layer is self._bench.labels:
            self.forget()


def _is_done(tour: Tour) -> bool:
    progress = tour.progress()
    return progress.checked == progress.total


def _box_of(mending: Mending, label: int) -> Box:
    """Return the least box around an object: the index may know a wider one."""
    box = mending.session.index.box(label)
    found = tight(np.asarray(mending.layer.data[box]) == label)
    if found is None:
        return box
    first = [a + b for a, b in zip(start_of(box), start_of(found), strict=True)]
    return box_at(first, shape_of(found))
