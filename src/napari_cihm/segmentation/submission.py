"""The run-length CSV of the 2018 Data Science Bowl."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_cihm.data.writing import whole_text
from napari_cihm.errors import ShapeError

HEADER = ("ImageId", "EncodedPixels")


def run_lengths(labels: NDArray[np.integer]) -> Iterator[str]:
    """Encode each object of a 2-D label image, in the order of their numbers.

    Pixels are counted from 1, down the columns and then from left to right; a
    pair of numbers is a run's first pixel and its length.
    """
    if labels.ndim != 2:
        raise ShapeError(
            f"labels of {labels.ndim} dimensions", "a 2-D image for run lengths"
        )
    flat = np.asarray(labels).ravel(order="F")
    places = np.flatnonzero(flat)
    order = np.argsort(flat[places], kind="stable")
    places, numbers = places[order], flat[places][order]
    if not len(places):
        return
    new_object = np.diff(numbers) != 0
    breaks = np.flatnonzero(new_object | (np.diff(places) != 1)) + 1
    starts = np.concatenate([[0], breaks])
    lengths = np.diff(np.concatenate([starts, [len(places)]]))
    runs = np.stack([places[starts] + 1, lengths], axis=1)
    objects = np.flatnonzero(np.diff(numbers[starts])) + 1
    for own in np.split(runs, objects):
        yield " ".join(map(str, own.ravel().tolist()))


def write_submission(path: str | Path, images: Iterable[tuple[str, list[str]]]) -> Path:
    """Write the runs of images by their ids; an image without objects has one row.

    Parameters
    ----------
    path : str or Path
        The CSV.
    images : iterable of (str, list of str)
        Each image's id and the run lengths of its objects.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_text(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for name, runs in sorted(images):
            writer.writerows((name, run) for run in runs or [""])
    return path
