"""Where the viewer looks: the plane of a layer on screen, the cursor, the camera."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Layer

from napari_cihm.data.boxes import Box
from napari_cihm.plugin.pictures import array_of
from napari_cihm.plugin.region import Extent, Region, region_of
from napari_cihm.plugin.shortcuts import key_of

OBJECT = 40, 100, 600  # pixels of the screen that one takes: at least, usually, at most
PATCH = 250, 500, 900


class Screen:
    """Reads and moves what is on screen, in the pixels of a layer."""

    def __init__(self, viewer: Any) -> None:
        self._viewer, self._camera = viewer, viewer.scene.camera

    @property
    def flat(self) -> bool:
        """Whether a plane is shown, and no volume."""
        return bool(self._viewer.dims.ndisplay == 2)

    def plane(self, layer: Layer) -> tuple[int, ...]:
        """Return the axes of a layer that are on screen, in order."""
        offset = self._viewer.dims.ndim - layer.ndim
        shown = sorted(d - offset for d in self._viewer.dims.displayed)
        return tuple(a for a in shown if a >= 0)

    def hindrance(self, layer: Layer) -> tuple[str, ...]:
        """Say why nothing can be done in a plane of a layer, and the remedy, if so."""
        if not self.flat:
            way = _by("napari:toggle_ndisplay", "the cube below the layer list")
            return (f"tools need the 2-D view ({way})",)
        if len(self.plane(layer)) < 2:
            way = _by("napari:roll_axes", "the roll button below the layer list")
            return "only a line of these labels is on screen", f"roll the axes ({way})"
        return ()

    def upright(self, layer: Layer) -> bool:
        """Whether a plane of a layer is shown with its axes in their own order."""
        shown = list(self._viewer.dims.displayed)
        return self.flat and len(self.plane(layer)) == 2 and shown == sorted(shown)

    def plane_box(self, layer: Layer) -> Box | None:
        """Return the plane of a layer that is on screen, as a box of its pixels.

        None where the sliders stand beside the layer.
        """
        plane, shape = self.plane(layer), layer.data.shape
        found = np.round(layer.world_to_data(self._viewer.dims.point))
        at = found[-layer.ndim :].astype(int).tolist()
        if any(not 0 <= at[a] < n for a, n in enumerate(shape) if a not in plane):
            return None
        return tuple(
            slice(0, int(n)) if a in plane else slice(at[a], at[a] + 1)
            for a, n in enumerate(shape)
        )

    def cursor(self, layer: Layer) -> tuple[float, ...]:
        """Return where the mouse points, in pixels of a layer."""
        return self.in_pixels(layer, self._viewer.cursor.position)

    def in_pixels(self, layer: Layer, position: Sequence[float]) -> tuple[float, ...]:
        """Turn a place in the world into pixels of a layer."""
        found = layer.world_to_data(position)
        return tuple(float(n) for n in found[-layer.ndim :])

    def region(self, image: ImageLayer, axes: str, extent: Extent) -> Region:
        """Return the part of an image that an extent means just now."""
        shape = array_of(image).shape
        shown = set(self._viewer.dims.displayed)
        offset = self._viewer.dims.ndim - image.ndim
        at = np.round(image.world_to_data(self._viewer.dims.point)).astype(int)
        letters = axes[:-1] if image.rgb else axes
        point = {
            a: int(at[i]) for i, a in enumerate(letters) if i + offset not in shown
        }
        corners = image.corner_pixels
        if image.multiscale:
            corners = corners * image.downsample_factors[image.data_level]
        window = {
            a: (int(corners[0, i]), int(corners[1, i]) + 1)
            for i, a in enumerate(letters)
            if i + offset in shown and corners[1, i] > corners[0, i]
        }
        return region_of(axes, shape, extent, point, window)

    def width(self, layer: Layer, pixels: float) -> float:
        """Return how many pixels of a layer so many pixels of the screen are."""
        scale = min(abs(layer.scale[a]) for a in self.plane(layer))
        return float(pixels / (self._camera.zoom * scale))

    def look_at(
        self, layer: Layer, box: Box, sizes: tuple[int, int, int] = OBJECT
    ) -> None:
        """Bring a box of a layer's pixels to the middle of the screen, so large."""
        plane = self.plane(layer)
        dims, camera = self._viewer.dims, self._camera
        centre = [(s.start + s.stop - 1) / 2 for s in box]
        world = np.asarray(layer.data_to_world(centre), float)
        offset = dims.ndim - layer.ndim
        for axis in range(layer.ndim):
            if axis not in plane:
                dims.set_point(axis + offset, float(world[axis]))
        shown = [world[a] for a in plane]
        camera.center = (0.0,) * (3 - len(shown)) + tuple(shown)
        size = max((box[a].stop - box[a].start) * abs(layer.scale[a]) for a in plane)
        least, usual, most = sizes
        if not least <= size * camera.zoom <= most:
            camera.zoom = usual / size

    def hold_clicks(self) -> Any:
        """Keep a second quick click from zooming; return how to undo that."""
        callbacks = self._viewer.mouse_double_click_callbacks
        held = [c for c in callbacks if c.__name__ == "double_click_to_zoom"]
        for callback in held:
            callbacks.remove(callback)

        def release() -> None:
            callbacks.extend(c for c in held if c not in callbacks)

        return release


def _by(action: str, button: str) -> str:
    """Say how something of napari's is done: by its key, if it has one, or a button."""
    return ", or ".join(filter(None, (key_of(action), button)))
