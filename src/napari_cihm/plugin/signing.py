"""What is written into a layer: that we made it, and what is known of it."""

from collections.abc import Mapping
from typing import Any

from napari.layers import Layer

KEY = "napari-cihm"  # of it in a layer's metadata


def id_of(layer: Layer) -> str:
    """Return what tells a layer from all others, whatever it is called."""
    return str(layer.unique_id)


def sign(layer: Layer, record: Mapping[str, Any]) -> None:
    """Write into a layer what we know of it, in place of what we knew."""
    layer.metadata = {**layer.metadata, KEY: dict(record)}


def sign_for(layer: Layer, image: Layer, record: Mapping[str, Any]) -> None:
    """Write into a layer that we made it of an image, and what we know of it."""
    sign(layer, {**record, "image_id": id_of(image), "layer_id": id_of(layer)})


def record_of(layer: Layer) -> dict[str, Any]:
    """Return what we wrote into a layer, or into the one that it is a copy of."""
    record: dict[str, Any] = layer.metadata.get(KEY, {})
    return record


def is_signed(layer: Layer) -> bool:
    """Tell whether we made a layer: of a copy that the user made, we did not."""
    return bool(record_of(layer).get("layer_id") == id_of(layer))


def is_preview(layer: Layer) -> bool:
    """Tell whether a layer is there to be looked at until the next run."""
    return is_signed(layer) and bool(record_of(layer).get("preview"))


def is_passing(layer: Layer) -> bool:
    """Tell whether a layer is no result: a preview, or what a run found so far."""
    running = is_signed(layer) and bool(record_of(layer).get("running"))
    return running or is_preview(layer)


def is_of(layer: Layer, image: Layer) -> bool:
    """Tell whether it is known that a layer is of an image."""
    return bool(record_of(layer).get("image_id") == id_of(image))
