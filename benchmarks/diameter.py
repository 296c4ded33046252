"""How well the size of objects is estimated, and when an image keeps its scale.

    python benchmarks/diameter.py DSB18 [--model cihm-dsb18] [--every 5]

DSB18 is a folder of ``val/`` pairs with an ``index.csv``. Every so many images of each
kind are shrunk and enlarged, so that their nuclei are between two and two hundred
pixels wide; what is estimated is compared with the median of the true nuclei.
"""

import argparse
from pathlib import Path

import dsb18
import numpy as np
from numpy.typing import NDArray
from skimage.transform import rescale

from napari_cihm import load_model
from napari_cihm.config import SegmentSettings
from napari_cihm.data.image import Image
from napari_cihm.data.sizes import widths
from napari_cihm.segmentation.diameter import find_diameter, keeps_scale
from napari_cihm.segmentation.predictor import NetworkPredictor
from napari_cihm.segmentation.source import look_over

SCALES = (0.25, 0.5, 1, 2, 4)
SMALLEST, LARGEST = 40, 2100  # pixels of a side that are still looked at
NEAR = 1.35


def width(labels: NDArray[np.int32]) -> float:
    """Return the median diameter of a circle as large as an object."""
    sizes = np.bincount(labels.ravel())[1:]
    return float(np.median(widths(sizes[sizes > 0])))


def scaled(image: NDArray[np.generic], scale: float) -> NDArray[np.generic]:
    """Shrink or enlarge an image in steps of its own numbers."""
    values = rescale(
        image.astype(float), scale, anti_aliasing=scale < 1, channel_axis=2
    )
    return np.round(values).astype(image.dtype)


def main() -> None:
    """Estimate diameters and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="cihm-dsb18")
    parser.add_argument("--every", type=int, default=5)
    given = parser.parse_args()
    predictor = NetworkPredictor(load_model(given.model))
    own = predictor.config.diameter
    assert own is not None
    images = [
        one
        for kind in dsb18.KINDS
        for one in dsb18.read(given.data, "val", kind)[:: given.every]
    ]
    print(
        "| scale | nuclei, pixels | images | near the truth | kept, as fits | wrong |"
    )
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    for scale in SCALES:
        truths, near, kept = [], 0, 0
        for one in images:
            sides = [scale * side for side in one.labels.shape]
            if min(sides) < SMALLEST or max(sides) > LARGEST:
                continue
            true = scale * width(one.labels)
            image = Image.of(scaled(one.image, scale), "yxc")
            config = predictor.config
            settings, _, ranges, _ = look_over(image, image, SegmentSettings(), config)
            found, _ = find_diameter(image, predictor, settings, ranges)
            truths.append(true)
            if found is None:
                kept += keeps_scale(true, own)
            else:
                near += 1 / NEAR < found / true < NEAR
        spread = f"{min(truths):.0f} to {max(truths):.0f}"
        wrong = len(truths) - near - kept
        print(f"| {scale} | {spread} | {len(truths)} | {near} | {kept} | {wrong} |")


if __name__ == "__main__":
    main()
