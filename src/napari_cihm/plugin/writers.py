"""Saving labels: TIFF and OME-Zarr with their scale, run lengths as DSB18 wants."""

from pathlib import Path
from typing import Any

from napari_cihm.data.axes import label_axes, letters_of, usual_axes
from napari_cihm.plugin.pictures import sizes_of
from napari_cihm.plugin.signing import KEY
from napari_cihm.segmentation.output import Layout, write_array
from napari_cihm.segmentation.submission import run_lengths, write_submission


def write_image(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Write labels as ``.tif`` or ``.zarr``, with axes, scale, units and place."""
    return [str(write_array(path, data, layout_of(data, meta)))]


def write_runs(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Write the run-length CSV of the 2018 Data Science Bowl.

    Each plane of a stack is an image of its own, named after its sample where
    that is known.
    """
    planes = data.reshape(-1, *data.shape[-2:])
    samples = meta.get("metadata", {}).get("samples", [])
    name = meta.get("name", Path(path).stem)
    if len(samples) != len(planes):
        samples = (
            [name] if len(planes) == 1 else [f"{name}_{i}" for i in range(len(planes))]
        )
    runs = [
        (sample, list(run_lengths(plane)))
        for sample, plane in zip(samples, planes, strict=True)
    ]
    return [str(write_submission(path, runs))]


def layout_of(data: Any, meta: dict[str, Any]) -> Layout:
    """Return what a layer's dimensions mean, out of what napari says of it."""
    axes = _axes(data.ndim, meta)
    known = sizes_of(axes, meta.get("scale", ()), meta.get("units", ()))
    scale = {letter: size for letter, (size, _) in known.items()}
    units = {letter: unit for letter, (_, unit) in known.items() if unit}
    places = zip(axes, meta.get("translate", ()), strict=False)
    origin = {letter: float(at) for letter, at in places if at}
    return Layout(axes, scale, units, meta.get("name", "labels"), origin)


def _axes(count: int, meta: dict[str, Any]) -> str:
    ours = meta.get("metadata", {}).get(KEY, {}).get("axes", "")
    for axes in (label_axes(ours), letters_of(meta.get("axis_labels", ()))):
        if len(axes) == count:
            return axes
    return usual_axes(count)
