"""What fine-tuning and training folders take: an image, its labels, what is right."""

from dataclasses import dataclass
from typing import Any

from napari.layers import Labels

from napari_cihm.config import Channels
from napari_cihm.data.boxes import whole
from napari_cihm.plugin.flows.correct.pairing import Pairing
from napari_cihm.plugin.pictures import array_of, picture_of
from napari_cihm.plugin.region import Part, region_of


@dataclass(frozen=True, eq=False)
class Material:
    """Labels to learn from, in the form that the engine takes.

    Attributes
    ----------
    name : str
        The image's.
    picture : Picture
        The image with its axes.
    labels : array_like
        Its labels, without an axis for channels.
    mask : array_like or None
        What is reviewed; None for all of it.
    channels : int, "auto", "merge" or "haematoxylin"
        Which of the image's channels the labels were made of.
    """

    name: str
    picture: Any
    labels: Any
    mask: Any
    channels: Channels


def material_of(layer: Labels, labels: Any, marks: Any, pairing: Pairing) -> Material:
    """Gather what belongs to some labels, or to a copy of what a layer holds.

    The marks are what is reviewed of it, or "whole".
    """
    image = pairing.image_of(layer)
    assert image is not None, "only labels over an image are listed"
    region = region_of(pairing.axes_of_image(image), array_of(image).shape)
    return Material(
        image.name,
        picture_of(image, region),
        _without_channels(labels, region.shown_axes),
        None if isinstance(marks, str) else _without_channels(marks, region.shown_axes),
        pairing.channels(image, layer),
    )


def _without_channels(data: Any, axes: str) -> Any:
    """Drop the one element that labels have where their image has channels."""
    if "c" not in axes:
        return data
    every = zip(axes, whole(data.shape), strict=True)
    index = [0 if a == "c" else s for a, s in every]
    return Part(data, tuple(index))
