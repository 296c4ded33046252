"""What the checkpoint doctor says of a model, for the eye."""

import re
from collections.abc import Iterable

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFrame, QGridLayout, QLabel, QVBoxLayout, QWidget

from napari_cihm.config import FIGURES, MEANINGS
from napari_cihm.errors import capital
from napari_cihm.events import Examined, Finding
from napari_cihm.plugin.forms import Alignment
from napari_cihm.plugin.parts.section import Fold, muted
from napari_cihm.plugin.parts.words import Words

MARKS = {"good": "✓", "note": "i", "warning": "!", "fault": "✕"}
BRIEF = ("Gives", "Expects", "Validation")
FIGURE = re.compile(r" (?=[01]?\.\d)|(?<=\d) (?=[kMG]?B\b)")
FIGURES_TIP = "\n".join(
    [
        "How good it is on images it was not trained on; 1 is best.",
        *(f"{FIGURES[name]}: {text}" for name, text in MEANINGS.items()),
    ]
)
UNBROKEN = "\u00a0"  # a space at which no line breaks


class ModelCard(QFrame):
    """A model's facts in brief, its faults, and all else under "Details"."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(8, 6, 8, 6)
        self._rows.setSpacing(4)
        self._content: QWidget | None = None
        self.show_text("")

    def show_text(self, text: str) -> None:
        """Show a word in place of a model."""
        self._replace(muted(text))

    def show_model(self, seen: Examined, whole: bool = False) -> None:
        """Show what was found; the whole of it without a fold."""
        content, titles = QWidget(), list[QLabel]()
        rows = QVBoxLayout(content)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(4)
        grave = [f for f in seen.findings if f.level in ("fault", "warning")]
        light = [f for f in seen.findings if f not in grave]
        brief = [f for f in seen.facts if whole or f[0] in BRIEF]
        rest = [f for f in seen.facts if f not in brief]
        if brief:
            rows.addWidget(_facts(brief, titles))
        for finding in [*grave, *(light if whole else [])]:
            rows.addWidget(_finding(finding))
        if not whole and (rest or light):
            fold = Fold("Details", opened=False)
            if rest:
                fold.rows.addWidget(_facts(rest, titles))
            for finding in light:
                fold.rows.addWidget(_finding(finding))
            rows.addWidget(fold)
        self._replace(content)
        Alignment(titles, content)

    @property
    def text(self) -> str:
        """All that is written on it, to be copied."""
        said = "\n".join(label.text() for label in self.findChildren(QLabel))
        return said.replace(UNBROKEN, " ")

    def _replace(self, content: QWidget) -> None:
        if self._content is not None:
            self._rows.removeWidget(self._content)
            self._content.setParent(None)
            self._content.deleteLater()
        self._content = content
        self._rows.addWidget(content)


def _facts(facts: Iterable[tuple[str, str]], titles: list[QLabel]) -> QWidget:
    """Make a table of facts; what stands before them is added to the titles."""
    table = QWidget()
    grid = QGridLayout(table)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(8)
    grid.setVerticalSpacing(2)
    grid.setColumnStretch(1, 1)
    for row, (name, text) in enumerate(facts):
        # A figure stays with its name, and with its unit, where the line breaks.
        text = FIGURE.sub(UNBROKEN, text)
        title, value = QLabel(name), Words(text)
        title.setObjectName("muted")
        titles.append(title)
        value.let_copy()
        for label in (title, value) if name == "Validation" else ():
            label.setToolTip(FIGURES_TIP)
        grid.addWidget(title, row, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(value, row, 1)
    return table


def _finding(finding: Finding) -> QWidget:
    row = QWidget()
    grid = QGridLayout(row)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(6)
    grid.setColumnStretch(1, 1)
    mark = QLabel(MARKS[finding.level])
    mark.setProperty("level", finding.level)
    mark.setAccessibleName(finding.level)
    mark.setMinimumWidth(14)
    text = Words(capital(finding.text))
    text.setProperty("level", finding.level if finding.level == "fault" else "")
    grid.addWidget(mark, 0, 0, Qt.AlignmentFlag.AlignTop)
    grid.addWidget(text, 0, 1, Qt.AlignmentFlag.AlignTop)
    grid.setRowStretch(2, 1)
    if finding.remedy:
        grid.addWidget(muted(capital(finding.remedy)), 1, 1)
    return row
