"""Labels that may be edited in place of ones that may not."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from napari_cihm.correction.chunked import ChunkedArray
from napari_cihm.errors import InputError

# Up to here a plain array in memory is copied at once.
SMALL_MB = 256


def working_copy(labels: Any) -> tuple[Any, str]:
    """Return labels of one scale that can be edited, with a word about them.

    Multiscale labels, and labels that lie in a file or behind a lazy computation,
    are copied piece by piece as they are looked at or changed, so this takes no
    time and a large volume takes memory only where it is edited. What is returned
    for a single numpy array that can be written is that array itself, and no word.
    Scales are given with the finest first.
    """
    scales = list(labels) if isinstance(labels, Sequence) else [labels]
    if not scales:
        raise InputError("no labels at all", "an array, or a list of scales")
    finest = scales[0]
    if finest.dtype.kind not in "iu":
        raise InputError(f"labels of {finest.dtype}", "whole numbers")
    writable = isinstance(finest, ChunkedArray) or (
        isinstance(finest, np.ndarray) and finest.flags.writeable
    )
    if writable and len(scales) == 1:
        return finest, ""
    size = " x ".join(str(int(n)) for n in finest.shape)
    which = f"the finest of {len(scales)} scales" if len(scales) > 1 else "these labels"
    said = (
        f"Editing a working copy of {which} ({size}): the original stays as it is "
        "until you save over it."
    )
    megabytes = int(np.prod(finest.shape)) * finest.dtype.itemsize / 2**20
    if isinstance(finest, np.ndarray) and megabytes <= SMALL_MB:
        return np.array(finest), said
    return ChunkedArray.over(finest), said
