"""The *Segment* section: which image, how it is read, how much of it."""

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)

from napari_cihm.config import SegmentSettings
from napari_cihm.plugin.forms import Alignment, Form
from napari_cihm.plugin.parts.boxes import DropDown
from napari_cihm.plugin.parts.button_rows import choice_row
from napari_cihm.plugin.parts.section import (
    Fold,
    Section,
    muted,
    restore_button,
    restyle,
)
from napari_cihm.plugin.region import Extent
from napari_cihm.plugin.wording import of_planes

ELSEWHERE = ("device", "memory", "maps", "uncertainty")  # set by other controls
FIRST = ("channels", "diameter", "volume", "time")
EXTENTS: dict[Extent, tuple[str, str]] = {
    "all": ("Whole image", "Every slice and time point"),
    "slice": ("This slice", "The plane that the sliders show"),
    "view": ("Current view", "The part of this plane that is on screen"),
}


class SegmentSection(Section):
    """Choose an image and how it is segmented, then press Segment.

    Attributes
    ----------
    image_chosen
        Emitted with the key of an image.
    axes_edited
        Emitted with axes that the user typed in.
    segment_requested, preview_requested
        Emitted when the user wants labels, or a look at what they would be.
    """

    image_chosen = Signal(str)
    axes_edited = Signal(str)
    segment_requested = Signal()
    preview_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Segment", parent)
        self.images = DropDown("Image", "The image to segment", self)
        self.axes = QLineEdit(self)
        self.axes.setAccessibleName("Axes")
        self.axes.setMaxLength(5)
        self.axes.setAcceptDrops(False)
        self.axes.setToolTip(
            "One letter for each dimension of the image: t time, z depth, c channel, "
            "y row, x column"
        )
        self.meaning = muted("", self)
        names = [n for n in SegmentSettings.model_fields if n not in ELSEWHERE]
        self.form = Form(SegmentSettings, FIRST, self)
        self.more = Form(SegmentSettings, [n for n in names if n not in FIRST], self)
        self._ready, self._reason = False, ""
        self._axes_fit, self._several, self._first = True, False, ""
        self._build()
        for form in (self.form, self.more):
            form.changed.connect(self._update_buttons)
        self.images.activated.connect(self._on_image)
        self.axes.textEdited.connect(self.axes_edited)
        self.segment.clicked.connect(self.segment_requested)
        self.preview.clicked.connect(self.preview_requested)
        self.restore.clicked.connect(self._on_restore)
        self.set_dimensions("", ())

    def _build(self) -> None:
        top = QGridLayout()
        top.setColumnStretch(1, 1)
        titles = [QLabel("Image", self), QLabel("Axes", self)]
        for row, control in enumerate((self.images, self.axes)):
            titles[row].setBuddy(control)
            top.addWidget(titles[row], row, 0)
            top.addWidget(control, row, 1)
        top.addWidget(self.meaning, 2, 1)
        Alignment([*titles, *self.form.labels, *self.more.labels], self)
        self.extents, extents = choice_row(EXTENTS.values(), self)
        fold = Fold("More settings", opened=False, parent=self)
        self.restore = restore_button(self)
        fold.rows.addWidget(self.more)
        fold.rows.addWidget(self.restore)
        self.preview = QPushButton("Preview", self)
        self.segment = QPushButton("Segment", self)
        self.segment.setObjectName("primary")
        self.reason = muted("", self)
        buttons = QHBoxLayout()
        buttons.addWidget(self.preview, 1)
        buttons.addWidget(self.segment, 2)
        self.rows.addLayout(top)
        self.rows.addWidget(self.form)
        self.rows.addLayout(extents)
        self.rows.addWidget(fold)
        self.rows.addLayout(buttons)
        self.rows.addWidget(self.reason)

    @property
    def extent(self) -> Extent:
        """How much of the image is segmented."""
        return list(EXTENTS)[self.extents.checkedId()]

    def values(self) -> dict[str, Any]:
        """Return the settings as the forms have them.

        A channel that was chosen for another image counts where there are several
        that are called alike.
        """
        chosen = {**self.form.values(), **self.more.values()}
        return chosen if self._several else {**chosen, "channels": "auto"}

    def set_images(self, images: Sequence[tuple[str, str, str]], now: str) -> None:
        """List images as (key, name, description), and show the chosen one."""
        self.images.show_entries(images, now)
        self.images.setEnabled(bool(images))

    def set_axes(self, axes: str, meaning: str, problem: str = "") -> None:
        """Show axes and what they mean, or why they do not fit."""
        if self.axes.text() != axes:
            self.axes.setText(axes)
        self.meaning.setText(problem or meaning)
        self.meaning.setObjectName("problem" if problem else "muted")
        self.axes.setProperty("refused", bool(problem))
        restyle(self.meaning, self.axes)
        self._axes_fit = not problem
        self._update_buttons()

    def set_dimensions(self, axes: str, channels: Sequence[str]) -> None:
        """Offer what an image with these axes has, and nothing else."""
        self.form.set_shown("volume", "z" in axes)
        self.form.set_shown("time", "t" in axes)
        self._several = len(channels) > 1
        if channels and channels[0] != self._first:  # colours are no numbered channels
            self._first = channels[0]
            self.form.set_values({"channels": "auto"})
        self.form.set_shown("channels", self._several)
        numbered = [(name, i) for i, name in enumerate(channels)]
        words = [("auto", "auto"), ("merge all", "merge")]
        if axes.endswith("c"):
            words.append(("haematoxylin alone", "haematoxylin"))
        self.form.offer("channels", [*words, *numbered])
        for name in ("min_overlap", "gap"):
            self.more.set_shown(name, "z" in axes or "t" in axes)
        self.more.set_shown("min_slices", "z" in axes)  # frames are counted by none
        self.extents.button(1).setVisible("z" in axes or "t" in axes)
        self.extents.button(1).setText(of_planes(EXTENTS["slice"][0], "z" in axes))
        if not self.extents.checkedButton().isVisibleTo(self):
            self.extents.button(0).setChecked(True)

    def set_ready(self, ready: bool, reason: str = "") -> None:
        """Let the buttons be pressed, or say why they cannot be."""
        self._ready, self._reason = ready, reason
        self._update_buttons()

    def _update_buttons(self) -> None:
        refused = {**self.form.problems(), **self.more.problems()}
        possible = self._ready and self._axes_fit and not refused
        reason = self._reason
        if self._ready and not possible:
            reason = "Correct what is red first."
        self.reason.say(reason)
        for button, text in (
            (self.segment, "Segment what is chosen above (Ctrl+Enter)"),
            (self.preview, "Segment only what is on screen, to try the settings"),
        ):
            button.setEnabled(possible)
            button.setToolTip(text if possible else reason or text)

    def _on_image(self, index: int) -> None:
        self.image_chosen.emit(self.images.itemData(index))

    def _on_restore(self) -> None:
        self.form.restore_defaults()
        self.more.restore_defaults()
        self.extents.button(0).setChecked(True)
