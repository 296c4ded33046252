"""One fine-tuning run, from the press to the gate's verdict."""

from collections.abc import Callable
from math import isfinite
from typing import Any

from qtpy.QtCore import QElapsedTimer, QObject, QTimer

from napari_cihm.events import (
    EpochDone,
    Event,
    FinetuneStarted,
    Kept,
    Note,
    StepDone,
    Unlearnt,
)
from napari_cihm.plugin.flows.desk import Desk
from napari_cihm.plugin.runner import Run
from napari_cihm.plugin.views.curves import Curves

REFRESH = 250  # milliseconds between two drawings of the curves
AGAIN = "Keeping the best so far. Press again to discard it."


class Learning(QObject):
    """A run, its curves, and how far it is.

    Parameters
    ----------
    seconds : float or None
        Time in all.
    on_end : callable
        Gets this object once all is over.
    **arguments
        Of the job.
    """

    title = "Fine-tuning"

    def __init__(
        self,
        desk: Desk,
        curves: Curves,
        seconds: float | None,
        on_end: Callable[["Learning"], None],
        parent: QObject,
        **arguments: Any,
    ) -> None:
        super().__init__(parent)
        self._desk, self._curves, self._on_end_of = desk, curves, on_end
        self._seconds = seconds
        self._words, self._lesson = "Reading the labels", ""
        self._clock = QElapsedTimer()
        self._clock.start()
        self.kept: Kept | None = None
        self.sure, self.why = "", "Stopped."
        self._finishing = False
        self.notes: list[str] = []
        curves.begin()
        self._refresh = QTimer(self, interval=REFRESH)
        self._refresh.timeout.connect(self._on_refresh)
        self.run: Run = desk.runner.start(
            "learn", self._on_event, self._on_end, seconds=seconds, **arguments
        )
        desk.tasks.begin(self)
        self._refresh.start()

    def stop(self) -> str | None:
        """Take the best so far; where there is none, or a second time, without it."""
        if self._finishing or not self._curves.lists["step"]:
            self._desk.runner.stop(self.run)
            return None
        self._finishing = True
        self._desk.runner.finish(self.run)
        return AGAIN

    def _on_event(self, event: Event) -> None:
        if isinstance(event, FinetuneStarted):
            self.sure = event.sure
            self._words = "Judging the old model"
            self._lesson = f"Learning from {event.objects} objects"
        elif isinstance(event, Note):
            self.notes.append(event.text)
        elif isinstance(event, StepDone):
            self._curves.add_step(event.loss)
            self._words = self._lesson
        elif isinstance(event, EpochDone):
            if isfinite(event.validation_loss):  # there was a check
                self._curves.add_check(event.validation_loss, event.figures["score"])
        elif isinstance(event, Kept):
            self.kept = event
        elif isinstance(event, Unlearnt):
            self.why = event.why

    def _on_refresh(self) -> None:
        self._curves.draw()
        gone, allowed = self._clock.elapsed() / 1000, self._seconds or 0.0
        steps = len(self._curves.lists["step"])
        words, total = f"{self._words}…", int(10 * allowed)
        if self._seconds is None:
            words = f"{self._words}, step {steps}" if steps else words
        elif gone < allowed:
            words = f"{self._words}, {allowed - gone:.0f} s left"
        else:  # how much longer it takes is not known
            words, total = "Judging the new model…" if steps else words, 0
        self._desk.tasks.progress(self, words, int(10 * min(gone, allowed)), total)

    def _on_end(self, run: Run) -> None:
        self._refresh.stop()
        self._curves.draw()
        self._on_end_of(self)
