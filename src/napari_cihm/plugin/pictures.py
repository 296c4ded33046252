"""Images of the viewer as the engine takes them: pixels, axes, lengths."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from napari.layers import Image as ImageLayer
from napari.layers import Labels

from napari_cihm.data.axes import guess_axes, letters_of
from napari_cihm.data.chunks import chunk_by_chunk
from napari_cihm.data.image import Image
from napari_cihm.data.units import shorten
from napari_cihm.errors import CihmError
from napari_cihm.plugin.region import Region

NO_UNIT = "pixel"
NAPARI = "napari"  # the reader whose files name axes that it does not hand on

_filed: WeakKeyDictionary[ImageLayer, tuple[tuple[int, ...], str]] = WeakKeyDictionary()


def array_of(layer: ImageLayer | Labels) -> Any:
    """Return the pixels of an image or of labels, of many scales the finest."""
    return layer.data[0] if layer.multiscale else layer.data


def axes_of(layer: ImageLayer) -> str:
    """Return what an image's dimensions are called, or else a guess.

    Names that a reader or the user gave count, then those in a TIFF that napari's own
    reader opened; its numbers do not.
    """
    letters = letters_of([*layer.axis_labels, *("c" if layer.rgb else "")])
    shape = array_of(layer).shape
    if len(letters) == len(shape):
        return letters
    if filed := _filed_axes(layer, tuple(shape)):
        return filed
    return _guessed_axes(layer, shape)


def _filed_axes(layer: ImageLayer, shape: tuple[int, ...]) -> str:
    """Return an image's axes as its file names them, if its shape is the file's."""
    known = _filed.get(layer)
    if known is None or known[0] != shape:
        known = _filed[layer] = shape, _read_axes(layer, shape)
    return known[1]


def _read_axes(layer: ImageLayer, shape: tuple[int, ...]) -> str:
    source = layer.source
    if source.reader_plugin != NAPARI or not source.path:
        return ""
    # What reads files would keep the panel waiting while it opens.
    from napari_cihm.data.tiff import first_bytes, is_tiff, named_axes

    path = Path(source.path)
    try:
        named = named_axes(path) if is_tiff(first_bytes(path)) else None
    except (CihmError, OSError, ValueError):
        return ""  # it was moved, or another program writes it just now
    return named[0] if named is not None and named[1] == shape else ""


def _guessed_axes(layer: ImageLayer, shape: tuple[int, ...]) -> str:
    """Guess an image's axes from its sizes and from how far apart its planes are.

    Between channels there is no length and no time. A length of 1 is what napari gives
    any axis, and a unit that several have may have been given to all of them.
    """
    before = range(len(shape) - 2 - layer.rgb)
    timed = [a for a in before if layer.units[a].is_compatible_with("second")]
    in_units = [a for a in before if a not in timed and str(layer.units[a]) != NO_UNIT]
    steps = {a for a in before if layer.scale[a] != 1 or in_units == [a]}
    letters = guess_axes(shape, layer.rgb, steps.union(timed))
    if timed:
        its = letters[timed[0]]
        letters = letters.translate(str.maketrans(f"t{its}", f"{its}t"))
    return letters


def sizes_of(
    letters: str, scale: Iterable[float], units: Iterable[Any]
) -> dict[str, tuple[float, str]]:
    """Return how long a pixel is along axes, and in what unit, where that is said.

    A length of 1 without a unit is what napari gives any layer; others are the
    user's, if in no unit. Space has a scale if any of its axes has.
    """
    sizes = {
        letter: (float(size), "" if unit == NO_UNIT else shorten(unit))
        for letter, size, unit in zip(letters, scale, map(str, units), strict=False)
    }
    known = {letter for letter, (size, unit) in sizes.items() if unit or size != 1}
    if known & set("zyx"):
        known |= set("zyx")
    return {letter: sizes[letter] for letter in letters if letter in known - {"c"}}


def picture_of(layer: ImageLayer, region: Region) -> Image:
    """Return a region of an image with its scale, for the engine."""
    fed = region.fed_axes
    letters = region.axes[:-1] if layer.rgb else region.axes
    sizes = sizes_of(letters, layer.scale, layer.units)
    scale = {a: size for a, (size, _) in sizes.items() if a in fed}
    units = {a: unit or "unit" for a, (_, unit) in sizes.items() if a in fed}
    data = region.feed(chunk_by_chunk(array_of(layer)))
    return Image.of(data, fed, scale=scale, units=units, name=layer.name)
