"""The table: figures checked by hand and by scikit-image, in pixels and units."""

import csv
import tracemalloc

import numpy as np
import pytest
import zarr
from skimage.measure import regionprops

from napari_cihm.data.image import Image
from napari_cihm.events import Segmented
from napari_cihm.segmentation.measurements import (
    measure,
    measure_columns,
    write_table,
)
from napari_cihm.segmentation.reports import Reports
from tests.segmentation.conftest import crowd

UNIT = dict.fromkeys("zyx", 1.0)
UM = {"z": "um", "y": "um", "x": "um"}


def test_a_rectangle_by_hand() -> None:
    labels = np.zeros((20, 30), np.uint16)
    labels[4:8, 10:20] = 7
    light = np.zeros((20, 30, 2), np.uint8)
    light[4:8, 10:20, 0] = 10
    light[5, 12, 0] = 50
    light[..., 1] = 3
    image = Image.of(light, "yxc", scale={"y": 0.5, "x": 0.5}, units=UM)
    (row,) = measure(labels, image)
    assert row["label"] == 7
    assert row["area_px"] == 40
    assert row["area_um2"] == 10.0
    assert (row["centroid_y_px"], row["centroid_x_px"]) == (5.5, 14.5)
    assert (row["centroid_y_um"], row["centroid_x_um"]) == (2.75, 7.25)
    assert row["mean_intensity_c0"] == 11.0
    assert row["max_intensity_c0"] == 50
    assert row["mean_intensity_c1"] == 3.0
    # The second moments of 4 and of 10 pixels are (4^2 - 1) / 12 and (10^2 - 1) / 12.
    assert row["eccentricity"] == pytest.approx(np.sqrt(1 - 15 / 99))
    assert row["perimeter_px"] == pytest.approx(2 * (3 + 9))
    assert row["perimeter_um"] == pytest.approx(12.0)


@pytest.mark.parametrize("depth", [1, 2])
def test_numbers_far_apart_and_below_0_are_measured_too(depth) -> None:
    labels = np.zeros((depth, 20, 30), np.int64)
    labels[:, 2:4, 2:5], labels[:, 8:12, 3:9], labels[:, 8:12, 20:25] = -1, 2**40, 3
    found = measure_columns(labels, Image.of(labels, "zyx"))
    size = "volume_px" if depth > 1 else "area_px"
    assert found["label"].tolist() == [-1, 3, 2**40]
    assert found[size].tolist() == [6 * depth, 20 * depth, 24 * depth]


def test_objects_against_scikit_image() -> None:
    rng = np.random.default_rng(0)
    labels = np.kron(rng.permutation(20).reshape(4, 5), np.ones((9, 11))).astype("u2")
    light = rng.random((36, 55))
    rows = measure(labels, Image.of(light))
    expected = regionprops(labels, light)
    assert [row["label"] for row in rows] == [p.label for p in expected]
    for row, p in zip(rows, expected, strict=True):
        assert row["area_px"] == p.area
        assert row["mean_intensity_c0"] == pytest.approx(p.intensity_mean)
        assert row["eccentricity"] == pytest.approx(p.eccentricity)
        assert row["perimeter_px"] == pytest.approx(p.perimeter)
    assert not any("um" in name for name in rows[0])


def test_a_number_may_be_as_large_as_numbers_get() -> None:
    labels = np.zeros((40, 50), np.int64)
    labels[3:9, 3:9], labels[20:30, 20:31] = 3 * 10**9, 2**40
    first, second = measure(labels, Image.of(np.ones((40, 50))))
    assert (first["label"], first["area_px"]) == (3 * 10**9, 36)
    assert (second["label"], second["area_px"]) == (2**40, 110)


def test_volumes_times_and_slices() -> None:
    labels = np.zeros((2, 4, 10, 10), np.uint16)
    labels[:, 1:3, 2:6, 3:5] = 1
    labels[1, :, 8:, 8:] = 2
    scale = {"z": 2.0, "y": 0.5, "x": 0.25}
    image = Image.of(np.ones((2, 4, 10, 10)), "tzyx", scale=scale, units=UM)
    rows = measure(labels, image)
    assert [(r["t"], r["label"]) for r in rows] == [(0, 1), (1, 1), (1, 2)]
    assert rows[0]["volume_px"] == 16
    assert rows[0]["volume_um3"] == 16 * 0.25
    assert rows[0]["centroid_z_um"] == 3.0
    assert "eccentricity" not in rows[0]
    flat = measure(labels, image, by_slice=True)
    assert [(r["t"], r["z"]) for r in flat if r["label"] == 1] == [
        (0, 1), (0, 2), (1, 1), (1, 2),
    ]  # fmt: skip
    assert flat[0]["area_um2"] == 1.0
    assert "perimeter_um" not in flat[0]  # its pixels are not square


@pytest.mark.parametrize(
    ("z", "y", "x"),
    [
        ((2, "um"), (500, "nm"), (500, "nm")),
        ((2, "um"), (-0.5, "um"), (500, "nm")),  # a stage that counts from below
        ((0.002, "mm"), (5000, "angstrom"), (0.5, "micron")),
        ((2, "micrometer"), (0.5, "µm"), (0.5, "um")),
    ],
)
def test_each_axis_may_have_its_unit_and_its_direction(z, y, x) -> None:
    labels = np.zeros((4, 9, 9), np.uint8)
    labels[1:3, 2:6, 3:5] = 1
    scale = {"z": z[0], "y": y[0], "x": x[0]}
    units = {"z": z[1], "y": y[1], "x": x[1]}
    image = Image.of(labels, "zyx", scale=scale, units=units)
    many = {"nm": 1000, "micron": 1, "um": 1}[x[1]]  # of x's units in a micrometre
    (row,) = measure(labels, image)
    assert row[f"volume_{x[1]}3"] == pytest.approx(16 * 2 * 0.5 * 0.5 * many**3)
    assert row[f"centroid_z_{x[1]}"] == pytest.approx(1.5 * 2 * many)
    down = np.sign(y[0])
    assert row[f"centroid_y_{x[1]}"] == pytest.approx(3.5 * 0.5 * down * many)
    flat = measure(labels, image, by_slice=True)[0]
    assert flat[f"area_{x[1]}2"] == pytest.approx(8 * 0.25 * many**2)
    assert flat[f"perimeter_{x[1]}"] == pytest.approx(8 * 0.5 * many)


@pytest.mark.parametrize("unit", ["pixel", "unit", "second"])
def test_what_cannot_be_in_one_unit_stays_in_pixels(unit) -> None:
    scale, units = dict.fromkeys("zyx", 2.0), {**UM, "z": unit}
    labels = np.ones((2, 5, 5), np.uint8)
    (row,) = measure(labels, Image.of(labels, "zyx", scale=scale, units=units))
    assert row["volume_px"] == 50
    assert not any(name.startswith("volume_um") for name in row)
    assert {name for name in row if name.startswith("centroid")} == {
        f"centroid_{axis}_px" for axis in "zyx"
    }


@pytest.mark.parametrize("axes", ["xy", "xzy", "yzx"])
def test_any_order_of_axes_and_stored_labels(axes: str) -> None:
    plane = np.zeros((8, 9), np.uint16)
    plane[2:4, 5:9] = 3
    deep = np.stack([plane] * 2) if "z" in axes else plane
    left = "zyx" if "z" in axes else "yx"
    turned = deep.transpose([left.index(a) for a in axes])
    (row,) = measure(zarr.array(turned), Image.of(turned, axes))
    assert (row["centroid_y_px"], row["centroid_x_px"]) == (2.5, 6.5)


def test_the_table_as_csv(tmp_path) -> None:
    rows = [{"label": 1, "area_px": 4}, {"label": 2, "area_px": 5, "t": 0}]
    path = write_table(tmp_path / "new" / "t.csv", rows, ("label", "area_px", "t"))
    with open(path, newline="") as file:
        found = list(csv.DictReader(file))
    assert found == [
        {"label": "1", "area_px": "4", "t": ""},
        {"label": "2", "area_px": "5", "t": "0"},
    ]
    columns = ("image", "label")
    assert write_table(tmp_path / "n.csv", [], columns).read_text() == "image,label\n"
    assert measure(np.zeros((5, 5), np.uint16), Image.of(np.ones((5, 5)))) == []


def test_a_table_of_many_objects_takes_little_memory(tmp_path) -> None:
    labels = np.arange(1, 7201, dtype=np.uint16).reshape(2, 60, 60)
    result = Segmented(labels, "zyx", labels.size, Image.of(labels, "zyx", scale=UNIT))
    reports = Reports(tmp_path / "t.csv")
    reports.add("a", result, by_slice=False)
    tracemalloc.start()
    reports.add("b", result, by_slice=False)
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < 150 * labels.size  # a row by itself takes ten times as much
    reports.write()
    *_, last = (tmp_path / "t.csv").read_text().splitlines()
    assert last.startswith("b,7200,1,1.0,1.0,1.0,59.0,59.0,")


@pytest.mark.parametrize("by_slice", [False, True])
@pytest.mark.parametrize(
    ("axes", "shape"), [("yx", (9, 8)), ("xcy", (8, 2, 9)), ("tzyx", (2, 3, 9, 8))]
)
def test_columns_are_known_without_an_object(axes, shape, by_slice) -> None:
    image = Image.of(np.ones(shape), axes, scale={"y": 0.5, "x": 0.5}, units=UM)
    labels = np.zeros(image.label_shape, np.uint8)
    labels[..., 2:6, 1:5] = 1
    row, *_ = measure(labels, image, by_slice)
    assert list(measure_columns(0 * labels, image, by_slice)) == list(row)


@pytest.mark.parametrize("kind", ["u2", "f4"])
def test_volumes_against_scikit_image(kind: str) -> None:
    rng = np.random.default_rng(0)
    labels = np.kron(rng.integers(0, 9, (4, 5, 6)), np.ones((2, 3, 4))).astype("u2") * 7
    light = (1000 * rng.random((2, *labels.shape))).astype(kind)
    light -= 2000 * (kind == "f4")  # below nothing, as where a background was taken off
    rows = measure(labels, Image.of(light, "czyx"))
    expected = regionprops(labels, np.moveaxis(light, 0, -1))
    assert [row["label"] for row in rows] == [p.label for p in expected]
    for row, p in zip(rows, expected, strict=True):
        assert row["volume_px"] == p.area
        centre = tuple(row[f"centroid_{letter}_px"] for letter in "zyx")
        assert centre == p.centroid  # to the last bit
        for c in range(2):
            assert row[f"max_intensity_c{c}"] == p.intensity_max[c]
            mean = light[c][labels == p.label].mean(dtype=np.float64)
            exactly = (
                p.intensity_mean[c] if kind == "u2" else pytest.approx(mean, 1e-12)
            )
            assert row[f"mean_intensity_c{c}"] == exactly


def test_a_stack_is_measured_slice_by_slice() -> None:
    labels = np.ones((200, 100, 100), np.uint16)
    tracemalloc.start()
    (row,) = measure(labels, Image.of(labels, "zyx"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert row["volume_px"] == labels.size
    assert peak < labels.nbytes / 2


@pytest.mark.parametrize("axes", ["yxc", "xyc"])
def test_a_large_plane_is_measured_in_bands(monkeypatch, axes: str) -> None:
    labels = crowd((150, 80), 60, ((4, 9), (4, 9))).astype(np.uint16)
    labels[5:140, 0] = 99  # an object through all bands
    labels[labels % 7 == 3] = 0
    light = np.random.default_rng(0).random((150, 80, 2))
    if axes == "xyc":
        labels, light = labels.T, light.transpose(1, 0, 2)
    image = Image.of(light, axes)
    whole = measure(labels, image)
    assert len(whole) > 40
    for band in (80 * 7, 80 * 64):
        monkeypatch.setattr("napari_cihm.segmentation.measurements.BAND", band)
        assert measure(labels, image) == whole
        assert measure(0 * labels, image) == []


def test_a_large_plane_is_never_whole_in_memory(monkeypatch) -> None:
    labels = np.zeros((4000, 500), np.uint16)
    labels[5::40, 5:30] = np.arange(1, 101)[:, None]
    monkeypatch.setattr("napari_cihm.segmentation.measurements.BAND", 50_000)
    tracemalloc.start()
    rows = measure(labels, Image.of(labels))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [row["area_px"] for row in rows] == [25] * 100
    assert peak < labels.nbytes / 2
