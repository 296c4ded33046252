"""Segmenting: following the viewer's images, starting runs, ending them."""

from typing import Any

from napari.layers import Image as ImageLayer
from napari.layers import Layer
from qtpy.QtCore import QObject

from napari_cihm.config import Channels
from napari_cihm.data.axes import check_axes
from napari_cihm.errors import AxesError, CihmError
from napari_cihm.plugin import notices
from napari_cihm.plugin.flows.desk import Desk
from napari_cihm.plugin.flows.labelling import Labelling
from napari_cihm.plugin.preferences import preferences
from napari_cihm.plugin.runner import RunState
from napari_cihm.plugin.scene import array_of, axes_of
from napari_cihm.plugin.session import State
from napari_cihm.plugin.signing import id_of
from napari_cihm.plugin.views.segment_section import SegmentSection
from napari_cihm.plugin.wording import sentence

NO_IMAGE = "Open an image first: drop a file on the window, or File > Open Sample."
NO_MODEL = "The model is not loaded yet."
COUNTED = {
    "t": "time points",
    "z": "slices",
    "c": "channels",
    "y": "rows",
    "x": "columns",
}


class SegmentFlow(QObject):
    """Answers the *Segment* section."""

    def __init__(self, desk: Desk, section: SegmentSection, parent: QObject) -> None:
        super().__init__(parent)
        self._desk, self._section = desk, section
        self._labellings: list[Labelling] = []
        self._awaiting = False
        session, scene = desk.session, desk.scene
        section.image_chosen.connect(self._on_image_chosen)
        section.axes_edited.connect(self._on_axes_edited)
        section.segment_requested.connect(self.segment)
        section.preview_requested.connect(self.preview)
        scene.layers_changed.connect(self._on_layers_changed)
        scene.image_described.connect(self._on_image_described)
        scene.image_selected.connect(self.use)
        scene.layer_removed.connect(self._on_layer_removed)
        for changed in (session.model_changed, session.state_changed):
            changed.connect(self._update)
        session.model_changed.connect(self._on_model_changed)
        self.use(scene.selected_image)

    def use(self, image: ImageLayer | None) -> None:
        """Work on an image."""
        if image is self._desk.session.image and image is not None:
            return
        self._read(image)

    def _read(self, image: ImageLayer | None) -> None:
        """Take in an image, and its axes as the user typed them or as it says."""
        axes = ""
        if image is not None:
            try:
                axes = self._desk.session.typed.get(image) or axes_of(image)
            except AxesError as error:
                notices.explain(error)
                image = None
        self._desk.session.set_image(image, axes)
        self._show_axes(axes)
        self._show_images()
        self._update()

    def choose_channels(self, channels: Channels) -> None:
        """Segment by these from now on, for the user to see."""
        self._section.form.set_values({"channels": channels})

    def segment(self) -> Labelling | None:
        """Segment what the section says; after what runs already, if anything."""
        return self._start(preview=False)

    def segment_when_ready(self, image: ImageLayer) -> None:
        """Segment all of an image, now or once the model is loaded."""
        self.use(image)
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
            notices.refuse(NO_IMAGE if image is None else NO_MODEL)
            return None
        extent = "view" if preview else self._section.extent
        settings = self.settings()
        try:
            _checked(session.axes, image)
            region = scene.region(image, session.axes, extent)
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
            return "Stopped. Earlier labels are unchanged."
        notes = " ".join(sentence(note) for note in labelling.notes)
        if not labelling.objects:
            notices.warn(notes)  # and below, since napari takes it away soon
        kind = "Preview: " if labelling.preview else ""
        return f"{kind}{labelling.summary}. {notes}".strip()

    def _on_model_changed(self) -> None:
        if self._awaiting:
            self._awaiting = False
            self.segment()

    def _on_image_chosen(self, key: str) -> None:
        for image in self._desk.scene.images:
            if id_of(image) == key:
                self.use(image)

    def _on_axes_edited(self, text: str) -> None:
        if letters := self._show_axes(text):
            self._desk.session.type_axes(letters)

    def _show_axes(self, axes: str) -> str:
        """Show axes and what they mean; return them in small letters if they fit."""
        image = self._desk.session.image
        if image is None:
            self._section.set_axes("", "")
            self._section.set_dimensions("", ())
            return ""
        shape = array_of(image).shape
        try:
            letters = _checked(axes, image)
        except AxesError as error:
            self._section.set_axes(axes, "", f"{error.came}: use {error.wanted}")
            return ""
        self._section.set_axes(axes, meaning_of(letters, shape))
        count = shape[letters.index("c")] if "c" in letters and not image.rgb else 0
        self._section.set_dimensions(letters, [str(i) for i in range(count)])
        return letters

    def _on_layers_changed(self) -> None:
        scene, session = self._desk.scene, self._desk.session
        if not scene.holds(session.image):
            self.use(scene.selected_image)
        self._show_images()
        self._update()

    def _on_image_described(self, image: ImageLayer) -> None:
        typed = self._desk.session.typed
        if len(typed.get(image, "")) != len(array_of(image).shape):
            typed.pop(image, None)  # of pixels that are gone
        if image is self._desk.session.image:
            self._read(image)

    def _show_images(self) -> None:
        now = self._desk.session.image
        listed = [
            (id_of(x), x.name, f"{x.name}: {_size(array_of(x))}")
            for x in self._desk.scene.images
        ]
        self._section.set_images(listed, "" if now is None else id_of(now))

    def _on_layer_removed(self, layer: Layer) -> None:
        for labelling in list(self._labellings):
            if layer in (labelling.image, labelling.layer):
                labelling.stop()

    def _update(self) -> None:
        session, reason = self._desk.session, ""
        if session.image is None:
            reason = NO_IMAGE
        elif session.model is None:
            reason = NO_MODEL
        # While something runs it stays, so that nothing below it jumps.
        idle = session.state is State.IDLE
        self._section.set_ready(idle and not reason, reason)


def _checked(axes: str, image: ImageLayer) -> str:
    """Return axes in small letters if they describe an image as napari shows it."""
    letters = check_axes(axes, array_of(image).shape)
    if image.rgb and letters[-1] != "c":
        raise AxesError(f"axes {axes!r} of a colour image", "c as the last letter")
    return letters


def meaning_of(axes: str, shape: tuple[int, ...]) -> str:
    """Say what an image's dimensions are, such as "24 slices, 256 rows"."""
    return ", ".join(
        f"{n} {COUNTED[a] if n != 1 else COUNTED[a][:-1]}"
        for a, n in zip(axes, shape, strict=True)
    )


def _size(array: Any) -> str:
    return f"{' x '.join(map(str, array.shape))}, {array.dtype}"
