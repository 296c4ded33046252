"""A card that offers something, with a button or two."""

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_cihm.plugin.views.words import Words


class Banner(QFrame):
    """Says something and offers what can be done; hidden while there is nothing.

    Attributes
    ----------
    offered
        Emitted when there is an offer to look at.
    accepted, declined
        Emitted when the first, or the second button was pressed.
    """

    offered = Signal()
    accepted = Signal()
    declined = Signal()

    def __init__(
        self, yes: str, no: str, tooltips: tuple[str, str], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self.words = Words("", self)
        self.yes, self.no = QPushButton(yes, self), QPushButton(no, self)
        for button, tooltip in zip((self.yes, self.no), tooltips, strict=True):
            button.setToolTip(tooltip)
        self.no.setVisible(bool(no))
        row = QHBoxLayout()
        row.addWidget(self.yes, 1)
        if no:
            row.addWidget(self.no, 1)
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
