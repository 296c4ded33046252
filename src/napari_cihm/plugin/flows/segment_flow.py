"""Segmenting: when it can be begun, the runs, and how they ended."""

from typing import Any

from napari.layers import Image as ImageLayer
from napari.layers import Layer
from qtpy.QtCore import QObject

from napari_cihm.config import Channels
from napari_cihm.errors import CihmError, sentence
from napari_cihm.plugin import notices
from napari_cihm.plugin.flows.desk import Desk
from napari_cihm.plugin.flows.image_flow import ImageFlow, checked_axes
from napari_cihm.plugin.flows.labelling import Labelling
from napari_cihm.plugin.preferences import preferences
from napari_cihm.plugin.runner import RunState
from napari_cihm.plugin.session import State
from napari_cihm.plugin.views.segment_section import SegmentSection

NO_MODEL = "The model is not loaded yet."


class SegmentFlow(QObject):
    """Answers the buttons of the *Segment* section."""

    def __init__(
        self, desk: Desk, section: SegmentSection, images: ImageFlow, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._desk, self._section, self._images = desk, section, images
        self._labellings: list[Labelling] = []
        self._awaiting = False
        session = desk.session
        section.segment_requested.connect(self.segment)
        section.preview_requested.connect(self.preview)
        desk.scene.layer_removed.connect(self._on_layer_removed)
        for changed in (
            session.image_changed,
            session.model_changed,
            session.state_changed,
        ):
            changed.connect(self._update)
        session.model_changed.connect(self._on_model_changed)
        self._update()

    def choose(self, image: ImageLayer, channels: Channels) -> None:
        """Segment an image by these channels from now on, for the user to see."""
        self._images.use(image)
        self._section.form.set_values({"channels": channels})

    def segment(self) -> Labelling | None:
        """Segment what the section says; after what runs already, if anything."""
        return self._start(preview=False)

    def segment_when_ready(self, image: ImageLayer) -> None:
        """Segment all of an image, now or once the model is loaded."""
        self._images.use(image)
        self._awaiting = self._desk.session.model is None
        if not self._awaiting:
            self.segment()

    def preview(self) -> Labelling | None:
        """Segment what can be seen, to be looked at only."""
        return self._start(preview=True)

    def close(self) -> None:
        """Take away what unfinished runs have shown."""
        for labelling in self._labellings:
            labelling.discard()
        self._labellings.clear()

    def _start(self, preview: bool) -> Labelling | None:
        session, scene = self._desk.session, self._desk.scene
        image = session.image
        if image is None or not session.source:
            notices.refuse(self._images.lack or NO_MODEL)
            return None
        extent = "view" if preview else self._section.extent
        settings = self.settings()
        try:
            checked_axes(session.axes, image)
            region = scene.screen.region(image, session.axes, extent)
            labelling = Labelling(
                self._desk, image, region, settings, preview, self._on_end, self
            )
        except CihmError as error:
            notices.explain(error)
            return None
        self._labellings.append(labelling)
        return labelling

    def settings(self) -> dict[str, Any]:
        """Return what the section and the preferences say of a run."""
        memory = preferences().memory
        return {
            **self._section.values(),
            "device": self._desk.session.device,
            "memory": memory or None,
        }

    def _on_end(self, labelling: Labelling) -> None:
        self._labellings.remove(labelling)
        self._desk.tasks.end(labelling, self._last_words(labelling))
        labelling.deleteLater()

    def _last_words(self, labelling: Labelling) -> str:
        run = labelling.run
        if run.failure:
            return notices.report(run.failure)
        if run.state is RunState.STOPPED or labelling.result is None:
            earlier = self._desk.layers.own(labelling.image) is not None
            return "Stopped. Earlier labels are unchanged." if earlier else "Stopped."
        notes = " ".join(sentence(note) for note in labelling.notes)
        if not labelling.objects:
            notices.warn(notes)  # and below, since napari takes it away soon
        kind = "Preview: " if labelling.preview else ""
        return f"{kind}{labelling.summary}. {notes}".strip()

    def _on_model_changed(self) -> None:
        if self._awaiting:
            self._awaiting = False
            self.segment()

    def _on_layer_removed(self, layer: Layer) -> None:
        for labelling in list(self._labellings):
            if layer in (labelling.image, labelling.layer):
                labelling.stop()

    def _update(self) -> None:
        session = self._desk.session
        reason = self._images.lack or ("" if session.model else NO_MODEL)
        # While something runs it stays, so that nothing below it jumps.
        idle = session.state is State.IDLE
        self._section.set_ready(idle and not reason, reason)
