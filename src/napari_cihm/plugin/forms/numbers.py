"""Numbers that are written and read alike, whatever the language of the system."""

from typing import Any

from qtpy.QtCore import QLocale
from qtpy.QtWidgets import QDoubleSpinBox, QWidget


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


class WholeBox(DecimalBox):
    """A box for whole numbers, which shows a fraction that is typed.

    Qt's own leaves a point out, and of 1.5 it makes 15 too.
    """

    def value(self) -> float:
        """Return the number; a fraction is for the settings to refuse."""
        value = super().value()
        return int(value) if value.is_integer() else value

    def textFromValue(self, value: float) -> str:
        """Write a whole number without a point."""
        return f"{value:.0f}" if value.is_integer() else super().textFromValue(value)


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
