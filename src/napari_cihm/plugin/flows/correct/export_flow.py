"""Saving what is reviewed as a folder that training takes."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject
from qtpy.QtWidgets import QFileDialog

from napari_cihm.correction.chunked import ChunkedArray
from napari_cihm.errors import CihmError
from napari_cihm.events import Event, Exported, SliceExported
from napari_cihm.plugin import notices
from napari_cihm.plugin.flows.correct.bench import Bench
from napari_cihm.plugin.flows.correct.material import Material, material_of
from napari_cihm.plugin.flows.correct.mending import Mending
from napari_cihm.plugin.signing import record_of
from napari_cihm.plugin.views.correct_section import CorrectSection
from napari_cihm.plugin.worker.wire import Failure

if TYPE_CHECKING:
    from napari_cihm.plugin.flows.errands import Errand


class ExportFlow(QObject):
    """Answers *Save as training folder*."""

    title = "Saving a training folder"

    def __init__(self, bench: Bench, section: CorrectSection, parent: QObject) -> None:
        super().__init__(parent)
        self._bench, self._section = bench, section
        self._errand: Errand | None = None
        self._words = ""
        section.export_requested.connect(self._on_requested)

    def save(self, folder: Path) -> None:
        """Add the reviewed slices to a folder; without marks, all of them."""
        bench, layer = self._bench, self._bench.labels
        if self._errand is not None:
            notices.refuse("a folder is already being saved", "wait until it is done")
            return
        if layer is None or bench.pairing.image_of(layer) is None:
            notices.refuse("there is no image for these labels", "open it first")
            return
        mending = bench.begin(layer)
        mending.settle()
        reviewed = mending.session.reviewed
        marks = reviewed.copy().view() if reviewed.any() else "whole"
        try:
            # What is painted meanwhile must not come in half.
            taken = material_of(layer, _copy(layer.data), marks, bench.pairing)
        except CihmError as error:
            notices.explain(error)
            return
        record = record_of(layer)
        facts = {k: v for k, v in record.items() if k in ("model", "model_hash")}
        done = mending.done
        self._words = ""
        self._errand = bench.errands.start(
            partial(_write, folder, taken, facts),
            lambda event: self._on_event(event, mending, done),
            self._on_failure,
            self._on_end,
        )
        bench.desk.tasks.begin(self)

    def stop(self) -> None:
        """Stop after the slice that is being written."""
        if self._errand is not None:
            self._errand.stopped = True
            self._words = "Stopped. The slices saved so far are kept."

    def _on_requested(self) -> None:
        chosen = QFileDialog.getExistingDirectory(
            self._section, "Choose a training folder, or an empty one"
        )
        if chosen:
            self.save(Path(chosen))

    def _on_event(self, event: Event, mending: Mending, done: int) -> None:
        if isinstance(event, SliceExported):
            words = f"Slice {event.done} of {event.total}: {event.name}"
            self._bench.desk.tasks.progress(self, words, event.done, event.total)
        elif isinstance(event, Exported):
            self._words = event.text
            # Of a stack, slices lie there, whose objects are no longer one.
            if mending.layer.ndim == 2:
                mending.save(done)

    def _on_failure(self, failure: Failure) -> None:
        self._words = notices.report(failure)

    def _on_end(self) -> None:
        self._errand = None
        self._bench.desk.tasks.end(self, self._words)


def _write(folder: Path, taken: Material, facts: Mapping[str, Any]) -> Iterator[Event]:
    # What writes files would keep the panel waiting while it opens.
    from napari_cihm.correction.export import export_training

    return export_training(
        folder,
        taken.picture,
        taken.labels,
        taken.mask,
        name=taken.name,
        channels=(taken.channels,) if isinstance(taken.channels, int) else None,
        facts=facts,
    )


def _copy(data: Any) -> Any:
    """Return labels that no stroke changes; what is on disk stays where it is."""
    return data.copy() if isinstance(data, np.ndarray | ChunkedArray) else data
