"""The typical size of objects, given or estimated by a quick first pass."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_cihm.config import SegmentSettings
from napari_cihm.data.boxes import Box, whole
from napari_cihm.data.image import Image
from napari_cihm.data.normalise import Ranges, bimodality
from napari_cihm.data.sizes import widths
from napari_cihm.errors import InputError
from napari_cihm.segmentation.channels import plan_channels
from napari_cihm.segmentation.decoding import decode
from napari_cihm.segmentation.predictor import Predictor
from napari_cihm.segmentation.scaling import zooms_for
from napari_cihm.segmentation.source import Source
from napari_cihm.segmentation.thrift import predict_one

ZOOMS = (1.0, 0.5, 2.0, 0.25, 0.125)
SIDE = 256  # network pixels looked at for each zoom
ENOUGH = 3  # objects needed to believe a zoom
# Between these shares of the model's own size the image keeps its scale: models are
# trained on sizes that vary, and resampling costs sharpness.
KEPT = (1 / 2.3, 3.0)
# So many times is an image enlarged at most: 1,024 x 1,024 pixels then take 5 GB, and
# what a bundled model finds is two pixels wide.
MOST = 10
# Within this factor, and with sizes so even, the first look is believed.
FITS, EVEN = 1.5, 1.6
# Two looks that agree as well as this bear each other out.
AGREE = 1.35
# So far within the sizes that keep an image's scale, two that agree are enough.
WELL = 1.1
# How bimodal what was enlarged has to be. A bell curve, as of noise, has 1/3; tiny
# nuclei have .57 and more, and nearly all .44 where noise is a third of their contrast.
BIMODAL = 0.43


@dataclass(frozen=True)
class Look:
    """What the model finds at one zoom."""

    zoom: float
    part: NDArray[np.float32]
    objects: int
    seen: float
    spread: float

    @property
    def diameter(self) -> float:
        """The typical diameter in image pixels."""
        return self.seen / self.zoom


def find_diameter(
    image: Image,
    predictor: Predictor,
    settings: SegmentSettings,
    ranges: Ranges,
) -> tuple[float | None, str]:
    """Return the diameter to scale by, None to keep the scale, and a word on it.

    The image is looked at under several zooms. Seen too large, objects fall into
    pieces, and seen too small they vanish: the zoom at which objects come out as
    large as those the model knows is the one to believe, if another bears it out.
    A last look has to find them as wide as was thought, and even, and what is enlarged
    has to be light and dark: grain looks like nuclei too when it is enlarged, but gets
    finer with every zoom, or uneven, and has every shade of grey.

    Raises
    ------
    InputError
        If a diameter is given that is smaller than any image is enlarged for.
    """
    own = predictor.config.diameter
    if settings.diameter != "auto":
        _refuse_tiny(settings.diameter, own)
        note = "" if own or settings.diameter is None else _no_size(predictor)
        return settings.diameter, note
    if own is None or predictor.config.task != "instance":
        return None, ""
    config = predictor.config
    channels = plan_channels(image, settings, config)

    def look_for(diameter: float) -> Look:
        zooms = zooms_for(image, config, diameter)
        return _look(Source(image, channels, ranges, zooms), predictor)

    looks: list[Look] = []
    for zoom in ZOOMS:
        look = look_for(own / zoom)
        if look.objects < ENOUGH:
            continue
        looks.append(look)
        if _settled(looks, own):
            break
    if not looks:
        return None, ""
    best = min(looks, key=lambda look: (_alone(look, looks), _apart(look.seen, own)))
    if keeps_scale(best.diameter, own):
        return None, ""
    last = look_for(best.diameter)
    if last.spread > EVEN or not _agree(best, last):
        return None, ""
    if last.zoom > 1 and _bimodality(last.part, own) < BIMODAL:
        return None, ""
    return best.diameter, (
        f"objects seem to be {best.diameter:.0f} pixels wide and the model knows "
        f"{own:.0f}: the image is scaled by {own / best.diameter:.2f}; "
        "give diameter=... to say otherwise"
    )


def keeps_scale(diameter: float, own: float) -> bool:
    """Tell whether objects keep their size: near a model's own, or mere specks."""
    return KEPT[0] < diameter / own < KEPT[1] or _is_tiny(diameter, own)


def _settled(looks: list[Look], own: float) -> bool:
    """Tell whether the first look fits, or two say that the image keeps its scale."""
    first, *others = looks
    if not others:
        fits = _apart(first.seen, own) < np.log(FITS)
        return bool(first.zoom == 1 and first.spread < EVEN and fits)
    return len(others) == 1 and _agree(*looks) and all(_stays(x, own) for x in looks)


def _stays(look: Look, own: float) -> bool:
    """Tell whether a look speaks for the image's own scale, and clearly."""
    sizes = look.diameter / WELL, look.diameter * WELL
    return look.spread < EVEN and all(keeps_scale(size, own) for size in sizes)


def _alone(look: Look, looks: list[Look]) -> bool:
    """Tell that no other look makes the objects as large."""
    return not any(_agree(look, other) for other in looks if other is not look)


def _agree(one: Look, other: Look) -> bool:
    """Tell whether two looks find objects, and find them as wide."""
    if not (one.objects and other.objects):
        return False
    return bool(_apart(one.diameter, other.diameter) < np.log(AGREE))


def _look(source: Source, predictor: Predictor) -> Look:
    """Find objects in the liveliest part of an image at its zoom."""
    t, z = source.image.size("t") // 2, source.image.size("z") // 2
    parts = [source.read(t, z, box) for box in _places(source)]
    part = max(parts, key=lambda p: float(p.std()))
    labels = decode(predict_one(predictor, part), predictor.config.decoding)
    wide = widths(np.bincount(labels.ravel())[1:])
    seen = float(np.median(wide)) if len(wide) else 0.0
    # How much larger the objects are that most pixels belong to: pieces of large
    # ones lie beside many specks.
    spread = float((wide**3).sum() / (wide**2).sum() / seen) if seen else 0.0
    rows = source.zooms[0]
    return Look(rows.target / rows.source, part, len(wide), seen, spread)


def _bimodality(part: NDArray[np.float32], own: float) -> float:
    """Return how bimodal the light in a part is, noise smoothed away."""
    return bimodality(ndimage.gaussian_filter(part.mean(0), own / 4))


def _places(source: Source) -> list[Box]:
    """Return the middle and the middles of the four quarters."""
    sizes = [zoom.target for zoom in source.zooms]
    if max(sizes) <= SIDE:
        return [whole(sizes)]
    shares = ((2, 2), (1, 1), (1, 3), (3, 1), (3, 3))
    return [
        tuple(_around(n * share // 4, n) for n, share in zip(sizes, place, strict=True))
        for place in shares
    ]


def _around(middle: int, n: int) -> slice:
    side = min(SIDE, n)
    first = min(max(middle - side // 2, 0), n - side)
    return slice(first, first + side)


def _apart(one: float, other: float) -> float:
    return abs(float(np.log(one / other)))


def _is_tiny(diameter: float, own: float) -> bool:
    return diameter * MOST < own


def _refuse_tiny(diameter: float | None, own: float | None) -> None:
    if diameter and own and _is_tiny(diameter, own):
        raise InputError(
            f"diameter={diameter:g} would enlarge the image {own / diameter:.1f} times",
            f"at least {own / MOST:.3g} pixels",
            "divide micrometres by the size of a pixel, or take 'auto'",
        )


def _no_size(predictor: Predictor) -> str:
    return (
        f"the model {predictor.config.recipe!r} does not say how large its objects "
        "are, so that the image keeps its scale"
    )
