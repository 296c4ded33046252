"""Add corrected slices to a training folder: images, masks, where they are reviewed."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.segmentation import relabel_sequential

from napari_cihm import __version__
from napari_cihm.correction.placing import TrainingFolder
from napari_cihm.correction.reviewed import Reviewed
from napari_cihm.data.image import Image
from napari_cihm.errors import InputError, ShapeError
from napari_cihm.events import Event, Exported, SliceExported


def export_training(
    folder: Path | str,
    image: Image,
    labels: Any,
    reviewed: Reviewed | None = None,
    *,
    name: str = "",
    channels: tuple[int, ...] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Iterator[Event]:
    """Add an image with its labels to a folder that `train` and `finetune` take.

    Files go to ``images/``, ``masks/`` and ``reviewed/``, one TIFF a slice, under
    a name that nothing there has; nothing is ever replaced. A slice that is there
    already, pixel for pixel, is not added twice. Each file appears whole, and the
    image last, so that a crash leaves no pair half made. ``index.jsonl`` says
    where every slice came from.

    Parameters
    ----------
    folder : path
        The training folder; made if need be.
    image : Image
        The image with its axes.
    labels : array-like of int
        Labels of its axes less the channels.
    reviewed : Reviewed, optional
        Slices without a reviewed pixel are left out; everything counts as
        reviewed when it is missing.
    name : str
        What files are named after; the image's name by default.
    channels : tuple of int, optional
        Channels to write: one, or three as colours. All, when there are 1 or 3.
    facts : mapping, optional
        More for the index: the model's hash, who corrected.

    Yields
    ------
    SliceExported
        For each slice.
    Exported
        At the end.
    """
    chosen = _check(image, labels, reviewed, channels)
    planes = list(_planes(image, reviewed))
    if not planes:
        raise InputError("nothing is reviewed yet", "a reviewed slice, region or image")
    place = TrainingFolder(Path(folder))
    base = _slug(name or image.name)
    added: list[str] = []
    present: list[str] = []
    for done, at in enumerate(planes, 1):
        picture = _picture(image, at, chosen)
        mask = _mask(_plane(labels, image.label_axes, at))
        box = _box(image, at)
        seen = None if reviewed is None else _turned(reviewed.read(box), image)
        digest = _digest(picture, mask, seen)
        known = place.known(digest)
        if known is None:
            wanted = base + "".join(f"_{axis}{n:04d}" for axis, n in at.items())
            entry = _entry(image, at, chosen, mask, seen, digest, facts or {})
            written = place.add(wanted, picture, mask, seen, entry)
        (added if known is None else present).append(known or written)
        yield SliceExported(done, len(planes), known or written, known is None)
    yield Exported(
        place.path, tuple(added), tuple(present), _said(added, present, place.path)
    )


def _check(
    image: Image,
    labels: Any,
    reviewed: Reviewed | None,
    channels: tuple[int, ...] | None,
) -> tuple[int, ...]:
    for what, given in {"labels": labels, "reviewed marks": reviewed}.items():
        if given is not None and tuple(given.shape) != image.label_shape:
            raise ShapeError(
                f"{what} of shape {tuple(given.shape)} for an image whose labels are "
                f"{image.label_axes!r} {image.label_shape}"
            )
    count = image.size("c")
    chosen = tuple(range(count)) if channels is None else channels
    if len(chosen) not in (1, 3) or not all(0 <= c < count for c in chosen):
        raise InputError(
            f"channels {chosen} of an image with {count}",
            "one channel, or three as colours",
            "name the channel that was segmented",
        )
    return chosen


def _planes(image: Image, reviewed: Reviewed | None) -> Iterator[dict[str, int]]:
    """Go through the planes to export: the number along each stacked axis."""
    stacked = [axis for axis in image.label_axes if axis not in "yx"]
    for numbers in product(*[range(image.size(axis)) for axis in stacked]):
        at = dict(zip(stacked, numbers, strict=True))
        if reviewed is None:
            yield at
            continue
        box = _box(image, at)
        if reviewed.touches(box) and reviewed.read(box).any():
            yield at


def _box(image: Image, at: Mapping[str, int]) -> tuple[slice, ...]:
    return tuple(
        slice(at[axis], at[axis] + 1) if axis in at else slice(0, image.size(axis))
        for axis in image.label_axes
    )


def _plane(array: Any, axes: str, at: Mapping[str, int]) -> NDArray[Any]:
    values = np.asarray(array[tuple(at.get(axis, slice(None)) for axis in axes)])
    return values if axes.index("y") < axes.index("x") else values.T


def _turned(values: NDArray[Any], image: Image) -> NDArray[Any]:
    """Drop the stacked axes of a box and put rows first."""
    axes = image.label_axes
    sizes = [n for n, a in zip(values.shape, axes, strict=True) if a in "yx"]
    flat = values.reshape(sizes)
    return flat if axes.index("y") < axes.index("x") else flat.T


def _picture(
    image: Image, at: Mapping[str, int], channels: tuple[int, ...]
) -> NDArray[Any]:
    """Read a plane in a kind of number that every reader of TIFF knows."""
    values = image.read(t=at.get("t", 0), z=at.get("z", 0), channels=channels)
    picture = values[0] if len(channels) == 1 else np.moveaxis(values, 0, -1)
    if picture.dtype == np.bool_:
        return picture.astype(np.uint8)
    if picture.dtype in (np.uint8, np.uint16, np.float32):
        return np.ascontiguousarray(picture)
    fits = picture.dtype.kind in "iu" and 0 <= picture.min() <= picture.max() < 1 << 16
    return picture.astype(np.uint16 if fits else np.float32)


def _mask(labels: NDArray[Any]) -> NDArray[Any]:
    numbered = relabel_sequential(np.where(labels > 0, labels, 0).astype(np.int64))[0]
    small = int(numbered.max(initial=0)) < 1 << 16
    mask: NDArray[Any] = numbered.astype(np.uint16 if small else np.uint32)
    return mask


def _digest(*parts: NDArray[Any] | None) -> str:
    digest = blake2b(digest_size=16)
    for part in parts:
        if part is not None:
            digest.update(f"{part.shape}{part.dtype.str}".encode())
            digest.update(np.ascontiguousarray(part).tobytes())
        digest.update(b";")
    return digest.hexdigest()


def _entry(
    image: Image,
    at: Mapping[str, int],
    channels: tuple[int, ...],
    mask: NDArray[Any],
    seen: NDArray[Any] | None,
    digest: str,
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    entry = {
        "image": image.name,
        "source": str(image.path or ""),
        "plane": dict(at),
        "channels": list(channels),
        "objects": int(mask.max(initial=0)),
        "reviewed": 1.0 if seen is None else round(float(seen.mean()), 4),
        "added": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "program": __version__,
        **facts,
        "content": digest,
    }
    return dict(json.loads(json.dumps(entry, default=str)))


def _slug(name: str) -> str:
    """Make a file's name of a layer's or a file's."""
    name = re.sub(r"(\.ome)?\.(tiff?|png|jpe?g|bmp|zarr)$", "", name, flags=re.I)
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "image"


def _said(added: list[str], present: list[str], folder: Path) -> str:
    slices = "1 slice" if len(added) == 1 else f"{len(added)} slices"
    before = f"; {len(present)} were there already" if present else ""
    return f"Added {slices} to {folder}{before}."
