"""Words of many lines, which a long name among them does not widen."""

import re
from html import escape

from qtpy.QtCore import Qt
from qtpy.QtGui import QAction, QClipboard, QKeyEvent, QKeySequence, QMouseEvent
from qtpy.QtWidgets import QApplication, QLabel, QWidget

BREAK = "\u200b"  # of no width, and a line may end there
LONG = re.compile(r"\S{17,}")
AFTER = re.compile(r"(?<=[_./\\-])")
WHOLE = re.compile(f"[^{BREAK}]{{17,}}")


class Words(QLabel):
    """A label that wraps, within long names and paths too.

    Qt's own asks for the width of its longest word, however long that is.
    """

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)  # a name may look like HTML
        self.setText(text)

    def text(self) -> str:
        """Return the text as it was given."""
        return super().text().replace(BREAK, "")

    def setText(self, text: str) -> None:
        """Show a text."""
        super().setText(LONG.sub(lambda long: _breaking(long[0]), text))

    def say(self, text: str) -> None:
        """Show a text, or nothing at all where there is none."""
        self.setText(text)
        self.setVisible(bool(text))

    def heightForWidth(self, width: int) -> int:
        """Ask for the lines that are drawn: Qt counts twice the indent it leaves."""
        if self.frameWidth() and self.indent() < 0:
            twice = self.fontMetrics().horizontalAdvance("x")
            width += twice - twice // 2
        return super().heightForWidth(width)

    def selectedText(self) -> str:
        """Return what is selected, as it was given."""
        return super().selectedText().replace(BREAK, "")

    def let_copy(self, keys: bool = False) -> None:
        """Let the mouse, or keys too, select what is to be copied as it was given."""
        ways = Qt.TextInteractionFlag
        by_keys = ways.TextSelectableByKeyboard if keys else ways.NoTextInteraction
        self.setTextInteractionFlags(ways.TextSelectableByMouse | by_keys)
        copy = QAction("Copy", self)
        copy.triggered.connect(lambda: self._copy(QClipboard.Mode.Clipboard))
        self.addAction(copy)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy what was given, without the marks of this class."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self._copy(QClipboard.Mode.Clipboard)
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Leave for the middle button what was given, where it pastes."""
        super().mouseReleaseEvent(event)
        self._copy(QClipboard.Mode.Selection)

    def _copy(self, mode: QClipboard.Mode) -> None:
        clipboard = QApplication.clipboard()
        if self.hasSelectedText() and (
            mode != QClipboard.Mode.Selection or clipboard.supportsSelection()
        ):
            clipboard.setText(self.selectedText(), mode)


def as_tip(text: str) -> str:
    """Return a text for a tooltip that shows it as it is, though it look like HTML."""
    if "<" not in text:
        return text
    return f"<span>{escape(text)}</span>".replace("\n", "<br>")


def _breaking(long: str) -> str:
    """Let a word break after its marks, and where there are none anywhere."""
    return WHOLE.sub(lambda part: BREAK.join(part[0]), AFTER.sub(BREAK, long))
