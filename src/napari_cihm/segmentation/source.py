"""What the network is fed: parts of an image, merged, scaled and normalised."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.config import ModelConfig, Normalisation, SegmentSettings
from napari_cihm.data.boxes import Box, grown, shifted
from napari_cihm.data.channels import dyes_on_black
from napari_cihm.data.grain import REACH, find_smoothing, smooth, smoothings
from napari_cihm.data.image import COLOUR, Image, is_colour
from napari_cihm.data.normalise import Ranges, intensity_ranges, rescale
from napari_cihm.data.stains import suited
from napari_cihm.data.zoom import AxisZoom, resample
from napari_cihm.segmentation.channels import ChannelPlan, plan_channels

# Up to so many pixels are looked at whole for the range of intensities; beyond,
# patches spread over the planes stand for the rest.
WHOLE = 2**25
PATCH = 512
# By so many of the network's pixels an image is smoothed at most, a quarter of the
# width of the objects that bundled models know.
WIDEST = 5.0
STAINS = (
    "the tissue is stained by more than haematoxylin, which is all that the model is "
    "shown; choose one of the colours as the channel, or merge them, to show it those"
)
DYES = (
    "several dyes on black were shown to the model as colours; it sees more in the one "
    "that shows the objects: choose channel 0, 1 or 2, which are red, green and blue"
)


@dataclass(frozen=True)
class Source:
    """An image as the network sees it, read part by part.

    Parameters
    ----------
    image : Image
        The pixels.
    channels : ChannelPlan
        Which channels, and how merged.
    ranges : Ranges
        What intensities stand for, the same for every part.
    zooms : pair of AxisZoom
        From the image's rows and columns to the network's.
    """

    image: Image
    channels: ChannelPlan
    ranges: Ranges
    zooms: tuple[AxisZoom, AxisZoom]

    def read(self, t: int, z: int, box: Box) -> NDArray[np.float32]:
        """Return the part `box`, in network pixels, as (c, y, x)."""
        rows, columns = (a.window(s) for a, s in zip(self.zooms, box, strict=True))
        return resample(self.look(t, z, (rows, columns)), self.zooms, box)

    def look(self, t: int, z: int, box: Box) -> NDArray[np.float32]:
        """Return the part `box`, in the image's own pixels: what `read` scales."""
        return rescale(self._seen(t, z, *box), self.light)

    @property
    def light(self) -> Ranges:
        """The ranges that hold at this scale.

        What is enlarged is smoothed by less: its objects are hardly larger than grain,
        and would go with it.
        """
        rows, ranges = self.zooms[0], self.ranges
        most = WIDEST * rows.source / rows.target
        while ranges.smoothing > most and ranges.less:
            ranges = ranges.less
        return ranges

    def _seen(self, t: int, z: int, rows: slice, columns: slice) -> NDArray[Any]:
        """Return the model's channels, smoothed as in the whole image if they are."""
        sigma = self.light.smoothing
        sizes = [self.image.size(axis) for axis in "yx"]
        wider = grown((rows, columns), int(REACH * sigma + 0.5), sizes)
        read = self.image.read(t, z, wider[0], wider[1], self.channels.read)
        part = self.channels.apply(read)
        if not sigma:
            return part
        return smooth(part, sigma)[:, *shifted((rows, columns), wider)]


def look_over(
    image: Image, whole: Image, settings: SegmentSettings, config: ModelConfig
) -> tuple[SegmentSettings, ChannelPlan, Ranges, NDArray[Any]]:
    """Look at the whole of which an image is a part, and settle what is seen of it.

    Of colours, what suits the model is seen.

    Returns
    -------
    SegmentSettings
        With the channels that were settled on.
    ChannelPlan
    Ranges
        What intensities stand for, for the whole image at once.
    array of shape (c, rows, columns)
        Pixels that stand for the whole, as `sample` gives them.
    """
    channels = plan_channels(image, settings, config)
    parts = sample(whole, channels)
    pixels = joined(parts)
    colours = channels.read == tuple(range(COLOUR)) and is_colour(image)
    apart = colours and not channels.weights and settings.channels == "auto"
    if apart and (seen := suited(pixels, config)) != "auto":
        settings = settings.but(channels=seen)
        channels = plan_channels(image, settings, config)
        one = slice(seen, seen + 1) if isinstance(seen, int) else slice(None)
        parts = [channels.apply(part[one]) for part in parts]
        pixels = joined(parts)
        channels = replace(channels, note=STAINS if channels.stained else "")
    elif apart and config.accepts_grey and dyes_on_black(pixels):
        channels = replace(channels, note=DYES)
    return settings, channels, _ranges(parts, pixels, config.normalisation), pixels


def _ranges(
    parts: list[NDArray[Any]], pixels: NDArray[Any], settings: Normalisation
) -> Ranges:
    """Find the ranges, and if the image is grainy those of it smoothed ever more."""
    ranges = intensity_ranges(pixels, settings)
    for sigma in smoothings(find_smoothing(parts)):
        calm = joined([smooth(part, sigma) for part in parts])
        found = intensity_ranges(calm, settings)
        ranges = replace(found, smoothing=sigma, less=ranges)
    return ranges


def sample(image: Image, channels: ChannelPlan) -> list[NDArray[Any]]:
    """Return parts that stand for the image, each (c, rows, columns).

    All planes while they are few, else patches evenly spread; the same image
    always gives the same pixels.
    """
    height, width = image.size("y"), image.size("x")
    planes = [(t, z) for t in range(image.size("t")) for z in range(image.size("z"))]
    whole = height * width * len(planes) <= WHOLE
    boxes = [(slice(0, height), slice(0, width))] if whole else _patches(height, width)
    share = max(1, WHOLE // (len(boxes) * min(height, PATCH) * min(width, PATCH)))
    if not whole:
        planes = [planes[i] for i in _spread(len(planes), share)]
    return [
        channels.apply(image.read(t, z, box[0], box[1], channels.read))
        for t, z in planes
        for box in boxes
    ]


def joined(parts: list[NDArray[Any]]) -> NDArray[Any]:
    """Return the pixels of parts, of shape (c, rows, columns)."""
    if len(parts) == 1:
        return parts[0]
    return np.concatenate([p.reshape(len(p), 1, -1) for p in parts], axis=2)


def _patches(height: int, width: int) -> list[Box]:
    rows = [_around(i, height) for i in _spread(-(-height // PATCH), 8)]
    columns = [_around(i, width) for i in _spread(-(-width // PATCH), 8)]
    return [(r, c) for r in rows for c in columns]


def _around(index: int, n: int) -> slice:
    return slice(index * PATCH, min((index + 1) * PATCH, n))


def _spread(count: int, most: int) -> list[int]:
    """Return at most `most` numbers below `count`, evenly spread."""
    if count <= most:
        return list(range(count))
    return [int((i + 0.5) * count / most) for i in range(most)]
