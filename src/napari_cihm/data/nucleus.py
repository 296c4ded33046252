"""Nuclei as bodies: scattered over a plane or a volume, painted with their truth."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.segmentation import relabel_sequential

Floats = NDArray[np.float32]
Labels = NDArray[np.uint16]

TOUCHING = 0.35  # share of nuclei put beside one that is there already
DIM = 0.18
TRIES = 12


@dataclass(frozen=True)
class Nucleus:
    """One nucleus: where it lies, its half axes, outline and brightness."""

    centre: tuple[float, float, float]
    radii: tuple[float, float, float]
    angle: float
    outline: tuple[tuple[float, float], ...]
    brightness: float


def scatter(
    rng: np.random.Generator,
    shape: tuple[int, int, int],
    diameter: float,
    crowding: float,
    spacing: float,
) -> list[Nucleus]:
    """Scatter nuclei, some beside others, none deep inside another."""
    flat = shape[0] == 1
    unit = np.array([1.0 if flat else spacing, 1.0, 1.0])
    extent = np.array([0.0 if flat else shape[0], *shape[1:]]) * unit
    size = float(np.prod(extent[1:] if flat else extent))
    radius = diameter / 2
    each = np.pi * radius**2 if flat else 4 / 3 * np.pi * radius**3
    wanted = max(1, round(crowding * size / each))
    centres = np.empty((wanted, 3))
    sizes = np.empty(wanted)
    made: list[Nucleus] = []
    for _ in range(TRIES * wanted):
        count = len(made)
        if count == wanted:
            break
        own = radius * float(np.clip(rng.normal(1.0, 0.16), 0.6, 1.5))
        centre = rng.random(3) * extent
        if made and rng.random() < TOUCHING:
            other = int(rng.integers(count))
            away = rng.normal(size=3) * (extent > 0)
            away *= (own + sizes[other]) * 0.92 / np.linalg.norm(away)
            centre = centres[other] + away
        apart = np.linalg.norm(centres[:count] - centre, axis=1)
        outside = (centre < 0).any() or (centre > extent).any()
        if outside or (apart < 0.86 * (sizes[:count] + own)).any():
            continue
        centres[count], sizes[count] = centre, own
        made.append(_nucleus(rng, centre / unit, own / unit))
    return made


def _nucleus(
    rng: np.random.Generator, centre: NDArray[np.float64], radii: NDArray[np.float64]
) -> Nucleus:
    stretch = float(np.exp(rng.normal(0, 0.13)))
    waves = tuple(
        (float(rng.normal(0, 0.085 / k)), float(rng.random() * 2 * np.pi))
        for k in (2, 3, 4)
    )
    dim = rng.random() < DIM
    brightness = float(rng.uniform(0.16, 0.3) if dim else rng.lognormal(-0.3, 0.25))
    z, y, x = (float(r) for r in radii)
    return Nucleus(
        (float(centre[0]), float(centre[1]), float(centre[2])),
        (z, y * stretch, x / stretch),
        float(rng.random() * np.pi),
        waves,
        brightness,
    )


def paint(
    rng: np.random.Generator, shape: tuple[int, int, int], placed: list[Nucleus]
) -> tuple[Floats, Labels]:
    """Draw nuclei; where two meet, a pixel goes to the one it lies deeper in."""
    chromatin = 1 + 0.2 * grain(rng, shape, 2.2)
    dye = np.zeros(shape, np.float32)
    nearest = np.ones(shape, np.float32)
    labels = np.zeros(shape, np.uint16)
    for number, one in enumerate(placed, start=1):
        box = _window(one, shape)
        depth = _distance(one, box)
        inside = depth < nearest[box]
        nearest[box][inside] = depth[inside]
        labels[box][inside] = number
        body = np.sqrt(np.clip(3.2 * (1 - depth), 0, 1)) * one.brightness
        dye[box] = np.maximum(dye[box], body)
    seen = relabel_sequential(labels)[0]  # a small nucleus can be wholly covered
    return dye * np.clip(chromatin, 0.4, None), np.asarray(seen, np.uint16)


def _window(one: Nucleus, shape: tuple[int, int, int]) -> tuple[slice, ...]:
    flat = max(one.radii[1:]) * 1.25
    reach = (one.radii[0] * 1.25, flat, flat)
    return tuple(
        slice(max(0, int(c - r)), min(n, int(c + r) + 2))
        for c, r, n in zip(one.centre, reach, shape, strict=True)
    )


def _distance(one: Nucleus, box: tuple[slice, ...]) -> Floats:
    """Return 0 at the centre of a nucleus and 1 on its outline."""
    z, y, x = (
        np.arange(s.start, s.stop, dtype=np.float32) - np.float32(c)
        for s, c in zip(box, one.centre, strict=True)
    )
    sine, cosine = np.sin(one.angle), np.cos(one.angle)
    u = (cosine * y[:, None] + sine * x) / one.radii[1]
    v = (cosine * x - sine * y[:, None]) / one.radii[2]
    turn = np.arctan2(v, u)
    rim = 1 + sum(
        height * np.cos(k * turn + phase)
        for k, (height, phase) in enumerate(one.outline, start=2)
    )
    flat = (u**2 + v**2) / rim**2
    depth: Floats = np.sqrt(flat + (z[:, None, None] / one.radii[0]) ** 2)
    return depth.astype(np.float32)


def grain(
    rng: np.random.Generator,
    shape: tuple[int, int, int],
    sigma: float | tuple[float, ...],
) -> Floats:
    """Return smooth noise of mean 0 and deviation 1."""
    flat = isinstance(sigma, float | int) and shape[0] == 1
    width = (0, sigma, sigma) if flat else sigma
    noise = rng.standard_normal(shape, dtype=np.float32)
    smooth = ndimage.gaussian_filter(noise, width, mode="wrap")
    return np.asarray((smooth - smooth.mean()) / smooth.std())
