"""The foot of the panel: what goes on, how far it is, and the way to stop it."""

from functools import partial

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_cihm.plugin.parts.section import Line

READY = "Ready"
MOST = 8  # lines of words
DOTS = 16  # pixels left for them, and for the padding of a style, in a last line
PAUSE = 500  # milliseconds in which a second click belongs to the first
TIP = "Stop; nothing that was there before is lost (Esc)"


class Room(Line):
    """Words that wrap in the room they are given, and ask for more to be whole."""

    def hasHeightForWidth(self) -> bool:
        """Leave the height to the layout."""
        return False

    def setText(self, text: str) -> None:
        """Show a text in as many lines as it takes."""
        super().setText(text)
        self._grow()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Wrap anew."""
        super().resizeEvent(event)
        self._grow()

    def _grow(self) -> None:
        height = 0
        self.setMinimumHeight(height)  # else no less is measured
        if self.wordWrap():
            QLabel.setText(self, self.text())  # whole, to be measured as it is drawn
            most = MOST * self.fontMetrics().lineSpacing()
            height = min(QLabel.heightForWidth(self, self.width()), most)
        self.setMinimumHeight(height)
        QLabel.setText(self, self._elidedText())


class RunBar(QWidget):
    """Progress and Cancel, always in one place and of one height.

    The words below them have their room too once nothing runs, and wrap there; only
    what is longer makes it higher.

    Attributes
    ----------
    cancel_requested
        Emitted when the user wants to stop what runs.
    """

    cancel_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = Room("", self)
        self.words.setAccessibleName("Status")
        self.words.setAlignment(Qt.AlignmentFlag.AlignBottom)
        ignored = QSizePolicy.Policy.Ignored
        self.words.setSizePolicy(ignored, ignored)
        self.words.setEllipsesWidth(DOTS)
        self.bar = QProgressBar(self)
        self.bar.setAccessibleName("Progress")
        self.cancel = QPushButton("Cancel", self)
        self.cancel.setToolTip(TIP)
        self.cancel.clicked.connect(self.cancel_requested)
        self._pause = QTimer(self, singleShot=True, interval=PAUSE)
        self._pause.timeout.connect(partial(self.cancel.setEnabled, True))
        rule = QFrame(self)
        rule.setObjectName("rule")
        rule.setFixedHeight(1)
        self._rows = QGridLayout()
        self._rows.setSpacing(0)  # a part of two rows would do away with one between
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 4)
        row.addWidget(self.bar, 1)
        row.addWidget(self.cancel)
        self._rows.addLayout(row, 0, 0)
        for below, lines in enumerate((" \n ", " ")):  # so high each is at least
            self._rows.addWidget(QLabel(lines, self), below, 0)
        self.words.raise_()  # for its tooltip
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(rule)
        layout.addLayout(self._rows)
        for widget in (self.bar, self.cancel):
            policy = widget.sizePolicy()
            policy.setRetainSizeWhenHidden(True)  # so that nothing jumps
            widget.setSizePolicy(policy)
        self.show_idle(READY)

    def show_idle(self, text: str) -> None:
        """Say how it ended; nothing runs."""
        self._say(text, wrapped=True)
        self.bar.hide()
        self.cancel.hide()
        self._pause.stop()
        self.cancel.setText("Cancel")
        self.cancel.setToolTip(TIP)

    def show_progress(self, text: str, done: int = 0, total: int = 0) -> None:
        """Say how far it is; without a total, that it is not known."""
        self._say(text, wrapped=False)
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        self.bar.setTextVisible(total > 0)
        self.bar.show()
        self.cancel.setEnabled(True)
        self.cancel.show()

    def show_stopping(self) -> None:
        """Say that it will stop."""
        self.words.setText("Stopping…")
        self.cancel.setText("Stopping…")
        self.cancel.setEnabled(False)

    def offer_again(self, words: str) -> None:
        """Say that it ends well, and let another press stop it at once."""
        self.words.setText(words)
        self.cancel.setText("Stop now")
        self.cancel.setToolTip(words)
        self._pause.start()

    def _say(self, text: str, wrapped: bool) -> None:
        if self._rows.indexOf(self.words) < 0 or wrapped != self.words.wordWrap():
            self._rows.removeWidget(self.words)
            above = 0 if wrapped else 1
            self._rows.addWidget(self.words, above, 0, 2 - above, 1)
            self.words.setWordWrap(wrapped)
        self.words.setText(text)
