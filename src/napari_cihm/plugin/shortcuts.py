"""Shortcuts of the tools: napari's own actions, shown and changed in its preferences.

Preferences > Shortcuts lists them under "Labels layer". Such actions belong to a
class of layers and not to a window, so each is passed to the panels that are open;
the one that corrects the layer takes it.
"""

from collections.abc import Callable
from typing import Protocol
from weakref import WeakSet

from napari.layers import Labels
from napari.settings import get_settings
from napari.utils.action_manager import action_manager
from napari.utils.interactions import Shortcut
from qtpy.QtCore import QObject, Signal

from napari_cihm.plugin.tools import ALL, Tool


class Hearer(Protocol):
    """Who may be asked to use a tool."""

    def press(self, name: str, layer: Labels) -> bool:
        """Use a tool on a layer; say whether it was this one's to do."""


class Shortcuts(QObject):
    """What is bound to what, as napari tells of it.

    Attributes
    ----------
    changed
        Emitted with the name of a tool whose shortcut is another.
    """

    changed = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        register()
        action_manager.events.shortcut_changed.connect(self._on_changed)

    def close(self) -> None:
        """Hear no more."""
        action_manager.events.shortcut_changed.disconnect(self._on_changed)

    def text(self, tool: Tool) -> str:
        """Return what to press, as short as it can be told."""
        return key_of(tool.action).replace("+", "")

    def _on_changed(self, event: object) -> None:
        name = str(getattr(event, "name", ""))
        if name.startswith("napari-cihm:"):
            self.changed.emit(name.partition(":")[2])


def key_of(action: str) -> str:
    """Return the key of an action, as it is written on this system, if it has one."""
    # napari has no public way to ask; without this one no key is shown.
    bound = getattr(action_manager, "_shortcuts", {}).get(action, [])
    return Shortcut(bound[0]).platform if bound else ""


HEARERS: "WeakSet[Hearer]" = WeakSet()
_registered: set[str] = set()


def register() -> None:
    """Tell napari of the tools, once; what the user bound them to is kept."""
    chosen = get_settings().shortcuts.shortcuts
    for tool in ALL.values():
        if tool.action in _registered:
            continue
        _registered.add(tool.action)
        action_manager.register_action(
            tool.action, _command(tool.name), f"CIHM: {tool.about}", Labels
        )
        default = [tool.key] if tool.key else []
        for key in chosen.get(tool.action, default):
            action_manager.bind_shortcut(tool.action, key)


def _command(name: str) -> Callable[[Labels], None]:
    def command(layer: Labels) -> None:
        for hearer in list(HEARERS):
            if hearer.press(name, layer):
                return

    return command
