"""The models that fine-tuning made: a list, and what can be done with one."""

from collections.abc import Sequence
from pathlib import Path

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QGridLayout,
    QListWidgetItem,
    QPushButton,
    QWidget,
)

from napari_cihm.errors import counted
from napari_cihm.events import Version
from napari_cihm.plugin.parts.boxes import Rows
from napari_cihm.plugin.parts.section import Fold, muted
from napari_cihm.plugin.parts.words import as_tip

ROWS = 5
PATH = Qt.ItemDataRole.UserRole
ACTIONS = {
    "use": ("Use", "Segment with this model from now on"),
    "compare": ("Compare", "Show the outlines of two models in this plane"),
    "rename": ("Rename…", "Give it another name"),
    "export": ("Export…", "Copy it to a file that can be shared"),
    "delete": ("Delete…", "Delete it for good"),
}


class HistoryRows(Fold):
    """Versions, the newest first; two can be chosen to be compared.

    Attributes
    ----------
    pressed
        Emitted with the name of an action and the versions that are chosen.
    chosen
        Emitted with the version that is chosen, to show its curves.
    """

    pressed = Signal(str, list)
    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("History", opened=False, parent=parent)
        self.list = Rows("Fine-tuned models", ROWS, self)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.empty = muted("Every model that fine-tuning makes is kept here.", self)
        self.buttons: dict[str, QPushButton] = {}
        self._versions: dict[str, Version] = {}
        grid = QGridLayout()
        grid.setSpacing(4)
        for number, (name, (text, _)) in enumerate(ACTIONS.items()):
            button = self.buttons[name] = QPushButton(text, self)
            button.clicked.connect(lambda _, n=name: self.pressed.emit(n, self.now))
            grid.addWidget(button, number // 3, number % 3)
        for widget in (self.empty, self.list):
            self.rows.addWidget(widget)
        self.rows.addLayout(grid)
        self.list.itemSelectionChanged.connect(self._on_selected)
        self.list.itemActivated.connect(lambda _: self.pressed.emit("use", self.now))
        self.show_versions((), "")

    @property
    def now(self) -> list[Version]:
        """The versions that are chosen."""
        items = self.list.selectedItems()
        return [self._versions[item.data(PATH)] for item in items]

    def show_versions(self, versions: Sequence[Version], used: str) -> None:
        """List versions; the one in use is marked."""
        kept = {item.data(PATH) for item in self.list.selectedItems()}
        self._versions = {str(v.path): v for v in versions}
        listening = QSignalBlocker(self.list)  # nobody has chosen anything
        self.list.clear()
        for path, version in self._versions.items():
            item = QListWidgetItem(_line(version, Path(used) == version.path))
            item.setData(PATH, path)
            item.setToolTip(as_tip(_tooltip(version)))
            self.list.addItem(item)
            item.setSelected(path in kept)
        self.list.setVisible(bool(versions))
        self.empty.setVisible(not versions)
        listening.unblock()
        self._offer()

    def _on_selected(self) -> None:
        self._offer()
        if len(self.now) == 1:
            self.chosen.emit(self.now[0])

    def _offer(self) -> None:
        """Let be pressed what can be done with the versions that are chosen."""
        now = self.now
        for name, button in self.buttons.items():
            pair, (_, about) = name == "compare", ACTIONS[name]
            fits = len(now) == 1 or (pair and len(now) == 2)
            button.setEnabled(fits)
            lack = f"Choose {'one or two' if pair else 'one'} in the list first."
            button.setToolTip(about if fits else f"{about}.\n{lack}")


def _line(version: Version, used: bool) -> str:
    score = version.new_figures.get("ap0.50")
    figure = "" if score is None else f" · AP {score:.2f}"
    said = " · in use" if used else "" if version.accepted else " · no better"
    return f"{version.number}  {version.name}{figure}{said}"


def _tooltip(version: Version) -> str:
    lines = [
        f"{version.name}, made {version.date} from {version.start}",
        f"{counted(version.objects, 'object')} in {counted(version.images, 'image')}",
        version.reason,
        str(version.path),
    ]
    return "\n".join(line for line in lines if line)
