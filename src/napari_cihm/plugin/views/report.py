"""Lines of what came of many things, the failed ones marked."""

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QListWidget, QListWidgetItem, QWidget

ROWS = 5


class Report(QListWidget):
    """A short list that scrolls and copies; hidden while there is nothing to say.

    Attributes
    ----------
    failures : int
        Lines that failed; the last of them stays in sight.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Results")
        self.setFixedHeight(self.fontMetrics().lineSpacing() * ROWS + 12)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.failures = 0
        self.hide()

    def add(self, text: str, failed: bool = False) -> None:
        """Add a line, and show it."""
        item = QListWidgetItem(f"{'✕' if failed else '✓'} {text}", self)
        item.setToolTip(text)
        self.show()
        self.failures += failed
        if failed or not self.failures:
            self.scrollToItem(item)

    def clear(self) -> None:
        """Remove all lines."""
        super().clear()
        self.failures = 0
        self.hide()

    @property
    def lines(self) -> list[str]:
        """All that was said."""
        return [self.item(row).text() for row in range(self.count())]
