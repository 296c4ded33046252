"""One run of the network over a region of an image, from the press to its labels."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Labels
from qtpy.QtCore import QObject, QTimer

from napari_cihm import __version__
from napari_cihm.config import SegmentSettings
from napari_cihm.errors import counted
from napari_cihm.events import (
    BlockDone,
    Event,
    Examined,
    Note,
    SegmentationStarted,
    Segmented,
    TileDone,
)
from napari_cihm.plugin import large_labels
from napari_cihm.plugin.flows.desk import Desk
from napari_cihm.plugin.flows.live_labels import LiveLabels
from napari_cihm.plugin.layers import Found
from napari_cihm.plugin.pictures import picture_of
from napari_cihm.plugin.previews import DTYPE
from napari_cihm.plugin.region import Region, region_of
from napari_cihm.plugin.runner import Run
from napari_cihm.plugin.steps import PAUSE, is_painted


class Labelling(QObject):
    """A run, and the layer in which its tiles appear.

    Parameters
    ----------
    settings : mapping
        Of `SegmentSettings`.
    preview : bool
        Whether the labels are only to be looked at.
    on_end : callable
        Gets this object once all is over.
    """

    def __init__(
        self,
        desk: Desk,
        image: ImageLayer,
        region: Region,
        settings: Mapping[str, Any],
        preview: bool,
        on_end: Callable[["Labelling"], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._desk, self._on_end_of = desk, on_end
        self.image, self.preview = image, preview
        self.settings = dict(settings)
        self.model: Examined | None = desk.session.model
        chosen = SegmentSettings.of(**settings)
        self._linking = None if _is_semantic(self.model) else chosen
        seen = region if preview else region.grown(chosen.halo)
        region = self.region = region if seen.large else seen
        self._live: LiveLabels | None = None
        self.result: Labels | None = None
        self.notes: list[str] = []
        self.summary, self.objects = "", 0
        self._held: Segmented | None = None
        self._stroke = QTimer(self, singleShot=True, interval=PAUSE)
        self._stroke.timeout.connect(self._take)
        whole = region_of(region.axes, region.shape)
        self._work = large_labels.new_folder() if region.large else None
        self.run: Run = desk.runner.start(
            "segment",
            self._on_event,
            self._on_end,
            image=picture_of(image, region),
            model=desk.session.source,
            settings=self.settings,
            whole=None if region.whole else picture_of(image, whole),
            work=self._work,
        )
        desk.tasks.begin(self)

    @property
    def title(self) -> str:
        """What goes on, in a few words."""
        return f"{'Previewing' if self.preview else 'Segmenting'} {self.image.name}"

    @property
    def layer(self) -> Labels | None:
        """Where its labels are, if they are shown already."""
        return self.result if self._live is None else self._live.layer

    def stop(self) -> None:
        """Stop at the next tile; labels that wait for a stroke's end are dropped."""
        held, self._held = self._held, None
        if held is not None and self.run.over:
            self._on_end(self.run)
        else:
            self._desk.runner.stop(self.run)

    def discard(self) -> None:
        """Take away what was shown and written while it ran."""
        self._stroke.stop()
        if self._work is not None and self.result is None:
            large_labels.discard(self._work)
        if (shown := self._hand_over()) is not None:
            self._desk.previews.remove(shown)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, SegmentationStarted):
            self._begin(event)
        elif isinstance(event, Note):
            self.notes.append(event.text)
        elif isinstance(event, TileDone):
            if self._live is not None:
                self._live.mark(event)
            words = f"Tile {event.done} of {event.total}, {self.image.name}"
            self._desk.tasks.progress(self, words, event.done, event.total)
        elif isinstance(event, BlockDone) and self._live is not None:
            self._live.put(event)
        elif isinstance(event, Segmented):
            self._held = event
            self._take()

    def _take(self) -> None:
        """Take the labels in; a stroke over earlier ones is brought to its end first.

        A run is a step of its own, and nobody has looked at what it writes.
        """
        event = self._held
        if event is None:
            return
        if is_painted(self._desk.layers.own(self.image)):
            self._stroke.start()
            return
        self._held = None
        try:
            self._finish(event)
        finally:
            if self.run.over:  # it ended while the labels waited
                self._on_end(self.run)

    def _begin(self, event: SegmentationStarted) -> None:
        kind = "preview" if self.preview else "labels (running)"
        name = f"{self.image.name} {kind}"
        if self._work is None:
            layer = self._desk.previews.begin(self.image, self.region, name)
            self._live = LiveLabels(layer, self.region, self)
        self._desk.tasks.progress(self, f"{self.title}…", 0, event.tiles)

    def _hand_over(self) -> Labels | None:
        """Hand over the layer that was shown while it ran, to whatever becomes of it.

        It may be taken away as its labels move into another: that ends no run.
        """
        live, self._live = self._live, None
        if live is None:
            return None
        live.close()
        return live.layer

    def _finish(self, event: Segmented) -> None:
        count, shown = _count(event, self.region), self._hand_over()
        found = self._found(event, count)
        if shown is None:
            self.result = self._desk.layers.add_large(found, self.preview)
            if not self.preview:
                self.notes.append("labels this large are not measured")
        elif self.preview:
            shown.data = found.labels.astype(DTYPE)
            self._desk.previews.keep(shown, self.image, self.region)
            self.result = shown
        else:
            self.result = self._desk.layers.settle(shown, found)
        if self._linking is not None:
            region = self.region if self.preview else None
            self._desk.layers.made.emit(self.result, region)
        self.objects = event.objects
        self.summary = f"{counted(count, 'object')} in {event.seconds:.1f} s"

    def _found(self, event: Segmented, count: int) -> Found:
        model, where = self.model, {}
        if self._work is None:
            labels = self.region.show(np.asarray(event.labels))
        else:
            labels = large_labels.shaped(event.labels, self.region.shown_part)
            where["labels_at"] = large_labels.place_of(event.labels, labels.shape)
        about = {
            **where,
            "image": self.image.name,
            "axes": self.region.axes,
            "model": self._desk.session.source if model is None else model.name,
            "model_hash": "" if model is None else model.hash,
            "settings": self.settings,
            "diameter": event.diameter,
            "objects": count,
            "version": __version__,
        }
        return Found(self.image, self.region, labels, about, self._linking)

    def _on_end(self, run: Run) -> None:
        if self._held is not None:
            return  # once the stroke has ended
        self.discard()
        self._on_end_of(self)


def _count(event: Segmented, region: Region) -> int:
    """Count the objects in what was asked for, of which more may be seen."""
    if region.asked is None:
        return event.objects
    seen = region.show(np.asarray(event.labels))[region.shown_core]
    return int(np.count_nonzero(np.unique(seen)))


def _is_semantic(model: Examined | None) -> bool:
    config = None if model is None else model.config
    return config is not None and config.task == "semantic"
