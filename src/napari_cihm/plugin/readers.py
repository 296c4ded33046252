"""Opening DSB18 folders: one sample, or a whole ``stage1_train`` as lazy stacks."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
from dask.delayed import delayed
from numpy.typing import NDArray
from PIL import Image as Pillow

from napari_cihm.data.dsb18 import is_sample, read_sample
from napari_cihm.data.pictures import read_picture

LayerData = tuple[Any, dict[str, Any], str]
Reader = Callable[[str | Sequence[str]], list[LayerData]]


def get_reader(path: str | Sequence[str]) -> Reader | None:
    """Return what reads a DSB18 folder; None for any other path.

    Parameters
    ----------
    path : str or sequence of str
        One folder; several are left to others.
    """
    if not isinstance(path, str) or not Path(path).is_dir():
        return None
    return read_folder if _samples(Path(path)) else None


def read_folder(path: str | Sequence[str]) -> list[LayerData]:
    """Read a sample, or stacks of all samples of each size."""
    folder = Path(str(path))
    samples = _samples(folder)
    if is_sample(folder):
        image, labels = _picture(folder), _labels(folder)
        return [
            (image, {"name": folder.name, "rgb": image.ndim == 3}, "image"),
            (labels, {"name": f"{folder.name} masks"}, "labels"),
        ]
    by_size: dict[tuple[int, int], list[Path]] = defaultdict(list)
    for sample in samples:
        by_size[_size(sample)].append(sample)
    groups = sorted(by_size.items(), key=lambda group: len(group[1]))
    return [
        layer
        for size, members in groups
        for layer in _stacks(folder.name, size, members, members is groups[-1][1])
    ]


def _stacks(
    name: str, size: tuple[int, int], members: list[Path], shown: bool
) -> list[LayerData]:
    """Make a stack of images and one of labels; only the largest is shown at first."""
    title = f"{name} {size[0]}x{size[1]}"
    about: dict[str, Any] = {
        "axis_labels": ("t", "y", "x"),
        "visible": shown,
        "metadata": {"samples": [member.name for member in members]},
    }
    images = _lazy(_colours, members, (*size, 3), np.uint8)
    labels = _lazy(_labels, members, size, np.int32)
    return [
        (
            images,
            {"name": title, "rgb": True, "contrast_limits": (0, 255), **about},
            "image",
        ),
        (labels, {"name": f"{title} masks", **about}, "labels"),
    ]


def _lazy(
    read: Callable[[Path], NDArray[Any]],
    members: list[Path],
    shape: tuple[int, ...],
    dtype: type[np.generic],
) -> Any:
    planes = [
        da.from_delayed(delayed(read)(member), shape, dtype) for member in members
    ]
    return da.stack(planes)


def _samples(folder: Path) -> list[Path]:
    if is_sample(folder):
        return [folder]
    return sorted(f for f in folder.iterdir() if f.is_dir() and is_sample(f))


def _file(sample: Path) -> Path:
    return sample / "images" / f"{sample.name}.png"


def _size(sample: Path) -> tuple[int, int]:
    with Pillow.open(_file(sample)) as picture:  # reads the header alone
        width, height = picture.size
    return height, width


def _picture(sample: Path) -> NDArray[Any]:
    """Read an image, grey where its colours are all the same."""
    colours = _colours(sample)
    grey = bool((colours == colours[..., :1]).all())
    return colours[..., 0] if grey else colours


def _colours(sample: Path) -> NDArray[Any]:
    picture = np.moveaxis(read_picture(_file(sample)), 0, -1)
    return np.broadcast_to(picture, (*picture.shape[:2], 3)).copy()


def _labels(sample: Path) -> NDArray[np.int32]:
    return read_sample(sample).labels
