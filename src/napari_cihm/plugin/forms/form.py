"""A form for some settings, or for some of their fields."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QWidget

from napari_cihm.config import Settings
from napari_cihm.config.fields import FieldFacts, fields_of
from napari_cihm.plugin.forms.editors import Pair, make_editor
from napari_cihm.plugin.forms.titles import expected, title_of, tooltip_of, unit_of
from napari_cihm.plugin.parts.section import restyle
from napari_cihm.plugin.parts.words import Words


class Form(QWidget):
    """Controls for the fields of settings, checked by the settings themselves.

    A field whose value is refused turns red, and the reason stands below it.

    Parameters
    ----------
    model : type of Settings
        What is set.
    names : sequence of str, optional
        The fields to show, in this order; all by default.
    """

    changed = Signal()

    def __init__(
        self,
        model: type[Settings],
        names: Sequence[str] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._model = model
        facts = {f.name: f for f in fields_of(model)}
        self.facts = {name: facts[name] for name in names or facts}
        # Not Qt's form: it leaves words that wrap too little height.
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setColumnStretch(1, 1)
        self._rows = {name: _Row(f, self) for name, f in self.facts.items()}
        for number, row in enumerate(self._rows.values()):
            layout.addWidget(row.label, 2 * number, 0)
            layout.addWidget(row, 2 * number, 1)
            layout.addWidget(row.problem, 2 * number + 1, 1)
            row.editor.changed.connect(self._on_changed)
        self.restore_defaults()

    def values(self) -> dict[str, Any]:
        """Return what the controls say, allowed or not."""
        return {name: row.editor.read() for name, row in self._rows.items()}

    def settings(self) -> Settings | None:
        """Return the settings, other fields at their defaults; None if refused."""
        return None if self.problems() else self._model(**self.values())

    def problems(self) -> dict[str, str]:
        """Say of each refused field what it takes, in a sentence."""
        try:
            self._model(**self.values())
        except ValidationError as error:
            names = {str(e["loc"][0]) for e in error.errors() if e["loc"]}
            return {
                n: f"Expected {expected(f)}."
                for n, f in self.facts.items()
                if n in names
            }
        return {}

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Set some fields."""
        for name, value in values.items():
            self._rows[name].editor.write(value)

    def restore_defaults(self) -> None:
        """Set every field to what the settings say."""
        self.set_values({name: facts.default for name, facts in self.facts.items()})

    def offer(self, name: str, pairs: Sequence[Pair]) -> None:
        """Replace the words that can be chosen for a field."""
        offer = self._rows[name].editor.offer
        assert offer is not None, f"{name} has no words"
        offer(pairs)

    def set_shown(self, name: str, shown: bool) -> None:
        """Show or hide a field; a hidden one keeps its value."""
        self._rows[name].set_shown(shown)

    @property
    def labels(self) -> list[QLabel]:
        """What stands before the controls."""
        return [row.label for row in self._rows.values()]

    def control(self, name: str) -> QWidget:
        """Return the control of a field."""
        return self._rows[name].editor.widget

    def _on_changed(self) -> None:
        problems = self.problems()
        for name, row in self._rows.items():
            row.show_problem(problems.get(name, ""))
        self.changed.emit()


class _Row(QWidget):
    """A control and its unit; its label, and what is wrong with it, lie around it."""

    def __init__(self, facts: FieldFacts, parent: QWidget) -> None:
        super().__init__(parent)
        self.editor = make_editor(facts, self)
        self.label = QLabel(title_of(facts), parent)
        self.label.setBuddy(self.editor.widget)
        self._unit = QLabel(unit_of(facts), self)
        self._unit.setObjectName("unit")
        self._unit.setVisible(bool(unit_of(facts)))
        self.problem = Words("", parent)
        self.problem.setObjectName("problem")
        self.problem.hide()
        self._tooltip = tooltip_of(facts)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        layout.addWidget(self.editor.widget, 1)
        layout.addWidget(self._unit)
        self.show_problem("")

    def set_shown(self, shown: bool) -> None:
        """Show or hide all of it."""
        self.setVisible(shown)
        self.label.setVisible(shown)
        self.problem.setVisible(shown and bool(self.problem.text()))

    def show_problem(self, text: str) -> None:
        """Turn red and say why, or be as before."""
        for widget in (self.label, self.editor.widget):
            widget.setToolTip(f"{text} {self._tooltip}" if text else self._tooltip)
        self.problem.setText(text)
        self.problem.setVisible(bool(text) and not self.isHidden())
        widget = self.editor.widget
        if widget.property("refused") != bool(text):
            widget.setProperty("refused", bool(text))
            restyle(widget)
