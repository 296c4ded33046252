"""Results on disk: read back the same, whole or not there at all."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from threading import Thread, get_native_id

import numpy as np
import pytest
import tifffile
import zarr

from napari_cihm.data.image import Image
from napari_cihm.data.reading import read_image
from napari_cihm.data.writing import (
    ready_file,
    whole_file,
    whole_folder,
    whole_text,
)
from napari_cihm.errors import UnknownNameError, WriteError
from napari_cihm.segmentation.output import Layout, write_array
from napari_cihm.segmentation.store import smallest_dtype

LABELS = np.random.default_rng(0).integers(0, 9, (3, 40, 50)).astype(np.uint16)
LAYOUT = Layout(
    "zyx", {"z": 2.0, "y": 0.5, "x": 0.25}, {"z": "um", "y": "um", "x": "um"}
)


@pytest.mark.parametrize("name", ["a.tif", "a.tiff", "a.zarr", "new/folder/a.tif"])
@pytest.mark.parametrize("dtype", [np.uint16, np.uint32, np.float32])
def test_what_is_written_is_read_back(tmp_path: Path, name: str, dtype) -> None:
    values = LABELS.astype(dtype)
    path = write_array(tmp_path / name, values, LAYOUT)
    image = read_image(path)
    assert image.axes == "zyx"
    assert image.scale == LAYOUT.scale
    assert set(image.units.values()) == {"um"}
    assert image.dtype == dtype
    for z in range(3):
        np.testing.assert_array_equal(image.read(z=z)[0], values[z])
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
@pytest.mark.parametrize(
    ("highest", "kind"), [(9, "int32"), (2**32 - 1, "uint32"), (2**40, "")]
)
def test_what_ome_has_no_name_for_becomes_smaller(tmp_path, dtype, highest, kind):
    labels = LABELS.astype(dtype)
    labels[1, 0, 0] = highest
    image = read_image(write_array(tmp_path / "a.tif", labels, LAYOUT))
    assert (image.axes, image.scale) == ("zyx", LAYOUT.scale)
    assert image.dtype == (kind or dtype)
    np.testing.assert_array_equal(np.asarray(image.data[()]), labels)


@pytest.mark.parametrize("axes", ["yx", "tyx", "tzyx", "xyz", "zxy", "xty"])
@pytest.mark.parametrize("suffix", [".tif", ".zarr"])
def test_any_order_of_axes(tmp_path: Path, axes: str, suffix: str) -> None:
    shape = [{"t": 2, "z": 3, "y": 20, "x": 30}[a] for a in axes]
    values = np.random.default_rng(0).integers(0, 9, shape).astype(np.uint16)
    image = read_image(write_array(tmp_path / f"a{suffix}", values, Layout(axes)))
    assert image.axes == axes
    np.testing.assert_array_equal(np.asarray(image.data[()]), values)


@pytest.mark.parametrize("axes", ["xy", "zxy", "ytx"])
@pytest.mark.parametrize("suffix", [".tif", ".zarr"])
def test_the_pixel_size_is_kept_in_any_order_of_axes(tmp_path, axes, suffix) -> None:
    scale = {letter: LAYOUT.scale[letter] for letter in axes if letter in "zyx"}
    layout = Layout(axes, scale, dict.fromkeys(scale, "um"))
    values = np.zeros((3, 4, 5)[-len(axes) :], np.uint16)
    image = read_image(write_array(tmp_path / f"a{suffix}", values, layout))
    assert {a: image.scale[a] for a in scale} == scale
    assert {a: image.units[a] for a in scale} == dict.fromkeys(scale, "um")


def test_a_tiff_keeps_the_size_of_a_pixel_of_an_axis_that_runs_back(tmp_path) -> None:
    layout = Layout("yx", {"y": -0.5, "x": 0.5}, {"y": "um", "x": "um"})
    path = write_array(tmp_path / "a.tif", np.zeros((4, 5), np.uint16), layout)
    assert read_image(path).scale == {"y": 0.5, "x": 0.5}  # OME has no other sizes


@pytest.mark.parametrize("axes", ["tyx", "ytx"])
@pytest.mark.parametrize("suffix", [".tif", ".zarr"])
def test_the_time_between_frames_is_kept(tmp_path, axes, suffix) -> None:
    layout = Layout(axes, {"t": 2.5, "x": 0.5}, {"t": "s", "x": "um"})
    path = write_array(tmp_path / f"a{suffix}", np.zeros((3, 4, 5), np.uint16), layout)
    image = read_image(path)
    assert (image.scale["t"], image.units["t"]) == (2.5, "s")


@pytest.mark.parametrize(
    ("given", "sign", "full"),
    [
        ("um", "\u00b5m", "micrometer"),
        ("cm", "cm", "centimeter"),  # as resolution tags have it
        ("centimeter", "cm", "centimeter"),  # as OME-Zarr
        ("angstrom", "\u00c5", "angstrom"),
        ("inch", "in", "inch"),  # as ImageJ
        ("inches", "in", "inch"),
        ("furlong", "furlong", "furlong"),
    ],
)
def test_each_format_has_its_own_name_for_a_unit(tmp_path, given, sign, full) -> None:
    layout = Layout("yx", {"y": 0.5, "x": 0.5}, {"y": given, "x": given})
    path = write_array(tmp_path / "a.tif", np.zeros((4, 5), np.uint16), layout)
    with tifffile.TiffFile(path) as file:
        assert f'PhysicalSizeXUnit="{sign}"' in str(file.ome_metadata)
    path = write_array(tmp_path / "a.zarr", np.zeros((4, 5), np.uint16), layout)
    about = zarr.open_group(path, mode="r").attrs["ome"]["multiscales"][0]
    assert about["axes"][0]["unit"] == full


def test_a_zarr_is_ome_zarr_and_streams_from_a_zarr(tmp_path: Path) -> None:
    source = zarr.array(LABELS, chunks=(1, 16, 16))
    path = write_array(tmp_path / "a.zarr", source, LAYOUT)
    group = zarr.open_group(path, mode="r")
    # What version 0.5 of OME-Zarr asks of an image.
    assert group.metadata.zarr_format == 3
    about = group.attrs["ome"]
    assert about["version"] == "0.5"
    (image,) = about["multiscales"]
    assert [axis["name"] for axis in image["axes"]] == [*"zyx"]
    assert {axis["type"] for axis in image["axes"]} == {"space"}
    (level,) = image["datasets"]
    (transform,) = level["coordinateTransformations"]
    assert transform["type"] == "scale"
    assert len(transform["scale"]) == LABELS.ndim
    np.testing.assert_array_equal(group[level["path"]][...], LABELS)


def test_a_zarr_lies_where_its_image_does(tmp_path: Path) -> None:
    image = Image.of(LABELS, "zyx", scale={"x": 0.5}, origin={"z": 7.0, "x": -3.0})
    path = write_array(tmp_path / "a.zarr", LABELS[0], Layout.of(image, "yx"))
    about = zarr.open_group(path, mode="r").attrs["ome"]["multiscales"][0]
    assert about["datasets"][0]["coordinateTransformations"] == [
        {"type": "scale", "scale": [1.0, 0.5]},
        {"type": "translation", "translation": [0.0, -3.0]},
    ]
    assert read_image(path).origin == {"x": -3.0}


def test_the_models_of_ome_zarr_accept_what_is_written(tmp_path: Path) -> None:
    v05 = pytest.importorskip("ome_zarr_models.v05", reason="see tox -e formats")
    path = write_array(tmp_path / "a.zarr", LABELS, LAYOUT)
    about = v05.Image.from_zarr(zarr.open_group(path, mode="r"))
    assert [axis.name for axis in about.ome_attributes.multiscales[0].axes] == [*"zyx"]


def test_maps_keep_their_classes(tmp_path: Path) -> None:
    maps = np.random.default_rng(0).random((3, 40, 50)).astype(np.float32)
    for name in ("m.tif", "m.zarr"):
        image = read_image(write_array(tmp_path / name, maps, Layout("cyx")))
        assert image.axes == "cyx"
        np.testing.assert_array_equal(image.read(), maps)


def test_an_older_result_is_replaced_whole(tmp_path: Path) -> None:
    for name in ("a.tif", "a.zarr"):
        write_array(tmp_path / name, LABELS[:, :10, :10], LAYOUT)
        write_array(tmp_path / name, LABELS, LAYOUT)
        assert read_image(tmp_path / name).shape == LABELS.shape
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tif", "a.zarr"]


def test_the_same_result_is_the_same_bytes(tmp_path: Path) -> None:
    one, two = (
        write_array(tmp_path / name, LABELS, LAYOUT) for name in ("a.tif", "b.tif")
    )
    assert one.read_bytes() == two.read_bytes()


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"\.tif"):
        write_array(tmp_path / "a.psd", LABELS, LAYOUT)


def test_layout_follows_an_image() -> None:
    image = Image.of(
        np.zeros((2, 3, 4, 5)), "czyx", scale={"x": 0.5, "c": 1.0}, units={"x": "um"}
    )
    assert Layout.of(image) == Layout("zyx", {"x": 0.5}, {"x": "um"}, "image")


@pytest.mark.parametrize("highest", [0, 1, 65_535, 65_536, 2**32 - 1])
def test_the_smallest_type_that_holds_all(highest: int) -> None:
    dtype = smallest_dtype(highest)
    assert dtype(highest) == highest
    assert dtype is (np.uint16 if highest < 2**16 else np.uint32)


FULL_DISK = """
import resource, sys, signal
import numpy as np
from napari_cihm.errors import WriteError
from napari_cihm.segmentation.output import Layout, write_array
labels = np.random.default_rng(0).integers(0, 60_000, (8, 500, 500)).astype("uint16")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
try:
    write_array(sys.argv[1], labels, Layout("zyx"))
except WriteError as error:
    print(error)
    sys.exit(3)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit to set on files")
@pytest.mark.parametrize("name", ["a.tif", "a.zarr"])
@pytest.mark.parametrize("before", [False, True], ids=["new", "replaced"])
def test_a_disk_that_fills_up_leaves_nothing_half(
    tmp_path: Path, name: str, before: bool
) -> None:
    # No file may grow past a limit: the system refuses in the middle of writing.
    path = tmp_path / name
    if before:
        write_array(path, LABELS, LAYOUT)
    run = subprocess.run(
        [sys.executable, "-c", FULL_DISK, path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 3, run.stderr
    assert "could not be written" in run.stdout
    assert "\n" not in run.stdout.strip()
    assert [p.name for p in tmp_path.iterdir()] == ([name] if before else [])
    if before:
        np.testing.assert_array_equal(read_image(path).read(z=1)[0], LABELS[1])


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_a_device_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    link, pipe = tmp_path / "null", tmp_path / "pipe"
    link.symlink_to(os.devnull)
    ready_file(link)
    with whole_text(link) as file:
        file.write("nothing is kept")
    assert link.is_char_device()
    os.mkfifo(pipe)
    heard: list[bytes] = []
    reader = Thread(target=lambda: heard.append(pipe.read_bytes()), daemon=True)
    reader.start()
    with whole_file(pipe) as file:
        file.write(b"label,area")
    reader.join(30)
    assert heard == [b"label,area"] and pipe.is_fifo()


def test_a_fault_in_the_middle_leaves_nothing_half(tmp_path: Path) -> None:
    with pytest.raises(KeyError), whole_file(tmp_path / "a") as file:
        file.write(b"half")
        raise KeyError
    with pytest.raises(KeyError), whole_folder(tmp_path / "b") as folder:
        folder.mkdir()
        (folder / "c").write_text("half")
        raise KeyError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="links take rights there")
def test_a_link_to_a_folder_is_replaced_and_nothing_left_of_it(tmp_path: Path) -> None:
    there, path = tmp_path / "there", tmp_path / "a.zarr"
    there.mkdir()
    path.symlink_to(there)
    for _ in range(2):  # what was left of the first stood in the second's way
        write_array(path, LABELS, LAYOUT)
        assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zarr", "there"]
    assert not any(there.iterdir())


def test_two_threads_write_one_file_without_mixing_theirs(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with whole_file(path) as file:
        file.write(b"first")
        other = Thread(target=_write, args=(path, b"second, and longer"))
        other.start()
        other.join()
        assert path.read_bytes() == b"second, and longer"
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


def _write(path: Path, content: bytes) -> None:
    with whole_file(path) as file:
        file.write(content)


@pytest.mark.parametrize(
    ("refused", "left", "words"),
    [
        ("part", ["a.zarr"], "Permission denied.*nothing half-written was left"),
        ("part old", [".a.zarr.{}.old"], r"is intact, as .*\.a\.zarr\.{}\.old"),
    ],
)
def test_a_zarr_that_cannot_be_replaced_is_kept(
    tmp_path: Path, monkeypatch, refused: str, left: list[str], words: str
) -> None:
    path = write_array(tmp_path / "a.zarr", LABELS, LAYOUT)
    move = os.replace

    def guarded(source, target):  # as where a virus scanner holds what is new
        if Path(target) == path and Path(source).suffix[1:] in refused.split():
            raise PermissionError(13, "Permission denied")
        move(source, target)

    monkeypatch.setattr("os.replace", guarded)
    with pytest.raises(WriteError, match=words.format(get_native_id())):
        write_array(path, LABELS[:, ::-1], LAYOUT)
    assert [p.name for p in tmp_path.iterdir()] == [
        n.format(get_native_id()) for n in left
    ]
    (kept,) = tmp_path.iterdir()
    np.testing.assert_array_equal(read_image(kept).read(z=1)[0], LABELS[1])


def test_a_folder_that_may_not_be_written_says_so(tmp_path: Path, monkeypatch) -> None:
    # The right to write is the system's to refuse, and it refuses root nothing.
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(WriteError, match=r"a\.tif could not be written \(Permission"):
        write_array(tmp_path / "a.tif", LABELS, LAYOUT)


def test_large_files_get_long_offsets(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("napari_cihm.segmentation.output.CLASSIC", LABELS.nbytes - 1)
    path = write_array(tmp_path / "a.tif", LABELS, LAYOUT)
    with tifffile.TiffFile(path) as file:
        assert file.is_bigtiff


@pytest.mark.parametrize("does", ["puts", "takes"])
def test_two_that_write_one_zarr_at_one_instant_leave_one(
    tmp_path: Path, monkeypatch, does: str
) -> None:
    path = write_array(tmp_path / "a.zarr", LABELS, LAYOUT)
    other = write_array(tmp_path / "other" / "a.zarr", LABELS, LAYOUT)
    move, met = os.replace, []

    def meanwhile(source, target):
        mine = target if does == "puts" else source
        if Path(mine) == path and not met:
            met.append(mine)
            if does == "puts":
                shutil.copytree(other, path)
            else:
                shutil.rmtree(path)
        move(source, target)

    monkeypatch.setattr("os.replace", meanwhile)
    write_array(path, LABELS[:, ::-1], LAYOUT)
    assert met
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zarr", "other"]
    np.testing.assert_array_equal(read_image(path).read(z=1)[0], LABELS[1, ::-1])
