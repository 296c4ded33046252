"""The foot of the panel: what goes on, how far it is, and the way to stop it."""

from functools import partial

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_cihm.plugin.views.section import Line

PAUSE = 500  # milliseconds in which a second click belongs to the first
TIP = "Stop soon; nothing that was there before is lost (Esc)"


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
        self.cancel.setToolTip(TIP)
        self.cancel.clicked.connect(self.cancel_requested)
        self._pause = QTimer(self, singleShot=True, interval=PAUSE)
        self._pause.timeout.connect(partial(self.cancel.setEnabled, True))
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
        self._pause.stop()
        self.cancel.setText("Cancel")
        self.cancel.setToolTip(TIP)

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

    def offer_again(self, words: str) -> None:
        """Say that it ends well, and let another press stop it at once."""
        self.words.setText(words)
        self.cancel.setText("Stop now")
        self.cancel.setToolTip(words)
        self._pause.start()
