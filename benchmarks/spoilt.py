"""How well images are segmented that something happened to on their way.

    python benchmarks/spoilt.py DSB18 [--model cihm-dsb18] [--every 1]

DSB18 is a folder of ``val/`` pairs with an ``index.csv``. Grey images become 12 bits of
a camera with an offset first; each way of spoiling them is drawn from a fixed seed.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import dsb18
import numpy as np
from numpy.typing import NDArray
from skimage.transform import rotate

from napari_cihm import load_model, segment
from napari_cihm.data.channels import LUMINANCE
from napari_cihm.models import Model
from napari_cihm.training.metrics import match, total

OFFSET, GAIN = 220, 4  # of the camera
KINDS = ("fluo", "purple")

Pixels = NDArray[np.generic]
Way = Callable[[Pixels], Pixels]


def seen_by_camera(image: Pixels) -> Pixels:
    """Give a grey image an offset and more levels; leave stained tissue as it is."""
    if np.ptp(image, axis=-1).any():
        return image
    return image[..., 0].astype(np.uint16) * GAIN + OFFSET


def framed(image: Pixels) -> Pixels:
    """Lay an image into black, an eighth of its shorter side wide."""
    wide = min(image.shape[:2]) // 8
    return np.pad(image, [(wide, wide)] * 2 + [(0, 0)] * (image.ndim - 2))


def turned(image: Pixels, order: int = 1) -> Pixels:
    """Turn an image by 15 degrees, black beside it."""
    kept = rotate(image, 15, resize=True, order=order, preserve_range=True)
    return np.asarray(kept.astype(image.dtype))


def drifted(image: Pixels) -> Pixels:
    """Blacken the first rows, as where a stage that moved is corrected for."""
    spoilt = image.copy()
    spoilt[: len(image) // 30] = 0
    return spoilt


def dusty(image: Pixels) -> Pixels:
    """Lay three specks on an image, ten times as bright."""
    spoilt, rng = image.astype(np.uint16), np.random.default_rng(0)
    for row, column in rng.integers(0, np.array(image.shape[:2]) - 12, (3, 2)):
        spoilt[row : row + 12, column : column + 12] = 10 * int(image.max())
    return spoilt


def green(image: Pixels) -> Pixels:
    """Save a grey image in green."""
    grey = image if image.ndim == 2 else image @ LUMINANCE
    light = (grey - grey.min()) / max(1, np.ptp(grey)) * 255
    return (light[..., None] * (0, 1, 0)).astype(np.uint8)


WAYS: dict[str, tuple[Way, Way]] = {
    "as they are": (np.asarray, np.asarray),
    "black around it": (framed, framed),
    "turned by 15 degrees": (turned, lambda labels: turned(labels, order=0)),
    "a thirtieth black": (drifted, drifted),
    "three specks of dust": (dusty, np.asarray),
    "saved in green": (green, np.asarray),
}
LIGHT_ALONE = ("three specks of dust", "saved in green")  # of fluorescence


def score(model: Model, images: list[dsb18.Labelling], way: tuple[Way, Way]) -> float:
    """Return AP at IoU .5 of images that were spoilt in a way."""
    spoil, move = way
    matchings = total(
        match(move(one.labels), segment(spoil(seen_by_camera(one.image)), model))
        for one in images
    )
    return matchings[0].ap


def main() -> None:
    """Segment spoilt images and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="cihm-dsb18")
    parser.add_argument("--every", type=int, default=1)
    given = parser.parse_args()
    model = load_model(given.model)
    read = {kind: dsb18.read(given.data, "val", kind)[:: given.every] for kind in KINDS}
    print(f"| images | {' | '.join(KINDS)} |")
    print("| --- | ---: | ---: |")
    for name, way in WAYS.items():
        cells = [
            "" if kind != "fluo" and name in LIGHT_ALONE else
            f"{score(model, images, way):.3f}"
            for kind, images in read.items()
        ]  # fmt: skip
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
