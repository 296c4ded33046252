"""Labels of several forms that keep one width, so that their controls line up."""

from collections.abc import Sequence

from qtpy.QtCore import QEvent, QObject, QTimer
from qtpy.QtWidgets import QLabel, QWidget


class Alignment(QObject):
    """Gives labels the width of the widest, anew when letters get another size."""

    def __init__(self, labels: Sequence[QLabel], owner: QWidget) -> None:
        super().__init__(owner)
        self._labels = labels
        # A widget hears of another style before those in it have it.
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self._align)
        owner.installEventFilter(self)
        self._align()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Notice other letters."""
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.FontChange):
            self._timer.start()
        return False

    def _align(self) -> None:
        for label in self._labels:
            label.ensurePolished()
            label.setMinimumWidth(0)
            label.setIndent(label.indent())  # else it keeps a hint of the old width
        width = max((label.sizeHint().width() for label in self._labels), default=0)
        for label in self._labels:
            label.setMinimumWidth(width)
