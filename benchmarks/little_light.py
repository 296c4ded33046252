"""What is found of nuclei that few photons show.

>>> python benchmarks/little_light.py DSB18 [--model cihm-dsb18] [--width 6] [--every 4]

DSB18 is a folder of ``val/`` pairs with an ``index.csv``. Its images of fluorescence
are lit anew: so many photons fall on a pixel of their brightest objects, a twentieth of
that on all others too, and a camera adds half a count; or noise of some share of the
range is added. Each row shows by how much an image is smoothed, and AP at IoU .5 and .7
as a mean of images, without that and with it. With a width the images are shrunk before
until their nuclei are so wide, and enlarged for the model: then they are smoothed by
less, and the last column shows what comes of it when they are not.
"""

import argparse
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import patch

import dsb18
import numpy as np
from diameter import width
from numpy.typing import NDArray
from other_size import in_scale

from napari_cihm import load_model, segment
from napari_cihm.data import grain
from napari_cihm.segmentation import source
from napari_cihm.training.metrics import Matching, match

PHOTONS = (60, 20, 10, 6, 4, 2)
NOISE = (0.06, 0.09, 0.12, 0.16)
MOST = 200  # objects of an image that is used


def relit(
    image: NDArray[np.generic], photons: float, noise: float, seed: int
) -> NDArray[np.float32]:
    """Return an image as little light, or a poor camera, would show it."""
    rng = np.random.default_rng(seed)
    light = image.astype(np.float64)
    light = light.mean(-1) - light.min()
    light /= np.percentile(light, 99.8)
    if photons:
        light = rng.poisson(light * photons + 0.05 * photons).astype(np.float64)
        noise = 0.5
    return (light + rng.normal(0, noise, light.shape)).astype(np.float32)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="DSB18, with index.csv and val")
    parser.add_argument("--model", default="cihm-dsb18")
    parser.add_argument("--width", type=float, help="of nuclei, in pixels")
    parser.add_argument("--every", type=int, default=1)
    given = parser.parse_args()
    model, wide = load_model(given.model), given.width
    diameter = wide or "auto"
    pairs = [
        in_scale(pair, wide / width(pair.labels)) if wide else pair
        for pair in dsb18.read(given.data, "val", "fluo", 1)[:: given.every]
        if pair.labels.max() < MOST
    ]
    ways = [patch.object(grain, "HEAVY", np.inf), nullcontext()]
    if wide:
        ways.append(patch.object(source, "WIDEST", np.inf))
    columns = ["as it is: AP .5, .7", "smoothed", "by no less"][: len(ways)]
    print("| light | smoothed by", *columns, sep=" | ", end=" |\n")
    print("| --- |" + " --- |" * (1 + len(ways)))
    for photons, noise in [*((n, 0) for n in PHOTONS), *((0, n) for n in NOISE)]:
        sigmas: list[float] = []
        found: list[list[list[Matching]]] = [[] for _ in ways]
        for seed, pair in enumerate(pairs):
            seen = relit(pair.image, photons, noise, seed)
            sigmas.append(grain.find_smoothing([seen[None]]))
            for way, scores in zip(ways, found, strict=True):
                with way:
                    labels = segment(seen, model, diameter=diameter)
                scores.append(match(pair.labels, labels, (0.5, 0.7)))
        means = (
            ", ".join(f"{np.mean([m[k].ap for m in one]):.3f}" for k in (0, 1))
            for one in found
        )
        name = f"{photons} photons" if photons else f"noise of {noise:g}"
        print(f"| {name} | {np.median(sigmas):.1f}", *means, sep=" | ", end=" |\n")


if __name__ == "__main__":
    main()
