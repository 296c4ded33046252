"""Losses and scores of a run, drawn while it learns."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_cihm.events import CURVES

if TYPE_CHECKING:
    from napari_cihm.plugin.views.chart import Chart

LINES = 10  # of text, as high as which the chart is


class Curves(QWidget):
    """A small chart, made when there is first something to draw; hidden till then.

    Attributes
    ----------
    lists : dict of str to list of float
        What is drawn, named as in a version's record.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Learning curves")
        self.lists: dict[str, list[float]] = {name: [] for name in CURVES}
        self._chart: Chart | None = None
        self._colours: tuple[str, str, Mapping[str, str]] = ("", "", {})
        self._legend = QLabel("", self)
        self._legend.setObjectName("muted")
        self._legend.setWordWrap(True)
        self._legend.installEventFilter(self)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self._layout.addWidget(self._legend)
        self.hide()

    def set_colours(self, text: str, paper: str, marks: Mapping[str, str]) -> None:
        """Draw in the colours of a theme."""
        self._colours = text, paper, marks
        if self._chart is not None:
            self._paint(self._chart)

    def begin(self) -> None:
        """Show an empty chart for a run."""
        self.show_lists({name: [] for name in CURVES})

    def add_step(self, loss: float) -> None:
        """Take in a step; `draw` shows it."""
        self.lists["step"].append(len(self.lists["step"]) + 1.0)
        self.lists["loss"].append(loss)

    def add_check(self, loss: float, score: float) -> None:
        """Take in what the held-out part said; `draw` shows it."""
        self.lists["check"].append(float(len(self.lists["step"])))
        self.lists["validation_loss"].append(loss)
        self.lists["score"].append(score)

    def show_lists(self, lists: Mapping[str, Sequence[float]]) -> None:
        """Draw the curves of a version."""
        self.lists = {name: list(values) for name, values in lists.items()}
        self.show()
        self.draw()

    def draw(self) -> None:
        """Show what was taken in."""
        if self._chart is None:
            from napari_cihm.plugin.views.chart import Chart

            self._chart = Chart(self)
            self._layout.insertWidget(0, self._chart)
            self._paint(self._chart)
            self._fit(self._chart)
        self._chart.draw(self.lists)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let the chart write, and be, as large as the words below it."""
        if event.type() == QEvent.Type.FontChange and self._chart is not None:
            self._fit(self._chart)
        return False

    def _fit(self, chart: "Chart") -> None:
        chart.setFixedHeight(LINES * self._legend.fontMetrics().lineSpacing())
        chart.set_letters(self._legend.font())

    def _paint(self, chart: "Chart") -> None:
        from napari_cihm.plugin.views.chart import DRAWN

        text, paper, marks = self._colours
        chart.set_colours(text, paper, marks)
        told = (
            f"<nobr><span style='color:{marks[mark]}'>●</span> {title}</nobr>"
            for _, title, mark in DRAWN.values()
        )
        self._legend.setText("&nbsp; ".join(told))
