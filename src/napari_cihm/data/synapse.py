"""Synapse as the field prepares it: training slices, and volumes to test on.

``train_npz/case0005_slice000.npz`` and ``test_vol_h5/case0001.npy.h5`` each hold
an ``image`` and a ``label`` of organ numbers; a volume is read as its slices.
"""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from napari_cihm.data.listing import images_in
from napari_cihm.data.pairs import Pair, PairSource
from napari_cihm.errors import DataError, ReadError, UnavailableError


def fits(folder: Path) -> bool:
    """Whether a folder holds slices or volumes."""
    return (folder / "train_npz").is_dir() or (folder / "test_vol_h5").is_dir()


def slice_pairs(folder: Path) -> list[PairSource]:
    """Find the training slices."""
    return [
        PairSource(
            path.stem, partial(_read_slice, path), path.stem.rsplit("_slice", 1)[0]
        )
        for path in images_in(folder / "train_npz", [".npz"])
    ]


def volume_pairs(folder: Path) -> list[PairSource]:
    """Find the slices of the test volumes."""
    pairs = []
    for path in images_in(folder / "test_vol_h5", [".h5"]):
        name = path.name.split(".")[0]
        for z in range(_depth(path)):
            full = f"{name}_slice{z:03d}"
            pairs.append(PairSource(full, partial(_read_plane, path, full, z), name))
    return pairs


def _read_slice(path: Path) -> Pair:
    try:
        with np.load(path) as file:
            image, label = file["image"], file["label"]
    except Exception as error:  # zip, pickle and key errors alike
        raise _unreadable(path, error) from error
    return Pair.of(path.stem, image, label, blank=True)


def _read_plane(path: Path, name: str, z: int) -> Pair:
    with _open(path) as file:
        return Pair.of(name, file["image"][z], file["label"][z], blank=True)


def _depth(path: Path) -> int:
    with _open(path) as file:
        for key in ("image", "label"):
            if key not in file:
                raise _unreadable(path, KeyError(key))
        image, label = file["image"].shape, file["label"].shape
        if image != label:
            raise DataError(
                f"{path}: the image is {image} and its label {label}",
                "one shape",
                "prepare it anew",
            )
        return int(image[0])


def _open(path: Path) -> Any:
    try:
        import h5py  # an extra: nothing else here needs it
    except ImportError:
        raise UnavailableError(
            f"{path.name} needs h5py, which is not installed",
            remedy="install it with pip",
        ) from None
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> ReadError:
    return ReadError(
        f"{path} cannot be read ({type(error).__name__}: {error})",
        "a file with an image and a label",
        "prepare it anew",
    )
