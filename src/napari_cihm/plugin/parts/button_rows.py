"""Rows of buttons: choices, and rows that break where there is no room for words."""

from collections.abc import Iterable, Sequence

from qtpy.QtCore import QRect
from qtpy.QtWidgets import (
    QBoxLayout,
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QWidget,
)

COLUMNS = 6  # so that two and three fit in a row
SPACING = 4

Group = tuple[Sequence[QWidget], int]


def choice_row(
    choices: Iterable[tuple[str, str]], parent: QWidget
) -> tuple[QButtonGroup, QHBoxLayout]:
    """Make a row of buttons of which one is pressed, the first to begin with.

    The choices are words and tooltip of each; they are numbered from 0.
    """
    group, row = QButtonGroup(parent), QHBoxLayout()
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(2)
    for number, (text, tooltip) in enumerate(choices):
        button = QPushButton(text, parent)
        button.setCheckable(True)
        button.setToolTip(tooltip)
        group.addButton(button, number)
        row.addWidget(button, 1)
    group.button(0).setChecked(True)
    return group, row


class ButtonGrid(QGridLayout):
    """Groups of buttons below each other, each so many to a row as there is room."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._groups: tuple[Group, ...] = ()
        self._across: list[int] = []
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(SPACING)
        for column in range(COLUMNS):
            self.setColumnStretch(column, 1)

    def show_groups(self, *groups: Group) -> None:
        """Lay groups out, each of them at most so many to a row."""
        self._groups = groups
        self._fill([most for _, most in groups])

    def setGeometry(self, rect: QRect) -> None:
        """Break rows where letters are large or the panel is narrow."""
        across = [_fitting(*group, rect.width()) for group in self._groups]
        if across != self._across:
            self._fill(across)
            self.update()
        super().setGeometry(rect)

    def _fill(self, across: list[int]) -> None:
        self._across = across
        while self.count():
            self.takeAt(0)
        row = 0
        for (widgets, _), count in zip(self._groups, across, strict=True):
            span = COLUMNS // count
            for n, widget in enumerate(widgets):
                self.addWidget(widget, row + n // count, n % count * span, 1, span)
            row += -(-len(widgets) // count)


class BreakingRow(QBoxLayout):
    """A row of parts that stand below each other where they lack room.

    They are added without a stretch, for which Qt would take room from the others.
    """

    def __init__(self) -> None:
        super().__init__(QBoxLayout.Direction.LeftToRight)
        self.setSpacing(SPACING)

    def setGeometry(self, rect: QRect) -> None:
        """Break the row, or join it again."""
        parts = [self.itemAt(n).sizeHint().width() for n in range(self.count())]
        fits = sum(parts) + SPACING * (len(parts) - 1) <= rect.width()
        ways = QBoxLayout.Direction
        self.setDirection(ways.LeftToRight if fits else ways.TopToBottom)
        super().setGeometry(rect)


def _fitting(widgets: Sequence[QWidget], most: int, width: int) -> int:
    """Return how many to a row leave each the room for its words."""
    widest = max((widget.sizeHint().width() for widget in widgets), default=0)
    return max(1, min(most, (width + SPACING) // (widest + SPACING)))
