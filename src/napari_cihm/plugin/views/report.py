"""Lines of what came of many things, the failed ones marked."""

from qtpy.QtWidgets import QAbstractItemView, QListWidgetItem, QWidget

from napari_cihm.plugin.parts.boxes import Rows
from napari_cihm.plugin.parts.words import as_tip

ROWS = 5


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
