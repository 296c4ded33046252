"""One run of the network over a region of an image, from the press to its labels."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Labels
from qtpy.QtCore import QObject, QTimer

from napari_cihm import __version__
from napari_cihm.config import SegmentSettings
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
from napari_cihm.plugin.pictures import picture_of
from napari_cihm.plugin.region import Region, region_of
from napari_cihm.plugin.runner import Run
from napari_cihm.plugin.steps import PAUSE, is_painted
from napari_cihm.plugin.wording import counted

REFRESH = 120  # milliseconds between two drawings of what was found


class Labelling(QObject):
    """A run, and the layer in which its tiles appear.

    Parameters
    ----------
    image : napari.layers.Image
        What is segmented.
    region : Region
        How much of it.
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
        self._chosen = SegmentSettings.of(**settings)
        seen = region if preview else region.grown(self._chosen.halo)
        region = self.region = region if seen.large else seen
        self.model: Examined | None = desk.session.model
        self.layer: Labels | None = None
        self.result: Labels | None = None
        self.notes: list[str] = []
        self.summary, self.objects = "", 0
        self._refresh = QTimer(self, singleShot=True, interval=REFRESH)
        self._refresh.timeout.connect(self._on_refresh)
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

    def stop(self) -> None:
        """Stop at the next tile; labels that wait for a stroke's end are dropped."""
        held, self._held = self._held, None
        if held is not None and self.run.over:
            self._on_end(self.run)
        else:
            self._desk.runner.stop(self.run)

    def discard(self) -> None:
        """Take away what was shown and written while it ran."""
        self._refresh.stop()
        self._stroke.stop()
        if self._work is not None and self.result is None:
            large_labels.discard(self._work)
        if self.layer is not None and self.layer is not self.result:
            layer, self.layer = self.layer, None
            self._desk.layers.remove(layer)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, SegmentationStarted):
            self._begin(event)
        elif isinstance(event, Note):
            self.notes.append(event.text)
        elif isinstance(event, TileDone):
            if self.layer is not None:
                box = self.region.show_box(event.box)
                self._desk.layers.mark(self.layer, box, event.foreground)
            self._advance(event)
        elif isinstance(event, BlockDone) and self.layer is not None:
            box = self.region.show_box(event.box)
            self._desk.layers.put(self.layer, box, event.labels)
            self._draw_soon()
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
            self.layer = self._desk.layers.begin(self.image, self.region, name)
        self._desk.tasks.progress(self, f"{self.title}…", 0, event.tiles)

    def _advance(self, event: TileDone) -> None:
        words = f"Tile {event.done} of {event.total}, {self.image.name}"
        self._draw_soon()
        self._desk.tasks.progress(self, words, event.done, event.total)

    def _finish(self, event: Segmented) -> None:
        self._refresh.stop()
        count = self._count(event)
        layers, about = self._desk.layers, self._about(event, count)
        # Layers may take it away as its labels move into another: that ends no run.
        shown, self.layer = self.layer, None
        if shown is None:
            labels = large_labels.shaped(event.labels, self.region.shown_part)
            about["labels_at"] = large_labels.place_of(event.labels, labels.shape)
            self.result = layers.add_large(
                self.image, self.region, labels, about, self.preview
            )
            if not self.preview:
                self.notes.append("labels this large are not measured")
        elif self.preview:
            self.result = layers.keep_preview(
                shown, self.image, self.region, event.labels
            )
        else:
            self.result = layers.settle(
                shown,
                self.image,
                self.region,
                event.labels,
                about,
                None if self._is_semantic() else self._chosen,
            )
        self.layer = self.result
        if not self._is_semantic():
            layers.made.emit(self.result, self.region if self.preview else None)
        self.objects = event.objects
        self.summary = f"{counted(count, 'object')} in {event.seconds:.1f} s"

    def _count(self, event: Segmented) -> int:
        """Count the objects in what was asked for, of which more may be seen."""
        if self.region.asked is None:
            return event.objects
        seen = self.region.show(np.asarray(event.labels))[self.region.shown_core]
        return int(np.count_nonzero(np.unique(seen)))

    def _is_semantic(self) -> bool:
        config = None if self.model is None else self.model.config
        return config is not None and config.task == "semantic"

    def _about(self, event: Segmented, count: int) -> dict[str, Any]:
        model = self.model
        return {
            "image": self.image.name,
            "axes": self.region.axes,
            "model": self._desk.session.source if model is None else model.name,
            "model_hash": "" if model is None else model.hash,
            "settings": self.settings,
            "diameter": event.diameter,
            "objects": count,
            "version": __version__,
        }

    def _draw_soon(self) -> None:
        if not self._refresh.isActive():
            self._refresh.start()

    def _on_refresh(self) -> None:
        if self.layer is not None:
            self._desk.layers.draw(self.layer)

    def _on_end(self, run: Run) -> None:
        if self._held is not None:
            return  # once the stroke has ended
        self.discard()
        self._on_end_of(self)
