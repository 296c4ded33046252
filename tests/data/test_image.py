"""An image is read the same whatever its order, kind of number or memory layout."""

from pathlib import Path

import dask.array as da
import numpy as np
import pytest
import torch
import zarr
from dask.callbacks import Callback
from hypothesis import given
from hypothesis import strategies as st

from napari_cihm.correction.chunked import ChunkedArray
from napari_cihm.correction.journal.identity import ImageIdentity
from napari_cihm.data.image import Image
from napari_cihm.errors import AxesError, DtypeError, ShapeError
from napari_cihm.plugin.region import Part
from napari_cihm.plugin.worker.lending import Borrowed, Lender
from napari_cihm.segmentation.slabs import Slabs

KINDS = ["?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"]


@given(st.permutations("tzcyx"), st.sets(st.sampled_from("tzc")))
def test_any_order_of_axes_reads_the_same_plane(order, lacking) -> None:
    sizes = {"t": 2, "z": 3, "c": 2, "y": 4, "x": 5}
    canonical = np.arange(240).reshape([sizes[a] for a in "tzcyx"])
    index = tuple(0 if a in lacking else slice(None) for a in "tzcyx")
    left = [a for a in "tzcyx" if a not in lacking]
    letters = [a for a in order if a not in lacking]
    data = canonical[index].transpose([left.index(a) for a in letters])
    image = Image.of(data, "".join(letters))
    t, z = ("t" not in lacking) * 1, ("z" not in lacking) * 2
    expected = canonical[t, z, :, 1:3, 2:5]
    if "c" in lacking:
        expected = expected[:1]
    np.testing.assert_array_equal(image.read(t, z, slice(1, 3), slice(2, 5)), expected)
    np.testing.assert_array_equal(
        image.read(t, z, channels=(0,))[:, 1:3, 2:5], expected[:1]
    )
    assert image.label_axes == "".join(letters).replace("c", "")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("order", ["<", ">"])
def test_any_number_and_byte_order_is_taken(kind: str, order: str) -> None:
    values = np.array([[0, 1], [1, 0]]).astype(np.dtype(kind).newbyteorder(order))
    part = Image.of(values).read()
    assert part.dtype.isnative
    np.testing.assert_array_equal(part[0].astype(int), [[0, 1], [1, 0]])


def test_fortran_order_and_read_only_are_taken() -> None:
    values = np.asfortranarray(np.arange(12).reshape(3, 4))
    values.flags.writeable = False
    np.testing.assert_array_equal(Image.of(values).read()[0], values)


@pytest.mark.parametrize("kind", ["c8", "c16", "O", "U3", "M8[s]"])
def test_what_is_no_real_number_is_refused(kind: str) -> None:
    with pytest.raises(DtypeError, match="expected"):
        Image.of(np.zeros((4, 4), kind))


@pytest.mark.parametrize("name", ["cells.tif", Path("cells.tif")])
def test_the_name_of_a_file_is_no_image(name) -> None:
    with pytest.raises(DtypeError, match=r"'cells\.tif' is a name"):
        Image.of(name)


def test_none_is_no_image() -> None:
    with pytest.raises(DtypeError, match="None was given for an image"):
        Image.of(None)  # as OpenCV says that it could not read a file


def test_a_dask_array_of_unknown_sizes_says_how_to_find_them() -> None:
    lazy = da.from_array(np.eye(4, dtype=np.uint8))
    with pytest.raises(ShapeError, match=r"\(nan, 4\).*compute_chunk_sizes"):
        Image.of(lazy[da.from_array(np.arange(4)) > 1])


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 4, 4)])
def test_an_empty_selection_is_refused_with_a_way_out(shape) -> None:
    with pytest.raises(ShapeError, match="Select a region"):
        Image.of(np.zeros(shape))


def test_axes_can_be_edited() -> None:
    image = Image.of(np.zeros((3, 8, 9)))
    assert image.axes == "cyx"
    assert image.with_axes("zyx").size("z") == 3
    assert Image.of(image, "tyx").size("t") == 3
    with pytest.raises(AxesError):
        image.with_axes("yx")


def test_dask_and_zarr_read_only_what_is_asked_for() -> None:
    touched = []

    def chunk(block_info=None):
        touched.append(block_info[None]["chunk-location"])
        return np.ones(block_info[None]["chunk-shape"], np.uint8)

    lazy = da.map_blocks(
        chunk, chunks=((100,) * 10,) * 2, dtype="u1", meta=np.array((), "u1")
    )
    part = Image.of(lazy).read(y=slice(0, 50), x=slice(0, 50))
    assert part.shape == (1, 50, 50)
    assert set(touched) <= {(0, 0)}
    stored = zarr.array(np.arange(12).reshape(3, 4), chunks=(1, 4))
    np.testing.assert_array_equal(
        Image.of(stored).read(y=slice(1, 2))[0], [[4, 5, 6, 7]]
    )


@pytest.mark.parametrize(
    "read",
    [
        lambda lazy: Image.of(lazy, "zyx").read(z=1),
        lambda lazy: Slabs(Image.of(lazy, "zyx"))[1, slice(None), slice(None)],
        lambda lazy: Part(lazy, (1, slice(0, 4), slice(0, 5)))[...],
        lambda lazy: ChunkedArray.over(lazy)[1],
        lambda lazy: _borrowed(lazy)[1],
        lambda lazy: ImageIdentity.of(lazy) and np.ones((4, 5)),
    ],
    ids=["image", "slabs", "part", "chunked", "borrowed", "identity"],
)
def test_dask_is_read_apart_from_callbacks_that_another_thread_computes_under(
    read,
) -> None:
    """Napari's cache is one of them: both threads ended with a KeyError."""
    heard, active = [], []

    def chunk(block_id):
        active.append(bool(Callback.active))
        return np.ones((1, 4, 5), np.uint16)

    lazy = da.map_blocks(
        chunk, chunks=((1,) * 3, (4,), (5,)), dtype="u2", meta=np.zeros((0,) * 3, "u2")
    )
    with Callback(start=heard.append):
        assert (read(lazy) == 1).all()
    assert active
    assert all(active)
    assert heard == []


def test_a_huge_image_costs_nothing_until_it_is_read() -> None:
    huge = np.broadcast_to(np.uint8(7), (100_000, 100_000))
    image = Image.of(huge)
    part = image.read(y=slice(99_990, 100_000), x=slice(99_999, 100_000))
    assert part.shape == (1, 10, 1)
    assert (part == 7).all()


def test_a_tensor_is_an_image_as_an_array_is() -> None:
    array = np.arange(12, dtype=np.uint8).reshape(3, 4)
    image = Image.of(torch.from_numpy(array))
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image.read()[0], array)


def _borrowed(array) -> Borrowed:
    lender = Lender()
    key, shape, dtype = lender.lend(array, job=1)
    return Borrowed(key, shape, dtype, lender.read)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float64])
def test_what_a_mask_hides_is_no_number(dtype):
    values = np.arange(20, dtype=dtype).reshape(4, 5)
    image = Image.of(np.ma.masked_greater(values, 17))
    np.testing.assert_array_equal(
        image.read()[0], np.where(values > 17, np.nan, values)
    )
    assert Image.of(np.ma.masked_array(values)).dtype == dtype  # nothing is hidden


def test_of_three_planes_it_is_said_what_they_were_taken_for():
    planes = np.zeros((3, 40, 40), np.uint8)
    assert "axes='zyx'" in Image.of(planes).note
    for axes in ("cyx", "zyx"):
        assert not Image.of(planes, axes).note
    for other in (planes[:2], planes.T, np.zeros((9, 40, 40))):
        assert not Image.of(other).note


class Named(np.ndarray):
    """An array that names its axes as one of xarray's does."""

    dims: tuple[str, ...]


@pytest.mark.parametrize(
    ("dims", "axes"),
    [
        (("Y", "X", "Z"), "yxz"),
        (("channel", "y", "x"), "cyx"),
        (("dim_0", "dim_1", "dim_2"), "zyx"),  # names that tell nothing
        (("c", "dim_1", "dim_2"), "zyx"),
    ],
)
def test_axes_that_an_array_names_are_its_own(dims, axes) -> None:
    data = np.zeros((7, 8, 9)).view(Named)
    data.dims = dims
    assert Image.of(data).axes == axes
    assert Image.of(data, "tyx").axes == "tyx"


@pytest.mark.parametrize("kind", [list, tuple])
def test_images_in_a_list_are_not_taken_for_one(kind) -> None:
    planes = kind([np.zeros((8, 9)), np.zeros((8, 9))])
    assert Image.of(planes, "zyx").shape == (2, 8, 9)
    with pytest.raises(AxesError, match="a list of 2 arrays; expected one image"):
        Image.of(planes)
    assert Image.of([[0, 1], [2, 3]]).axes == "yx"


def test_what_holds_arrays_by_name_is_no_array(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", image=np.zeros((8, 9)))
    group = zarr.create_group(tmp_path / "a.zarr")
    with np.load(tmp_path / "a.npz") as file:
        for data in (file, group, {}):
            with pytest.raises(DtypeError, match="Take one of the arrays"):
                Image.of(data)
