"""The tools of correction: pointed ones, those for the whole image, their prompts."""

from collections.abc import Mapping
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QGridLayout, QPushButton, QWidget

from napari_cihm.plugin.parts.button_rows import ButtonGrid, choice_row
from napari_cihm.plugin.parts.section import muted
from napari_cihm.plugin.tools import RULES, TOOLS
from napari_cihm.plugin.views.tool_button import ToolButton

SCOPES = {
    True: ("All slices", "Follow objects through all slices of their stack"),
    False: ("This slice", "Leave other slices as they are"),
}


class ToolGrid(QWidget):
    """Buttons for tools.

    Attributes
    ----------
    pressed
        Emitted with the name of a tool.
    whole_chosen
        Emitted when tools are to follow objects through all slices, or not.
    """

    pressed = Signal(str)
    whole_chosen = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scope = QWidget(self)
        self._scopes, row = choice_row(SCOPES.values(), self._scope)
        self._scope.setLayout(row)
        self._scopes.idClicked.connect(self._on_scope)
        self.buttons = {t.name: ToolButton(t, self) for t in (*TOOLS, *RULES)}
        for button in self.buttons.values():
            button.used.connect(self.pressed)
        self._grid = ButtonGrid(self)
        self.set_stack(True, True)
        self.set_stack(False, False)

    def scope(self, whole: bool) -> QPushButton:
        """Return the button for one slice, or for all."""
        return self._scopes.button(list(SCOPES).index(whole))

    def set_stack(self, deep: bool, sliced: bool) -> None:
        """Offer what needs several planes, or slices, through which objects go on."""
        shown = [b for b in self.buttons.values() if deep or not b.tool.stacks]
        pairs = [b for b in shown if b.tool in TOOLS]
        rules = [b for b in shown if b.tool in RULES]
        scope = [self._scope] if sliced else []
        self._grid.show_groups((scope, 1), (pairs, 2), (rules, 3))
        for widget in (self._scope, *self.buttons.values()):
            widget.setVisible(widget in (*scope, *shown))
        for button in shown:
            if button.tool.stacks:
                button.speak_of(sliced)

    def set_numbers(self, numbers: Mapping[str, Any]) -> None:
        """Write the settings of tools on their buttons."""
        for button in self.buttons.values():
            button.show_title(button.tool.title.format(**numbers))

    def set_chosen(self, name: str) -> None:
        """Show which tool waits for the mouse."""
        for button in self.buttons.values():
            button.setChecked(button.tool.name == name)

    def set_ready(self, ready: bool) -> None:
        """Let the buttons be pressed, or not."""
        for button in self.buttons.values():
            button.set_ready(ready)

    def _on_scope(self, number: int) -> None:
        self.whole_chosen.emit(list(SCOPES)[number])


class Prompt(QWidget):
    """Words that wrap, with room for the longest, so that nothing below them jumps."""

    def __init__(self, longest: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._words, room = muted("", self), muted(longest, self)
        policy = room.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        room.setSizePolicy(policy)
        room.hide()
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for words in (room, self._words):
            layout.addWidget(words, 0, 0)

    def text(self) -> str:
        """Return what is said."""
        return self._words.text()

    def setText(self, text: str) -> None:
        """Say something else."""
        self._words.setText(text)
