"""How many objects are found where there are none.

    python benchmarks/empty.py DSB18 [--model cihm-dsb18]

DSB18 is a folder of ``val/`` pairs with an ``index.csv``. Of each image the largest
square that lies six pixels from all objects is segmented as an image of its own, and
so are fields of grain, the finest as a camera gives it and the coarser as smoothing or
enlarging leaves it.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import dsb18
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_cihm import load_model, segment
from napari_cihm.models import Model

CLEAR, LEAST = 6, 48  # pixels: from the objects, and of a side
GRAINS = (0, 0.5, 0.8, 1.2, 1.7, 2.4, 3.2, 4.5, 7)
FINE = GRAINS[:4]  # these look like nothing but grain
SHAPE = (384, 320)


def emptiest(image: dsb18.Labelling) -> NDArray[np.generic] | None:
    """Cut out the largest square that is far from all objects."""
    taken = ndimage.binary_dilation(image.labels > 0, iterations=CLEAR)
    framed = np.pad(taken, 1, constant_values=True)
    depth = ndimage.distance_transform_cdt(~framed, "chessboard")
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    reach = int(depth.max()) - 1
    if 2 * reach < LEAST:
        return None
    top, left = row - 1 - reach, column - 1 - reach
    return image.image[top : top + 2 * reach, left : left + 2 * reach]


def find_in_emptiest(model: Model, images: list[dsb18.Labelling]) -> list[int]:
    """Count what is found in the emptiest square of each image that has one."""
    squares = [emptiest(one) for one in images]
    return [
        int(segment(square, model).max()) for square in squares if square is not None
    ]


def find_in_grain(
    model: Model, seed: int, sigmas: Sequence[float] = GRAINS
) -> Iterator[tuple[float, int]]:
    """Count what is found in fields of noise, from fine to coarse."""
    rng = np.random.default_rng(seed)
    for sigma in sigmas:
        noise = rng.standard_normal(SHAPE, dtype=np.float32)
        yield sigma, int(segment(ndimage.gaussian_filter(noise, sigma), model).max())


def main() -> None:
    """Segment what is empty and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="cihm-dsb18")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    model = load_model(given.model)
    print("| images | objects found | images with any |")
    print("| --- | ---: | ---: |")
    for kind in dsb18.KINDS:
        found = find_in_emptiest(model, dsb18.read(given.data, "val", kind))
        any_ = sum(n > 0 for n in found)
        print(f"| {kind} | {sum(found)} | {any_} of {len(found)} |", flush=True)
    for sigma, count in find_in_grain(model, given.seed):
        print(f"| grain of {sigma:g} | {count} | {int(count > 0)} of 1 |", flush=True)


if __name__ == "__main__":
    main()
