"""Folders as pairs, and the clear word for each folder that is none."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_cihm.data.layouts import find_pairs
from napari_cihm.data.pairs import Pair
from napari_cihm.errors import DataError, ReadError


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "masks").mkdir()
    return tmp_path


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def put(folder, name, image, mask):
    Image.fromarray(image).save(folder / "images" / f"{name}.png")
    Image.fromarray(mask).save(folder / "masks" / f"{name}.png")


def test_pairs_of_a_folder_are_read_in_order_with_any_ending(folder, rng):
    grey = rng.integers(0, 255, (20, 30), np.uint8)
    mask = np.zeros((20, 30), np.uint16)
    mask[2:6, 2:6] = 700
    put(folder, "b2", grey, mask)
    put(folder, "b10", grey, mask)  # as text, since splits rest on the order
    tifffile.imwrite(folder / "images" / "a.tif", grey.astype(np.uint16) * 200)
    tifffile.imwrite(folder / "masks" / "a.tif", mask)
    pairs = [s.read() for s in find_pairs(folder)]
    assert [p.name for p in pairs] == ["a", "b10", "b2"]
    assert pairs[1].image.shape == (1, 20, 30)
    np.testing.assert_array_equal(pairs[0].labels, mask)
    assert pairs[0].objects == 1


def test_colour_keeps_three_channels_and_grey_in_colour_becomes_one(folder, rng):
    colour = rng.integers(0, 255, (8, 9, 4), np.uint8)
    grey = np.repeat(colour[..., :1], 3, axis=2)
    mask = np.ones((8, 9), np.uint8)
    put(folder, "colour", colour, mask)
    put(folder, "grey", grey, mask)
    colourful, plain = (s.read() for s in find_pairs(folder))
    assert colourful.image.shape == (3, 8, 9)
    np.testing.assert_array_equal(colourful.image[2], colour[..., 2])
    assert plain.image.shape == (1, 8, 9)


def test_dsb18_sample_folders(tmp_path, rng):
    sample = tmp_path / "0123abcd"
    (sample / "images").mkdir(parents=True)
    (sample / "masks").mkdir()
    rgba = rng.integers(0, 255, (16, 16, 4), np.uint8)
    Image.fromarray(rgba).save(sample / "images" / "0123abcd.png")
    large, small = np.zeros((2, 16, 16), np.uint8)
    large[2:12, 2:12] = 255
    small[10:14, 10:14] = 255
    for name, mask in {"x": large, "y": small}.items():
        Image.fromarray(mask).save(sample / "masks" / f"{name}.png")
    (pair,) = (s.read() for s in find_pairs(tmp_path))
    assert pair.objects == 2
    # four pixels were claimed twice; the smaller nucleus keeps its shape
    assert sorted(np.bincount(pair.labels.ravel())[1:]) == [16, 96]
    assert pair.overlap == 4


@pytest.fixture
def samples(tmp_path, rng):
    """Two samples of DSB18."""
    for name in ("abc", "def"):
        for part in ("images", "masks"):
            (tmp_path / name / part).mkdir(parents=True)
        image = Image.fromarray(rng.integers(0, 255, (16, 16), np.uint8))
        image.save(tmp_path / name / "images" / f"{name}.png")
        mask = np.zeros((16, 16), np.uint8)
        mask[2:7, 2:7] = 255
        Image.fromarray(mask).save(tmp_path / name / "masks" / "0.png")
    return tmp_path


@pytest.mark.parametrize("missing", ["def/masks", "def/images/def.png"])
def test_half_a_dsb18_sample_is_named(samples, missing):
    lost = samples / missing
    shutil.rmtree(lost) if lost.is_dir() else lost.unlink()
    with pytest.raises(DataError, match=f"{lost} does not exist"):
        find_pairs(samples)


def test_a_dsb18_mask_of_another_size_is_named(samples):
    file = samples / "abc" / "masks" / "1.png"
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(file)
    with pytest.raises(DataError, match=rf"{file} is \(9, 9\), its image \(16, 16\)"):
        find_pairs(samples)[0].read()


def test_one_dsb18_sample_may_be_given_itself(samples, monkeypatch):
    (pair,) = (s.read() for s in find_pairs(samples / "abc"))
    assert pair.name == "abc" and pair.objects == 1
    monkeypatch.chdir(samples / "abc")
    assert [s.name for s in find_pairs(Path())] == ["abc"]


def test_a_plain_folder_may_be_called_like_its_image(folder, rng):
    inside = folder.rename(folder.with_name("a"))
    put(inside, "a", rng.integers(0, 9, (8, 8), np.uint8), np.eye(8, dtype=np.uint8))
    mask = inside / "masks" / "a.png"
    Image.fromarray(np.diag(range(8)).astype(np.uint8)).save(mask)
    (pair,) = (s.read() for s in find_pairs(inside))
    assert pair.objects == 7


def test_a_reviewed_folder_says_where_masks_may_be_believed(folder, rng):
    put(folder, "a", rng.integers(0, 255, (8, 8), np.uint8), np.ones((8, 8), np.uint8))
    (folder / "reviewed").mkdir()
    seen = np.zeros((8, 8), np.uint8)
    seen[:4] = 255
    Image.fromarray(seen).save(folder / "reviewed" / "a.png")
    (pair,) = (s.read() for s in find_pairs(folder))
    assert pair.reviewed is not None and pair.reviewed.sum() == 32
    Image.fromarray(seen[:, 1:]).save(folder / "reviewed" / "a.png")
    with pytest.raises(DataError, match=r"a: .* 8 x 8 and its reviewed mask is 8 x 7"):
        find_pairs(folder)[0].read()


def test_a_missing_mask_is_named(folder, rng):
    put(
        folder, "whole", rng.integers(0, 9, (8, 8), np.uint8), np.ones((8, 8), np.uint8)
    )
    Image.fromarray(np.ones((8, 8), np.uint8)).save(folder / "images" / "lone.png")
    with pytest.raises(DataError, match=r"1 of 2 images have no mask.*lone\.png"):
        find_pairs(folder)


def test_two_images_of_one_name_do_not_share_a_mask(folder, rng):
    grey = rng.integers(0, 9, (8, 8), np.uint8)
    put(folder, "a", grey, np.ones((8, 8), np.uint8))
    tifffile.imwrite(folder / "images" / "a.tif", grey)
    with pytest.raises(DataError, match=r"a\.png and a\.tif have the same name"):
        find_pairs(folder)


def test_what_systems_leave_in_folders_is_not_read(folder, rng):
    put(folder, "a", rng.integers(0, 9, (8, 8), np.uint8), np.ones((8, 8), np.uint8))
    for name in ("._a.png", ".DS_Store", "Thumbs.db"):
        (folder / "images" / name).write_bytes(b"no image")
        (folder / "masks" / name).write_bytes(b"no image")
    assert [s.name for s in find_pairs(folder)] == ["a"]


def test_sizes_that_differ_are_named(folder, rng):
    put(folder, "odd", rng.integers(0, 9, (8, 8), np.uint8), np.ones((8, 9), np.uint8))
    with pytest.raises(
        DataError, match=r"odd: the image is 8 x 8 and its mask is 8 x 9"
    ):
        find_pairs(folder)[0].read()


def test_a_constant_image_is_refused(folder):
    put(folder, "flat", np.full((8, 8), 7, np.uint8), np.ones((8, 8), np.uint8))
    with pytest.raises(DataError, match="flat: every pixel of the image is 7"):
        find_pairs(folder)[0].read()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.5, "every pixel of the image is 0.5"),
        (np.nan, "no pixel of the image is a number"),
        (np.inf, "no pixel of the image is a number"),
    ],
)
def test_a_constant_image_of_fractions_is_refused(value, said):
    image = np.full((8, 8), value, np.float32)
    with pytest.raises(DataError, match=f"flat: {said}"):
        Pair.of("flat", image, np.ones((8, 8), np.uint8))


def test_a_blank_slice_of_a_volume_passes():
    nothing = np.zeros((8, 8))
    assert Pair.of("slice", nothing, nothing, blank=True).objects == 0


def test_a_broken_file_is_named(folder, rng):
    put(folder, "a", rng.integers(0, 9, (8, 8), np.uint8), np.ones((8, 8), np.uint8))
    file = folder / "images" / "a.png"
    file.write_bytes(file.read_bytes()[:40])
    with pytest.raises(ReadError, match=r"a\.png cannot be read"):
        find_pairs(folder)[0].read()


def test_empty_and_strange_folders_are_refused(folder, tmp_path):
    with pytest.raises(DataError, match="images holds no pictures"):
        find_pairs(folder)
    with pytest.raises(DataError, match="has no known layout"):
        find_pairs(folder / "images")
    with pytest.raises(DataError, match="is not a folder"):
        find_pairs(tmp_path / "nowhere")


def test_a_folder_above_pairs_is_told_where_they_are(tmp_path):
    for part in ("train", "val"):
        for held in ("images", "masks"):
            (tmp_path / part / held).mkdir(parents=True)
    (tmp_path / "notes").mkdir()
    expected = rf"Give {tmp_path}/train or {tmp_path}/val instead"
    with pytest.raises(DataError, match=expected):
        find_pairs(tmp_path)


def test_fractions_are_no_labels():
    image = np.arange(4.0).reshape(2, 2)
    with pytest.raises(DataError, match="fractions"):
        Pair.of("p", image, np.full((2, 2), 0.5))
    assert Pair.of("p", image, np.full((2, 2), 3.0)).objects == 1
