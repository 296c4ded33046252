"""Two ellipsoids that touch in a stack: how often each gets its own slices, exactly.

>>> python benchmarks/touching.py [--pairs 300] [--seed 0]

Each row is one way of lying on each other: sizes 1 : 1 to 1 : 2, 3.5 to 16 slices for
the taller one, lying wherever they happen to. A pixel within both is of the nearer one,
by its own radii. ``two`` counts the pairs that were found to be two, cut anywhere.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_cihm.config import SegmentSettings
from napari_cihm.segmentation.linking import link_sections
from napari_cihm.segmentation.sections import Sections, collect_sections

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

SIDE = 96


@dataclass(frozen=True)
class Way:
    """How two ellipsoids lie on each other.

    `near` is their distance, of that at which they touch; `slant` the sine of the
    largest angle to the depth; `lean` pixels of shift from one slice to the next;
    `noise` how much of its squared radius each gains or loses in a slice.
    """

    near: tuple[float, float] = (0.85, 1.0)
    ratio: tuple[float, float] = (0.5, 1.0)
    slant: float = 0.0
    lean: float = 0.0
    noise: float = 0.0


WAYS = {
    "upright": Way(),
    "upright, of one size": Way(ratio=(0.95, 1.0)),
    "upright, hardly apart": Way(near=(1.0, 1.1)),
    "slanting to 30 degrees": Way(slant=0.5),
    "slanting to 60 degrees": Way(slant=0.87),
    "slanting and leaning": Way(slant=0.5, lean=0.5),
    "slanting and squeezed": Way(near=(0.7, 0.85), slant=0.7),
    "slanting, leaning, uneven": Way(slant=0.7, lean=0.3, noise=0.08),
}


def pair(way: Way, rng: np.random.Generator) -> Ints:
    """Make a stack of two ellipsoids, 1 and 2."""
    wide = rng.uniform(6, 16)
    radii = wide * rng.uniform([0.6, 1, 0.8], [1.4, 1, 1.2], (2, 3))
    radii[rng.integers(2)] *= rng.uniform(*way.ratio)
    angle, turn = np.arcsin(way.slant * rng.random()), rng.uniform(0, 2 * np.pi)
    beside = np.sin(angle) * np.array([np.cos(turn), np.sin(turn)])
    towards = np.array([np.cos(angle), *beside])
    reach = (1 / np.linalg.norm(towards / radii, axis=1)).sum()
    centres = np.outer([-0.5, 0.5], towards * reach * rng.uniform(*way.near))
    lean = rng.uniform(-way.lean, way.lean, 2)
    step = 2 * radii[:, 0].max() / rng.uniform(3.5, 16)
    first = (centres - radii)[:, 0].min() + rng.uniform(0, step)
    depths = np.arange(first, (centres + radii)[:, 0].max(), step)
    return np.stack([_slice(z, radii, centres, lean, rng, way.noise) for z in depths])


def _slice(
    z: float,
    radii: Floats,
    centres: Floats,
    lean: Floats,
    rng: np.random.Generator,
    noise: float,
) -> Ints:
    grid = np.mgrid[:SIDE, :SIDE] - SIDE / 2 - z * lean[:, None, None]
    away = [
        ((z - centre[0]) / radius[0]) ** 2
        + (((grid.T - centre[1:]) / radius[1:]) ** 2).sum(-1)
        - rng.normal(0, noise)
        for centre, radius in zip(centres, radii, strict=True)
    ]
    return np.where(np.min(away, axis=0) < 1, 1 + np.argmin(away, axis=0), 0)


def sections_of(stack: Ints) -> tuple[Sections, Ints]:
    """Return the sections of a stack, and whose each is."""
    owners, planes = [], []
    for plane in stack:
        present, inverse = np.unique(plane, return_inverse=True)
        owners.append(present[present > 0])
        planes.append(inverse.reshape(plane.shape).astype(np.uint32))
    sections = collect_sections(
        [len(own) for own in owners], 1, lambda k, _: planes[k], 2
    )
    return sections, np.concatenate(owners)


def pairs(way: Way, count: int, seed: int) -> Iterator[tuple[Sections, Ints]]:
    """Yield pairs of which both are seen."""
    rng = np.random.default_rng(seed)
    while count:
        sections, owners = sections_of(pair(way, rng))
        if len(np.unique(owners)) == 2:
            yield sections, owners
            count -= 1


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print("| two ellipsoids | exact | two | of |\n| --- | ---: | ---: | ---: |")
    for name, way in WAYS.items():
        exact = two = 0
        for sections, owners in pairs(way, options.pairs, options.seed):
            found = link_sections(sections, SegmentSettings())
            count = len(np.unique(found))
            two += count == 2
            # Each object one number and each number one object.
            exact += len(np.unique(np.stack([found, owners]), axis=1).T) == count == 2
        print(f"| {name} | {exact} | {two} | {options.pairs} |", flush=True)


if __name__ == "__main__":
    main()
