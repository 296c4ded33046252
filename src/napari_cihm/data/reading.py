"""Opening whatever holds an image, without reading its pixels yet."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_cihm.data.image import Image, readable
from napari_cihm.data.ome_zarr import is_zarr, open_zarr, refuse_levels
from napari_cihm.data.paths import with_home
from napari_cihm.data.tiff import first_bytes, is_tiff, open_tiff
from napari_cihm.data.tiff_series import open_tiff_series
from napari_cihm.errors import AxesError, DtypeError, ReadError, ShapeError

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")
TIFFS = (".tif", ".tiff", ".lsm", ".stk", ".svs", ".ndpi", ".qptiff", ".btf")
ARRAYS = (".npy",)
SUFFIXES = (*PICTURES, *TIFFS, *ARRAYS, ".zarr")
UNREAD = (  # what images are called that cannot be read
    *(".czi", ".lif", ".nd2", ".oib", ".oif", ".oir", ".vsi", ".ims", ".dv", ".mrxs"),
    *(".jp2", ".pgm", ".ppm", ".heic", ".dcm"),
)

CODED = ("P", "PA", "CMYK", "YCbCr", "LAB", "HSV")  # colours in another code
PLAIN = {"1": "L", "LA": "L", **dict.fromkeys(CODED, "RGB")}
# Channels kept of a PNG by the code of its colours: RGB, grey and alpha, RGBA.
DEEP = {2: 3, 4: 1, 6: 4}
PICTURE_MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF")
OTHERS = {
    b"PK\x03\x04": "a zip archive",
    b"%PDF": "a PDF document",
    b"\x89HDF": "an HDF5 file",
}
MICROSCOPES = {
    b"ZISRAWFILE": "a CZI file of Zeiss",
    b"\xda\xce\xbe\n": "an ND2 file of Nikon",
    b"p\0\0\0": "a LIF file of Leica",
}


def read_image(
    path: str | Path | Sequence[str | Path], axes: str | None = None, level: int = 0
) -> Image:
    """Open an image file, an OME-Zarr folder, or TIFF files that make a stack.

    What a file is, its first bytes say, not its name. TIFF, Zarr and ``.npy``
    stay on disk until a part is asked for.

    Parameters
    ----------
    path : str or Path, or a sequence of them
        A file, a ``.zarr`` folder, or the files of a stack in order.
    axes : str, optional
        One letter of "tzcyx" for each dimension; from the file, else guessed.
    level : int
        Level of a multiscale image, 0 the finest.

    Raises
    ------
    ReadError
        If it is missing, may not be read, is broken or is no image.
    """
    if not isinstance(path, str | Path):
        files = [Path(p) for p in path]
        refuse_levels(files[0] if files else Path(), level)
        return open_tiff_series(files, axes)
    path = with_home(path)
    with readable(path):
        try:
            return _open(path, axes, level)
        except (DtypeError, ShapeError, AxesError) as error:  # these know no file
            came = f"{path}: {error.came}"
            raise type(error)(came, error.wanted, error.remedy) from None


def read_header(path: Path) -> Image:
    """Open an image file as `read_image` does; of a picture, the pixels stay unread."""
    with readable(path):
        if first_bytes(path).startswith(PICTURE_MAGIC):
            return _blank_picture(path)
    return read_image(path)


def _open(path: Path, axes: str | None, level: int) -> Image:
    if path.is_dir():
        if is_zarr(path):
            return open_zarr(path, axes, level)
        raise ReadError(
            f"{path} is a folder but not a Zarr", "an image file or a .zarr folder"
        )
    start = first_bytes(path)
    if not start:
        raise ReadError(f"{path} is empty", "an image")
    if is_tiff(start):
        return open_tiff(path, axes, level)
    refuse_levels(path, level)
    if start.startswith(b"\x93NUMPY"):
        data = np.load(path, mmap_mode="r", allow_pickle=False)
        return Image.of(data, axes, name=path.stem, path=path)
    if not start.startswith(PICTURE_MAGIC):
        raise _unreadable(path, start)
    return _open_picture(path, axes)


def _open_picture(path: Path, axes: str | None) -> Image:
    from PIL import Image as Pillow
    from PIL.Image import DecompressionBombError

    try:
        with Pillow.open(path) as picture:
            deep = _deep_channels(path)
            data = _deep_pixels(path, deep) if deep else _pixels(picture)
            frames = getattr(picture, "n_frames", 1)
    except DecompressionBombError as error:
        raise ReadError(
            f"{path} is too large to be read at once ({error})",
            "a tiled TIFF or OME-Zarr",
            "convert it; those are read part by part",
        ) from error
    letters = axes or ("yxc" if data.ndim == 3 else "yx")
    note = f"{path.name} holds {frames} frames; the first was taken"
    note = note if frames > 1 else ""
    return Image.of(data, letters, name=path.stem, path=path, note=note)


def _blank_picture(path: Path) -> Image:
    """Return what a picture's header tells, in pixels that are all one."""
    from PIL import Image as Pillow

    with Pillow.open(path) as picture:
        pixel = _pixels(Pillow.new(picture.mode, (1, 1)))
        if deep := _deep_channels(path):
            pixel = np.zeros((1, 1, deep)[: 2 + (deep > 1)], np.uint16)
        shape = (picture.height, picture.width, *pixel.shape[2:])
    return Image.of(np.broadcast_to(pixel, shape), "yxc"[: len(shape)], path=path)


def _pixels(picture: "Picture") -> NDArray[np.generic]:
    plain = PLAIN.get(picture.mode)
    return np.asarray(picture.convert(plain) if plain else picture)


def _deep_channels(path: Path) -> int:
    """Count the channels of a PNG of 16-bit colours, which Pillow cuts to 8; else 0."""
    with open(path, "rb") as file:
        start = file.read(26)
    bits, colours = start[24:]
    return DEEP.get(colours, 0) if start[:4] == PICTURE_MAGIC[0] and bits == 16 else 0


def _deep_pixels(path: Path, channels: int) -> NDArray[np.generic]:
    from imagecodecs import png_decode

    pixels: NDArray[np.generic] = png_decode(path.read_bytes())
    return pixels[..., 0] if channels == 1 else pixels


def _unreadable(path: Path, start: bytes) -> ReadError:
    """Say what a file is that begins so."""
    for magic, what in MICROSCOPES.items():
        if start.startswith(magic):
            return ReadError(
                f"{path} is {what}, a format that is not read",
                "OME-TIFF or OME-Zarr",
                "export it in the microscope's program, or convert it with Fiji",
            )
    return ReadError(
        f"{path} is not an image: it begins like {_kind(start)}",
        f"one of {', '.join(SUFFIXES)}",
        "unpack it first" if start.startswith(b"PK") else "",
    )


def _kind(start: bytes) -> str:
    for magic, what in OTHERS.items():
        if start.startswith(magic):
            return what
    text = start.decode("latin-1")
    return f"text ({text!r})" if text.isprintable() else f"bytes {start[:8].hex(' ')}"
