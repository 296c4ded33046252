"""Choosing an image: the one that is worked on, and what its dimensions are."""

from typing import Any

from napari.layers import Image as ImageLayer
from qtpy.QtCore import QObject

from napari_cihm.data.axes import check_axes
from napari_cihm.errors import AxesError, sentence
from napari_cihm.plugin.flows.desk import Desk
from napari_cihm.plugin.pictures import array_of, axes_of
from napari_cihm.plugin.signing import id_of
from napari_cihm.plugin.views.segment_section import SegmentSection

COUNTED = {
    "t": "time points",
    "z": "slices",
    "c": "channels",
    "y": "rows",
    "x": "columns",
}
COLOURS = ("red", "green", "blue")
NO_IMAGE = "Open an image first: drop a file on the window, or File > Open Sample."


class ImageFlow(QObject):
    """Follows the viewer's images, and answers where one and its axes are chosen.

    Attributes
    ----------
    lack : str
        What there has to be before anything can be segmented; empty if it is there.
    """

    def __init__(self, desk: Desk, section: SegmentSection, parent: QObject) -> None:
        super().__init__(parent)
        self._desk, self._section = desk, section
        self._refused: ImageLayer | None = None
        self.lack = NO_IMAGE
        scene = desk.scene
        section.image_chosen.connect(self._on_image_chosen)
        section.axes_edited.connect(self._on_axes_edited)
        scene.layers_changed.connect(self._on_layers_changed)
        scene.image_described.connect(self._on_image_described)
        scene.image_selected.connect(self.use)
        self.use(scene.selected_image)

    def use(self, image: ImageLayer | None) -> None:
        """Work on an image; of one that cannot be worked on the section says why."""
        if image is not None and image in (self._desk.session.image, self._refused):
            return
        self._read(image)

    def _read(self, image: ImageLayer | None) -> None:
        """Take in an image, and its axes as the user typed them or as it says."""
        axes, problem, self._refused = "", "", None
        self.lack = NO_IMAGE if image is None else ""
        if image is not None:
            try:
                axes = self._desk.session.typed.get(image) or axes_of(image)
            except AxesError as error:
                problem, self.lack = sentence(error.problem), sentence(error.remedy)
                image, self._refused = None, image
        self._desk.session.set_image(image, axes)
        self._show_axes(axes)
        if problem:
            self._section.set_axes("", "", problem)
        self._section.axes.setEnabled(image is not None)
        self._show_images()

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
            letters = checked_axes(axes, image)
        except AxesError as error:
            self._section.set_axes(
                axes, "", sentence(f"{error.came}: use {error.wanted}")
            )
            return ""
        self._section.set_axes(axes, meaning_of(letters, shape))
        count = shape[letters.index("c")] if "c" in letters else 0
        names = COLOURS if image.rgb else [str(i) for i in range(count)]
        self._section.set_dimensions(letters, names)
        return letters

    def _on_layers_changed(self) -> None:
        scene, session = self._desk.scene, self._desk.session
        if not scene.holds(session.image):
            self.use(scene.selected_image)
        self._show_images()

    def _on_image_described(self, image: ImageLayer) -> None:
        typed = self._desk.session.typed
        if len(typed.get(image, "")) != len(array_of(image).shape):
            typed.pop(image, None)  # of pixels that are gone
        if image in (self._desk.session.image, self._refused):
            self._read(image)

    def _show_images(self) -> None:
        now = self._desk.session.image or self._refused
        listed = [
            (id_of(x), x.name, f"{x.name}: {_size(array_of(x))}")
            for x in self._desk.scene.images
        ]
        self._section.set_images(listed, "" if now is None else id_of(now))


def checked_axes(axes: str, image: ImageLayer) -> str:
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
