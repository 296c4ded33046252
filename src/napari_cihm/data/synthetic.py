"""Made images with their truth: fluorescent nuclei, a stack of them, stained tissue.

They look as a microscope would show them: touching and dim nuclei, chromatin,
uneven light, haze, blur and noise. One seed, one image.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_cihm.data.nucleus import Floats, Labels, grain, paint, scatter

DIAMETER = 24.0
# Optical density of haematoxylin and eosin in red, green and blue.
STAINS = np.array([[0.78, 1.0, 0.34], [0.16, 0.42, 0.13]], np.float32)


def nuclei(
    shape: tuple[int, int] = (512, 512),
    seed: int = 0,
    diameter: float = DIAMETER,
    crowding: float = 0.28,
) -> tuple[NDArray[np.uint16], Labels]:
    """Make a fluorescence image of nuclei, as a 12-bit camera gives it, and its truth.

    Parameters
    ----------
    shape : pair of int
        Rows and columns.
    seed : int
        The same seed makes the same image.
    diameter : float
        Typical diameter of a nucleus in pixels.
    crowding : float
        Share of the picture that nuclei cover, about.
    """
    image, labels = _fluorescence((1, *shape), seed, diameter, crowding, spacing=1.0)
    return image[0], labels[0]


def nuclei_stack(
    shape: tuple[int, int, int] = (24, 256, 256), seed: int = 0
) -> tuple[NDArray[np.uint16], Labels]:
    """Make slices two pixels apart, blurred along the depth, and their truth."""
    return _fluorescence(shape, seed, DIAMETER, crowding=0.12, spacing=2.0)


def tissue(
    shape: tuple[int, int] = (512, 512), seed: int = 0
) -> tuple[NDArray[np.uint8], Labels]:
    """Make a purple-stained section, (rows, columns, RGB), and its truth."""
    rng = np.random.default_rng(seed)
    volume = (1, *shape)
    placed = scatter(rng, volume, DIAMETER, crowding=0.22, spacing=1.0)
    density, labels = paint(rng, volume, placed)
    stroma = np.clip(0.34 + 0.09 * _fibres(rng, volume), 0.03, None)
    dyes = np.stack([1.15 * density + 0.16 * stroma, stroma])[:, 0]
    light = np.exp(-np.einsum("dyx,dc->yxc", dyes, STAINS))
    light = ndimage.gaussian_filter(light, (0.8, 0.8, 0))
    light += rng.normal(0, 0.012, light.shape)
    return np.clip(light * 236, 0, 255).astype(np.uint8), labels[0]


def _fluorescence(
    shape: tuple[int, int, int],
    seed: int,
    diameter: float,
    crowding: float,
    spacing: float,
) -> tuple[NDArray[np.uint16], Labels]:
    rng = np.random.default_rng(seed)
    placed = scatter(rng, shape, diameter, crowding, spacing)
    dye, labels = paint(rng, shape, placed)
    depth = 1.4 / spacing if shape[0] > 1 else 0
    haze = ndimage.gaussian_filter(dye, (3 * depth, diameter / 2, diameter / 2))
    dye = ndimage.gaussian_filter(dye, (depth, 1.1, 1.1))
    light = _vignette(shape) * (0.035 + dye + 0.16 * haze)
    light *= np.exp(-0.5 * np.linspace(0, 1, shape[0], dtype=np.float32))[:, None, None]
    photons = rng.poisson(light * 620) + rng.normal(0, 3.0, shape)
    return np.clip(photons * 2.4 + 96, 0, 4095).astype(np.uint16), labels


def _fibres(rng: np.random.Generator, shape: tuple[int, int, int]) -> Floats:
    """Return long grain that bends as tissue does."""
    straight = grain(rng, shape, (0, 1.7, 8))[0] + 0.9 * grain(rng, shape, 18)[0]
    rows, columns = np.indices(shape[1:], np.float32)
    where = (rows + 45 * grain(rng, shape, 60)[0], columns)
    bent: Floats = ndimage.map_coordinates(straight, where, order=1, mode="wrap")
    return bent[None]


def _vignette(shape: tuple[int, int, int]) -> Floats:
    """Return light that falls off from a point beside the middle."""
    y, x = (np.linspace(-1, 1, n, dtype=np.float32) for n in shape[1:])
    fall = 1 - 0.2 * ((y[:, None] + 0.25) ** 2 + (x - 0.2) ** 2)
    return fall[None].astype(np.float32)
