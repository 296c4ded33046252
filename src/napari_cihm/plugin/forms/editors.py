"""The control for one field: what shows it, reads it and says that it changed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QToolButton,
    QWidget,
)

from napari_cihm.config.fields import FieldFacts
from napari_cihm.data.paths import with_home
from napari_cihm.plugin.forms.numbers import DecimalBox, WholeBox, number_from
from napari_cihm.plugin.forms.titles import title_of, word_of
from napari_cihm.plugin.parts.boxes import DropDown, leave_wheel

MOST = 10**9
Pair = tuple[str, Any]


@dataclass
class Editor:
    """A control and the ways to it.

    Attributes
    ----------
    widget : QWidget
        What is shown.
    read, write : callable
        Get the value as it stands, whether or not it is allowed; set it.
    changed : Qt signal
        Emitted when the user or a program changes the value.
    offer : callable, optional
        Replace the words that can be chosen, as (shown, value) pairs.
    """

    widget: QWidget
    read: Callable[[], Any]
    write: Callable[[Any], None]
    changed: Any
    offer: Callable[[Sequence[Pair]], None] | None = None


def make_editor(facts: FieldFacts, parent: QWidget) -> Editor:
    """Make the control that suits a field."""
    editor = _make(facts, parent)
    editor.widget.setObjectName(facts.name)
    named = editor.widget.focusProxy() or editor.widget  # where the focus is heard
    named.setAccessibleName(title_of(facts))
    return editor


def _make(facts: FieldFacts, parent: QWidget) -> Editor:
    if facts.flag:
        return _flag(parent)
    if facts.path:
        return _path(facts, parent)
    if facts.number is not None:
        make = _number_or_word if facts.choices else _number
        return make(facts, parent)
    if facts.words and not facts.text:
        return _choice(facts, parent)
    return _text(parent)


def _flag(parent: QWidget) -> Editor:
    box = QCheckBox(parent)
    return Editor(box, box.isChecked, box.setChecked, box.toggled)


def _choice(facts: FieldFacts, parent: QWidget) -> Editor:
    box = DropDown(title_of(facts), "", parent)
    values: list[Any] = []

    def offer(pairs: Sequence[Pair]) -> None:
        values[:] = [value for _, value in pairs]
        box.clear()
        box.addItems([text for text, _ in pairs])

    def write(value: Any) -> None:
        box.setCurrentIndex(values.index(value))

    offer([(word_of(facts, value), value) for value in facts.choices])
    return Editor(
        box, lambda: values[box.currentIndex()], write, box.currentIndexChanged, offer
    )


def _number(facts: FieldFacts, parent: QWidget) -> Editor:
    whole = facts.number is int
    box = WholeBox(parent) if whole else DecimalBox(parent)
    if not whole:
        # One digit finer than the default is written, and never less than two.
        box.setDecimals(max(2, len(f"{facts.default}".partition(".")[2]) + 1))
        box.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
    # The settings check the bounds: a control that corrects what is typed does not
    # say what was wrong with it.
    box.setRange(-MOST, MOST)
    box.setKeyboardTracking(True)
    leave_wheel(box)
    return Editor(box, box.value, box.setValue, box.valueChanged)


def _number_or_word(facts: FieldFacts, parent: QWidget) -> Editor:
    box = QComboBox(parent)
    box.setEditable(True)
    box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
    box.setCompleter(None)
    leave_wheel(box)
    box.lineEdit().setAcceptDrops(False)  # files are for the panel
    known: dict[str, Any] = {}

    def offer(pairs: Sequence[Pair]) -> None:
        kept = box.currentText()
        known.clear()
        known.update(pairs)
        box.blockSignals(True)
        box.clear()
        box.addItems(list(known))
        box.setEditText(kept)
        box.blockSignals(False)

    def read() -> Any:
        text = box.currentText().strip()
        return known[text] if text in known else number_from(text)

    def write(value: Any) -> None:
        shown = [text for text, known_value in known.items() if known_value == value]
        box.setEditText(shown[0] if shown else f"{value:g}")

    offer([(word_of(facts, value), value) for value in facts.choices])
    return Editor(box, read, write, box.currentTextChanged, offer)


def _text(parent: QWidget) -> Editor:
    line = QLineEdit(parent)
    line.setAcceptDrops(False)  # files are for the panel
    return Editor(line, line.text, line.setText, line.textChanged)


def _path(facts: FieldFacts, parent: QWidget) -> Editor:
    row = QWidget(parent)
    line, button = QLineEdit(row), QToolButton(row)
    line.setAcceptDrops(False)  # files are for the panel
    line.setPlaceholderText(word_of(facts, None) if facts.optional else "")
    button.setText("…")
    button.setObjectName("browse")
    button.setAccessibleName("Choose a folder")
    button.setToolTip("Choose a folder")
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(line)
    layout.addWidget(button)
    row.setFocusProxy(line)

    def browse() -> None:
        chosen = QFileDialog.getExistingDirectory(row, "Choose a folder", line.text())
        if chosen:
            line.setText(chosen)

    def read() -> Path | None:
        return with_home(line.text()) if line.text().strip() else None

    def write(value: Path | None) -> None:
        line.setText("" if value is None else str(value))

    button.clicked.connect(browse)
    return Editor(row, read, write, line.textChanged)
