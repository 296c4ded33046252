"""What the viewer holds and shows: the one place that keeps it.

It reads, and moves camera and sliders; what puts layers there takes its list.
"""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from napari.errors import MultipleReaderError
from napari.layers import Image as ImageLayer
from napari.layers import Labels, Layer
from napari.settings import get_settings
from napari.utils.key_bindings import coerce_keybinding
from napari.utils.theme import get_theme
from qtpy.QtCore import QObject, Qt, Signal
from qtpy.QtWidgets import QMainWindow

from napari_cihm.errors import CihmError, InputError
from napari_cihm.plugin.pictures import array_of
from napari_cihm.plugin.region import Extent, Region, region_of
from napari_cihm.plugin.screen import Screen

DESCRIBING = ("data", "axis_labels", "units", "scale")  # events of an image
BUILTINS = "napari"
TABLE, TABLE_HEIGHT = "Features table widget", 280  # pixels


log = logging.getLogger(__name__)


class Scene(QObject):
    """Follows the viewer's layers, sliders and theme.

    Attributes
    ----------
    layers_changed
        Emitted when a layer came, went, moved in the list or was renamed.
    image_described
        Emitted with an image whose shape, or what is said of its axes, is another.
    pixels_changed
        Emitted with an image that got other pixels, which may happen often.
    image_selected, labels_selected
        Emitted with a layer that the user selected in the list.
    moved
        Emitted when other axes, or another number of them, are shown.
    layer_removed
        Emitted with a layer that was deleted.
    theme_changed
        Emitted when colours, or the size of letters, are others.
    screen : Screen
        Where the viewer looks.
    """

    layers_changed = Signal()
    image_described = Signal(object)
    pixels_changed = Signal(object)
    image_selected = Signal(object)
    labels_selected = Signal(object)
    moved = Signal()
    layer_removed = Signal(object)
    theme_changed = Signal()

    def __init__(self, viewer: Any, parent: QObject) -> None:
        super().__init__(parent)
        # napari hands out a guard whose layers are not those that events speak of.
        viewer = self._viewer = getattr(viewer, "__wrapped__", viewer)
        self.screen = Screen(viewer)
        layers = viewer.layers
        self._links: list[tuple[Any, Callable[..., None]]] = [
            (layers.events.inserted, self._on_inserted),
            (layers.events.removed, self._on_removed),
            (layers.events.reordered, self._on_listed),
            (layers.selection.events.active, self._on_active),
            (viewer.events.theme, self._on_theme),
            (get_settings().appearance.events.font_size, self._on_theme),
            (viewer.dims.events.ndisplay, self._on_moved),
            (viewer.dims.events.order, self._on_moved),
        ]
        for emitter, callback in self._links:
            emitter.connect(callback)
        self._said: WeakKeyDictionary[Layer, tuple[Any, ...]] = WeakKeyDictionary()
        for layer in layers:
            self._follow(layer)

    def close(self) -> None:
        """Stop following."""
        for emitter, callback in self._links:
            emitter.disconnect(callback)
        for layer in self._viewer.layers:
            self._unfollow(layer)
        self._links.clear()

    @property
    def images(self) -> list[ImageLayer]:
        """The images, the topmost first, as in the list."""
        return [x for x in reversed(self._viewer.layers) if isinstance(x, ImageLayer)]

    @property
    def selected_image(self) -> ImageLayer | None:
        """The image that is selected, else the topmost one."""
        active = self._viewer.layers.selection.active
        if isinstance(active, ImageLayer):
            return active
        return next(iter(self.images), None)

    @property
    def active(self) -> Layer | None:
        """The one layer that is selected."""
        return self._viewer.layers.selection.active

    @property
    def labels(self) -> list[Labels]:
        """The labels, the topmost first."""
        return [x for x in reversed(self._viewer.layers) if isinstance(x, Labels)]

    @property
    def layers(self) -> Any:
        """The viewer's list, for what adds, removes or selects layers."""
        return self._viewer.layers

    @property
    def theme(self) -> Mapping[str, Any]:
        """Colours by name, whether "dark" or "light", and the size of letters."""
        size = get_settings().appearance.font_size
        colours = get_theme(self._viewer.theme).to_rgb_dict()
        return {**colours, "font_size": f"{size}pt"}

    def holds(self, layer: Layer | None) -> bool:
        """Tell whether a layer is still there."""
        return layer is not None and layer in self._viewer.layers

    def bind(self, key: str, act: Callable[[], None]) -> Callable[[], None]:
        """Let a key do something wherever it is pressed; return what ends that.

        A key that the user gave something else to do in this viewer stays theirs.
        """
        keymap, code = self._viewer.keymap, coerce_keybinding(key)
        if code in keymap:
            return lambda: None
        keymap[code] = lambda viewer: act()
        return lambda: keymap.pop(code, None)

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

    def region(self, layer: ImageLayer, axes: str, extent: Extent) -> Region:
        """Return the part of an image that an extent means just now."""
        shape = array_of(layer).shape
        shown = set(self._viewer.dims.displayed)
        offset = self._viewer.dims.ndim - layer.ndim
        at = np.round(layer.world_to_data(self._viewer.dims.point)).astype(int)
        letters = axes[:-1] if layer.rgb else axes
        point = {
            a: int(at[i]) for i, a in enumerate(letters) if i + offset not in shown
        }
        corners = layer.corner_pixels
        if layer.multiscale:
            corners = corners * layer.downsample_factors[layer.data_level]
        window = {
            a: (int(corners[0, i]), int(corners[1, i]) + 1)
            for i, a in enumerate(letters)
            if i + offset in shown and corners[1, i] > corners[0, i]
        }
        return region_of(axes, shape, extent, point, window)

    def _follow(self, layer: Layer) -> None:
        layer.events.name.connect(self._on_listed)
        if isinstance(layer, ImageLayer):
            self._said[layer] = _said_of(layer)
            for name in DESCRIBING:
                getattr(layer.events, name).connect(self._on_described)

    def _unfollow(self, layer: Layer) -> None:
        layer.events.name.disconnect(self._on_listed)
        if isinstance(layer, ImageLayer):
            for name in DESCRIBING:
                getattr(layer.events, name).disconnect(self._on_described)

    def _on_inserted(self, event: Any) -> None:
        self._follow(event.value)
        self.layers_changed.emit()

    def _on_removed(self, event: Any) -> None:
        self._unfollow(event.value)
        self.layer_removed.emit(event.value)
        self.layers_changed.emit()

    def _on_listed(self, event: Any) -> None:
        self.layers_changed.emit()

    def _on_described(self, event: Any) -> None:
        """Tell of other pixels only where there are more or fewer: some come often."""
        image = event.source
        before, self._said[image] = self._said.get(image), _said_of(image)
        if before != self._said[image]:
            self.image_described.emit(image)
        if event.type == "data":
            self.pixels_changed.emit(image)

    def _on_active(self, event: Any) -> None:
        if isinstance(event.value, ImageLayer):
            self.image_selected.emit(event.value)
        elif isinstance(event.value, Labels):
            self.labels_selected.emit(event.value)

    def _on_moved(self, event: Any) -> None:
        self.moved.emit()

    def _on_theme(self, event: Any) -> None:
        self.theme_changed.emit()


def _unopened(path: Path, cause: object) -> tuple[str, str]:
    """Say what could not be opened, and what to do."""
    if not path.is_dir():
        return f"the file {path.name} could not be opened ({cause})", ""
    if not _has_images(path):  # of which readers complain in words of their own
        return f"the folder {path.name} holds no image", ""
    return (
        f"the folder {path.name} could not be opened as one stack ({cause})",
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


def _said_of(layer: ImageLayer) -> tuple[Any, ...]:
    shape = tuple(array_of(layer).shape)
    return shape, layer.axis_labels, layer.units, tuple(layer.scale)
