"""Augmentation: patches warped and recoloured, with targets that stay right.

Every patch is a pure function of the samples and of a random generator seeded by
the run and the step, so that a resumed run sees exactly the data it would have.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as F

from napari_cihm.config import Normalisation
from napari_cihm.data.normalise import normalise
from napari_cihm.data.nucleus import grain
from napari_cihm.data.samples import Sample
from napari_cihm.data.warps import cut_out, draw_warp, resample

# Of the patches at full strength: how many are stretched as an image with little on
# it would be, and how many have nothing on them.
STRETCHED, EMPTY = 0.25, 0.08
TRIES = 8  # windows looked at for one that is free of objects


@dataclass(frozen=True)
class Patch:
    """A training patch."""

    image: Tensor  # (channels, p, p)
    targets: Tensor  # (maps, p, p)
    valid: Tensor  # (maps, p, p); 0 where nothing is to be learnt


def draw_patch(
    sample: Sample,
    size: int,
    rng: Generator,
    strength: float = 1.0,
    stretch: Normalisation | None = None,
) -> Patch:
    """Cut a warped patch around an object, or any reviewed place, and recolour it.

    Parameters
    ----------
    size : int
        Side of the patch.
    strength : float
        How often a patch is changed at all, from 0; turns and mirror images remain.
    stretch : Normalisation, optional
        How an image is stretched to its range. When it is given, some patches are
        stretched to their own, as an image with little on it is, and some hold
        nothing, so that what is empty stays empty.
    """
    warp = draw_warp(rng, strength)
    centre = _draw_centre(sample, size / warp.scale, rng)
    channels, maps = sample.image.shape[0], sample.targets.shape[0]
    window = cut_out(sample, centre, size, warp)
    patch = resample(window, size, warp)
    image, targets, valid = patch.tensor_split([channels, channels + maps])
    if not len(valid):
        valid = torch.ones_like(targets)
    if not warp.plain:  # interpolation softens what is yes or no
        sharp = targets[:-1] if sample.graded else targets
        sharp.copy_(sharp > 0.5)
    if stretch and sample.graded and rng.random() < EMPTY * strength:
        image = draw_nothing(sample, size, rng, stretch)
        targets, valid = torch.zeros_like(targets), torch.ones_like(valid)
    elif stretch and rng.random() < STRETCHED * strength:
        image = torch.from_numpy(normalise(image.numpy(), stretch))
    return Patch(recolour(image, rng, strength), targets, (valid > 0.99).float())


def draw_nothing(
    sample: Sample, size: int, rng: Generator, stretch: Normalisation
) -> Tensor:
    """Draw (channels, size, size) of what is stretched where no objects are.

    It is background of the sample, where a few tries find a window that is free of
    objects; else grain in uneven light.
    """
    height, width = sample.targets.shape[1:]
    for _ in range(TRIES):
        side = min(round(size * 2 ** rng.uniform(-1, 0.5)), height, width)
        top, left = rng.integers((height - side + 1, width - side + 1))
        window = np.s_[:, top : top + side, left : left + side]
        known = sample.valid is None or sample.valid[window].all()
        if known and not sample.targets[window].any():
            seen = torch.from_numpy(normalise(sample.image[window], stretch))
            return F.interpolate(seen[None], size, mode="bilinear")[0]
    channels = len(sample.image)
    grey = (sample.image == sample.image[:1]).all()
    field = _grain(1 if grey else channels, size, rng)
    made = torch.from_numpy(normalise(field, stretch))
    return made.expand(channels, -1, -1).contiguous()


def _grain(channels: int, size: int, rng: Generator) -> NDArray[np.float32]:
    fine = 2.0 ** rng.uniform(-2, 2)
    parts: list[NDArray[Any]] = [grain(rng, (channels, size, size), (0, fine, fine))]
    if channels > 1:
        parts.append(rng.uniform(0, 2) * grain(rng, (1, size, size), fine))
        parts.append(rng.uniform(0, 6, (channels, 1, 1)))
    light = grain(rng, (1, size, size), size / 6)
    parts.append(rng.uniform(0, 2) * light)
    return np.asarray(sum(parts), np.float32)


def recolour(image: Tensor, rng: Generator, strength: float = 1.0) -> Tensor:
    """Change gain, offset, gamma, stain, sharpness and noise of an image."""
    grey = image.shape[0] == 1 or bool((image == image[:1]).all())
    if rng.random() < 0.8 * strength:
        image = image.clamp_min(0) ** (2.0 ** rng.uniform(-0.8, 0.8))
    if rng.random() < 0.8 * strength:
        image = image * rng.uniform(0.6, 1.4) + rng.uniform(-0.1, 0.1)
    if not grey and rng.random() < 0.7 * strength:
        image = _restain(image, rng)
    if rng.random() < 0.2 * strength:
        sigma = rng.uniform(0.4, 1.6)
        blurred = ndimage.gaussian_filter(image.numpy(), (0, sigma, sigma))
        image = torch.from_numpy(blurred)
    if rng.random() < 0.3 * strength:
        shape = (1, *image.shape[1:]) if grey else image.shape
        noise = rng.standard_normal(shape, dtype=np.float32)
        image = image + rng.uniform(0.01, 0.1) * torch.from_numpy(noise)
    return image.clamp(-1.0, 3.0)


def _draw_centre(sample: Sample, reach: float, rng: Generator) -> NDArray[np.float64]:
    size = np.array(sample.image.shape[1:])
    if len(sample.centres) and rng.random() < 0.7:
        centre = sample.centres[rng.integers(len(sample.centres))]
        centre = centre + rng.uniform(-0.4, 0.4, 2) * reach
    elif sample.reviewed is None or not sample.known[-1]:
        centre = rng.uniform(0, size)
    else:
        centre = _draw_place(sample.reviewed, sample.known, rng)
    # a patch that fits into the image stays inside it
    margin = np.minimum(reach / 2, size / 2)
    return np.asarray(np.clip(centre, margin, size - margin))


def _draw_place(
    reviewed: NDArray[np.bool_], known: NDArray[np.int64], rng: Generator
) -> NDArray[np.float64]:
    """Draw any place that is reviewed: elsewhere there is nothing to learn."""
    number = rng.integers(known[-1])
    row = int(np.searchsorted(known, number, side="right"))
    column = np.flatnonzero(reviewed[row])[number - known[row]]  # from its end
    return np.asarray(np.array([row, column]) + rng.uniform(0, 1, 2))


def _restain(image: Tensor, rng: Generator) -> Tensor:
    """Mix and stretch the colours' optical densities, however many there are."""
    channels = len(image)
    density = -torch.log(image.clamp(0.02, 1.5))
    mix = np.eye(channels) + rng.normal(0, 0.08, (channels, channels))
    mix *= rng.uniform(0.7, 1.3, (channels, 1))
    mixed = torch.einsum("ij,jhw->ihw", torch.from_numpy(mix).float(), density)
    return torch.exp(-mixed)
