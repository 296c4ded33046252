"""Numbers that are written and read alike, whatever the language of the system."""

from typing import Any

from qtpy.QtCore import QLocale
from qtpy.QtWidgets import QDoubleSpinBox, QSpinBox, QWidget


class WholeBox(QSpinBox):
    """A box for whole numbers, without marks of thousands."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setLocale(_plain())


class DecimalBox(QDoubleSpinBox):
    """A box for numbers with a decimal point, which takes a comma for it.

    By the system's rules a comma or a point may mark thousands, and is left out:
    of a width of 1.5 it makes 15.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setLocale(_plain())

    def validate(self, text: str, position: int) -> Any:
        """Write a point for a comma."""
        return super().validate(text.replace(",", "."), position)


def number_from(text: str) -> Any:
    """Read a number, with a point or a comma; other text stays for the refusal."""
    for kind in (int, float):
        try:
            return kind(text.replace(",", "."))
        except ValueError:
            continue
    return text


def _plain() -> QLocale:
    locale, options = QLocale.c(), QLocale.NumberOption
    locale.setNumberOptions(options.OmitGroupSeparator | options.RejectGroupSeparator)
    return locale
