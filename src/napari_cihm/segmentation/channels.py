"""Which of an image's channels a model sees, and how they are merged."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.config import ModelConfig, SegmentSettings
from napari_cihm.data.channels import merge, merging
from napari_cihm.data.image import COLOUR, Image, is_colour
from napari_cihm.data.stains import haematoxylin
from napari_cihm.errors import InputError, counted


@dataclass(frozen=True)
class ChannelPlan:
    """The channels to read and what is made of them.

    Parameters
    ----------
    read : tuple of int
        Channels of the image.
    weights : tuple of float
        Weights to merge them by; empty when they stay apart.
    repeat : int
        How often the result is repeated to fill the model's input.
    note : str
        What the user should know of the choice.
    stained : bool
        Whether only what haematoxylin absorbs is seen of the colours.
    """

    read: tuple[int, ...]
    weights: tuple[float, ...] = ()
    repeat: int = 1
    note: str = ""
    stained: bool = False

    def apply(self, part: NDArray[Any]) -> NDArray[Any]:
        """Make the model's channels from those read, (c, y, x) in and out."""
        if self.stained:
            part = haematoxylin(part)
        if self.weights:
            part = merge(part, self.weights)
        return np.repeat(part, self.repeat, axis=0) if self.repeat > 1 else part


def plan_channels(
    image: Image, settings: SegmentSettings, config: ModelConfig
) -> ChannelPlan:
    """Decide what a model sees of an image.

    Raises
    ------
    InputError
        If the channel asked for is not there, or the model needs channels that
        the image lacks.
    """
    count, wanted = image.size("c"), config.in_channels
    if isinstance(settings.channels, int):
        if settings.channels >= count:
            raise InputError(
                f"channel {settings.channels} of an image with "
                + counted(count, "channel"),
                f"a number from 0 to {count - 1}",
                f"its axes were taken as {image.axes!r}",
            )
        return _filled((settings.channels,), (), config)
    colours = tuple(range(COLOUR)) if is_colour(image) else tuple(range(count))
    weights = merging(len(colours), is_colour(image))
    if settings.channels == "haematoxylin":
        if not is_colour(image):
            raise InputError(
                f"haematoxylin in an image with axes {image.axes!r}",
                "colours, red, green and blue along the last axis",
                "choose a channel by its number",
            )
        plan = plan_channels(image, settings.but(channels="auto"), config)
        return replace(plan, stained=True)
    if settings.channels == "merge" and count > 1:
        return _filled(colours, weights, config)
    if len(colours) == wanted:
        dyes = wanted == COLOUR and config.accepts_grey and not is_colour(image)
        return ChannelPlan(colours, note=_coloured_note(image) if dyes else "")
    if count == 1:
        return _filled((0,), (), config)
    if wanted == 1 or config.accepts_grey:
        merged = _filled(colours, weights, config)
        return merged if is_colour(image) else replace(merged, note=_merged_note(image))
    raise InputError(
        f"a model for {wanted} channels on an image of {count}",
        f"an image of {wanted} channels",
        f"check the axes, which were taken as {image.axes!r}",
    )


def _filled(
    read: tuple[int, ...], weights: tuple[float, ...], config: ModelConfig
) -> ChannelPlan:
    if config.in_channels > 1 and not config.accepts_grey:
        raise InputError(
            f"a model for {config.in_channels} channels on 1",
            f"an image of {config.in_channels} channels",
            "use a model for one channel; `cihm models` lists them",
        )
    return ChannelPlan(read, weights, config.in_channels)


def _merged_note(image: Image) -> str:
    count = image.size("c")
    numbers = f"0 {'or' if count == 2 else 'to'} {count - 1}"
    return (
        f"{count} channels were averaged into one (axes {image.axes}); choose the one "
        f"that shows the objects, channel {numbers}"
    )


def _coloured_note(image: Image) -> str:
    return (
        f"{COLOUR} channels were shown to the model as red, green and blue (axes "
        f"{image.axes}); if they are dyes, choose the one that shows the objects, "
        f"channel 0 to {COLOUR - 1}"
    )
