"""What the viewer does beside its layers: it hears keys, opens files, shows tables."""

import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from napari.errors import MultipleReaderError, NoAvailableReaderError
from napari.utils.key_bindings import coerce_keybinding
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QMainWindow

from napari_cihm.errors import CihmError, InputError

BUILTINS = "napari"
TABLE, TABLE_HEIGHT = "Features table widget", 280  # pixels

log = logging.getLogger(__name__)


class Window:
    """Asks the viewer for what its menus and keys do otherwise."""

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer

    def bind(self, key: str, act: Callable[[], None]) -> Callable[[], None]:
        """Let a key do something wherever it is pressed; return what ends that.

        A key that the user gave something else to do in this viewer stays theirs.
        """
        keymap, code = self._viewer.keymap, coerce_keybinding(key)
        if code in keymap:
            return lambda: None
        keymap[code] = lambda viewer: act()
        return lambda: keymap.pop(code, None)

    def enter_canvas(self) -> None:
        """Let what is deleted on the graphics card be so where the canvas draws.

        When a layer goes, napari has its programs deleted at once, in whichever OpenGL
        context is current: between two frames the window's, not the canvas's. Some
        drivers, Mesa's without a card among them, then draw the next layer with what
        is gone, and the whole program crashes.
        """
        with suppress(AttributeError, RuntimeError):  # it may move, or be closed
            self._viewer.window._qt_viewer.canvas.native.makeCurrent()

    def show_table(self) -> None:
        """Show napari's own table of features, below the canvas unless it is open."""
        window = self._viewer.window
        docks = window.dock_widgets.items()
        found = [table.parent() for name, table in docks if name.startswith(TABLE)]
        dock = found[0] if found else window.add_plugin_dock_widget(BUILTINS, TABLE)[0]
        main = dock.window()
        if not found and isinstance(main, QMainWindow):
            # Beside the canvas it would take the room of the panel.
            main.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, dock)
            if main.height() < main.minimumSizeHint().height() + TABLE_HEIGHT:
                _leave_sides(main)
            main.resizeDocks([dock], [TABLE_HEIGHT], Qt.Orientation.Vertical)
        dock.show()
        dock.raise_()

    def open(self, path: str, plugin: str | None = None) -> None:
        """Open a file or a folder; where several readers could, napari's own does.

        Raises
        ------
        CihmError
            Saying why it cannot be opened.
        """
        try:
            self._viewer.open([path], plugin=plugin)
        except MultipleReaderError:
            self.open(path, BUILTINS)
        except CihmError:
            raise
        except Exception as error:  # whatever a reader, which is anyone's, runs into
            cause = getattr(error, "original_error", error)
            log.info("%s was not opened", path, exc_info=True)
            came, remedy = _unopened(Path(path), cause)
            raise InputError(
                came, "an image, labels, a folder of images, or a model", remedy
            ) from error


def _leave_sides(main: QMainWindow) -> None:
    """Let docks below the canvas take no height from those beside it."""
    areas = Qt.DockWidgetArea
    sides = (areas.LeftDockWidgetArea, areas.RightDockWidgetArea)
    corners = (Qt.Corner.BottomLeftCorner, Qt.Corner.BottomRightCorner)
    for corner, side in zip(corners, sides, strict=True):
        main.setCorner(corner, side)


def _unopened(path: Path, cause: object) -> tuple[str, str]:
    """Say what could not be opened, and what to do."""
    why = str(cause).rstrip(". ")
    if isinstance(cause, NoAvailableReaderError):
        why = "nothing here reads such files"
    if not path.is_dir():
        return f"the file {path.name} could not be opened ({why})", ""
    if not _has_images(path):  # of which readers complain in words of their own
        full = sorted(p.name for p in path.iterdir() if p.is_dir() and _has_images(p))
        remedy = f"drop the folder {full[0]} in it" if full else ""
        return f"the folder {path.name} holds no image", remedy
    return (
        f"the folder {path.name} could not be opened as one stack ({why})",
        "drop the images in it",
    )


def _has_images(folder: Path) -> bool:
    # What reads files would keep the panel waiting while it opens.
    from napari_cihm.data.reading import SUFFIXES

    try:
        names = [folder, *folder.iterdir()]
        return any(name.suffix.lower() in SUFFIXES for name in names)
    except OSError:
        return True  # for all we know
