"""Files are opened lazily, with their axes and scale; bad ones say why in a line."""

import json
import logging
import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image as Pillow

from napari_cihm.data.masks import read_mask
from napari_cihm.data.reading import read_image
from napari_cihm.errors import AxesError, ReadError

RNG = np.random.default_rng(0)
PLANE = RNG.integers(0, 60_000, (70, 90)).astype(np.uint16)
STACK = RNG.integers(0, 60_000, (5, 40, 50)).astype(np.uint16)


def test_png_grey_colour_alpha_and_palette(tmp_path: Path) -> None:
    colour = RNG.integers(0, 255, (20, 30, 4)).astype(np.uint8)
    Pillow.fromarray(colour[..., 0]).save(tmp_path / "grey.png")
    Pillow.fromarray(colour).save(tmp_path / "rgba.png")
    Pillow.fromarray(colour[..., 0]).convert("P").save(tmp_path / "palette.png")
    Pillow.fromarray(PLANE).save(tmp_path / "deep.png")
    Pillow.fromarray(colour[..., 0] > 99).save(tmp_path / "bits.png")
    grey = read_image(tmp_path / "grey.png")
    assert (grey.axes, grey.shape, grey.name) == ("yx", (20, 30), "grey")
    assert read_image(tmp_path / "rgba.png").axes == "yxc"
    assert read_image(tmp_path / "palette.png").shape == (20, 30, 3)
    assert read_image(tmp_path / "bits.png").shape == (20, 30)
    np.testing.assert_array_equal(read_image(tmp_path / "deep.png").read()[0], PLANE)


def test_of_a_moving_picture_the_first_frame_is_taken_and_that_is_told(
    tmp_path: Path,
) -> None:
    first, *others = (Pillow.fromarray(np.full((20, 30), n, np.uint8)) for n in (9, 80))
    first.save(tmp_path / "a.gif", save_all=True, append_images=others)
    image = read_image(tmp_path / "a.gif")
    assert image.note == "a.gif holds 2 frames; the first was taken"
    assert read_image(tmp_path / "a.gif").read()[0].max() == 9


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compression": "zlib"},
        {"compression": "lzw", "predictor": True},
        {"tile": (16, 32)},
        {"rowsperstrip": 16, "compression": "zlib"},
        {"byteorder": ">"},
        {"bigtiff": True},
    ],
)
def test_tiff_in_every_layout_reads_any_part(tmp_path: Path, options) -> None:
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, STACK, metadata={"axes": "ZYX"}, **options)
    image = read_image(path)
    assert (image.axes, image.shape) == ("zyx", STACK.shape)
    for again in (image, pickle.loads(pickle.dumps(image))):
        part = again.read(z=3, y=slice(7, 29), x=slice(11, 40))
        np.testing.assert_array_equal(part[0], STACK[3, 7:29, 11:40])


@pytest.mark.parametrize("kind", [bool, np.uint8, np.uint16])
@pytest.mark.parametrize("more", [{}, {"compression": "zlib"}])
def test_what_is_bright_has_high_numbers_also_where_0_is_white(
    tmp_path: Path, kind, more
) -> None:
    stored = np.random.default_rng(0).integers(0, 2 if kind is bool else 250, (9, 8))
    path, stored = tmp_path / "a.tif", stored.astype(kind)
    tifffile.imwrite(path, stored, photometric="miniswhite", **more)
    data = read_image(path).data
    for opened in (data, pickle.loads(pickle.dumps(data))):
        turned = opened[2:5, :4]
        assert turned.dtype == kind
        largest = 1 if kind is bool else np.iinfo(kind).max
        np.testing.assert_array_equal(turned, largest - stored[2:5, :4].astype(int))
    np.testing.assert_array_equal(read_mask(path), stored)  # numbers are no light


def test_few_pages_without_a_name_are_slices_with_a_word(tmp_path: Path) -> None:
    path, pages = tmp_path / "a.tif", [Pillow.fromarray(p) for p in STACK]
    for count, said in ((4, "give the axes cyx"), (5, "")):
        pages[0].save(path, save_all=True, append_images=pages[1:count])
        image = read_image(path)
        assert image.axes == "zyx" and image.note.endswith(said)
        assert bool(image.note) == bool(said)
    assert not read_image(path, "cyx").note and not image.with_axes("cyx").note
    tifffile.imwrite(path, STACK[:3], imagej=True, metadata={"axes": "ZYX"})
    assert not read_image(path).note


def test_a_large_tiff_is_read_by_its_tiles(tmp_path: Path) -> None:
    path = tmp_path / "slide.tif"
    big = np.zeros((2048, 2048), np.uint8)
    big[1000:1010, 1000:1010] = 9
    tifffile.imwrite(path, big, tile=(256, 256), compression="zlib")
    image = read_image(path)
    part = image.read(y=slice(995, 1015), x=slice(995, 1015))
    assert part.sum() == 900
    assert type(image.data).__name__ == "LazyTiff"


def test_ome_tiff_says_axes_scale_and_units(tmp_path: Path) -> None:
    path = tmp_path / "cells.ome.tif"
    data = RNG.integers(0, 255, (2, 3, 4, 30, 40)).astype(np.uint8)
    metadata = {
        "axes": "TCZYX",
        "PhysicalSizeX": 0.25,
        "PhysicalSizeXUnit": "µm",
        "PhysicalSizeY": 0.5,
        "PhysicalSizeYUnit": "µm",
        "PhysicalSizeZ": 2.0,
        "PhysicalSizeZUnit": "µm",
    }
    tifffile.imwrite(path, data, ome=True, metadata=metadata)
    image = read_image(path)
    assert image.axes == "tczyx"
    assert image.name == "cells"
    assert image.scale == {"z": 2.0, "y": 0.5, "x": 0.25}
    assert set(image.units.values()) == {"um"}
    np.testing.assert_array_equal(image.read(t=1, z=2), data[1, :, 2])


def test_axes_that_are_given_keep_the_sizes_of_those_that_remain(
    tmp_path: Path,
) -> None:
    path, about = tmp_path / "a.ome.tif", {"PhysicalSizeX": 0.5, "PhysicalSizeZ": 2.0}
    tifffile.imwrite(path, STACK, ome=True, metadata={"axes": "ZYX", **about})
    assert read_image(path, "zyx").scale == {"z": 2.0, "x": 0.5}
    times = read_image(path, "tyx")
    assert times.scale == {"x": 0.5} and set(times.units) == {"x"}


def test_a_tiff_whose_ome_is_broken_gives_its_pixels_with_a_word(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.ome.tif"
    text = '<OME><Image Name="DAPI & GFP"><Pixels/></Image></OME>'
    about = {"resolution": (4, 2), "resolutionunit": "CENTIMETER", "metadata": None}
    tifffile.imwrite(path, PLANE, description=text, **about)
    image = read_image(path)
    assert image.note == "the OME metadata of a.ome.tif are broken and were ignored"
    assert image.scale == {"y": 0.5, "x": 0.25}
    np.testing.assert_array_equal(image.read()[0], PLANE)


def test_planes_that_an_ome_tiff_lacks_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.ome.tif"
    tifffile.imwrite(path, np.stack([PLANE, PLANE]), metadata={"axes": "ZYX"})
    path.write_bytes(path.read_bytes().replace(b'SizeZ="2"', b'SizeZ="3"'))
    image = read_image(path)
    assert image.note == "a.ome.tif lacks 1 of 3 planes, which are taken for black"
    assert image.read(z=1).any() and not image.read(z=2).any()


def test_imagej_tiff_says_axes_and_scale(tmp_path: Path) -> None:
    path = tmp_path / "ij.tif"
    data = RNG.integers(0, 255, (3, 2, 30, 40)).astype(np.uint8)
    about = {"axes": "ZCYX", "spacing": 1.5, "unit": "um"}
    tifffile.imwrite(path, data, imagej=True, resolution=(4, 2), metadata=about)
    image = read_image(path)
    assert image.axes == "zcyx"
    assert image.scale == {"y": 0.5, "x": 0.25, "z": 1.5}


def test_colour_tiff_has_its_channels_last(tmp_path: Path) -> None:
    path = tmp_path / "rgb.tif"
    data = RNG.integers(0, 255, (30, 40, 3)).astype(np.uint8)
    tifffile.imwrite(path, data, photometric="rgb")
    assert read_image(path).axes == "yxc"


@pytest.mark.parametrize("colours", [(), (3,)])
def test_pyramid_levels_are_chosen(tmp_path: Path, colours: tuple[int, ...]) -> None:
    path = tmp_path / "pyramid.ome.tif"
    data = RNG.integers(0, 255, (64, 64, *colours)).astype(np.uint8)
    data = data.repeat(4, axis=0).repeat(4, axis=1)
    axes, light = ("YXS", "rgb") if colours else ("YX", "minisblack")
    metadata = {"axes": axes, "PhysicalSizeX": 1.0, "PhysicalSizeXUnit": "um"}
    with tifffile.TiffWriter(path, ome=True) as file:
        options = {"tile": (64, 64), "compression": "zlib", "photometric": light}
        file.write(data, subifds=1, metadata=metadata, **options)
        file.write(data[::4, ::4], subfiletype=1, **options)
    coarse = read_image(path, level=1)
    first = coarse.read()[0]
    np.testing.assert_array_equal(first, data[::4, ::4].reshape(64, 64, -1)[..., 0])
    assert coarse.scale["x"] == 4.0
    with pytest.raises(ReadError, match="no level 2"):
        read_image(path, level=2)


def test_files_make_a_stack(tmp_path: Path) -> None:
    paths = []
    for number, plane in enumerate(STACK):
        paths.append(tmp_path / f"plane_{number}.tif")
        tifffile.imwrite(paths[-1], plane)
    image = read_image(paths)
    assert (image.axes, image.shape) == ("zyx", STACK.shape)
    np.testing.assert_array_equal(image.read(z=4, y=slice(3, 9))[0], STACK[4, 3:9])
    tifffile.imwrite(paths[2], STACK[2, :5])
    with pytest.raises(ReadError, match=r"plane_2\.tif is \(5, 50\)"):
        read_image(paths)
    with pytest.raises(ReadError, match="no files"):
        read_image([])


@pytest.mark.parametrize(
    "options", [{}, {"compression": "zlib"}, {"tile": (16, 16), "compression": "zlib"}]
)
def test_a_stack_of_many_files_holds_few_of_them(tmp_path: Path, options) -> None:
    resource = pytest.importorskip("resource", reason="Windows has no such limit")
    paths = [tmp_path / f"{number}.tif" for number in range(40)]
    for path in paths:
        tifffile.imwrite(path, PLANE, **options)
    image = read_image(paths)
    image.read(z=0)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    next_one = os.open(os.devnull, os.O_RDONLY)
    os.close(next_one)
    resource.setrlimit(resource.RLIMIT_NOFILE, (next_one + 25, hard))
    try:
        for number in (*range(40), 0, 39):
            part = image.read(z=number, y=slice(9))[0]
            np.testing.assert_array_equal(part, PLANE[:9])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_stack_of_files_is_read_by_threads(tmp_path: Path) -> None:
    planes = [np.full((9, 8), number, np.uint8) for number in range(20)]
    paths = [tmp_path / f"{number}.tif" for number in range(20)]
    for path, plane in zip(paths, planes, strict=True):
        tifffile.imwrite(path, plane, compression="zlib")
    image = read_image(paths)
    order = np.random.default_rng(0).integers(0, 20, 300).tolist()
    with ThreadPoolExecutor(16) as threads:
        read = list(threads.map(lambda number: image.read(z=number).max(), order))
    assert read == order


def _ome_zarr(path: Path, version: str) -> None:
    axes = [
        {"name": "c", "type": "channel"},
        {"name": "z", "type": "space", "unit": "micrometer"},
        {"name": "y", "type": "space", "unit": "micrometer"},
        {"name": "x", "type": "space", "unit": "micrometer"},
    ]
    levels = [
        {
            "path": str(i),
            "coordinateTransformations": [
                {"type": "scale", "scale": [1, 2.0, 0.5 * 2**i, 0.5 * 2**i]}
            ],
        }
        for i in range(2)
    ]
    image = {"axes": axes, "datasets": levels, "version": "0.4"}
    new = version == "0.5"
    group = zarr.open_group(path, mode="w", zarr_format=3 if new else 2)
    for i in range(2):
        step = 2**i
        data = np.stack([STACK, STACK + 1])[..., ::step, ::step]
        group.create_array(str(i), shape=data.shape, chunks=(1, 1, 20, 20), dtype="u2")
        group[str(i)][...] = data
    if new:
        group.attrs["ome"] = {"version": "0.5", "multiscales": [image]}
    else:
        group.attrs["multiscales"] = [image]


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_ome_zarr_of_both_versions_and_any_level(tmp_path: Path, version: str) -> None:
    path = tmp_path / "image.ome.zarr"
    _ome_zarr(path, version)
    image = read_image(path)
    assert (image.axes, image.shape) == ("czyx", (2, 5, 40, 50))
    assert image.scale == {"z": 2.0, "y": 0.5, "x": 0.5}
    assert image.units["x"] == "um"
    np.testing.assert_array_equal(image.read(z=3)[1], STACK[3] + 1)
    coarse = read_image(path, level=1)
    assert coarse.shape == (2, 5, 20, 25)
    assert coarse.scale == {"z": 2.0, "y": 1.0, "x": 1.0}
    with pytest.raises(ReadError, match="no level 2"):
        read_image(path, level=2)


def test_an_ome_zarr_says_where_it_lies(tmp_path: Path) -> None:
    path = tmp_path / "tile.zarr"
    _zarr_with_axes(path, [*"zyx"])
    group = zarr.open_group(path)
    (image,) = group.attrs["multiscales"]
    moved = {"type": "translation", "translation": [0.0, -4.0, 1.5]}
    image["datasets"][0]["coordinateTransformations"].append(moved)
    twice = {"type": "scale", "scale": [2.0, 2.0, 2.0]}
    placed = {"type": "translation", "translation": [0.0, 8.0, 100.0]}
    image["coordinateTransformations"] = [twice, placed]
    group.attrs["multiscales"] = [image]
    read = read_image(path)
    assert read.scale == {"z": 6.0, "y": 4.0, "x": 1.0}
    assert read.origin == {"x": 103.0}  # and rows begin where they would anyway


def test_a_group_without_an_image_says_what_it_holds(tmp_path: Path) -> None:
    group = zarr.open_group(tmp_path / "plate.zarr", mode="w")
    group.create_group("A01")
    group.create_group("B02")
    with pytest.raises(ReadError, match="A01, B02"):
        read_image(tmp_path / "plate.zarr")
    (tmp_path / "plain").mkdir()
    with pytest.raises(ReadError, match="a folder but not a Zarr"):
        read_image(tmp_path / "plain")


def _zarr_with_axes(path: Path, axes: list, version: int = 2, **about) -> None:
    """Write a stack whose axes are called so, each pixel larger than the last."""
    group = zarr.open_group(path, mode="w", zarr_format=version)
    group.create_array("0", data=STACK)
    scale = {"type": "scale", "scale": [3.0, 2.0, 0.5]}
    level = {"path": "0", "coordinateTransformations": [scale]}
    image = {"axes": axes, "datasets": [level]}
    group.attrs.update({"multiscales": [image], **about})


def test_axes_of_an_ome_zarr_may_have_any_name(tmp_path: Path) -> None:
    path, space = tmp_path / "a.zarr", {"type": "space", "unit": "micrometer"}
    plane = [{"name": "Y", **space}, {"name": "column", **space}]
    for first, letter in (
        ({"name": "Z", **space}, "z"),
        ({"name": "depth", **space}, "z"),
        ({"name": "frame", "type": "time", "unit": "second"}, "t"),
        ({"name": "dye", "type": "channel"}, "c"),
    ):
        _zarr_with_axes(path, [first, *plane])
        image = read_image(path)
        assert image.axes == f"{letter}yx"
        assert (image.scale["y"], image.scale["x"]) == (2.0, 0.5)
        assert image.scale.get(letter) == (None if letter == "c" else 3.0)
        assert image.units["x"] == "um"
    _zarr_with_axes(path, [{"name": "angle", **space}, *plane])
    with pytest.raises(AxesError, match=r"a\.zarr: axes called angle, Y, column.*zyx"):
        read_image(path)
    image = read_image(path, "zyx")
    assert (image.axes, dict(image.scale)) == ("zyx", {"y": 2.0, "x": 0.5})


@pytest.mark.parametrize("version", [2, 3])
def test_of_what_bioformats2raw_converted_the_first_image_is_taken(
    tmp_path: Path, version: int
) -> None:
    path, layout = tmp_path / "slide.zarr", {"bioformats2raw.layout": 3}
    group = zarr.open_group(path, mode="w", zarr_format=version)
    group.attrs.update(layout if version == 2 else {"ome": layout})
    group.create_group("OME")
    _zarr_with_axes(path / "0", list("zyx"), version)
    image = read_image(path)
    assert (image.name, image.axes, image.note) == ("slide", "zyx", "")
    np.testing.assert_array_equal(image.read(z=3)[0], STACK[3])
    _zarr_with_axes(path / "1", list("zyx"), version)
    assert read_image(path).note == "slide.zarr holds 2 images; the first was taken"


def test_where_an_image_is_in_a_plate_is_said(tmp_path: Path) -> None:
    path = tmp_path / "plate.zarr"
    zarr.open_group(path, mode="w", zarr_format=2).create_group("A/1")
    _zarr_with_axes(path / "A" / "1" / "0", list("zyx"))
    with pytest.raises(ReadError, match=r"holds A; .*such as .*plate\.zarr/A/1/0$"):
        read_image(path)


def test_a_plain_zarr_array_and_npy_are_taken(tmp_path: Path) -> None:
    stored = zarr.create_array(
        tmp_path / "a.zarr", shape=(70, 90), dtype="u2", dimension_names=["x", "y"]
    )
    stored[...] = PLANE
    assert read_image(tmp_path / "a.zarr").axes == "xy"
    np.save(tmp_path / "b.npy", STACK)
    image = read_image(tmp_path / "b.npy", axes="tyx")
    assert image.axes == "tyx"
    assert isinstance(image.data, np.memmap)


def _truncated(path: Path, **options) -> None:
    tifffile.imwrite(path, STACK, **options)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


BAD = {
    "cut.tif": (lambda p: _truncated(p), "cut off|cannot be read"),
    "cut_zlib.tif": (lambda p: _truncated(p, compression="zlib"), "cut off|cannot be"),
    "cut_tiled.tif": (lambda p: _truncated(p, tile=(16, 16)), "cut off|cannot be"),
    "text.tif": (lambda p: p.write_text("Dear diary"), "begins like text"),
    "nonsense.tif": (lambda p: p.write_bytes(bytes(range(1, 99))), "begins like bytes"),
    "zip.png": (lambda p: p.write_bytes(b"PK\x03\x04" + bytes(99)), "a zip archive"),
    "a.czi": (lambda p: p.write_bytes(b"ZISRAWFILE" + bytes(99)), "CZI.*OME-TIFF"),
    "a.nd2": (lambda p: p.write_bytes(b"\xda\xce\xbe\n" + bytes(99)), "ND2.*OME-TIFF"),
    "a.lif": (lambda p: p.write_bytes(b"p\0\0\0" + bytes(99)), "LIF.*OME-TIFF"),
    "half.png": (lambda p: p.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40)), "cannot"),
    "header.tif": (lambda p: p.write_bytes(b"II*\0" + b"\xff" * 40), "holds no image"),
    "empty.tif": (lambda p: p.write_bytes(b""), "is empty"),
    "text.npy": (lambda p: p.write_bytes(b"\x93NUMPY\x01\0"), "cannot be read"),
    "bad.zarr": (
        lambda p: (p.mkdir(), (p / "zarr.json").write_text(json.dumps({"a": 1}))),
        "without an image; it holds nothing",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    make, words = BAD[name]
    make(tmp_path / name)
    with pytest.raises(ReadError, match=words) as caught:
        read_image(tmp_path / name)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_cut_file_is_refused_where_logging_is_off(
    tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(logging.getLogger("tifffile"), "disabled", True)
    _truncated(tmp_path / "cut.tif")
    with pytest.raises(ReadError, match="cut off"):
        read_image(tmp_path / "cut.tif")
    assert logging.getLogger("tifffile").disabled


def test_a_wrong_ending_is_read_by_what_the_file_is(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "really.tif", PLANE)
    os.replace(tmp_path / "really.tif", tmp_path / "really.png")
    np.testing.assert_array_equal(read_image(tmp_path / "really.png").read()[0], PLANE)


def test_a_file_that_may_not_be_read_says_so(tmp_path: Path, monkeypatch) -> None:
    # The right to read is the system's to refuse, and it refuses root nothing.
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "secret.tif").write_bytes(b"II*\0")
    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(ReadError, match="may not be read"):
        read_image(tmp_path / "secret.tif")


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="does not exist"):
        read_image(tmp_path / "nothing.tif")


@pytest.mark.parametrize("tile", [None, (16, 16)])
def test_pixels_that_cannot_be_decoded_name_their_file(tmp_path: Path, tile) -> None:
    path = tmp_path / "bad.tif"
    tifffile.imwrite(path, np.eye(64, dtype=np.uint8), compression="zlib", tile=tile)
    with tifffile.TiffFile(path) as file:
        first = file.pages[0].dataoffsets[0]
    written = bytearray(path.read_bytes())
    written[first : first + 20] = bytes(20)
    path.write_bytes(written)
    with pytest.raises(ReadError, match=r"bad\.tif cannot be read"):
        read_image(path).read()


@pytest.mark.parametrize("name", ["a.png", "a.npy", "a.zarr", "group.zarr", "stack"])
def test_a_level_that_a_file_lacks_is_refused(tmp_path: Path, name: str) -> None:
    pixels, path = np.eye(9, dtype=np.uint8), tmp_path / name
    given: Path | list[Path] = path
    if name == "a.png":
        Pillow.fromarray(pixels).save(path)
    elif name == "a.npy":
        np.save(path, pixels)
    elif name == "stack":
        given = [tmp_path / "a.tif"]
        tifffile.imwrite(given[0], pixels)
    else:
        inner = path / "0" if name == "group.zarr" else path
        if name == "group.zarr":
            zarr.create_group(path)
        zarr.create_array(inner, data=pixels)
    read_image(given)
    with pytest.raises(ReadError, match=r"no level 1; expected 0, the only one"):
        read_image(given, level=1)
