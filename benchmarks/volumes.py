"""Volumes of real nuclei piled up: what is found in them, and what linking costs.

>>> python benchmarks/volumes.py DSB18 [--scenes NAME ...] [--seed 0] [--model NAME]

A nucleus of DSB18's validation images (``val``) becomes a body that is as its outline
in the middle and rounded off above and below, flat or not, and leaning. Bodies touch,
a fifth to three fifths are dim, and they are blurred along the depth, sampled every so
many pixels and given a camera's noise. Each row shows AP at IoU .5 and .7: of the
truth's own slices linked, of the model's slices linked, and of the model's slices
linked by the truth, which no linking can surpass by much. ``stardist`` is the small
real stack, with its truth, that the package of that name brings.
"""

import argparse
import csv
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.io import imread

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]

WIDTH = 22  # pixels, about, that a nucleus measures
DIM, TOUCHING, SQUEEZE = 0.18, 0.4, 0.86
BLUR = (2.5, 1.0, 1.0)
REAL = "stardist"


@dataclass(frozen=True)
class Scene:
    """How large a volume is, how far apart its slices lie, and what is in it."""

    shape: tuple[int, int, int]
    apart: int = 1
    crowding: float = 0.15
    photons: float = 400
    dim: float = DIM


SCENES = {
    "iso": Scene((64, 192, 192)),
    "iso-dim": Scene((64, 192, 192), photons=25, dim=0.6),
    "iso-crowd": Scene((64, 192, 192), crowding=0.35),
    "a2": Scene((48, 224, 224), 2),
    "a2-crowd": Scene((40, 192, 192), 2, crowding=0.35),
    "a2-dim": Scene((40, 192, 192), 2, photons=25, dim=0.6),
    "a4": Scene((30, 256, 256), 4),
    "a5": Scene((24, 256, 256), 5),
    "a5-crowd": Scene((20, 224, 224), 5, crowding=0.3),
    "long60": Scene((60, 192, 192), 2, crowding=0.25),
}


def nuclei_of(data: Path, images: int = 40, most: int = 250) -> list[tuple[Any, Any]]:
    """Return outlines and textures of nuclei that lie whole in an image."""
    with (data / "index.csv").open() as file:
        rows = [
            r
            for r in csv.DictReader(file)
            if (r["split"], r["kind"]) == ("val", "fluo")
        ]
    np.random.default_rng(0).shuffle(rows)
    found: list[tuple[Any, Any]] = []
    for row in rows[:images]:
        name = f"{row['id']}.png"
        image = imread(data / "val" / "images" / name).astype(np.float32)
        if image.ndim == 3:
            image = image[..., :3].mean(-1)
        found += _whole(image, imread(data / "val" / "masks" / name))
        if len(found) > most:
            break
    return found


def _whole(image: Floats, masks: NDArray[Any]) -> Iterator[tuple[Any, Any]]:
    for number, box in enumerate(ndimage.find_objects(masks), 1):
        if box is None or any(
            s.start == 0 or s.stop == n for s, n in zip(box, masks.shape, strict=True)
        ):
            continue
        inside = masks[box] == number
        scale = WIDTH / (2 * np.sqrt(inside.sum() / np.pi))
        if not (150 < inside.sum() < 4000 and 0.3 < scale < 2):
            continue
        nearest = ndimage.distance_transform_edt(
            ~inside, return_distances=False, return_indices=True
        )
        mean = max(image[box][inside].mean(), 1)
        texture = ndimage.gaussian_filter(image[box][tuple(nearest)], 0.7) / mean
        outline = ndimage.zoom(np.pad(inside, 3).astype(np.float32), scale, order=1)
        yield (
            outline > 0.5,
            ndimage.zoom(np.pad(texture, 3, mode="edge"), scale, order=1),
        )


def volume(
    scene: Scene, bank: list[tuple[Any, Any]], seed: int
) -> tuple[NDArray[np.uint16], Labels]:
    """Make a volume and its truth."""
    rng = np.random.default_rng(seed)
    fine = (scene.shape[0] * scene.apart, *scene.shape[1:])
    nearest, dye = np.ones(fine, np.float32), np.zeros(fine, np.float32)
    labels = np.zeros(fine, np.int32)
    placed: list[tuple[Any, float, float]] = []
    filled = tries = 0.0
    while filled < scene.crowding * np.prod(fine) and tries < 20000:
        tries += 1
        one, texture = bank[rng.integers(len(bank))]
        size, angle = float(np.clip(rng.normal(1, 0.15), 0.6, 1.5)), rng.uniform(0, 360)
        wide = np.sqrt(one.sum() / np.pi) * size
        high = wide * rng.uniform(0.6, 1.0)
        centre = _place(rng, fine, placed, wide, high)
        if centre is None:
            continue
        placed.append((centre, wide, high))
        body = _turned(one, size, angle), _turned(texture, size, angle, "nearest")
        lean = rng.uniform(-0.4, 0.4, 2)
        dim = rng.random() < scene.dim
        bright = rng.uniform(0.16, 0.3) if dim else rng.lognormal(-0.3, 0.25)
        _paint((nearest, labels, dye), body, placed[-1], lean, bright, len(placed))
        filled += 4 / 3 * np.pi * wide**2 * high * 0.85
    return _seen(rng, dye, scene), _numbered(labels[scene.apart // 2 :: scene.apart])


def _place(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    placed: list[tuple[Any, float, float]],
    wide: float,
    high: float,
) -> NDArray[np.float64] | None:
    """Choose a place, often beside another nucleus, and none within one."""
    centre = rng.random(3) * shape
    if placed and rng.random() < TOUCHING:
        there, beside, above = placed[rng.integers(len(placed))]
        way = rng.normal(size=3)
        way /= np.linalg.norm(way)
        centre = there + 0.93 * way * [high + above, wide + beside, wide + beside]
    if (centre < 0).any() or (centre > shape).any():
        return None
    for there, beside, above in placed:
        away = (centre - there) / [high + above, wide + beside, wide + beside]
        if (away**2).sum() < SQUEEZE**2:
            return None
    return centre


def _turned(image: Any, size: float, angle: float, mode: str = "constant") -> Any:
    larger = ndimage.zoom(image.astype(np.float32), size, order=1)
    return ndimage.rotate(larger, angle, order=1, mode=mode)


def _paint(
    canvas: tuple[Floats, NDArray[np.int32], Floats],
    body: tuple[Any, Any],
    where: tuple[Any, float, float],
    lean: NDArray[np.float64],
    bright: float,
    number: int,
) -> None:
    nearest, labels, dye = canvas
    (deep, row, column), _, high = where
    inside = np.pad(body[0] > 0.5, 6)
    texture = np.pad(body[1], 6, mode="edge")
    depth = ndimage.distance_transform_edt(inside)
    depth -= ndimage.distance_transform_edt(~inside)
    flat = np.clip(1 - depth / depth.max(), 0, None)
    for z in range(max(0, int(deep - high)), min(len(dye), int(deep + high) + 2)):
        away = z - deep
        corner = (
            round(row + lean[0] * away - inside.shape[0] / 2),
            round(column + lean[1] * away - inside.shape[1] / 2),
        )
        there = tuple(
            slice(max(0, c), min(n, c + m))
            for c, n, m in zip(corner, dye.shape[1:], inside.shape, strict=True)
        )
        if any(s.start >= s.stop for s in there):
            continue
        here = tuple(
            slice(s.start - c, s.stop - c) for s, c in zip(there, corner, strict=True)
        )
        distance = np.sqrt(flat[here] ** 2 + (away / high) ** 2)
        box = (z, *there)
        own = distance < nearest[box]
        nearest[box][own] = distance[own]
        labels[box][own] = number
        light = np.sqrt(np.clip(3.2 * (1 - distance), 0, 1)) * bright * texture[here]
        dye[box] = np.where(own, light, dye[box])


def _seen(rng: np.random.Generator, dye: Floats, scene: Scene) -> NDArray[np.uint16]:
    """Blur, fade with depth, and count photons."""
    grain = ndimage.gaussian_filter(rng.standard_normal(dye.shape, np.float32), 1.8)
    grain /= grain.std()
    dye = dye * np.clip(1 + 0.15 * grain, 0.4, None)
    haze = ndimage.gaussian_filter(dye, (3 * BLUR[0], 8, 8))
    light = 0.05 + ndimage.gaussian_filter(dye, BLUR) + 0.15 * haze
    light = light[scene.apart // 2 :: scene.apart]
    light *= np.exp(-0.5 * np.linspace(0, 1, len(light), dtype=np.float32))[
        :, None, None
    ]
    counts = rng.poisson(light * scene.photons) + rng.normal(0, 3, light.shape)
    return np.clip(counts * 2 + 100, 0, 65535).astype(np.uint16)


def _numbered(labels: NDArray[np.integer]) -> Labels:
    present, inverse = np.unique(labels, return_inverse=True)
    return inverse.reshape(labels.shape).astype(np.int64) + int(present[0] != 0)


def real() -> tuple[NDArray[np.uint16], Labels]:
    """Read the stack that StarDist's package brings, and its truth."""
    folder = files("stardist") / "data" / "images"
    image, truth = (imread(str(folder / f"{name}3d.tif")) for name in ("img", "mask"))
    return image, _numbered(truth)


def linked(slices: Labels) -> Labels:
    """Link slices, each with its own numbers, by the settings that are the default."""
    from napari_cihm.config import SegmentSettings
    from napari_cihm.segmentation.linking import link_sections
    from napari_cihm.segmentation.sections import collect_sections

    settings = SegmentSettings()
    counts = [int(plane.max()) for plane in slices]
    sections = collect_sections(
        counts, 1, lambda k, _: slices[k].astype(np.uint32), settings.gap + 1
    )
    objects = link_sections(sections, settings) + 1
    starts = np.cumsum([0, *counts])
    return np.stack(
        [
            np.concatenate([[0], objects[first:last]])[plane]
            for plane, first, last in zip(slices, starts, starts[1:], strict=False)
        ]
    )


def by_truth(slices: Labels, truth: Labels) -> Labels:
    """Give each section to the object that it covers most of, and none to no object."""
    out = np.zeros_like(truth)
    for plane, true, given in zip(slices, truth, out, strict=True):
        for number in range(1, int(plane.max()) + 1):
            inside = plane == number
            counts = np.bincount(true[inside], minlength=1)
            counts[0] = 0
            given[inside] = counts.argmax() if counts.any() else 0
    return out


def main() -> None:
    """Print the table."""
    from napari_cihm import segment
    from napari_cihm.training.metrics import match

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="DSB18, with index.csv and val")
    parser.add_argument("--scenes", nargs="*", default=[*SCENES, REAL])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", default=None)
    options = parser.parse_args()
    bank = nuclei_of(options.data)
    print("| volume | nuclei | true slices | the model's | linked by the truth |")
    print("| --- | --- | --- | --- | --- |")
    for name in options.scenes:
        seed = zlib.crc32(f"{name}{options.seed}".encode()) % 2**31
        image, truth = real() if name == REAL else volume(SCENES[name], bank, seed)
        planes = segment(image, options.model, "zyx", volume="slices")
        slices = np.stack([_numbered(plane) for plane in planes])
        apart = np.stack([_numbered(plane) for plane in truth])
        found = (linked(apart), linked(slices), by_truth(slices, truth))
        scores = (match(truth, one, (0.5, 0.7)) for one in found)
        texts = (f"{half.ap:.3f}, {more.ap:.3f}" for half, more in scores)
        print(f"| {name} | {truth.max()}", *texts, sep=" | ", end=" |\n", flush=True)


if __name__ == "__main__":
    main()
