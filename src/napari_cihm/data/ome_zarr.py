"""OME-Zarr v0.4 and v0.5, and plain Zarr arrays, in and out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import zarr

from napari_cihm.data.axes import LETTERS, WORDS, along, letters_of, usual_axes
from napari_cihm.data.image import Image
from napari_cihm.data.units import in_full, shorten
from napari_cihm.errors import AxesError, ReadError

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
    node, note = _first_of(path, node)
    images = _multiscales(node)
    if not images:
        refuse_levels(path, level)
        return Image.of(_only_array(path, node), axes, **about)
    levels = images[0]["datasets"]
    if not 0 <= level < len(levels):
        raise ReadError(
            f"{path} has no level {level}", f"0 to {len(levels) - 1}, 0 the finest"
        )
    data = node[levels[level]["path"]]
    described = _described(images[0])
    known = _letters(described)
    image = Image.of(data, axes or _own_axes(described, known), **about, note=note)
    scale, origin = _places(images[0], levels[level], known)
    units = {
        letter: shorten(axis["unit"])
        for letter, axis in zip(known, described, strict=True)
        if "unit" in axis
    }
    ours = set(image.axes) - {"c"}
    return replace(
        image,
        scale=along(ours, scale),
        units=along(ours, units),
        origin=along(ours, {letter: at for letter, at in origin.items() if at}),
    )


def describe(
    axes: str,
    scale: Mapping[str, float],
    units: Mapping[str, str],
    origin: Mapping[str, float],
    name: str,
) -> dict[str, Any]:
    """Return the OME-Zarr v0.5 metadata of an image with one level."""
    described = []
    for letter in axes:
        entry = {"name": letter, "type": TYPES[letter]}
        if letter in units:
            entry["unit"] = in_full(units[letter])
        described.append(entry)
    sizes = [float(scale.get(letter, 1.0)) for letter in axes]
    transforms: list[dict[str, Any]] = [{"type": "scale", "scale": sizes}]
    if origin:
        first = [float(origin.get(letter, 0.0)) for letter in axes]
        transforms.append({"type": "translation", "translation": first})
    dataset = {"path": "0", "coordinateTransformations": transforms}
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
    image = _image_in(group)
    raise ReadError(
        f"{path} is a Zarr group without an image; it holds {inside}",
        "an OME-Zarr image or a single array",
        f"name one inside it, such as {path / image}" if image else "",
    )


def _image_in(group: Any) -> str:
    """Return where the first image is in a group, such as a plate of wells."""
    for name, inner in group.groups():
        if _multiscales(inner):
            return str(name)
        if deeper := _image_in(inner):
            return f"{name}/{deeper}"
    return next(iter(group.array_keys()), "")


def _names(names: Any) -> str | None:
    return letters_of(names) or None if names and all(names) else None


def _first_of(path: Path, group: Any) -> tuple[Any, str]:
    """Go into a file that was converted by bioformats2raw, which numbers its images."""
    about = group.attrs.asdict()
    if "bioformats2raw.layout" not in about.get("ome", about) or "0" not in group:
        return group, ""
    many = sum(name.isdecimal() for name in group.group_keys())
    note = f"{path.name} holds {many} images; the first was taken" if many > 1 else ""
    return group["0"], note


def _described(image: Any) -> list[Mapping[str, Any]]:
    """Return the axes of an image, which early versions only name, or do not."""
    axes = image.get("axes") or list("tczyx")
    return [a if isinstance(a, Mapping) else {"name": a} for a in axes]


def _letters(described: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return our letters for axes, or the names of those that are none of ours."""
    known = [WORDS.get(str(a["name"]).lower(), str(a["name"])) for a in described]
    kinds = {kind: letter for letter, kind in TYPES.items() if kind != "space"}
    return [
        letter.lower()
        if letter.lower() in LETTERS
        else kinds.get(str(a.get("type")), letter)
        for letter, a in zip(known, described, strict=True)
    ]


def _own_axes(described: Sequence[Mapping[str, Any]], known: Sequence[str]) -> str:
    if axes := letters_of(known):
        return axes
    names = ", ".join(str(a["name"]) for a in described)
    raise AxesError(
        f"axes called {names}",
        "axes among t, z, c, y, x",
        f"say which they are, such as {usual_axes(len(known))}",
    )


def _places(
    image: Any, dataset: Any, letters: Sequence[str]
) -> tuple[dict[str, float], dict[str, float]]:
    """Return how large pixels of a level are along its axes, and where the first is."""
    scale, first = np.ones(len(letters)), np.zeros(len(letters))
    for source in (dataset, image):
        for transform in source.get("coordinateTransformations", []):
            if transform.get("type") == "scale":
                by = np.asarray(transform["scale"], float)
                scale, first = scale * by, first * by
            elif transform.get("type") == "translation":
                first = first + np.asarray(transform["translation"], float)
    return (
        dict(zip(letters, scale.tolist(), strict=True)),
        dict(zip(letters, first.tolist(), strict=True)),
    )
