"""Layers of labels: results are put into the viewer, changed and removed."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
from napari.components import LayerList
from napari.layers import Image as ImageLayer
from napari.layers import Labels, Layer
from napari.utils.colormaps import CyclicLabelColormap
from numpy.typing import NDArray
from qtpy.QtCore import QObject, Signal

from napari_cihm.config import SegmentSettings
from napari_cihm.correction.chunked import ChunkedArray
from napari_cihm.correction.keeping import keep_reviewed, kind_for
from napari_cihm.data.boxes import Box
from napari_cihm.plugin import notices
from napari_cihm.plugin.pictures import array_of
from napari_cihm.plugin.placing import lay, place_over
from napari_cihm.plugin.region import Region, changed, region_of
from napari_cihm.plugin.scene import Scene
from napari_cihm.plugin.signing import (
    id_of,
    is_of,
    is_passing,
    is_preview,
    is_signed,
    record_of,
    sign,
)
from napari_cihm.plugin.splicing import spliced
from napari_cihm.plugin.steps import show_slice

if TYPE_CHECKING:
    from napari_cihm.correction.reviewed import Reviewed

DTYPE = np.int32
# What part of its image is only looked at, also once the panel is closed.
REGIONS: WeakKeyDictionary[Labels, Region] = WeakKeyDictionary()
RESUMED = " (resumed)"


class ResultLayers(QObject):
    """Puts results into the viewer, never into a layer that is not ours.

    Attributes
    ----------
    made
        Emitted with labels whose objects a run told apart, and with the region they
        are of if it is not all of their image.
    rewritten
        Emitted with labels that were there already and that a run has changed.
    reviewed_of : callable
        Says what was reviewed of some labels; set by whoever keeps the marks.
    writing : bool
        Whether labels are being changed by a run, at which nobody has looked yet.
    """

    made = Signal(object, object)
    rewritten = Signal(object)

    def __init__(self, scene: Scene, parent: QObject) -> None:
        super().__init__(parent)
        self._scene = scene
        self.reviewed_of: Callable[[Labels], Reviewed | None] = lambda layer: None
        self.writing = False

    def own(self, image: ImageLayer) -> Labels | None:
        """Return the labels that an earlier run made of an image, if they are there.

        A copy that the user made of them is the user's.
        """
        for layer in self._scene.labels:
            if is_signed(layer) and is_of(layer, image) and not is_passing(layer):
                return layer
        return None

    def begin(self, image: ImageLayer, region: Region, name: str) -> Labels:
        """Add an empty layer over a region, for what is found while it is found."""
        empty = np.zeros(region.shown_part, DTYPE)
        layer = Labels(empty, name=name, **place_over(image, region, True))
        layer.editable = False
        self._sign(layer, image, {"running": True})
        _keep_over(image, region, layer)
        add(self._scene.layers, layer)
        return layer

    def mark(self, layer: Labels, box: Box, mask: NDArray[np.bool_]) -> None:
        """Take in where objects are that are not told apart yet."""
        part = layer.data[box]
        np.maximum(part, mask.reshape(part.shape), out=part)

    def put(self, layer: Labels, box: Box, labels: NDArray[Any]) -> None:
        """Take in objects that may yet get other numbers."""
        part = layer.data[box]
        part[...] = labels.reshape(part.shape)

    def draw(self, layer: Labels) -> None:
        """Show what was taken in."""
        if self._scene.holds(layer):
            layer.refresh(thumbnail=False, extent=False)

    def settle(
        self,
        live: Labels,
        image: ImageLayer,
        region: Region,
        labels: NDArray[Any],
        about: Mapping[str, Any],
        settings: SegmentSettings | None,
    ) -> Labels:
        """Turn what was shown while it ran into the result.

        Labels that an earlier run made are changed by an edit that can be undone,
        save for what was reviewed. Otherwise the result is a layer of its own.
        Labels of an image that has become another meanwhile stay where it lay.
        Settings say how objects are linked; there are none for classes.
        """
        found = region.show(np.asarray(labels))
        if array_of(image).shape != region.shape:
            live.data = found.astype(DTYPE)
            return self._leave(live, image)
        follow = self._scene.active in (image, None)
        result = self.own(image)
        if result is not None and _fits(result, region):
            self.remove(live)
            self._update(result, region, found, settings)
            lay(result, place_over(image, region))
            self.rewritten.emit(result)
        elif region.whole:
            result = live
            result.data = found.astype(DTYPE)
            lay(result, place_over(image, region))
            result.editable = True
            result.metadata = {}
            result.name = f"{image.name} labels"
        else:
            self.remove(live)
            _tell_beside(result)
            data = np.zeros(region.shown_shape, DTYPE)
            data[region.shown_box] = spliced(data, region, found, None, settings)
            name, place = f"{image.name} labels", place_over(image, region)
            result = Labels(data, name=name, **place)
            add(self._scene.layers, result)
        self._sign(result, image, about)
        self._drop_previews(image)
        if follow:
            self._scene.layers.selection.active = result
        return result

    def add_large(
        self,
        image: ImageLayer,
        region: Region,
        labels: Any,
        about: Mapping[str, Any],
        preview: bool,
    ) -> Labels:
        """Add labels that lie on disk; what is edited is kept apart, in memory.

        They change no earlier ones, which are hidden by a run over all of the image.
        """
        follow, before = self._scene.active in (image, None), self.own(image)
        self._drop_previews(image)
        same = array_of(image).shape == region.shape
        place = place_over(image, region, True) if same else {}
        data = ChunkedArray.over(labels).astype(DTYPE)
        layer = Labels(data, name=f"{image.name} labels", **place)
        add(self._scene.layers, layer)
        if not same:
            return self._leave(layer, image)
        if preview:
            layer.name, layer.editable = f"{image.name} preview", False
            self._sign(layer, image, {"preview": True})
            _keep_over(image, region, layer)
            return layer
        self._sign(layer, image, about)
        if before is not None and region.whole:
            before.visible = False
            notices.tell(f"the earlier labels are kept, hidden: {before.name}")
        else:
            _tell_beside(before)
        if follow:
            self._scene.layers.selection.active = layer
        return layer

    def keep_preview(
        self, live: Labels, image: ImageLayer, region: Region, labels: NDArray[Any]
    ) -> Labels:
        """Leave what was found to be looked at, in place of an earlier look."""
        self._drop_previews(image)
        live.data = region.show(np.asarray(labels)).astype(DTYPE)
        live.name = f"{image.name} preview"
        self._sign(live, image, {"preview": True})
        return live

    def add_recovered(
        self,
        image: ImageLayer,
        axes: str,
        labels: Any,
        name: str,
        about: Mapping[str, Any],
    ) -> Labels:
        """Add labels that were left unfinished, beside all that is there."""
        region = region_of(axes, array_of(image).shape)
        fits = tuple(labels.shape) == region.shown_shape
        place = place_over(image, region) if fits else {}
        return self.add_copy(labels, resumed_name(name), place, image, about)

    def add_copy(
        self,
        labels: Any,
        name: str,
        place: Mapping[str, Any],
        image: ImageLayer | None = None,
        about: Mapping[str, Any] | None = None,
    ) -> Labels:
        """Add labels that the user is to edit, and say what image they are of."""
        layer = Labels(labels, name=name, **place)
        known = {} if image is None else {"image_id": id_of(image)}
        if about or known:
            sign(layer, {**(about or {}), **known})
        add(self._scene.layers, layer)
        self._scene.layers.selection.active = layer
        return layer

    def outline(
        self,
        image: ImageLayer,
        region: Region,
        labels: NDArray[Any],
        name: str,
        colour: str,
    ) -> Labels:
        """Add the outlines of labels in one colour, to be looked at only."""
        found = region.show(np.asarray(labels)).astype(DTYPE)
        drawn = CyclicLabelColormap(colors=["transparent", colour, colour])
        layer = Labels(
            found, name=name, colormap=drawn, **place_over(image, region, True)
        )
        layer.contour = 2
        layer.opacity = 1
        layer.editable = False
        self._sign(layer, image, {"preview": True})
        _keep_over(image, region, layer)
        add(self._scene.layers, layer)
        return layer

    def describe(self, layer: Labels, columns: Mapping[str, NDArray[Any]]) -> None:
        """Fill the features table, one row an object, or empty it."""
        layer.features = {
            "index" if name == "label" else name: column
            for name, column in columns.items()
        }
        sign(layer, {**record_of(layer), "measured": True})

    def edit(self, layer: Labels, indices: Any, values: Any) -> None:
        """Change pixels of labels as one step that can be undone."""
        if not len(indices[0]):
            return
        self.writing = True
        show_slice(layer)
        try:
            layer.data_setitem(indices, values)
        finally:
            self.writing = False

    def remove(self, layer: Layer) -> None:
        """Remove a layer, if the user has not done so."""
        if self._scene.holds(layer):
            self._scene.layers.remove(layer)

    def _sign(self, layer: Labels, image: ImageLayer, about: Mapping[str, Any]) -> None:
        known = {"image_id": id_of(image), "layer_id": id_of(layer)}
        sign(layer, {**about, **known})

    def _drop_previews(self, image: ImageLayer) -> None:
        for layer in self._scene.labels:
            if is_preview(layer) and is_of(layer, image):
                self.remove(layer)

    def _update(
        self,
        own: Labels,
        region: Region,
        found: NDArray[Any],
        settings: SegmentSettings | None,
    ) -> None:
        box, marks = region.shown_box, self.reviewed_of(own)
        touched = marks is not None and marks.touches(box)
        reviewed = marks.read(box) if marks is not None and touched else None
        if not region.whole or settings is None:
            found = spliced(own.data, region, found, reviewed, settings)
        elif reviewed is not None:
            found = keep_reviewed(own.data[box], reviewed, found)
        kind = kind_for(own.data.dtype, int(found.max(initial=0)))
        if kind != own.data.dtype:
            notices.tell(
                f"{own.name} needed more numbers than {own.data.dtype} has: "
                f"it is {kind} now"
            )
            own.data = own.data.astype(kind)
        self.edit(own, *changed(own.data[box], found.astype(kind), box))

    def _leave(self, live: Labels, image: ImageLayer) -> Labels:
        """Leave labels of pixels that the image has no more to the user."""
        notices.warn(
            f"{image.name} changed while it was being segmented; these labels belong "
            "to its earlier pixels",
            "segment it again",
        )
        live.editable, live.metadata = True, {}
        live.name = f"{image.name} labels (earlier pixels)"
        return live


def resumed_name(name: str) -> str:
    """Return what labels are called that were left unfinished."""
    return f"{name.removesuffix(RESUMED)}{RESUMED}"


def add(layers: LayerList, layer: Layer, at: int | None = None) -> None:
    """Add a layer, on top if nowhere else, and leave selected what is selected."""
    selected = set(layers.selection)
    layers.insert(len(layers) if at is None else at, layer)
    layers.selection = selected


def _tell_beside(before: Labels | None) -> None:
    """Say why a part that was segmented again is no step of earlier labels."""
    if before is not None and not isinstance(before.data, np.ndarray):
        notices.tell(
            "a run does not change labels that lie on disk: "
            f"its own are a layer beside {before.name}"
        )


def _keep_over(image: ImageLayer, region: Region, layer: Labels) -> None:
    """Let what is only looked at lie over its image wherever that is laid."""
    REGIONS[layer] = region
    for name in place_over(image, region):
        getattr(image.events, name).connect(_on_laid)


def _on_laid(event: Any) -> None:
    image = event.source
    for layer, region in list(REGIONS.items()):
        same = array_of(image).shape == region.shape
        if same and is_of(layer, image) and is_passing(layer):
            lay(layer, place_over(image, region, True))


def _fits(layer: Labels, region: Region) -> bool:
    in_memory = isinstance(layer.data, np.ndarray)
    return in_memory and layer.data.shape == region.shown_shape
