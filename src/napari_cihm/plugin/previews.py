"""Labels that are only looked at: what a run found so far, previews, outlines."""

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Labels, Layer
from napari.utils.colormaps import CyclicLabelColormap
from numpy.typing import NDArray

from napari_cihm.plugin.pictures import array_of
from napari_cihm.plugin.placing import add, lay, place_over
from napari_cihm.plugin.region import Region
from napari_cihm.plugin.scene import Scene
from napari_cihm.plugin.signing import is_of, is_passing, is_preview, sign_for

DTYPE = np.int32
# What part of its image each shows, also once the panel is closed.
REGIONS: WeakKeyDictionary[Labels, Region] = WeakKeyDictionary()


class Previews:
    """Lays labels over their image for a while, and takes them away.

    Nobody edits them, and they lie over the image wherever that is laid.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def begin(self, image: ImageLayer, region: Region, name: str) -> Labels:
        """Add an empty layer over a region, for what is found while it is found."""
        empty = np.zeros(region.shown_part, DTYPE)
        layer = Labels(empty, name=name, **place_over(image, region, True))
        sign_for(layer, image, {"running": True})
        self._add(layer, image, region)
        return layer

    def keep(self, layer: Labels, image: ImageLayer, region: Region) -> None:
        """Leave labels to be looked at, in place of an earlier look."""
        self.drop(image)
        layer.name, layer.editable = f"{image.name} preview", False
        sign_for(layer, image, {"preview": True})
        _keep_over(image, region, layer)

    def outline(
        self,
        image: ImageLayer,
        region: Region,
        labels: NDArray[Any],
        name: str,
        colour: str,
    ) -> Labels:
        """Add the outlines of labels in one colour."""
        found = region.show(np.asarray(labels)).astype(DTYPE)
        drawn = CyclicLabelColormap(colors=["transparent", colour, colour])
        layer = Labels(
            found, name=name, colormap=drawn, **place_over(image, region, True)
        )
        layer.contour = 2
        layer.opacity = 1
        sign_for(layer, image, {"preview": True})
        self._add(layer, image, region)
        return layer

    def drop(self, image: ImageLayer) -> None:
        """Remove what is to be looked at until the next run over an image."""
        for layer in self._scene.labels:
            if is_preview(layer) and is_of(layer, image):
                self.remove(layer)

    def remove(self, layer: Layer) -> None:
        """Remove a layer, if the user has not done so."""
        if self._scene.holds(layer):
            self._scene.layers.remove(layer)

    def _add(self, layer: Labels, image: ImageLayer, region: Region) -> None:
        layer.editable = False
        _keep_over(image, region, layer)
        add(self._scene.layers, layer)


def _keep_over(image: ImageLayer, region: Region, layer: Labels) -> None:
    """Let a layer lie over its image wherever that is laid."""
    REGIONS[layer] = region
    for name in place_over(image, region):
        getattr(image.events, name).connect(_on_laid)


def _on_laid(event: Any) -> None:
    image = event.source
    for layer, region in list(REGIONS.items()):
        same = array_of(image).shape == region.shape
        if same and is_of(layer, image) and is_passing(layer):
            lay(layer, place_over(image, region, True))
