"""How doubtful a place is: by a model's maps, by flips, by unusual size."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm.correction.grids import cells
from napari_cihm.correction.label_index import LabelIndex
from napari_cihm.data.boxes import Box, shape_of
from napari_cihm.errors import InputError, ShapeError

# The most doubtful tenth of an object speaks for it: an outline that is unsure
# on one side would drown in a sure interior.
TENTH = 0.1


def disagreement(predictions: Sequence[Any]) -> NDArray[np.float32]:
    """Return how far foreground maps lie apart at each pixel.

    They are of the image and its flips, flipped back; what is returned is their
    standard deviation, scaled so that 1 is the most there can be.
    """
    if len(predictions) < 2:
        raise InputError(f"{len(predictions)} predictions", "two or more to compare")
    apart = np.stack([np.asarray(p, np.float32) for p in predictions]).std(axis=0)
    return np.asarray(2 * apart, np.float32)


def doubt_of_objects(labels: Any, index: LabelIndex, doubt: Any) -> dict[int, float]:
    """Return each object's doubt: the mean over its most doubtful tenth.

    `doubt` is a map of the labels' shape, from `disagreement` or a segmentation that
    kept its uncertainty.
    """
    if tuple(doubt.shape) != labels.shape:
        raise ShapeError(
            f"doubts of shape {tuple(doubt.shape)}", f"the labels' shape {labels.shape}"
        )
    found = {}
    for label in index:
        box = index.box(label)
        values = np.asarray(doubt[box])[np.asarray(labels[box]) == label]
        found[label] = _top_mean(values)
    return found


def oddity_of_sizes(index: LabelIndex) -> dict[int, float]:
    """Return how unusual each object's size is.

    The distance of its logarithm from the median, in units of the usual distance
    (the median one, times 1.4826): a merged pair and a lone crumb both stand out.
    """
    counts = index.counts()
    if not counts:
        return {}
    logs = np.log([float(count) for count in counts.values()])
    away = np.abs(logs - np.median(logs))
    usual = 1.4826 * float(np.median(away)) or float(away.mean()) or 1.0
    return dict(zip(counts, (away / usual).tolist(), strict=True))


def patches_of(shape: Sequence[int], side: int) -> list[Box]:
    """Cut the planes of an extent into square patches."""
    patch = [1] * (len(shape) - 2) + [side] * min(2, len(shape))
    return [box for _, box in cells(shape, patch)]


def doubt_of_patches(patches: Sequence[Box], doubt: Any) -> list[float]:
    """Return each patch's doubt: the mean over its most doubtful tenth."""
    if patches and len(doubt.shape) != len(shape_of(patches[0])):
        raise ShapeError(
            f"doubts of shape {tuple(doubt.shape)}", "the shape of the labels"
        )
    return [_top_mean(np.asarray(doubt[box])) for box in patches]


def _top_mean(values: NDArray[Any]) -> float:
    if not values.size:
        return 0.0
    flat = values.astype(np.float32).reshape(-1)
    kept = max(1, round(TENTH * flat.size))
    return float(np.partition(flat, flat.size - kept)[-kept:].mean())
