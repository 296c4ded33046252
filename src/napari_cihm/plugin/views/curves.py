"""Losses and scores of a run, drawn while it learns."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pyqtgraph as pg
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_cihm.plugin.views.section import muted

HEIGHT = 150
LINES = {
    "loss": ("step", "loss", "note", Qt.PenStyle.SolidLine),
    "validation_loss": ("check", "held-out loss", "warning", Qt.PenStyle.SolidLine),
    "score": ("check", "held-out score", "good", Qt.PenStyle.DashLine),
}


class Curves(QWidget):
    """A small chart: losses to the left, the held-out score to the right.

    Attributes
    ----------
    lists : dict of str to list of float
        What is drawn, named as in a version's record.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Learning curves")
        self.setFixedHeight(HEIGHT)
        self.lists: dict[str, list[float]] = {}
        self._chart = pg.PlotWidget(self, background=None)
        self._chart.setMenuEnabled(False)
        self._chart.hideButtons()
        self._chart.setMouseEnabled(False, False)
        item = self._chart.getPlotItem()
        item.getAxis("bottom").setStyle(showValues=True, tickLength=3)
        item.showAxis("right")
        self._right = pg.ViewBox(enableMenu=False)
        self._right.setMouseEnabled(False, False)
        self._right.setYRange(0, 1, padding=0.02)
        item.scene().addItem(self._right)
        item.getAxis("right").linkToView(self._right)
        self._right.setXLink(item)
        item.vb.sigResized.connect(self._on_resized)
        self._drawn: dict[str, Any] = {}
        for name in LINES:
            line = self._drawn[name] = pg.PlotDataItem()
            (self._right if name == "score" else item).addItem(line)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._chart, 1)
        self._legend = muted("", self)
        layout.addWidget(self._legend)
        self.clear()

    def set_colours(self, text: str, marks: Mapping[str, str]) -> None:
        """Draw in a theme's colours; its text's is written ``rgb(r, g, b)``."""
        item = self._chart.getPlotItem()
        ink = pg.mkColor(*(int(n) for n in re.findall(r"\d+", text)))
        for side in ("left", "right", "bottom"):
            axis = item.getAxis(side)
            axis.setPen(ink, width=0.5)
            axis.setTextPen(ink)
        told = (
            f"<span style='color:{marks[mark]}'>●</span> {title}"
            for _, title, mark, _ in LINES.values()
        )
        self._legend.setText("&nbsp;&nbsp; ".join(told))
        for name, (_, _, mark, style) in LINES.items():
            self._drawn[name].setPen(pg.mkPen(marks[mark], width=1.5, style=style))

    def clear(self) -> None:
        """Begin anew."""
        names = {name for line, (x, *_) in LINES.items() for name in (line, x)}
        self.show_lists({name: [] for name in names})

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
        self.draw()

    def draw(self) -> None:
        """Show what was taken in."""
        for name, (x, *_) in LINES.items():
            values = self.lists.get(name, [])
            dot = "o" if len(values) == 1 else None
            self._drawn[name].setData(self.lists.get(x, []), values, symbol=dot)

    def _on_resized(self) -> None:
        self._right.setGeometry(self._chart.getPlotItem().vb.sceneBoundingRect())
