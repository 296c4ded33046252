"""Objects far from the size that a model knows are learnt as it will see them: scaled.

Segmenting scales an image whose objects are much smaller or larger than the model's.
Learnt as they are, both models would be judged by what they never do in use, and the
new one would know another size from then on, and see all that it knew scaled by that.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_cihm.data.boxes import Box, shape_of, whole
from napari_cihm.data.zoom import AxisZoom, resample
from napari_cihm.segmentation.diameter import keeps_scale
from napari_cihm.training.holdout import thickest
from napari_cihm.training.material import Plane, typical_width

# Pixels to which the planes of an image are enlarged together: in a minute there is no
# time to look at more, and small objects are many there.
MOST = 2**23


@dataclass(frozen=True)
class Scaling:
    """How the planes of one image are scaled.

    Attributes
    ----------
    zoom : float
    window : Box
        What of the planes is seen.
    """

    zoom: float
    window: Box

    @classmethod
    def of(cls, planes: Sequence[Plane], diameter: float, own: float) -> "Scaling":
        """Scale objects of a diameter to a model's own, around most of them."""
        zoom = own / diameter
        side = max(1, int(np.sqrt(MOST / len(planes)) / zoom)) if zoom > 1 else None
        return cls(zoom, thickest(planes, side))

    def apply(self, plane: Plane) -> Plane:
        """Scale a plane."""
        nearest = np.ix_(*(zoom.nearest(slice(0, zoom.target)) for zoom in self._zooms))
        return replace(
            plane,
            image=self.see(plane.image),
            labels=plane.labels[self.window][nearest],
            reviewed=plane.reviewed[self.window][nearest],
            zoom=self.zoom,
        )

    def see(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scale the image of a plane."""
        zooms = self._zooms
        spans = whole([zoom.target for zoom in zooms])
        return resample(image[:, *self.window], zooms, spans)

    @property
    def _zooms(self) -> tuple[AxisZoom, ...]:
        sizes = shape_of(self.window)
        return tuple(AxisZoom(n, max(1, round(n * self.zoom))) for n in sizes)


def scalings(planes: Sequence[Plane], own: float | None) -> dict[int, Scaling]:
    """Find the images whose objects a model of an own size sees scaled."""
    found: dict[int, Scaling] = {}
    if own is None:
        return found
    for source in sorted({plane.source for plane in planes}):
        of = [plane for plane in planes if plane.source == source]
        diameter = typical_width(of)
        if not (np.isnan(diameter) or keeps_scale(diameter, own)):
            found[source] = Scaling.of(of, diameter, own)
    return found


def scaled(planes: Iterable[Plane], by: Mapping[int, Scaling]) -> list[Plane]:
    """Scale the planes of those images; the others stay."""
    every = (by[p.source].apply(p) if p.source in by else p for p in planes)
    return [plane for plane in every if plane.reviewed.any()]


def said_of_scale(by: Mapping[int, Scaling], own: float | None) -> str:
    """Say how objects are scaled, if they are."""
    if not by or own is None:
        return ""
    zooms = sorted(scaling.zoom for scaling in by.values())
    wide = " to ".join(dict.fromkeys(f"{own / zoom:.0f}" for zoom in zooms[::-1]))
    return (
        f"Objects are {wide} pixels wide and the model knows {own:.0f}: they are "
        "learnt scaled, as they are when they are segmented."
    )
