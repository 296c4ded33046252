"""Drop-downs that leave their neighbours room."""

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QPaintEvent
from qtpy.QtWidgets import (
    QComboBox,
    QSizePolicy,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QWidget,
)

from napari_cihm.plugin.forms.editors import WheelGuard

TOOLTIP = Qt.ItemDataRole.ToolTipRole
MARGIN = 6  # pixels that a style leaves around the text


class DropDown(QComboBox):
    """A drop-down that does not ask for the width of its longest entry.

    Parameters
    ----------
    name : str
        What it is, for those who hear the screen.
    tooltip : str
        What it does.
    """

    def __init__(self, name: str, tooltip: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setToolTip(tooltip)
        policy = QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        self.setSizeAdjustPolicy(policy)
        self.setMinimumContentsLength(8)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.installEventFilter(WheelGuard(self))

    def minimumSizeHint(self) -> QSize:
        """Shrink where there is little room."""
        return QSize(60, super().minimumSizeHint().height())

    @property
    def shortened(self) -> bool:
        """Whether the chosen entry lacks room."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        return self._fitting(option) != self.currentText()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the chosen entry, ending in dots where it lacks room."""
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
            option.currentText, Qt.TextElideMode.ElideRight, room.width() - MARGIN
        )
        return text
