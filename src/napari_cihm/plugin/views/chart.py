"""The drawing of learning curves; its library takes a while to import."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pyqtgraph as pg
from qtpy.QtCore import Qt
from qtpy.QtGui import QFont, QFontMetrics
from qtpy.QtWidgets import QWidget

DRAWN = {  # of a version's curves: what lies below, the title, the mark's colour
    "loss": ("step", "loss", "note"),
    "validation_loss": ("check", "held-out loss", "warning"),
    "score": ("check", "held-out score", "good"),
}
TICK = 8  # pixels between an axis and its numbers
BELOW = 5  # pixels by which an axis' title hangs out of it


class Steps(pg.AxisItem):
    """An axis of steps, which are whole and begin at none."""

    def __init__(self) -> None:
        super().__init__("bottom")
        self.enableAutoSIPrefix(False)
        self.setLabel("steps")

    def tickValues(self, low: float, high: float, size: float) -> Any:
        """Leave out what is no number of steps."""
        levels = super().tickValues(low, high, size)
        return [(gap, [v for v in at if v >= 0 and v % 1 == 0]) for gap, at in levels]

    def tickStrings(self, values: Any, scale: float, spacing: float) -> list[str]:
        """Write no decimals."""
        return [f"{value:.0f}" for value in values]


class Chart(pg.PlotWidget):
    """Losses by the axis to the left, scores from 0 to 1 by the one to the right."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, axisItems={"bottom": Steps()})
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setMouseEnabled(False, False)
        item = self.getPlotItem()
        item.showAxis("right")
        self._right = pg.ViewBox(enableMenu=False)
        self._right.setMouseEnabled(False, False)
        self._right.setYRange(0, 1, padding=0.05)  # a dot at 1 is whole
        item.scene().addItem(self._right)
        item.getAxis("right").linkToView(self._right)
        self._right.setXLink(item)
        item.vb.sigResized.connect(self._on_resized)
        self._lines: dict[str, Any] = {name: pg.PlotDataItem() for name in DRAWN}
        for name, line in self._lines.items():
            (self._right if name == "score" else item).addItem(line)

    def set_colours(self, text: str, paper: str, marks: Mapping[str, str]) -> None:
        """Draw in a theme's colours; the first two are written ``rgb(r, g, b)``."""
        item = self.getPlotItem()
        ink = _colour(text)
        self.setBackground(_colour(paper))
        for side in ("left", "right", "bottom"):
            axis = item.getAxis(side)
            axis.setPen(ink, width=0.5)
            axis.setTextPen(ink)
        for name, (_, _, mark) in DRAWN.items():
            dashed = name == "score"
            style = Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine
            line = self._lines[name]
            line.setPen(pg.mkPen(marks[mark], width=1.5, style=style))
            line.setSymbolPen(None)
            line.setSymbolBrush(marks[mark])

    def set_letters(self, font: QFont) -> None:
        """Write the numbers in a font, with room for those at the ends of an axis."""
        height = QFontMetrics(font).height()
        item = self.getPlotItem()
        item.layout.setContentsMargins(0, height / 2, height / 2, BELOW)
        for side in ("left", "right", "bottom"):
            item.getAxis(side).setStyle(tickFont=font)
        bottom = item.getAxis("bottom")
        bottom.label.setFont(font)
        bottom.setHeight(2 * height + TICK)

    def draw(self, lists: Mapping[str, Sequence[float]]) -> None:
        """Draw curves."""
        for name, (below, *_) in DRAWN.items():
            values = lists.get(name, [])
            dot = "o" if len(values) == 1 else None
            self._lines[name].setData(
                lists.get(below, []), values, symbol=dot, symbolSize=7
            )

    def _on_resized(self) -> None:
        self._right.setGeometry(self.getPlotItem().vb.sceneBoundingRect())


def _colour(written: str) -> Any:
    return pg.mkColor(*(int(n) for n in re.findall(r"\d+", written)))
