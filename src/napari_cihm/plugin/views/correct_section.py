"""The *Correct* section: which labels, the tools, what is reviewed, and the export."""

from collections.abc import Mapping, Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QPushButton, QWidget

from napari_cihm.config import CorrectSettings
from napari_cihm.plugin.forms import Alignment, Form
from napari_cihm.plugin.parts.banner import Banner
from napari_cihm.plugin.parts.boxes import DropDown
from napari_cihm.plugin.parts.button_rows import BreakingRow
from napari_cihm.plugin.parts.section import (
    Fold,
    Section,
    muted,
    restore_button,
    titled,
)
from napari_cihm.plugin.tools import ALL
from napari_cihm.plugin.views.review_rows import ReviewRows
from napari_cihm.plugin.views.tool_button import ToolButton
from napari_cihm.plugin.views.tool_grid import Prompt, ToolGrid
from napari_cihm.plugin.wording import of_planes

MORE = ("smooth", "grow", "min_size", "mark_edits", "edit_margin", "patch", "journal")


class CorrectSection(Section):
    """Mend labels with the mouse, and say what was looked at.

    Attributes
    ----------
    labels_chosen
        Emitted with the key of a labels layer.
    pressed
        Emitted with the name of a tool.
    settings_changed
        Emitted when a setting is another.
    table_requested, export_requested
        Emitted when the user wants to see measurements, or a training folder.
    """

    labels_chosen = Signal(str)
    pressed = Signal(str)
    settings_changed = Signal()
    table_requested = Signal()
    export_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Correct", parent)
        self.labels = DropDown("Labels", "The labels to correct", self)
        self.unfinished = Banner(
            ("Resume", "Open the labels as they were left, and what was reviewed"),
            ("Discard", "Stop offering it; it is deleted after a month"),
            self,
        )
        self.copy = Banner(
            ("Edit a copy", "Add a copy with a single scale, which can be edited"),
            None,
            self,
        )
        self.grid, self.review = ToolGrid(self), ReviewRows(self)
        self._sliced = False
        longest = max((tool.request for tool in ALL.values()), key=len)
        self.prompt = Prompt(longest, self)
        self.form = Form(CorrectSettings, MORE, self)
        self.restore = restore_button(self)
        self.table = QPushButton("Measurements", self)
        self.table.setToolTip(
            "Show size, place and brightness of each object in napari's own table, "
            "from which they are saved as CSV"
        )
        self.export = QPushButton("Save as training folder…", self)
        self.export.setToolTip(
            "Add what is reviewed, or all of it where nothing is, to a folder to train "
            "on; nothing in it is replaced"
        )
        self.reason = muted("", self)
        self._build()
        self.labels.activated.connect(self._on_labels)
        self.grid.pressed.connect(self.pressed)
        self.review.pressed.connect(self.pressed)
        self.table.clicked.connect(self.table_requested)
        self.export.clicked.connect(self.export_requested)
        self.restore.clicked.connect(self._on_restore)
        for form in (self.form, self.review.form):
            form.changed.connect(self._on_changed)
        self._on_changed()
        self.set_ready(False, "")

    def _build(self) -> None:
        title, top = titled("Labels", self.labels, self)
        fold = Fold("More settings", opened=False, parent=self)
        fold.rows.addWidget(self.form)
        fold.rows.addWidget(self.restore)
        self.rows.addLayout(top)
        for widget in (
            self.reason,
            self.unfinished,
            self.copy,
            self.prompt,
            self.grid,
            self.review,
            fold,
        ):
            self.rows.addWidget(widget)
        results = BreakingRow()
        for button in (self.table, self.export):
            results.addWidget(button)
        self.rows.addLayout(results)
        Alignment([title, *self.review.form.labels], self)

    @property
    def buttons(self) -> dict[str, ToolButton]:
        """All buttons of tools by the names of these."""
        return {**self.grid.buttons, **self.review.buttons}

    def settings(self) -> CorrectSettings | None:
        """Return the settings as the forms have them; None if one is refused."""
        if self.form.problems() or self.review.form.problems():
            return None
        return CorrectSettings.of(**self.form.values(), **self.review.form.values())

    def set_labels(self, listed: Sequence[tuple[str, str]], now: str) -> None:
        """List labels as (key, name), and show the chosen ones."""
        self.labels.show_entries([(key, name, name) for key, name in listed], now)
        self.labels.setEnabled(bool(listed))

    def set_stack(self, deep: bool, sliced: bool) -> None:
        """Offer what needs several planes, which may be slices of a depth."""
        self._sliced = sliced
        self.grid.set_stack(deep, sliced)
        self.review.set_stack(deep, sliced)

    def set_ready(self, ready: bool, reason: str = "") -> None:
        """Let the tools be used, or say why they cannot be."""
        self.prompt.setVisible(ready)
        self.grid.set_ready(ready)
        self.review.set_ready(ready)
        self.table.setEnabled(ready)
        self.export.setEnabled(ready)
        self.reason.say(reason)

    def set_keys(self, keys: Mapping[str, str]) -> None:
        """Write shortcuts on the buttons."""
        for name, key in keys.items():
            self.buttons[name].show_key(key)

    def set_chosen(self, name: str, prompt: str) -> None:
        """Show which tool waits for the mouse, and for what."""
        self.grid.set_chosen(name)
        self.review.set_chosen(name)
        self.prompt.setText(of_planes(prompt, self._sliced))

    def _on_labels(self, index: int) -> None:
        self.labels_chosen.emit(self.labels.itemData(index))

    def _on_changed(self) -> None:
        settings = self.settings()
        if settings is not None:
            self.grid.set_numbers(settings.model_dump())
        self.settings_changed.emit()

    def _on_restore(self) -> None:
        self.form.restore_defaults()
        self.review.form.restore_defaults()
