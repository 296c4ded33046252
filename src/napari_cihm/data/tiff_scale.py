"""The size of a pixel, as OME, ImageJ and the resolution tags of a TIFF say it."""

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import ParseError

import tifffile

from napari_cihm.data.units import shorten

Scale = tuple[dict[str, float], dict[str, str]]  # sizes and their units by axis

_CENTIMETRE = 3
_NAMED = {"PhysicalSizeX", "PhysicalSizeY", "PhysicalSizeZ", "TimeIncrement"}


def physical_size(file: tifffile.TiffFile, number: int, level: int) -> Scale:
    """Read the size of a pixel of an image, at a level, as far as the file knows it."""
    ome = read_ome(file)
    if ome is not None:
        scale, units = _ome_scale(ome, number)
    elif file.shaped_metadata and _NAMED & file.shaped_metadata[0].keys():
        scale, units = _named_scale(file.shaped_metadata[0])
    else:
        scale, units = _tag_scale(file)
    levels = file.series[number].levels
    finest, here = (
        dict(zip(one.axes, one.shape, strict=True)).get("X", 1)
        for one in (levels[0], levels[level])
    )
    ratio = finest / here
    return {k: v * (ratio if k in "yx" else 1) for k, v in scale.items()}, units


def read_ome(file: tifffile.TiffFile) -> dict[str, Any] | None:
    """Return what a file says by OME; nothing where that is broken or not there."""
    try:
        return tifffile.xml2dict(file.ome_metadata) if file.ome_metadata else None
    except ParseError:  # such as a name with a bare & in it; the pixels are whole
        return None


def _ome_scale(ome: dict[str, Any], number: int) -> Scale:
    found = ome.get("OME", {}).get("Image", {})
    pixels = (found[number] if isinstance(found, list) else found).get("Pixels", {})
    return _named_scale(pixels)


def _named_scale(pixels: Mapping[str, Any]) -> Scale:
    scale, units = {}, {}
    for letter in "zyx":
        size = pixels.get(f"PhysicalSize{letter.upper()}")
        if isinstance(size, int | float) and size > 0:
            scale[letter] = float(size)
            units[letter] = shorten(
                pixels.get(f"PhysicalSize{letter.upper()}Unit", "um")
            )
    step = pixels.get("TimeIncrement")
    if isinstance(step, int | float) and step > 0:
        scale["t"], units["t"] = float(step), str(pixels.get("TimeIncrementUnit", "s"))
    return scale, units


def _tag_scale(file: tifffile.TiffFile) -> Scale:
    first: Any = file.pages[0]
    tags = first.tags
    about = file.imagej_metadata or {}
    scale, units = {}, {}
    name = str(about.get("unit", ""))
    kind = tags["ResolutionUnit"].value if "ResolutionUnit" in tags else 1
    unit = shorten(name) or ("cm" if kind == _CENTIMETRE else "")
    for letter, tag in (("y", "YResolution"), ("x", "XResolution")):
        if not unit or tag not in tags:
            continue  # dots per inch are a printer's, not a microscope's
        many, length = tags[tag].value
        if many and length:
            scale[letter], units[letter] = length / many, unit
    if "spacing" in about and unit and float(about["spacing"]) > 0:
        scale["z"], units["z"] = float(about["spacing"]), unit
    if float(about.get("finterval", 0) or 0) > 0:
        scale["t"], units["t"] = float(about["finterval"]), "s"
    return scale, units
