"""What a file says of its axes, which napari's own reader does not hand on."""

from pathlib import Path
from weakref import WeakKeyDictionary

from napari.layers import Image as ImageLayer

from napari_cihm.errors import CihmError

READER = "napari"

_known: WeakKeyDictionary[ImageLayer, tuple[tuple[int, ...], str]] = WeakKeyDictionary()


def filed_axes(layer: ImageLayer, shape: tuple[int, ...]) -> str:
    """Return an image's axes as its file names them, if its shape is the file's."""
    known = _known.get(layer)
    if known is None or known[0] != shape:
        known = _known[layer] = shape, _read(layer, shape)
    return known[1]


def _read(layer: ImageLayer, shape: tuple[int, ...]) -> str:
    # What reads files would keep the panel waiting while it opens.
    from napari_cihm.data.tiff import first_bytes, is_tiff, named_axes

    source = layer.source
    if source.reader_plugin != READER or not source.path:
        return ""
    path = Path(source.path)
    try:
        named = named_axes(path) if is_tiff(first_bytes(path)) else None
    except (CihmError, OSError, ValueError):
        return ""  # it was moved, or another program writes it just now
    return named[0] if named is not None and named[1] == shape else ""
