"""What the network learns from a label image: three maps an object is read from.

====== ==============================================================
map    meaning
====== ==============================================================
0      foreground: 1 inside objects
1      touching border: 1 where two objects lie within two pixels
2      distance to the object's edge, 1 at its deepest point
====== ==============================================================
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

MAPS = ("foreground", "border", "distance")
REACH = 2


def instance_targets(
    labels: NDArray[np.integer], reviewed: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.bool_] | None]:
    """Compute the three maps of a 2-D label image, and where they are certain.

    The image's own frame is no edge: an object that the frame cuts is deepest
    where it leaves the picture. The edge of a reviewed region is a frame as
    well, but one that hides what may lie close by: touching borders are not
    believed within reach of it, nor are distances inside the objects it cuts.

    Returns
    -------
    targets : array of uint8, shape (3, height, width)
        0..255 for 0..1: bytes, because they stay in memory for the whole run.
    valid : array of bool, shape (3, height, width), or None
        None when everything is reviewed.
    """
    whole = reviewed is None or bool(reviewed.all())
    known = labels if reviewed is None else np.where(reviewed, labels, 0)
    out = np.zeros((3, *labels.shape), np.uint8)
    out[0] = (known > 0) * np.uint8(255)
    out[1] = touching(known) * np.uint8(255)
    for number, box in enumerate(ndimage.find_objects(known), start=1):
        if box is None:
            continue
        inside = known[box] == number
        depth = _depth(inside, box, labels.shape)
        out[2][box][inside] = np.round(255 * depth[inside] / depth.max())
    if whole or reviewed is None:
        return out, None
    return out, _certain(known, reviewed)


def semantic_targets(
    labels: NDArray[np.integer],
    classes: int,
    reviewed: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[np.uint8], NDArray[np.bool_] | None]:
    """Compute one map a class: of any label for one class, else of each number.

    With several classes map k is where the label is k, background being 0.
    """
    if classes == 1:
        maps = (labels > 0)[None]
    else:
        maps = labels[None] == np.arange(classes)[:, None, None]
    valid = None
    if reviewed is not None and not reviewed.all():
        valid = np.broadcast_to(reviewed, maps.shape).copy()
    return maps.astype(np.uint8) * np.uint8(255), valid


def _certain(
    known: NDArray[np.integer], reviewed: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Where each of the three maps may be believed."""
    hidden = ndimage.binary_dilation(~reviewed, iterations=1)
    cut = np.unique(known[hidden & reviewed])
    uncut = ~np.isin(known, cut[cut > 0])
    near = ndimage.maximum_filter(~reviewed, 2 * REACH + 1)
    return np.stack([reviewed, reviewed & ~near, reviewed & uncut])


def touching(labels: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Mark pixels that have two objects within `REACH` pixels: seams and gaps."""
    size = 2 * REACH + 1
    beyond = labels.max(initial=0) + 1
    highest = ndimage.maximum_filter(labels, size)
    lowest = ndimage.minimum_filter(np.where(labels > 0, labels, beyond), size)
    return np.asarray((highest > 0) & (highest != lowest))


def _depth(
    inside: NDArray[np.bool_], box: tuple[slice, ...], shape: tuple[int, ...]
) -> NDArray[np.float64]:
    """Distance to the edge, where the picture's frame counts as inside."""
    sides = zip(box, shape, strict=True)
    cut = np.array([(s.start == 0, s.stop == n) for s, n in sides], int)
    framed = np.pad(np.pad(inside, cut, "edge"), 1 - cut)
    if framed.all():  # no edge anywhere, so no point is deeper than another
        return np.ones(inside.shape)
    depth: NDArray[np.float64] = ndimage.distance_transform_edt(framed)
    return depth[1:-1, 1:-1]
