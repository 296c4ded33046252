"""Folders in, label files out, samples: through the viewer, as napari calls them."""

import csv
import http.server
import shutil
import threading
import zipfile

import dask.array as da
import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image as Pillow

from napari_cihm.data.reading import read_image
from napari_cihm.data.synthetic import nuclei
from napari_cihm.errors import UnavailableError
from napari_cihm.plugin import samples
from napari_cihm.plugin.readers import get_reader
from napari_cihm.plugin.writers import layout_of

PLUGIN = "napari-cihm"


def _write(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Pillow.fromarray(array).save(path)


def _sample(folder, image, labels):
    """Write a sample as DSB18 has them: RGBA, and a mask for each nucleus."""
    rgba = np.dstack([image] * 3 if image.ndim == 2 else [image])
    rgba = np.dstack([rgba, np.full(rgba.shape[:2], 255, np.uint8)])
    _write(folder / "images" / f"{folder.name}.png", rgba)
    for number in range(1, labels.max() + 1):
        mask = (labels == number).astype(np.uint8) * 255
        _write(folder / "masks" / f"{number}.png", mask)


@pytest.fixture
def truth(blobs):
    labels = np.zeros(blobs.shape, np.int32)
    labels[10:20, 10:20], labels[50:60, 40:60] = 1, 2
    return labels


@pytest.fixture
def stage1(tmp_path, blobs, truth):
    folder = tmp_path / "stage1_train"
    colour = np.stack([blobs, blobs // 2, blobs], axis=-1)
    for name, image in {"aa": blobs, "bb": colour, "cc": 255 - blobs}.items():
        _sample(folder / name, image, truth)
    _sample(folder / "dd", blobs[:64, :64], truth[:64, :64])
    return folder


def test_a_sample_opens_as_an_image_and_its_masks(make_napari_viewer, stage1, blobs):
    viewer = make_napari_viewer()
    viewer.open(str(stage1 / "aa"), plugin=PLUGIN)
    image, masks = viewer.layers["aa"], viewer.layers["aa masks"]
    np.testing.assert_array_equal(image.data, blobs)  # grey, since it is
    assert masks.data.max() == 2
    viewer.open(str(stage1 / "bb"), plugin=PLUGIN)
    assert viewer.layers["bb"].rgb


def test_a_folder_opens_as_lazy_stacks_of_each_size(make_napari_viewer, stage1, truth):
    viewer = make_napari_viewer()
    viewer.open(str(stage1), plugin=PLUGIN)
    names = [layer.name for layer in viewer.layers]
    assert names == [
        "stage1_train 64x64", "stage1_train 64x64 masks",
        "stage1_train 96x128", "stage1_train 96x128 masks",
    ]  # fmt: skip
    image, masks = viewer.layers[2:]
    assert isinstance(image.data, da.Array)
    assert isinstance(masks.data, da.Array)
    assert image.data.shape == (3, 96, 128, 3)
    assert image.metadata["samples"] == ["aa", "bb", "cc"]
    assert [layer.visible for layer in viewer.layers] == [False, False, True, True]
    # Larger nuclei come first in the numbering.
    np.testing.assert_array_equal(np.asarray(masks.data[1]) > 0, truth > 0)


def test_a_dropped_dsb18_folder_is_opened_without_a_question(shown, stage1):
    shown.panel.files_dropped.emit([str(stage1)])
    assert shown.session.image.name == "stage1_train 96x128"
    assert shown.session.axes == "tyxc"


@pytest.fixture
def pairs(tmp_path, blobs, truth):
    """Write a folder of pairs: deep grey pictures, and two of other kinds."""
    folder = tmp_path / "mine"
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    for name in ("b", "c9", "c10"):
        tifffile.imwrite(folder / f"images/{name}.ome.tif", blobs.astype(np.uint16) * 9)
        _write(folder / f"masks/{name}.png", truth.astype(np.uint8))
    _write(folder / "images/d.png", np.dstack([blobs, blobs, blobs // 2])[:64])
    tifffile.imwrite(folder / "images/e.tif", np.stack([blobs, blobs // 3])[:, :64])
    for name in "de":
        tifffile.imwrite(folder / f"masks/{name}.tif", truth[:64])
    return folder


def test_a_dropped_folder_of_pairs_opens_as_stacks(shown, pairs, blobs, truth, said):
    shown.panel.files_dropped.emit([str(pairs)])
    assert said == []
    grey, masks = shown.viewer.layers[4:]
    assert (grey.name, masks.name) == ("mine 96x128", "mine 96x128 masks")
    assert isinstance(grey.data, da.Array) and isinstance(masks.data, da.Array)
    assert grey.metadata["samples"] == ["b", "c9", "c10"]
    np.testing.assert_array_equal(grey.data[1], blobs * 9.0)
    np.testing.assert_array_equal(masks.data[2], truth)
    assert grey.visible and not shown.viewer.layers[0].visible
    assert shown.session.axes == "tyx"
    colour, two = shown.viewer.layers[0], shown.viewer.layers[2]
    assert colour.rgb and colour.data.shape == (1, 64, 128, 3)
    assert two.data.shape == (1, 2, 64, 128)
    assert two.axis_labels == ("t", "c", "y", "x")


def test_a_folder_that_is_split_opens_as_both_parts(tmp_path, pairs):
    for part in ("train", "val"):
        shutil.copytree(pairs, tmp_path / "set" / part)
    for name in ("images/b.ome.tif", "masks/b.png"):
        (tmp_path / "set" / "val" / name).unlink()
    layers = get_reader(str(tmp_path / "set"))(str(tmp_path / "set"))
    shown = [about["name"] for _, about, _ in layers if about["visible"]]
    assert shown == ["set train 96x128", "set train 96x128 masks"]
    lengths = {about["name"]: len(data) for data, about, _ in layers}
    assert lengths["set val 96x128"] == lengths["set val 96x128 masks"] == 2


def test_a_folder_of_one_pair_opens_as_it_is(tmp_path, blobs, truth):
    _write(tmp_path / "mine" / "images" / "a.png", np.dstack([blobs] * 3))
    _write(tmp_path / "mine" / "masks" / "a.png", truth.astype(np.uint8))
    image, masks = get_reader(str(tmp_path / "mine"))(str(tmp_path / "mine"))
    assert (image[1]["name"], masks[1]["name"]) == ("a", "a masks")
    np.testing.assert_array_equal(image[0], blobs)
    np.testing.assert_array_equal(masks[0], truth)


def test_a_folder_of_pairs_is_refused_as_training_refuses_it(shown, pairs, said):
    (pairs / "masks" / "b.png").unlink()
    shown.panel.files_dropped.emit([str(pairs)])
    ((kind, text),) = said
    assert kind == "error" and "1 of 5 images have no mask" in text
    assert not shown.viewer.layers


def test_a_folder_of_many_sizes_opens_as_few_layers(pairs, said, monkeypatch):
    monkeypatch.setattr("napari_cihm.plugin.readers.MOST", 2)
    names = [about["name"] for _, about, _ in get_reader(str(pairs))(str(pairs))]
    assert names[0::2] == ["mine 64x128", "mine 96x128"]
    assert "of 3 sizes" in said[0][1]


def test_synapse_opens_as_a_lazy_stack_of_slices(shown, tmp_path, said):
    folder = tmp_path / "organs"
    (folder / "train_npz").mkdir(parents=True)
    slices = np.random.default_rng(0).random((3, 24, 32)).astype(np.float32)
    for z, image in enumerate(slices):
        label = (image > 0.5).astype(np.float32) * 8
        np.savez(folder / f"train_npz/case0005_slice{z}.npz", image=image, label=label)
    shown.panel.files_dropped.emit([str(folder)])
    assert said == []
    images, masks = shown.viewer.layers
    assert isinstance(images.data, da.Array) and images.name == "organs 24x32"
    np.testing.assert_array_equal(images.data, slices)
    np.testing.assert_array_equal(masks.data[2], (slices[2] > 0.5) * 8)


def test_a_folder_of_folders_of_images_leads_to_them(shown, tmp_path, blobs, said):
    _write(tmp_path / "day" / "one" / "a.png", blobs)
    shown.panel.files_dropped.emit([str(tmp_path / "day")])
    ((kind, text),) = said
    assert kind == "error" and text.endswith("Drop the folder one in it.")


def test_other_folders_open_as_napari_opens_them(shown, tmp_path, blobs, said):
    for name in ("one.png", "two.png"):
        _write(tmp_path / "images" / name, blobs)
    shown.panel.files_dropped.emit([str(tmp_path / "images")])
    assert said == []
    assert shown.session.image.data.shape == (2, *blobs.shape)


@pytest.mark.parametrize(
    ("axes", "known"), [("TYX", "tyx"), ("CYX", "cyx"), ("", "zyx")]
)
def test_axes_that_a_file_names_are_known(shown, tmp_path, axes, known):
    """napari's own reader opens the pixels alone, and five planes may be anything."""
    path, metadata = tmp_path / "five.tif", {"axes": axes} if axes else None
    planes = np.zeros((5, 32, 48), np.uint8)
    tifffile.imwrite(path, planes, photometric="minisblack", metadata=metadata)
    shown.panel.files_dropped.emit([str(path)])
    assert shown.section.axes.text() == known
    path.unlink()
    shown.session.image.data = np.zeros((6, 32, 48), np.uint8)  # of no file
    assert shown.section.axes.text() == "zyx"


def test_what_no_reader_opens_is_said_and_the_rest_opened(shown, tmp_path, blobs, said):
    (tmp_path / "note.txt").write_text("a list to buy")
    (tmp_path / "empty").mkdir()
    _write(tmp_path / "one.png", blobs)
    names = ("note.txt", "empty", "gone.tif", "one.png")
    shown.panel.files_dropped.emit([str(tmp_path / name) for name in names])
    assert [kind for kind, _ in said] == ["error"] * 3
    assert "(nothing here reads such files);" in said[0][1]
    for name, (_, text) in zip(names, said, strict=False):
        came = "holds no image" if name == "empty" else "could not be opened"
        assert f"{name} {came}" in text
        assert "a folder of images" in text
    assert [layer.name for layer in shown.viewer.layers] == ["one"]


@pytest.mark.parametrize(
    ("name", "inside", "text"),
    [
        ("texts", "note.txt", "The folder texts holds no image; expected"),
        ("mixed", "broken.png", "The folder mixed could not be opened as one stack ("),
        ("cells.zarr", "zarr.json", "The folder cells.zarr could not be opened as"),
    ],
)
def test_a_folder_is_refused_for_what_is_in_it(
    shown, tmp_path, said, monkeypatch, name, inside, text
):
    """Whatever a reader runs into: of a text, napari's says that a buffer is short."""

    def fail(viewer, paths, plugin=None):
        raise ValueError("unpack_from requires a buffer of at least 4 bytes")

    monkeypatch.setattr(type(shown.viewer), "open", fail)
    (tmp_path / name).mkdir()
    (tmp_path / name / inside).write_bytes(b"no image")
    shown.panel.files_dropped.emit([str(tmp_path / name)])
    ((kind, words),) = said
    assert kind == "error" and words.startswith(text)
    assert ("buffer" in words) == (name != "texts")


def test_other_paths_are_left_to_others(tmp_path, stage1):
    assert get_reader(str(tmp_path)) is None
    assert get_reader(str(stage1 / "aa" / "images")) is None
    for part in ("train", "val"):
        (tmp_path / "classes" / part / "cats").mkdir(parents=True)
    assert get_reader(str(tmp_path / "classes")) is None
    assert get_reader(str(tmp_path / "nothing")) is None
    assert get_reader([str(stage1), str(stage1)]) is None
    assert get_reader(str(stage1 / "aa" / "images" / "aa.png")) is None


def test_a_single_image_opens_without_our_reader(make_napari_viewer, tmp_path, blobs):
    _write(tmp_path / "one.png", blobs)
    viewer = make_napari_viewer()
    (layer,) = viewer.open(str(tmp_path / "one.png"))
    assert layer.source.reader_plugin == "napari"


@pytest.fixture
def saved(make_napari_viewer, truth):
    viewer = make_napari_viewer()
    stack = np.stack([truth, truth * 0, truth])
    units = ("um", "um", "um")
    return viewer.add_labels(stack, name="cells", scale=(2, 0.5, 0.5), units=units)


@pytest.mark.parametrize("units", ["um", "pixel"])
@pytest.mark.parametrize("suffix", [".tif", ".zarr"])
def test_labels_are_saved_with_their_scale(saved, tmp_path, suffix, units):
    saved.units = (units,) * 3
    path = tmp_path / f"cells{suffix}"
    (written,) = saved.save(str(path), plugin=PLUGIN)
    again = read_image(written)
    assert again.axes == "zyx"
    np.testing.assert_array_equal(np.asarray(again.data[:]), saved.data)
    assert again.scale == {"z": 2, "y": 0.5, "x": 0.5}
    assert again.units.get("x", "pixel") == units
    if suffix == ".zarr":
        assert zarr.open_group(path)["0"].chunks == (1, 96, 128)


@pytest.mark.parametrize(
    ("names", "axes"),
    [
        (("time", "row", "column"), "tyx"),
        (("T", "Y", "X"), "tyx"),
        (("y", "y", "x"), "zyx"),
        (("-3", "-2", "-1"), "zyx"),
    ],
)
def test_labels_are_saved_with_the_axes_that_they_name(names, axes):
    assert layout_of(np.zeros((2, 3, 4)), {"axis_labels": names}).axes == axes


def test_labels_are_saved_where_they_lie(saved, tmp_path):
    saved.scale, saved.translate = (1, 0.5, 0.5), (0, -20, 30.25)
    (written,) = saved.save(str(tmp_path / "a.zarr"), plugin=PLUGIN)
    assert read_image(written).origin == {"y": -20, "x": 30.25}


def test_run_lengths_name_each_plane(saved, tmp_path):
    (written,) = saved.save(str(tmp_path / "runs.csv"), plugin=PLUGIN)
    with open(written) as file:
        rows = list(csv.DictReader(file))
    assert [row["ImageId"] for row in rows] == [
        "cells_0", "cells_0", "cells_1", "cells_2", "cells_2",
    ]  # fmt: skip
    # The first nucleus begins at row 10 of column 10, counted from 1 downwards.
    assert rows[0]["EncodedPixels"].split()[:2] == [str(10 * 96 + 10 + 1), "10"]


def test_run_lengths_of_a_dsb18_stack_have_its_ids(
    make_napari_viewer, stage1, tmp_path
):
    viewer = make_napari_viewer()
    viewer.open(str(stage1), plugin=PLUGIN)
    masks = viewer.layers["stage1_train 96x128 masks"]
    (written,) = masks.save(str(tmp_path / "runs.csv"), plugin=PLUGIN)
    with open(written) as file:
        assert {row["ImageId"] for row in csv.DictReader(file)} == {"aa", "bb", "cc"}


@pytest.mark.parametrize(
    ("key", "shape"),
    [("nuclei", (512, 512)), ("nuclei_stack", (24, 256, 256)), ("tissue", (512, 512))],
)
def test_made_samples_come_with_their_truth(make_napari_viewer, key, shape):
    viewer = make_napari_viewer()
    viewer.open_sample(PLUGIN, key)
    truth, image = viewer.layers
    assert truth.data.shape == image.data.shape[: len(shape)] == shape
    assert not truth.visible
    assert [str(unit) for unit in image.units] == ["micrometer"] * len(shape)
    np.testing.assert_array_equal(image.scale, truth.scale)


@pytest.fixture
def archive(tmp_path):
    """Serve an archive built like the one that the sample fetches."""
    root = tmp_path / "server"
    root.mkdir()
    with zipfile.ZipFile(root / "dsb2018.zip", "w") as files:
        for i in range(10):
            image, labels = nuclei((256, 256 if i != 3 else 320), seed=i)
            for kind, array in {"images": image, "masks": labels}.items():
                path = tmp_path / "one.tif"
                tifffile.imwrite(path, array)
                files.write(path, f"dsb2018/test/{kind}/{i}.tif")
    handler = http.server.SimpleHTTPRequestHandler
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), lambda *args: handler(*args, directory=str(root))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/dsb2018.zip", root / "dsb2018.zip"
    server.shutdown()
    server.server_close()


@pytest.fixture
def fetching(monkeypatch, tmp_path):
    monkeypatch.setattr(
        "napari_cihm.plugin.samples.pooch.os_cache", lambda name: tmp_path / "cache"
    )
    return lambda url, known: (
        monkeypatch.setattr(samples, "DSB18_URL", url),
        monkeypatch.setattr(samples, "DSB18_HASH", known),
    )


def test_dsb18_is_fetched_once(make_napari_viewer, archive, fetching):
    import pooch

    url, file = archive
    fetching(url, f"sha256:{pooch.file_hash(str(file))}")
    viewer = make_napari_viewer()
    viewer.open_sample(PLUGIN, "dsb18")
    truth, image = viewer.layers
    assert image.data.shape == truth.data.shape == (8, 256, 256)
    np.testing.assert_array_equal(image.data[3], nuclei((256, 256), seed=4)[0])
    file.unlink()
    viewer.open_sample(PLUGIN, "dsb18")
    assert len(viewer.layers) == 4


@pytest.mark.parametrize("trouble", ["no network", "another file"])
def test_what_keeps_dsb18_from_coming_is_told(
    make_napari_viewer, archive, fetching, trouble
):
    url = archive[0] if trouble == "another file" else "http://127.0.0.1:9/x.zip"
    fetching(url, "sha256:" + "0" * 64)
    viewer = make_napari_viewer()
    with pytest.raises(UnavailableError, match="could not be fetched") as caught:
        viewer.open_sample(PLUGIN, "dsb18")
    assert "network" in caught.value.remedy
    assert not viewer.layers
