"""Where layers lie: in the list, and in the world over what they belong to."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from napari.components import LayerList
from napari.layers import Image as ImageLayer
from napari.layers import Layer
from napari.utils.transforms import Affine
from numpy.typing import NDArray

from napari_cihm.plugin.region import Region


def spot_over(image: ImageLayer, region: Region) -> tuple[NDArray[Any], ...]:
    """Return scale, translation and affine matrix of labels over their image.

    The rest of a place, which napari takes long to tell, is left out.
    """
    keep = _kept(image, region)
    scale, translate = image.scale[keep].copy(), image.translate[keep].copy()
    for i, axis in enumerate(region.shown_axes):
        if axis == "c":  # one element as long as all channels, so that each shows it
            count = region.shape[region.axes.index("c")]
            translate[i] += scale[i] * (count - 1) / 2
            scale[i] *= count
    ends = [*keep, image.ndim]
    affine = np.asarray(image.affine.affine_matrix)[np.ix_(ends, ends)]
    return scale, translate, affine


def place_over(image: ImageLayer, region: Region, part: bool = False) -> dict[str, Any]:
    """Return where labels lie in the world: where their image does."""
    scale, translate, affine = spot_over(image, region)
    keep = _kept(image, region)
    square = np.ix_(keep, keep)
    rotate = np.asarray(image.rotate)[square] if image.ndim > 1 else image.rotate
    shear = image.shear if len(keep) == image.ndim else None
    if part:
        linear = Affine(scale=scale, rotate=rotate, shear=shear).linear_matrix
        translate = translate + linear @ [s.start for s in region.shown_box]
    return {
        "scale": scale,
        "translate": translate,
        "rotate": rotate,
        "shear": shear,
        "affine": affine,
        "units": tuple(image.units[i] for i in keep),
        "axis_labels": tuple(image.axis_labels[i] for i in keep),
    }


def _kept(image: ImageLayer, region: Region) -> list[int]:
    letters = region.axes[:-1] if image.rgb else region.axes
    return [i for i, a in enumerate(letters) if a in region.shown_axes]


def place_of(layer: Layer) -> dict[str, Any]:
    """Return where a layer lies in the world."""
    return {
        "scale": layer.scale,
        "translate": layer.translate,
        "rotate": layer.rotate,
        "shear": layer.shear,
        "affine": layer.affine.affine_matrix,
        "units": layer.units,
        "axis_labels": layer.axis_labels,
    }


def lay(layer: Layer, place: Mapping[str, Any]) -> None:
    """Lay a layer where another lies by now."""
    for name, value in place.items():
        if value is not None and not _has(layer, name, value):
            setattr(layer, name, value)


def _has(layer: Layer, name: str, value: Any) -> bool:
    """Tell whether a part of its place is so already: each change draws it anew."""
    has = getattr(layer, name)
    if isinstance(value, tuple):
        return bool(has == value)
    return np.array_equal(getattr(has, "affine_matrix", has), value)


def add(layers: LayerList, layer: Layer, at: int | None = None) -> None:
    """Add a layer, on top if nowhere else, and leave selected what is selected."""
    selected = set(layers.selection)
    layers.insert(len(layers) if at is None else at, layer)
    layers.selection = selected
