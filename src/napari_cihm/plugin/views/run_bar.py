"""The foot of the panel: what goes on, how far it is, and the way to stop it."""

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_cihm.plugin.views.section import Line


class RunBar(QWidget):
    """Progress and Cancel, always in one place and of one height.

    Attributes
    ----------
    cancel_requested
        Emitted when the user wants to stop what runs.
    """

    cancel_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = Line("", self)
        self.words.setAccessibleName("Status")
        self.bar = QProgressBar(self)
        self.bar.setAccessibleName("Progress")
        self.cancel = QPushButton("Cancel", self)
        self.cancel.setToolTip("Stop soon; nothing that was there before is lost (Esc)")
        self.cancel.clicked.connect(self.cancel_requested)
        rule = QFrame(self)
        rule.setObjectName("rule")
        rule.setFixedHeight(1)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.bar, 1)
        row.addWidget(self.cancel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(rule)
        layout.addLayout(row)
        layout.addWidget(self.words)
        for widget in (self.bar, self.cancel):
            policy = widget.sizePolicy()
            policy.setRetainSizeWhenHidden(True)  # so that nothing jumps
            widget.setSizePolicy(policy)
        self.show_idle("Ready")

    def show_idle(self, text: str) -> None:
        """Say how it ended; nothing runs."""
        self.words.setText(text)
        self.bar.hide()
        self.cancel.hide()
        self.cancel.setText("Cancel")

    def show_progress(self, text: str, done: int = 0, total: int = 0) -> None:
        """Say how far it is; without a total, that it is not known."""
        self.words.setText(text)
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        self.bar.setTextVisible(total > 0)
        self.bar.show()
        self.cancel.setEnabled(True)
        self.cancel.show()

    def show_stopping(self) -> None:
        """Say that it will stop."""
        self.words.setText("Stopping…")
        self.cancel.setText("Stopping…")
        self.cancel.setEnabled(False)
