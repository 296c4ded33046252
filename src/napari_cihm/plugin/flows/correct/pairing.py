"""Which image labels belong to, and how it is read: by its axes and channels."""

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Labels, Layer

from napari_cihm.config import Channels
from napari_cihm.data.axes import letters_of, usual_axes
from napari_cihm.errors import AxesError
from napari_cihm.plugin.pictures import array_of, axes_of
from napari_cihm.plugin.placing import spot_over
from napari_cihm.plugin.region import Region, region_of
from napari_cihm.plugin.scene import Scene
from napari_cihm.plugin.session import Session
from napari_cihm.plugin.signing import id_of, record_of


class Pairing:
    """Finds the image of labels: the one they were made of, else what fits best.

    Parameters
    ----------
    settings : callable
        Returns the settings of a segmentation, as the user has them.
    """

    def __init__(
        self, scene: Scene, session: Session, settings: Callable[[], dict[str, Any]]
    ) -> None:
        self._scene, self._session, self._settings = scene, session, settings
        self._kept: WeakKeyDictionary[Layer, str] = WeakKeyDictionary()

    def keep(self, layer: Labels) -> None:
        """Let labels stay with their image, whatever is opened or moved later."""
        image = self.image_of(layer)
        if image is not None:
            self._kept[layer] = id_of(image)

    def image_of(self, layer: Labels) -> ImageLayer | None:
        """Return the image of labels.

        Of the images of their shape, those at the same place in the world come first,
        then those with a name or a file in common, then the nearest one below them in
        the list. Where their own image is gone, a mere neighbour takes not its place.
        """
        images = self._scene.images
        known = self._known(layer)
        for image in images:
            if id_of(image) == known:
                return image
        fitting = [image for image in images if self._fits(layer, image)]
        if known is not None:
            fitting = [image for image in fitting if any(_likeness(layer, image))]
        if len(fitting) < 2:
            return next(iter(fitting), None)
        order = list(self._scene.layers)
        at = order.index(layer)

        def rank(image: ImageLayer) -> tuple[Any, ...]:
            below = at - order.index(image)
            placed = self._is_below(layer, image)
            return placed, _likeness(layer, image), below > 0, -abs(below)

        return max(fitting, key=rank)

    def fitting_image_of(self, layer: Labels) -> ImageLayer | None:
        """Return the image that labels belong to, if its pixels are still theirs."""
        image = self.image_of(layer)
        return image if image is not None and self._fits(layer, image) else None

    def axes_of(self, layer: Labels) -> str:
        """Return a letter for each dimension of labels."""
        image = self.image_of(layer)
        region = None if image is None else self._region(image)
        if region is not None and len(region.shown_axes) == layer.ndim:
            return region.shown_axes
        return letters_of(layer.axis_labels) or usual_axes(layer.ndim)

    def axes_of_image(self, image: ImageLayer) -> str:
        """Return a letter for each dimension of an image, as the user has it."""
        session = self._session
        if image is session.image and session.axes:
            return session.axes
        try:
            return session.typed.get(image) or axes_of(image)
        except AxesError:
            return ""

    def channels(self, image: ImageLayer, layer: Labels | None) -> Channels:
        """Return the channels that labels were made of, else those chosen now.

        By these a model that looks at the image for these labels has to see it:
        whether it learns, is judged or compared, or adds an object.
        """
        axes, shape = self.axes_of_image(image), array_of(image).shape
        if "c" not in axes or shape[axes.index("c")] == 1:
            return "auto"
        made = {} if layer is None else record_of(layer).get("settings", {})
        now = self._settings() if image is self._session.image else {}
        asked = (made.get("channels", "auto"), now.get("channels", "auto"))
        return next((one for one in asked if one != "auto"), "auto")

    def run_settings(self, image: ImageLayer, layer: Labels) -> dict[str, Any]:
        """Return the settings by which a model looks at an image for its labels."""
        return {**self._settings(), "channels": self.channels(image, layer)}

    def _fits(self, layer: Labels, image: ImageLayer) -> bool:
        """Tell whether labels have a pixel for each of an image, as those made of it.

        An image may get other pixels, or other axes, when it has labels already.
        """
        region = self._region(image)
        shape = tuple(array_of(layer).shape)
        return region is not None and shape == region.shown_shape

    def _known(self, layer: Layer) -> str | None:
        """Return the image that labels, or those they are a copy of, stay with."""
        known = record_of(layer).get("image_id") or self._kept.get(layer)
        parent = layer.source.parent and layer.source.parent()
        return known if known or parent is None else self._known(parent)

    def _region(self, image: ImageLayer) -> Region | None:
        axes, shape = self.axes_of_image(image), array_of(image).shape
        return region_of(axes, shape) if len(axes) == len(shape) else None

    def _is_below(self, layer: Labels, image: ImageLayer) -> bool:
        """Tell whether labels lie just where those made of an image would."""
        region = self._region(image)
        assert region is not None, "it fits"
        own = layer.scale, layer.translate, layer.affine.affine_matrix
        spots = own, spot_over(image, region)
        mine, its = (np.concatenate([np.ravel(n) for n in spot]) for spot in spots)
        return np.allclose(mine, its, 1e-6)


def _likeness(layer: Labels, image: ImageLayer) -> tuple[bool, int]:
    """Return whether both come from one file, and how much of their names is one."""
    opened = layer.source.path
    rest = layer.name.removeprefix(image.name)
    begins = len(rest) < len(layer.name) and not rest[:1].isalnum()
    return (
        opened is not None and opened == image.source.path,
        len(image.name) if begins else 0,
    )
