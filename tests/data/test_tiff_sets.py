"""TIFFs with several images, and images in several files: whose pixels are read."""

import json
import pickle
import struct
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_cihm.data.masks import read_mask
from napari_cihm.data.reading import read_image
from napari_cihm.errors import ReadError

PLANES = np.random.default_rng(0).integers(0, 255, (3, 40, 50)).astype(np.uint8)
LAYOUTS = [{}, {"compression": "zlib"}, {"tile": (16, 16)}]


def _describe(own: str, images: list[list[str]]) -> bytes:
    # As Bio-Formats writes it: each file says in which file every plane lies.
    places = {name: count() for names in images for name in names}
    _, height, width = PLANES.shape
    text = f'<OME UUID="urn:uuid:{own}">'
    for number, names in enumerate(images):
        text += (
            f'<Image ID="Image:{number}"><Pixels DimensionOrder="XYZCT" Type="uint8" '
            f'SizeX="{width}" SizeY="{height}" SizeZ="{len(names)}" SizeC="1" '
            f'SizeT="1" PhysicalSizeX="{number + 1}.5">'
        )
        for z, name in enumerate(names):
            text += (
                f'<TiffData FirstZ="{z}" IFD="{next(places[name])}" PlaneCount="1">'
                f'<UUID FileName="{name}">urn:uuid:{name}</UUID></TiffData>'
            )
        text += "</Pixels></Image>"
    return f"{text}</OME>".encode()


def _write(folder: Path, images: list[list[str]], **options) -> list[Path]:
    """Write the planes as images that lie, plane by plane, in these files."""
    where = [name for names in images for name in names]
    paths = [folder / name for name in dict.fromkeys(where)]
    for path in paths:
        with tifffile.TiffWriter(path) as file:
            for name, plane in zip(where, PLANES, strict=True):
                if name == path.name:
                    about = {"description": _describe(name, images), "metadata": None}
                    file.write(plane, contiguous=False, **about, **options)
    return paths


@pytest.mark.parametrize("options", LAYOUTS)
def test_each_file_of_a_set_gives_its_own_position(tmp_path: Path, options) -> None:
    names = [[f"p{n}.ome.tif"] for n in range(3)]
    for number, path in enumerate(_write(tmp_path, names, **options)):
        image = read_image(path)
        assert (image.axes, image.shape, image.note) == ("yx", (40, 50), "")
        assert image.scale == {"x": number + 1.5}
        for again in (image, pickle.loads(pickle.dumps(image))):
            np.testing.assert_array_equal(again.read()[0], PLANES[number])
        np.testing.assert_array_equal(read_mask(path), PLANES[number])


@pytest.mark.parametrize("options", LAYOUTS)
def test_a_stack_in_several_files_is_opened_whole_by_its_first(
    tmp_path: Path, options
) -> None:
    names = [f"z{n}.ome.tif" for n in range(3)]
    first, *others = _write(tmp_path, [names], **options)
    image = read_image(first)
    assert image.axes == "zyx"
    for number, plane in enumerate(PLANES):
        np.testing.assert_array_equal(image.read(z=number)[0], plane)
    for path in others:
        with pytest.raises(ReadError, match=r"Open z0\.ome\.tif, which gives all"):
            read_image(path)


def test_a_file_that_a_stack_lacks_is_named_and_not_read_as_zeros(
    tmp_path: Path,
) -> None:
    first, middle, last = _write(tmp_path, [[f"z{n}.ome.tif" for n in range(3)]])
    middle.unlink()
    with pytest.raises(ReadError, match=r"which z1\.ome\.tif are missing") as caught:
        read_image(first)
    assert "\n" not in str(caught.value)
    first.unlink()
    with pytest.raises(ReadError, match=r"which z0\.ome\.tif, z1\.ome\.tif are"):
        read_image(last)


def test_positions_whose_set_is_elsewhere_are_read(tmp_path: Path) -> None:
    paths = _write(tmp_path, [[f"p{n}.ome.tif"] for n in range(3)])
    paths[0].unlink()
    paths[2].rename(tmp_path / "renamed.ome.tif")
    for path, plane in ((paths[1], 1), (tmp_path / "renamed.ome.tif", 2)):
        np.testing.assert_array_equal(read_image(path).read()[0], PLANES[plane])


def test_a_file_of_several_images_says_which_was_taken(tmp_path: Path) -> None:
    (path,) = _write(tmp_path, [["a.ome.tif"]] * 3)
    image = read_image(path)
    assert image.note == "a.ome.tif holds 3 images; the first was taken"
    assert read_image(path, "yx").note == image.note
    np.testing.assert_array_equal(image.read()[0], PLANES[0])


def _write_micro_manager(path: Path, plane: np.ndarray, position: int) -> None:
    # One plane, behind the index by which Micro-Manager finds it.
    summary = json.dumps(
        {"MicroManagerVersion": "2", "Positions": 3, "Frames": 1, "Prefix": "a"}
    ).encode()
    at = 40 + len(summary)  # of the index, the settings, the comments and the page
    page = at + 28 + 2 * 10
    data = page + 162
    head = (54773648, at, 483765892, at + 28, 99384722, at + 38, 2355492, len(summary))
    index = struct.pack("<7I", 3453623, 1, 0, 0, 0, position, page)
    texts = struct.pack("<2I2s", 347834724, 2, b"{}")
    texts += struct.pack("<2I2s", 84720485, 2, b"{}")
    height, width = plane.shape
    text, short, long = 2, 3, 4
    tags = [
        (256, long, width),
        (257, long, height),
        (258, short, 8),
        (259, short, 1),
        (262, short, 1),
        (273, long, data),
        (277, short, 1),
        (278, long, height),
        (279, long, plane.size),
        (51123, text, page + 126),
    ]
    entries = b"".join(
        struct.pack("<HHII", code, kind, 9 if kind == text else 1, n)
        for code, kind, n in tags
    )
    ifd = struct.pack("<H", len(tags)) + entries + bytes(4) + b'{"a": 1}'
    start = b"II*\0" + struct.pack("<9I", page, *head)
    written = start + summary + index + texts + ifd
    path.write_bytes(written.ljust(data, b"\0") + plane.tobytes())


def test_each_file_of_micro_manager_gives_its_own_position(tmp_path: Path) -> None:
    paths = [tmp_path / f"a_MMStack_Pos{n}.ome.tif" for n in range(3)]
    for number, path in enumerate(paths):
        _write_micro_manager(path, PLANES[number], number)
    for number, path in enumerate(paths):
        image = read_image(path)
        assert (image.axes, image.shape, image.note) == ("yx", (40, 50), "")
        np.testing.assert_array_equal(image.read()[0], PLANES[number])


@pytest.mark.parametrize(
    ("axes", "shape", "ours", "taken"),
    [("RYX", (5, 9, 8), "zyx", "slices"), ("RZYX", (5, 2, 9, 8), "tzyx", "times")],
)
def test_an_axis_that_is_neither_depth_nor_time_is_told(
    tmp_path: Path, axes, shape, ours, taken
) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros(shape, np.uint8), metadata={"axes": axes})
    image = read_image(path)
    assert image.axes == ours
    assert image.note == f"5 planes along R were taken for {taken} (axes {ours})"
    assert not read_image(path, ours).note
