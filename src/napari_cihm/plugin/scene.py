"""What the viewer holds and shows: the one place that keeps it.

It only reads; what puts layers there takes its list.
"""

from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from napari.layers import Image as ImageLayer
from napari.layers import Labels, Layer
from napari.settings import get_settings
from napari.utils.theme import get_theme
from qtpy.QtCore import QObject, Signal

from napari_cihm.plugin.pictures import array_of
from napari_cihm.plugin.screen import Screen
from napari_cihm.plugin.window import Window

DESCRIBING = ("data", "axis_labels", "units", "scale")  # events of an image


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
    window : Window
        What it does beside.
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
        self.screen, self.window = Screen(viewer), Window(viewer)
        layers = viewer.layers
        self._links: list[tuple[Any, Callable[..., None]]] = [
            (layers.events.inserted, self._on_inserted),
            (layers.events.removing, self._on_removing),
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

    def _on_removing(self, event: Any) -> None:
        self.window.enter_canvas()

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


def _said_of(layer: ImageLayer) -> tuple[Any, ...]:
    shape = tuple(array_of(layer).shape)
    return shape, layer.axis_labels, layer.units, tuple(layer.scale)
