"""DSB18 images by kind, and a model's figures on them."""

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_cihm.data.pairs import folder_pairs
from napari_cihm.models import Model
from napari_cihm.training.labelled import Labelled
from napari_cihm.training.material import read_planes
from napari_cihm.training.metrics import match, total
from napari_cihm.training.viewing import label_planes

KINDS = ("fluo", "purple", "brightfield")


class Labelling(NamedTuple):
    """An image and its labels."""

    image: NDArray[np.generic]
    labels: NDArray[np.int32]


class Figures(NamedTuple):
    """Of a model on a set of images."""

    ap50: float
    map: float


def read(data: Path, split: str, kind: str, least: int = 0) -> list[Labelling]:
    """Read the images of a split that ``index.csv`` says are of a kind."""
    with (data / "index.csv").open(newline="") as file:
        rows = [
            r for r in csv.DictReader(file) if (r["split"], r["kind"]) == (split, kind)
        ]
    wanted = {row["id"] for row in rows if int(row["nuclei"]) >= least}
    sources = [s for s in folder_pairs(data / split) if Path(s.name).stem in wanted]
    pairs = [source.read() for source in sources]
    return [Labelling(np.moveaxis(p.image, 0, -1), p.labels) for p in pairs]


def mend(labels: NDArray[np.int32], row: int, most: int) -> tuple[int, int]:
    """Go down an image from a row until so many more objects have begun.

    Returns
    -------
    int
        The row reached.
    int
        The objects that begin before it.
    """
    numbers, first = np.unique(labels, return_index=True)
    tops = np.sort(first[numbers > 0] // labels.shape[1])
    left = tops[tops >= row]
    end = labels.shape[0] if len(left) <= most else int(left[most])
    return end, min(len(left), most)


def figures(model: Model, images: list[Labelling]) -> Figures:
    """Segment images whole, at their own scale, and score all objects together."""
    items = [Labelled.of(one.image, one.labels, axes="yxc") for one in images]
    found = label_planes(model, list(read_planes(items, model.config)))
    scores = total(
        match(one.labels, labels) for one, labels in zip(images, found, strict=True)
    )
    return Figures(scores[0].ap, float(np.mean([m.ap for m in scores])))
