"""How the panels look: a style sheet made from the colours of the viewer's theme."""

from collections.abc import Mapping
from typing import Any

# Marks that must be told apart on both backgrounds: contrast of 4.5 and more.
MARKS = {
    "dark": {
        "good": "#5fc98f",
        "note": "#8ab4f8",
        "warning": "#e8b339",
        "fault": "#ff7b72",
    },
    "light": {
        "good": "#1a6b3c",
        "note": "#1f4fa3",
        "warning": "#7a5200",
        "fault": "#b3261e",
    },
}

SHEET = """
QWidget#cihmPanel QLabel#muted, QWidget#cihmPanel QLabel#unit {{ color: {muted}; }}
QWidget#cihmPanel QLabel#problem, QWidget#cihmPanel QLabel[level="fault"] {{
    color: {fault};
}}
QWidget#cihmPanel QLabel[level="warning"] {{ color: {warning}; }}
QWidget#cihmPanel QLabel[level="note"] {{ color: {note}; }}
QWidget#cihmPanel QLabel[level="good"] {{ color: {good}; }}
QWidget#cihmPanel QLineEdit {{ padding: 1px 6px; }}
QWidget#cihmPanel QLineEdit, QWidget#cihmPanel QToolButton,
QWidget#cihmPanel QListView {{ font-size: {font_size}; }}
QWidget#cihmPanel QToolButton#sectionTitle {{
    background: transparent; border: 1px solid transparent; padding: 3px 0px;
    font-weight: bold; text-align: left;
}}
QWidget#cihmPanel QToolButton#sectionTitle:hover {{ color: {accent}; }}
QWidget#cihmPanel QToolButton#fold {{
    background: transparent; border: 1px solid transparent; padding: 1px 0px;
    color: {muted};
}}
QWidget#cihmPanel QToolButton#fold:hover {{ color: {text}; }}
QWidget#cihmPanel QToolButton#browse {{
    background-color: {primary}; border-radius: 2px; padding: 3px 8px;
}}
QWidget#cihmPanel QToolButton#browse:hover {{ background-color: {highlight}; }}
QWidget#cihmPanel QPushButton {{ padding: 5px 10px; }}
QWidget#cihmPanel QPushButton#tool {{ padding: 2px; }}
QWidget#cihmPanel QPushButton#tool QLabel {{ background: transparent; }}
QWidget#cihmPanel QPushButton#tool QLabel#muted {{ color: {hint}; }}
QWidget#cihmPanel QPushButton#tool:hover QLabel#muted,
QWidget#cihmPanel QPushButton#tool:checked QLabel#muted {{ color: {text}; }}
QWidget#cihmPanel QPushButton#tool QLabel:disabled,
QWidget#cihmPanel QPushButton#tool QLabel#muted:disabled {{ color: {faint}; }}
QWidget#cihmPanel QFrame#banner {{
    background-color: {foreground}; border-left: 3px solid {warning};
    border-radius: 2px;
}}
QWidget#cihmPanel QFrame#banner QLabel {{ background-color: transparent; }}
QWidget#cihmPanel QPushButton#primary {{
    background-color: {current}; color: {text}; font-weight: bold;
}}
QWidget#cihmPanel QPushButton#primary:hover {{ background-color: {highlight}; }}
QWidget#cihmPanel QPushButton#primary:disabled {{
    background-color: {primary}; color: {muted}; border: none;
}}
QWidget#cihmPanel QPushButton:focus, QWidget#cihmPanel QToolButton:focus,
QWidget#cihmPanel QToolButton#sectionTitle:focus,
QWidget#cihmPanel QToolButton#fold:focus,
QWidget#cihmPanel QComboBox:focus, QWidget#cihmPanel QLineEdit:focus,
QWidget#cihmPanel QListView:focus, QWidget#cihmPanel QTableView:focus,
QWidget#cihmPanel QAbstractSpinBox:focus, QWidget#cihmPanel QCheckBox:focus {{
    border: 1px solid {accent};
}}
QWidget#cihmPanel *[refused="true"], QWidget#cihmPanel *[refused="true"]:focus {{
    border: 1px solid {fault};
}}
QWidget#cihmPanel QProgressBar::chunk {{ background-color: {current}; }}
QWidget#cihmPanel QFrame#rule {{ background-color: {foreground}; }}
QWidget#cihmPanel QFrame#card {{ background-color: {foreground}; border-radius: 4px; }}
QWidget#cihmPanel QFrame#card QWidget {{ background-color: transparent; }}
QWidget#cihmPanel QFrame#card QPushButton {{ background-color: {primary}; }}
QWidget#cihmPanel QFrame#card QPushButton:hover {{ background-color: {highlight}; }}
QWidget#cihmPanel QFrame#card QPushButton:checked {{
    background-color: transparent; border: 1px solid {muted};
}}
QWidget#cihmPanel QFrame#card QPushButton:checked:focus {{
    border: 1px solid {accent};
}}
QWidget#cihmPanel QFrame#card QPushButton#primary:enabled {{
    background-color: {current};
}}
QWidget#cihmPanel QListView::item {{ min-height: 18px; }}
QWidget#cihmPanel QListView::indicator {{
    width: 13px; height: 13px; border-radius: 2px; border: 1px solid {muted};
}}
QWidget#cihmPanel QListView::indicator:checked {{
    image: url("theme_{id}:/check.svg"); background-color: {current};
}}
QWidget#cihmPanel[dropping="true"] {{
    border: 2px dashed {accent};
    margin-top: 4px; /* over which the title bar of napari's docks lies */
}}
"""


def sheet_for(theme: Mapping[str, Any]) -> str:
    """Return the style sheet for a theme's colours, given as text.

    Parameters
    ----------
    theme : mapping
        napari's: ``type`` ("dark" or "light"), ``text``, ``background`` ...
    """
    kind = str(theme["type"])
    colours = {name: str(value) for name, value in theme.items()}
    accent = MARKS[kind]["note"]
    return SHEET.format(
        **{**colours, **MARKS[kind]},
        accent=accent,
        muted=_between(colours["text"], colours["background"], 0.32),
        hint=_between(colours["text"], colours["primary"], 0.2),
        faint=_between(colours["text"], colours["background"], 0.6),
    )


def _between(one: str, other: str, share: float) -> str:
    """Mix two colours written as ``rgb(r, g, b)``."""
    first, second = (
        [float(n) for n in colour[colour.index("(") + 1 : -1].split(",")[:3]]
        for colour in (one, other)
    )
    mixed = [a + (b - a) * share for a, b in zip(first, second, strict=True)]
    return "rgb({:.0f}, {:.0f}, {:.0f})".format(*mixed)
