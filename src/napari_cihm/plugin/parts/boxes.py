"""Drop-downs that leave their neighbours room, and lists of a few rows."""

from collections.abc import Iterable

from qtpy.QtCore import QEvent, QObject, QSize, Qt
from qtpy.QtGui import QPaintEvent
from qtpy.QtWidgets import (
    QComboBox,
    QListWidget,
    QSizePolicy,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QToolTip,
    QWidget,
)

from napari_cihm.plugin.parts.words import as_tip

MARGIN = 6  # pixels that a style leaves around the text
LINE = 18  # pixels that the style gives a row at least


class WheelGuard(QObject):
    """Leaves the wheel to the panel that scrolls, unless a control has the focus."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Pass over wheel events that were not meant for a control."""
        if event.type() != QEvent.Type.Wheel:
            return False
        if isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


def leave_wheel(control: QWidget) -> None:
    """Take keys, and the wheel only while they are taken."""
    control.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    control.installEventFilter(WheelGuard(control))


class DropDown(QComboBox):
    """A drop-down that does not ask for the width of its longest entry.

    Its name is for screen readers.
    """

    def __init__(self, name: str, tooltip: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setToolTip(tooltip)
        policy = QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        self.setSizeAdjustPolicy(policy)
        self.setMinimumContentsLength(8)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        leave_wheel(self)
        self.view().setTextElideMode(Qt.TextElideMode.ElideMiddle)

    def show_entries(self, entries: Iterable[tuple[str, str, str]], now: str) -> None:
        """List entries as (key, words, tooltip), and show the one whose key this is."""
        self.clear()
        for row, (key, words, tooltip) in enumerate(entries):
            self.addItem(words, key)
            self.setItemData(row, as_tip(tooltip), Qt.ItemDataRole.ToolTipRole)
        self.setCurrentIndex(self.findData(now))

    def minimumSizeHint(self) -> QSize:
        """Shrink where there is little room."""
        return QSize(60, super().minimumSizeHint().height())

    @property
    def shortened(self) -> bool:
        """Whether the chosen entry lacks room."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        return self._fitting(option) != self.currentText()

    def event(self, event: QEvent) -> bool:
        """Tell in the tooltip too what was chosen, where it lacks room."""
        if event.type() != QEvent.Type.ToolTip or not self.shortened:
            return bool(super().event(event))
        told = as_tip(f"{self.currentText()}\n{self.toolTip()}")
        QToolTip.showText(event.globalPos(), told, self)
        return True

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the chosen entry, less its middle where it lacks room."""
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        option.currentText = self._fitting(option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def _fitting(self, option: QStyleOptionComboBox) -> str:
        room = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox,
            option,
            QStyle.SubControl.SC_ComboBoxEditField,
            self,
        )
        text: str = self.fontMetrics().elidedText(
            option.currentText, Qt.TextElideMode.ElideMiddle, room.width() - MARGIN
        )
        return text


class Rows(QListWidget):
    """A list as high as a few rows, however large its letters are.

    Its name is for screen readers.
    """

    def __init__(self, name: str, rows: int, parent: QWidget) -> None:
        super().__init__(parent)
        self._rows = rows
        self.setAccessibleName(name)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        """Be as high as other letters ask for."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.FontChange):
            self._fit()

    def _fit(self) -> None:
        line = max(self.fontMetrics().lineSpacing(), LINE)
        self.setFixedHeight(self._rows * line + 8)
