"""OME-Zarr v0.4 and v0.5, and plain Zarr arrays, in and out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import zarr

from napari_cihm.data.image import Image
from napari_cihm.data.units import in_full, shorten
from napari_cihm.errors import ReadError

MARKS = ("zarr.json", ".zgroup", ".zarray")
TYPES = {"t": "time", "c": "channel", "z": "space", "y": "space", "x": "space"}


def is_zarr(path: Path) -> bool:
    """Tell whether a folder is a Zarr group or array."""
    return any((path / mark).exists() for mark in MARKS)


def open_zarr(path: Path, axes: str | None = None, level: int = 0) -> Image:
    """Open an array, or a level of a multiscale image, without reading it.

    Raises
    ------
    ReadError
        If there is no image in the group, or no such level.
    """
    node = zarr.open(path, mode="r")
    name = path.name.removesuffix(".zarr").removesuffix(".ome")
    about: dict[str, Any] = {"name": name, "path": path}
    if isinstance(node, zarr.Array):
        refuse_levels(path, level)
        own = _names(getattr(node.metadata, "dimension_names", None))
        return Image.of(node, axes or own, **about)
    images = _multiscales(node)
    if not images:
        refuse_levels(path, level)
        return Image.of(_only_array(path, node), axes, **about)
    levels = images[0]["datasets"]
    if not 0 <= level < len(levels):
        raise ReadError(
            f"{path} has no level {level}", f"0 to {len(levels) - 1}, 0 the finest"
        )
    named = images[0].get("axes") or "tczyx"
    described = [a if isinstance(a, Mapping) else {"name": a} for a in named]
    letters = "".join(a["name"] for a in described)
    scale = _scale(images[0], levels[level], letters)
    units = {a["name"]: shorten(a["unit"]) for a in described if "unit" in a}
    data = node[levels[level]["path"]]
    return Image.of(data, axes or letters, scale=scale, units=units, **about)


def describe(
    axes: str, scale: Mapping[str, float], units: Mapping[str, str], name: str
) -> dict[str, Any]:
    """Return the OME-Zarr v0.5 metadata of an image with one level."""
    described = []
    for letter in axes:
        entry = {"name": letter, "type": TYPES[letter]}
        if letter in units:
            entry["unit"] = in_full(units[letter])
        described.append(entry)
    sizes = [float(scale.get(letter, 1.0)) for letter in axes]
    transform = {"type": "scale", "scale": sizes}
    dataset = {"path": "0", "coordinateTransformations": [transform]}
    image = {"name": name, "axes": described, "datasets": [dataset]}
    return {"ome": {"version": "0.5", "multiscales": [image]}}


def _multiscales(group: Any) -> list[Any]:
    about = group.attrs.asdict()
    return list(about.get("ome", about).get("multiscales", []))


def refuse_levels(path: Path, level: int) -> None:
    """Refuse a level of what has but one."""
    if level:
        raise ReadError(f"{path} has no level {level}", "0, the only one")


def _only_array(path: Path, group: Any) -> Any:
    found = dict(group.arrays())
    if len(found) == 1:
        return next(iter(found.values()))
    inside = ", ".join(sorted([*found, *group.group_keys()])) or "nothing"
    raise ReadError(
        f"{path} is a Zarr group without an image; it holds {inside}",
        "an OME-Zarr image or a single array",
        "name what is inside it" if inside != "nothing" else "",
    )


def _names(names: Any) -> str | None:
    if not names or any(not isinstance(n, str) or len(n) != 1 for n in names):
        return None
    return "".join(names)


def _scale(image: Any, dataset: Any, letters: str) -> dict[str, float]:
    scale = np.ones(len(letters))
    for source in (dataset, image):
        for transform in source.get("coordinateTransformations", []):
            if transform.get("type") == "scale":
                scale = scale * np.asarray(transform["scale"], float)
    return {a: float(s) for a, s in zip(letters, scale, strict=True) if a != "c"}
