"""What is reviewed, and where to look next: marks, a walk, and how far it is."""

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from napari_cihm.config import CorrectSettings
from napari_cihm.correction.checked import Progress
from napari_cihm.plugin.forms import Form
from napari_cihm.plugin.parts.button_rows import BreakingRow, ButtonGrid
from napari_cihm.plugin.parts.section import Line
from napari_cihm.plugin.tools import REVIEWS, STEPS
from napari_cihm.plugin.views.tool_button import ToolButton


class ReviewRows(QWidget):
    """Marks what was looked at, and leads to what was not.

    Attributes
    ----------
    pressed
        Emitted with the name of a button's tool.
    shown_chosen
        Emitted when marks are to be shown, or hidden.
    """

    pressed = Signal(str)
    shown_chosen = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shown = QCheckBox("Show", self)
        self.shown.setChecked(True)
        self.shown.setToolTip("Tint what is reviewed")
        self.shown.toggled.connect(self.shown_chosen)
        self.buttons = {t.name: ToolButton(t, self) for t in REVIEWS}
        self.form = Form(CorrectSettings, ("order", "unit"), self)
        self.buttons |= {t.name: ToolButton(t, self) for t in STEPS}
        for button in self.buttons.values():
            button.used.connect(self.pressed)
        self.words = Line("", self)
        self.words.setAccessibleName("Progress of checking")
        self.bar = QProgressBar(self)
        self.bar.setAccessibleName("Share that is checked")
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self._marks = ButtonGrid()
        self._build()
        self.set_stack(False, False)
        self.show_progress(None)

    def _build(self) -> None:
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(4)
        head = QHBoxLayout()
        title = QLabel("Reviewed", self)
        title.setToolTip("What fine-tuning may learn from")
        head.addWidget(title, 1)
        head.addWidget(self.shown)
        rows.addLayout(head)
        rows.addLayout(self._marks)
        rows.addSpacing(4)
        rows.addWidget(QLabel("Where to look next", self))
        rows.addWidget(self.form)
        rows.addLayout(self._steps())
        rows.addWidget(self.words)
        rows.addWidget(self.bar)

    def set_ready(self, ready: bool) -> None:
        """Let the buttons be pressed, or not."""
        for button in self.buttons.values():
            button.set_ready(ready)

    def set_stack(self, deep: bool, sliced: bool) -> None:
        """Speak of slices, or frames, only where there are any."""
        shown = [self.buttons[t.name] for t in REVIEWS if deep or not t.stacks]
        self._marks.show_groups((shown, 2 if deep else 3))
        for tool in REVIEWS:
            self.buttons[tool.name].setVisible(deep or not tool.stacks)
            if tool.stacks:
                self.buttons[tool.name].speak_of(sliced)

    def set_chosen(self, name: str) -> None:
        """Show which tool waits for the mouse."""
        self.buttons["review_region"].setChecked(name == "review_region")

    def set_walk(self, looking: bool, trail: bool) -> None:
        """Say whether there is a stop to call right, and one to go back to."""
        self.buttons["looks_right"].hinder("" if looking else "Press Next first.")
        self.buttons["previous_stop"].hinder(
            "" if trail else "Nothing was looked at before."
        )

    def show_progress(self, progress: Progress | None, words: str = "") -> None:
        """Say how much is checked, or in words why that is not known."""
        said = "" if progress is None else str(progress)
        self.words.setText(" · ".join(filter(None, [said, words])))
        # Else a bar has the whole window drawn at each of these, canvas and all.
        self.bar.setUpdatesEnabled(False)
        self.bar.setRange(0, max(progress.total if progress else 0, 1))
        self.bar.setValue(progress.checked if progress else 0)
        self.bar.setUpdatesEnabled(True)

    def _steps(self) -> BreakingRow:
        *walk, last = (self.buttons[tool.name] for tool in STEPS)
        to_and_fro, row = QHBoxLayout(), BreakingRow()
        to_and_fro.setSpacing(row.spacing())
        for button in walk:
            to_and_fro.addWidget(button)
        row.addLayout(to_and_fro)
        row.addWidget(last)
        return row
