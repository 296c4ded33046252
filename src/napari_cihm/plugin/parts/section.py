"""The parts of a panel: sections that fold, folds within them, words, a button."""

from collections.abc import Iterator
from itertools import pairwise

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from superqt import QElidingLabel

from napari_cihm.plugin.parts.words import Words, as_tip


class Fold(QWidget):
    """A title that shows and hides what is below it, named for its style."""

    def __init__(
        self,
        title: str,
        opened: bool = True,
        name: str = "fold",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.title = QToolButton(self)
        self.title.setObjectName(name)
        self.title.setText(title)
        self.title.setCheckable(True)
        self.title.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.title.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.title.setCursor(Qt.CursorShape.PointingHandCursor)
        self.body = QWidget(self)
        self.rows = QVBoxLayout(self.body)
        self.rows.setContentsMargins(0, 2, 0, 4)
        self.rows.setSpacing(6)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.title)
        layout.addWidget(self.body)
        self.title.toggled.connect(self._on_toggled)
        self.title.setChecked(opened)
        self._on_toggled(opened)

    @property
    def opened(self) -> bool:
        """Whether the body is shown."""
        return bool(self.title.isChecked())

    @opened.setter
    def opened(self, opened: bool) -> None:
        self.title.setChecked(opened)

    def _on_toggled(self, opened: bool) -> None:
        arrow = Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow
        self.title.setArrowType(arrow)
        self.title.setToolTip("Collapse" if opened else "Expand")
        self.body.setVisible(opened)


class Section(Fold):
    """One step of the work, under a bold title, closed off by a line.

    Subclasses add their rows to `rows`.
    """

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(title, True, "sectionTitle", parent)
        rule = QFrame(self)
        rule.setObjectName("rule")
        rule.setFixedHeight(1)
        self.layout().addWidget(rule)


class Line(QElidingLabel):
    """A line of text that ends in dots where it lacks room, whole in its tooltip."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)

    def setText(self, text: str) -> None:
        """Show a text; its tooltip has it whole."""
        super().setText(text)
        self.setToolTip(as_tip(text))


def tab_as_seen(part: QWidget) -> None:
    """Let Tab go through a part in the order in which it was put together."""
    for first, second in pairwise(_stops(part)):
        QWidget.setTabOrder(first, second)


def _stops(part: QWidget) -> Iterator[QWidget]:
    if part.focusPolicy() & Qt.FocusPolicy.TabFocus:
        yield part
        return
    for child in part.children():
        if isinstance(child, QWidget):
            yield from _stops(child)


def restyle(*widgets: QWidget) -> None:
    """Draw widgets anew by the style sheet, which asks for a property that changed."""
    for widget in widgets:
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def muted(text: str = "", parent: QWidget | None = None) -> Words:
    """Make a label for what need not catch the eye, wrapped."""
    label = Words(text, parent)
    label.setObjectName("muted")
    return label


def titled(title: str, control: QWidget, parent: QWidget) -> tuple[QLabel, QHBoxLayout]:
    """Make a title for a control, and a row of both."""
    label, row = QLabel(title, parent), QHBoxLayout()
    label.setBuddy(control)
    row.addWidget(label)
    row.addWidget(control, 1)
    return label, row


def restore_button(parent: QWidget) -> QPushButton:
    """Make the button that a section is reset with."""
    button = QPushButton("Restore defaults", parent)
    button.setToolTip("Reset this section to its defaults")
    return button
