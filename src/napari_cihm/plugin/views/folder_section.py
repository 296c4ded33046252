"""The *Segment a folder* section: which files, where the labels go, what came of it."""

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QAbstractItemView, QListWidgetItem, QPushButton, QWidget

from napari_cihm.config import FolderSettings
from napari_cihm.plugin.forms import Form
from napari_cihm.plugin.parts.boxes import Rows
from napari_cihm.plugin.parts.section import Section, muted
from napari_cihm.plugin.parts.words import as_tip

ROWS = 5


class FolderSection(Section):
    """Name two folders and press the button.

    Attributes
    ----------
    start_requested
        Emitted when the user wants all files segmented.
    failed
        Emitted at the first file that could not be.
    """

    start_requested = Signal()
    failed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Segment a folder", parent)
        self.form = Form(FolderSettings, parent=self)
        self.start = QPushButton("Segment all files", self)
        self.report = Report(self)
        self.rows.addWidget(
            muted("All images of a folder, with the model and settings above.", self)
        )
        self.rows.addWidget(self.form)
        self.rows.addWidget(self.start)
        self.rows.addWidget(self.report)
        self._ready = False
        self.form.changed.connect(self._update)
        self.start.clicked.connect(self.start_requested)
        self.opened = False
        self._update()

    def set_ready(self, ready: bool) -> None:
        """Let the button be pressed, or not."""
        self._ready = ready
        self._update()

    def clear(self) -> None:
        """Forget the last folder."""
        self.report.clear()

    def add(self, text: str, failed: bool = False) -> None:
        """Say what came of one file."""
        self.report.add(text, failed)
        if failed and self.report.failures == 1:
            self.failed.emit()

    def _update(self) -> None:
        named = self.form.values()["folder"] is not None
        self.start.setEnabled(self._ready and named and not self.form.problems())
        self.start.setToolTip(
            "Segment every image of the folder and write its labels"
            if named
            else "Choose a folder of images first"
        )


class Report(Rows):
    """A short list that scrolls and copies; hidden while there is nothing to say.

    Reasons are read to their ends: they break over lines.

    Attributes
    ----------
    failures : int
        Lines that failed; the last of them stays in sight.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__("Results", ROWS, parent)
        self.setWordWrap(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.failures = 0
        self.hide()

    def add(self, text: str, failed: bool = False) -> None:
        """Add a line, and show it."""
        item = QListWidgetItem(f"{'✕' if failed else '✓'} {text}", self)
        item.setToolTip(as_tip(text))
        self.show()
        self.failures += failed
        if failed or not self.failures:
            self.scrollToItem(item)

    def clear(self) -> None:
        """Remove all lines."""
        super().clear()
        self.failures = 0
        self.hide()
