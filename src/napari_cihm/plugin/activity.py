"""Progress in napari's activity dock, with its Cancel button."""

from collections.abc import Callable

from napari.utils.progress import cancelable_progress
from qtpy.QtCore import QObject, QTimer

PACE = 100  # milliseconds between two drawings


class Activity(QObject):
    """One bar in the activity dock.

    napari handles events while it makes and draws such a bar, so that what hears of
    progress could be called again from within itself, once for each event that waits.
    It is therefore drawn from a timer, never from where the progress was heard of, and
    what comes in the midst of a drawing waits until it is done: the next drawing, or
    the end.
    """

    def __init__(
        self, title: str, on_cancel: Callable[[], None], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._title, self._on_cancel = title, on_cancel
        self._done, self._total = 0, 0
        self._bar: _Bar | None = None
        self._drawing = self._closed = False
        self._timer = QTimer(self, singleShot=True, interval=PACE)
        self._timer.timeout.connect(self._draw)
        self._timer.start()

    def advance(self, done: int, total: int) -> None:
        """Say how much is done."""
        self._done, self._total = done, total
        if not self._timer.isActive():
            self._timer.start()

    def close(self) -> None:
        """Take the bar away."""
        self._closed = True
        self._timer.stop()
        if not self._drawing:
            self._take_away()

    def _draw(self) -> None:
        if self._drawing:
            self._timer.start()
            return
        self._drawing = True
        self._show()
        self._drawing = False
        if self._closed:
            self._take_away()

    def _show(self) -> None:
        if self._bar is None:
            self._bar = _Bar(desc=self._title, total=self._total)
            self._bar.heard = self._on_cancel
        if self._bar.total != self._total:
            self._bar.total = self._total
        self._bar.update(self._done - self._bar.n)

    def _take_away(self) -> None:
        if self._bar is not None:
            self._bar.close()
        self.deleteLater()


class _Bar(cancelable_progress):
    heard: Callable[[], None] | None = None

    def cancel(self) -> None:
        """Tell at once: there is no loop here that would look."""
        super().cancel()
        if self.heard is not None:
            self.heard()
