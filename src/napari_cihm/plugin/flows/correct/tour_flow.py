"""Where to look next: an order of objects or patches, and a walk along it."""

from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Labels
from qtpy.QtCore import QObject

from napari_cihm.correction.marking import around
from napari_cihm.correction.scores import (
    doubt_of_objects,
    doubt_of_patches,
    oddity_of_sizes,
    patches_of,
)
from napari_cihm.correction.session import CorrectionSession
from napari_cihm.correction.tour import Stop, Tour, tour_of_objects, tour_of_patches
from napari_cihm.data.boxes import Box, box_at, grown, shape_of, start_of, tight
from napari_cihm.events import Doubted
from napari_cihm.plugin import notices
from napari_cihm.plugin.flows.correct.bench import Bench
from napari_cihm.plugin.flows.correct.doubting import Doubting
from napari_cihm.plugin.flows.correct.mending import Mending
from napari_cihm.plugin.pictures import array_of
from napari_cihm.plugin.screen import OBJECT, PATCH
from napari_cihm.plugin.tools import Tool
from napari_cihm.plugin.views.correct_section import CorrectSection

MARGIN = 3  # pixels around an object that was called right
ASKED = ("uncertainty", "disagreement")  # orders for which the model is asked


class TourFlow(QObject):
    """Answers the buttons under *Where to look next*."""

    def __init__(
        self, bench: Bench, section: CorrectSection, doubting: Doubting, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._bench, self._section, self._doubting = bench, section, doubting
        self._tour: Tour | None = None
        self._key: tuple[Any, ...] = ()
        self._scores: dict[int, float] = {}
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
        self._with_tour(mending, back=tool.name == "previous_stop")

    def forget(self) -> None:
        """Begin anew, at no stop."""
        self._tour, self._stop = None, None
        self.show_progress()

    def show_progress(self) -> None:
        """Say how many objects are checked."""
        mending, rows = self._bench.mending, self._section.review
        if mending is None:
            rows.show_progress(None, "Nothing is checked yet.")
        elif self._tour is not None and self._bench.settings.unit == "patches":
            rows.show_progress(self._tour.progress(), self._words())
        elif (done := mending.progress) is None:
            rows.show_progress(None, "Counting objects…")
        else:
            rows.show_progress(done, self._words())
        trail = self._tour is not None and self._tour.has_trail
        rows.set_walk(self._stop is not None, trail)

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

    def _with_tour(self, mending: Mending, back: bool) -> None:
        """Walk, once there is an order; the model may have to be asked first."""
        settings, layer = self._bench.settings, mending.layer
        image = self._bench.pairing.fitting_image_of(layer)
        key = self._key_of(mending, image)
        if self._tour is not None and key == self._key:
            self._walk(mending, back)
            return

        def begin(doubt: Any = None) -> None:
            self._make(mending, key, doubt)
            self._walk(mending, back)

        if settings.order not in ASKED:
            begin()
        elif image is None or self._bench.desk.session.model is None:
            notices.warn(
                "without an image of the shape of these labels the model cannot be "
                "asked; objects are ordered by their size"
            )
            begin()
        else:

            def take(answer: Doubted) -> None:
                if self._bench.mending is mending:
                    begin(answer.doubt)

            axes = self._bench.pairing.axes_of_image(image)
            run = self._bench.pairing.run_settings(image, layer)
            self._doubting.ask(image, axes, run, settings.order, take)

    def _make(self, mending: Mending, key: tuple[Any, ...], doubt: Any) -> None:
        session, settings = mending.session, self._bench.settings
        shape = tuple(mending.layer.data.shape)
        if doubt is not None:
            doubt = np.asarray(doubt).reshape(shape)
        if settings.unit == "patches":
            patches = patches_of(shape, settings.patch)
            scores = None if doubt is None else doubt_of_patches(patches, doubt)
            self._tour = tour_of_patches(
                patches, session.reviewed, scores, seed=settings.seed
            )
        else:
            self._scores = _scores_of(session, settings.order, doubt)
            self._tour = self._tour_of_objects(mending)
        self._key = key

    def _tour_of_objects(self, mending: Mending) -> Tour:
        session, seed = mending.session, self._bench.settings.seed
        return tour_of_objects(session.index, session.checked, self._scores, seed=seed)

    def _walk(self, mending: Mending, back: bool) -> None:
        assert self._tour is not None
        stop = self._tour.previous() if back else self._tour.next()
        if back and stop is None:  # a key was pressed
            self._bench.desk.tasks.say("Nothing was looked at before.")
            return
        if stop is None and not _is_done(self._tour):
            # What is left are objects that came after the order was made.
            self._tour = self._tour_of_objects(mending)
            stop = self._tour.next()
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

    def _key_of(self, mending: Mending, image: ImageLayer | None) -> tuple[Any, ...]:
        """Return all that an order depends on and that is not told of otherwise."""
        settings, model = self._bench.settings, self._bench.desk.session.model
        parts = (settings.order, settings.unit, settings.patch, settings.seed)
        session = mending.session
        asked: tuple[Any, ...] = ()
        if settings.order in ASKED and image is not None and model is not None:
            asked = model.hash, image.unique_id, id(array_of(image))
        return (id(session.index), id(session.reviewed), *parts, *asked)

    def _on_rewritten(self, layer: Labels) -> None:
        """Begin anew: other objects may have the numbers of those that were there."""
        if layer is self._bench.labels:
            self.forget()


def _scores_of(session: CorrectionSession, order: str, doubt: Any) -> dict[int, float]:
    """Say of each object how much it asks to be looked at."""
    if doubt is not None:
        return doubt_of_objects(session.labels, session.index, doubt)
    return {} if order == "random" else oddity_of_sizes(session.index)


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
