"""Add corrected slices to a training folder: images, masks, where they are reviewed."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_cihm import __version__
from napari_cihm.correction.counting import compacted
from napari_cihm.correction.slices import (
    ReviewedSlice,
    reviewed_planes,
    reviewed_slices,
)
from napari_cihm.correction.training_folder import TrainingFolder
from napari_cihm.data.image import COLOUR, Image, is_colour
from napari_cihm.data.paths import spelled, with_home
from napari_cihm.errors import InputError
from napari_cihm.events import Event, Exported, SliceExported

PLANES = {"z": "slice", "t": "frame"}  # what an image's planes are called


def export_training(
    folder: Path | str,
    image: Image,
    labels: Any,
    reviewed: Any = None,
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
    reviewed : Reviewed or array-like of bool, optional
        Slices without a reviewed pixel are left out; everything counts as
        reviewed when it is missing.
    name : str
        What files are named after; the image's name by default.
    channels : tuple of int, optional
        Channels to write, one or three. All, when there are 1 or 3; of colours with
        alpha those three.
    facts : mapping, optional
        More for the index: the model's hash, who corrected.

    Yields
    ------
    SliceExported, Exported
        For each slice; at the end.
    """
    chosen = _check_channels(image, channels)
    total = len(reviewed_planes(image, labels, reviewed))
    place = TrainingFolder(with_home(folder))
    base = _slug(name or image.name)
    added: list[str] = []
    present: list[str] = []
    colours = is_colour(image) and len(chosen) == COLOUR
    slices = reviewed_slices(image, labels, reviewed, chosen)
    for done, part in enumerate(slices, 1):
        picture, mask = _picture(part.image, colours), _mask(part.labels)
        digest = _digest(picture, mask, part.reviewed)
        kept = place.known(digest)
        if kept is None:
            wanted = base + "".join(f"_{axis}{n:04d}" for axis, n in part.plane.items())
            entry = _entry(image, part, chosen, mask, digest, facts or {})
            added.append(place.add(wanted, picture, mask, part.reviewed, entry))
        else:
            present.append(kept)
        yield SliceExported(done, total, kept or added[-1])
    said = _said(added, present, place.path, image.axes)
    yield Exported(place.path, tuple(added), tuple(present), said)


def _check_channels(image: Image, channels: tuple[int, ...] | None) -> tuple[int, ...]:
    count = image.size("c")
    seen = COLOUR if is_colour(image) else count
    chosen = tuple(range(seen)) if channels is None else channels
    if len(chosen) not in (1, 3) or not all(0 <= c < count for c in chosen):
        raise InputError(
            f"channels {chosen} of an image with {count}",
            "one channel, or three",
            "choose the channel that was segmented, in the window under Segment",
        )
    return chosen


def _picture(values: NDArray[Any], colours: bool) -> NDArray[Any]:
    """Bring a plane into a kind of number that every reader of TIFF knows."""
    picture = values[0] if len(values) == 1 else values
    picture = np.moveaxis(values, 0, -1) if colours else picture
    if picture.dtype == np.bool_:
        return picture.astype(np.uint8)
    if picture.dtype in (np.uint8, np.uint16, np.float32):
        return np.ascontiguousarray(picture)
    fits = picture.dtype.kind in "iu" and 0 <= picture.min() <= picture.max() < 1 << 16
    return picture.astype(np.uint16 if fits else np.float32)


def _mask(labels: NDArray[Any]) -> NDArray[Any]:
    """Keep the numbers, which may name classes, unless a TIFF's are too small."""
    mask = np.where(labels > 0, labels, 0)
    if mask.max(initial=0) >= 1 << 16:
        mask = compacted(mask)[1]
    small = mask.max(initial=0) < 1 << 16
    return mask.astype(np.uint16 if small else np.uint32)


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
    part: ReviewedSlice,
    channels: tuple[int, ...],
    mask: NDArray[Any],
    digest: str,
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    seen = part.reviewed
    entry = {
        "image": spelled(image.name),
        "source": spelled(str(image.path or "")),
        "plane": dict(part.plane),
        "channels": list(channels),
        "objects": int(np.count_nonzero(np.unique(mask))),
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


def _said(added: list[str], present: list[str], folder: Path, axes: str) -> str:
    each = next((what for a, what in PLANES.items() if a in axes), "image")
    planes = f"1 {each}" if len(added) == 1 else f"{len(added)} {each}s"
    were = "1 was" if len(present) == 1 else f"{len(present)} were"
    before = f"; {were} already there" if present else ""
    return f"Added {planes} to {folder}{before}."
