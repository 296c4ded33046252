"""Labels that cannot be right: moved, merged, incomplete, or of another image.

A model learns wrong labels as gladly as right ones, and a held-out part that is
wrong in the same way praises it for that. What is measured here asks the image.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import regionprops

from napari_cihm.training.edges import (
    FARTHEST,
    RELIEF,
    best_move,
    edge_met,
    move,
    relief,
)
from napari_cihm.training.holdout import thickest
from napari_cihm.training.material import Plane

MERGED = 0.15  # share of labels that hold two things
LOOK_ALIKES = 0.3  # unlabelled look-alikes, by labelled objects
ENOUGH_PLANES = 12
ENOUGH_OBJECTS = 2000
LARGEST = 1536  # pixels of a plane's side that are looked at

NECK = 0.6  # of its depth, at which a label comes apart when it holds two
EQUAL = 0.7  # of the depth of the first that the second thing has


@dataclass(frozen=True)
class Findings:
    """How well labels and image agree.

    Attributes
    ----------
    relief : float
        Edge under the outlines, by the edge met anywhere near; 1 is chance.
    offsets : tuple of (int, int)
        Rows and columns by which to move the labels of each image onto its objects,
        in its own pixels.
    merged : float
        Share of the labels that hold two things.
    look_alikes : float
        Things like the objects that carry no label, by labelled objects.
    """

    relief: float
    offsets: tuple[tuple[int, int], ...]
    merged: float
    look_alikes: float

    @property
    def placed(self) -> bool:
        """Whether the labels lie on what can be seen, or by a known way beside it."""
        known = all(max(map(abs, offset)) < FARTHEST for offset in self.offsets)
        return self.relief >= RELIEF and known

    def borne_out(self, precision: float) -> bool:
        """Tell whether a model of such an AP shows that look-alikes are no objects.

        One that cannot tell them from objects finds all of them, or misses as many, and
        gets no further than the share of objects among both. Other doubts stay.
        """
        moved = any(map(any, self.offsets))
        sound = self.relief >= RELIEF and not moved and self.merged <= MERGED
        return sound and precision > 1 / (1 + self.look_alikes)

    @property
    def words(self) -> tuple[str, ...]:
        """Say what cannot be right, a sentence each."""
        said = []
        moved = [float(np.hypot(*offset)) for offset in self.offsets if any(offset)]
        if self.relief < RELIEF:
            said.append("The outlines follow nothing visible in the image.")
        elif moved:
            images = len(self.offsets)
            of = f" of {len(moved)} of {images} images" if len(moved) < images else ""
            by = f"about {max(moved):.0f} pixels"
            said.append(f"The labels{of} lie {by} off their objects.")
        if self.merged > MERGED:
            said.append(f"{self.merged:.0%} of the labels seem to hold two objects.")
        if self.look_alikes > LOOK_ALIKES and not moved:
            said.append(
                f"For 10 labelled objects there are {10 * self.look_alikes:.0f} that "
                "look like them and carry no label: label all of these in the reviewed "
                "part."
            )
        return tuple(said)

    def lay_beside(
        self, planes: Sequence[Plane], found: Sequence[NDArray[np.int32]]
    ) -> list[NDArray[np.int32]]:
        """Move what a model found as far beside the objects as the labels lie.

        Both can then be compared. Nothing moves where the labels are in their place.
        """
        return [
            move(labels, *(round(n * plane.zoom) for n in self.offsets[plane.source]))
            for plane, labels in zip(planes, found, strict=True)
        ]


def examine(planes: Sequence[Plane]) -> Findings:
    """Ask the images whether the labels of single objects can be right."""
    images = 1 + max(plane.source for plane in planes)
    chosen = planes[:: -(-len(planes) // ENOUGH_PLANES)]
    planes = [plane.cut(thickest([plane], LARGEST)) for plane in chosen]
    met = edge_met(planes, images)
    return Findings(
        relief=relief(met.sum(0)),
        offsets=tuple(best_move(image) for image in met),
        merged=_merged(planes),
        look_alikes=_look_alikes(planes),
    )


def _merged(planes: Sequence[Plane]) -> float:
    """Return the share of labels that lie in two pieces, or have a narrow neck."""
    two = total = 0
    for plane in planes:
        regions = regionprops(np.where(plane.reviewed, plane.labels, 0))
        for region in regions[:: 1 + len(regions) // ENOUGH_OBJECTS]:
            depth = ndimage.distance_transform_edt(np.pad(region.image, 1))
            cores, count = ndimage.label(depth > NECK * depth.max())
            tops = np.sort(ndimage.maximum(depth, cores, np.arange(1, count + 1)))
            two += bool(count > 1 and tops[-2] > EQUAL * tops[-1])
            total += 1
    return two / max(total, 1)


def _look_alikes(planes: Sequence[Plane]) -> float:
    """Count unlabelled spots that have the size and the look of objects.

    The look is where they fall on the line that best tells objects from ground.
    """
    areas = np.concatenate([plane.areas for plane in planes])
    usual = float(np.median(areas))
    looks = [_looks(plane.image, np.sqrt(usual / np.pi)) for plane in planes]
    objects = _pixels(looks, [p.reviewed & (p.labels > 0) for p in planes])
    ground = _pixels(looks, [p.reviewed & (p.labels == 0) for p in planes])
    if ground.shape[1] < 2:
        return 0.0
    spread = np.cov(objects) + np.cov(ground) + 1e-4 * np.eye(len(objects))
    line = np.linalg.solve(spread, objects.mean(1) - ground.mean(1))
    bar = np.percentile(line @ objects, 25)
    alike = 0
    for plane, look in zip(planes, looks, strict=True):
        free = plane.reviewed & ~ndimage.binary_dilation(plane.labels > 0, iterations=2)
        spots = ndimage.binary_opening((np.tensordot(line, look, 1) > bar) & free)
        sizes = np.bincount(ndimage.label(spots)[0].ravel())[1:]
        alike += int(((sizes > 0.3 * usual) & (sizes < 6 * usual)).sum())
    return alike / len(areas)


def _looks(image: NDArray[np.float32], radius: float) -> NDArray[np.float64]:
    """Describe each pixel by its intensities, close by and at the objects' scale."""
    scales = (1.0, 1.5 * radius)
    return np.array([ndimage.gaussian_filter(c, s) for s in scales for c in image])


def _pixels(
    looks: Sequence[NDArray[np.float64]], masks: Sequence[NDArray[np.bool_]]
) -> NDArray[np.float64]:
    return np.concatenate(
        [look[:, mask] for look, mask in zip(looks, masks, strict=True)], axis=1
    )
