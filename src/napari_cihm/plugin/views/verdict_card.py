"""What the gate says of a new model: figures before and after, and the choice."""

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_cihm.config import FIGURES, MEANINGS
from napari_cihm.errors import capital, sentence
from napari_cihm.events import Kept
from napari_cihm.plugin.parts.section import muted, restyle
from napari_cihm.plugin.parts.words import Words

TITLES = {  # by whether the new model is better, and whether it is in use
    (True, True): "The new model is better and is in use.",
    (True, False): "The new model is better; the old one is in use.",
    (False, False): "The old model stays in use.",
    (False, True): "The new model is no better, but is in use.",
}
SHOWN = ("ap0.50", "map", "dice")
EXPLAINED = {
    FIGURES[name]: f"{capital(text)}; 1 is best" for name, text in MEANINGS.items()
}
AGAIN = "Segment with the model in use; what is reviewed stays as it is"


class VerdictCard(QFrame):
    """Old and new model side by side; hidden before there is a new one.

    Attributes
    ----------
    shown
        Emitted when there is a verdict to look at.
    new_wanted, old_wanted
        Emitted when the user chooses a model.
    compare_requested, segment_requested
        Emitted when the user wants to see both, or to segment again.
    """

    shown = Signal()
    new_wanted = Signal()
    old_wanted = Signal()
    compare_requested = Signal()
    segment_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self._better = False
        self.title = Words("", self)
        self.figures = QGridLayout()
        self.figures.setHorizontalSpacing(14)
        self.figures.setVerticalSpacing(2)
        self.figures.setColumnStretch(3, 1)
        self.warnings, self.note = Words("", self), muted("", self)
        self.warnings.setProperty("level", "warning")
        self.use_old = QPushButton("Use old model", self)
        self.use_new = QPushButton("Use new model", self)
        self.both = QPushButton("Show both", self)
        self.again = QPushButton("Segment again", self)
        self.again.setObjectName("primary")
        for button, tooltip, signal in (
            (self.use_new, "Segment with the new model from now on", self.new_wanted),
            (self.use_old, "Segment with the old model from now on", self.old_wanted),
            (
                self.both,
                "Show the outlines of both models in this plane",
                self.compare_requested,
            ),
            (self.again, AGAIN, self.segment_requested),
        ):
            button.setToolTip(tooltip)
            button.clicked.connect(signal)
        self.use_new.setCheckable(True)
        self.use_old.setCheckable(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 8)
        layout.addWidget(self.title)
        layout.addLayout(self.figures)
        layout.addWidget(self.warnings)
        layout.addWidget(self.note)
        for pair in ((self.use_old, self.use_new), (self.both, self.again)):
            row = QHBoxLayout()
            for button in pair:
                row.addWidget(button, 1)
            layout.addLayout(row)
        self.hide()

    def show_verdict(self, kept: Kept) -> None:
        """Say what the gate found."""
        version = kept.version
        self._better = version.accepted
        self.show_used(version.accepted)
        self.title.setProperty("level", "good" if version.accepted else "warning")
        restyle(self.title)
        before, after = version.base_figures, version.new_figures
        rows = [("", "before", "after")]
        for name in SHOWN:
            rows.append((FIGURES[name], f"{before[name]:.2f}", f"{after[name]:.2f}"))
        found = (f"{before['found']:.0f}", f"{after['found']:.0f}")
        rows.append((f"objects, of {after['objects']:.0f}", *found))
        self._fill(rows)
        self.warnings.say("\n".join(sentence(said) for said in kept.warnings))
        self.shown.emit()

    def show_note(self, text: str) -> None:
        """Say how sure the figures are, and what else to know of the run."""
        self.note.say(text)

    def set_running(self, running: bool) -> None:
        """Let another run be begun, or not while one goes on."""
        self.again.setEnabled(not running)
        self.again.setToolTip(
            f"{AGAIN}.\nFirst what runs must end." if running else AGAIN
        )

    def show_used(self, new: bool | None) -> None:
        """Say which model is in use; None, when it is neither, hides the card."""
        self.setVisible(new is not None)
        self.use_new.setChecked(new is True)
        self.use_old.setChecked(new is False)
        if new is not None:
            self.title.setText(TITLES[self._better, new])

    def _fill(self, rows: list[tuple[str, str, str]]) -> None:
        while self.figures.count():
            self.figures.takeAt(0).widget().deleteLater()
        for row, words in enumerate(rows):
            for column, text in enumerate(words):
                label = QLabel(text, self)
                if row == 0 or column == 0:
                    label.setObjectName("muted")
                if text in EXPLAINED:
                    label.setToolTip(EXPLAINED[text])
                if column:
                    label.setAlignment(Qt.AlignmentFlag.AlignRight)
                self.figures.addWidget(label, row, column)
