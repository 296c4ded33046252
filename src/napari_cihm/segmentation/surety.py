"""How sure a result is: a map of doubt, and words for an empty one."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.segmentation.plan import Plan


def uncertainty_of(maps: NDArray[np.float32], exclusive: bool) -> NDArray[np.float32]:
    """Return how unsure the model is of each pixel: 0 sure, 1 a coin's toss.

    The entropy of its class, in units of the largest there can be; or of lying inside
    an object or region.

    Parameters
    ----------
    maps : array of shape (classes, ...)
        In 0..1.
    exclusive : bool
        Whether they are of classes that exclude each other.
    """
    p = maps if exclusive else np.stack([maps[0], 1 - maps[0]])
    p = np.clip(p, 1e-6, 1.0)
    entropy: Any = -(p * np.log2(p)).sum(axis=0) / np.log2(len(p))
    return np.asarray(entropy.clip(0, 1), np.float32)


def nothing_found(plan: Plan) -> str:
    """Say that the result is empty, and why that may be."""
    ranges = plan.source.light
    seen = int(np.argmax(ranges.low < ranges.high))  # the first channel with contrast
    low, high = ranges.low[seen], ranges.high[seen]
    if np.isnan(low):
        return (
            "no object was found: no pixel of the image is a number (they are NaN or "
            "infinite); check how it was made, or its file in another program"
        )
    if not low < high:
        return (
            f"no object was found: the image has no contrast (intensities from "
            f"{low:.4g} to {high:.4g}); no other diameter or model changes that"
        )
    sides = (
        "the three directions (where slices lie farther apart than pixels, objects are "
        "squeezed when seen from the side: link them across slices), "
        if plan.orthogonal
        else ""
    )
    return (
        f"no object was found. Likely causes: {sides}the contrast (intensities from "
        f"{low:.4g} to {high:.4g} were taken as dark to bright), the diameter (the "
        f"image was scaled by {plan.zoom:.2f}; set the width of objects in pixels), or "
        "a model made for other images (label some objects and fine-tune it, or try "
        "another)"
    )
