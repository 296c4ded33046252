"""A card that offers something, with a button or two."""

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_cihm.plugin.parts.words import Words


class Banner(QFrame):
    """Says something and offers what can be done; hidden while there is nothing.

    Attributes
    ----------
    offered
        Emitted when there is an offer to look at.
    accepted, declined
        Emitted when the first, or the second button was pressed.

    Parameters
    ----------
    yes, no : (str, str)
        Words and tooltip of the two buttons; None in place of the second leaves one.
    """

    offered = Signal()
    accepted = Signal()
    declined = Signal()

    def __init__(
        self, yes: tuple[str, str], no: tuple[str, str] | None, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self.words = Words("", self)
        self.yes, self.no = QPushButton(self), QPushButton(self)
        self.no.setVisible(no is not None)
        row = QHBoxLayout()
        for button, (words, tooltip) in ((self.yes, yes), (self.no, no or ("", ""))):
            button.setText(words)
            button.setToolTip(tooltip)
            row.addWidget(button, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 8)
        layout.addWidget(self.words)
        layout.addLayout(row)
        self.yes.clicked.connect(self.accepted)
        self.no.clicked.connect(self.declined)
        self.hide()

    def offer(self, words: str) -> None:
        """Show an offer, or hide it where there are no words."""
        self.words.setText(words)
        self.setVisible(bool(words))
        if words:
            self.offered.emit()
