"""Pictures of training folders have the channels that are segmented."""

import numpy as np
import pytest
import tifffile
from imagecodecs import png_encode
from PIL import Image as Pillow

from napari_cihm.data.masks import read_mask
from napari_cihm.data.pairs import Pair
from napari_cihm.data.pictures import form_of, read_picture
from napari_cihm.errors import InputError


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("axes", ["CYX", None])
@pytest.mark.parametrize("channels", [2, 3, 4, 5])
def test_all_channels_of_a_tiff_are_kept(tmp_path, rng, channels, axes):
    values = rng.integers(0, 255, (channels, 20, 24), np.uint8)
    about = {"photometric": "minisblack", "metadata": axes and {"axes": axes}}
    tifffile.imwrite(tmp_path / "a.tif", values, **about)
    np.testing.assert_array_equal(read_picture(tmp_path / "a.tif"), values)


def test_two_samples_are_two_channels_unless_one_is_said_to_be_alpha(tmp_path, rng):
    values = rng.integers(0, 255, (20, 24, 2), np.uint8)
    about = {"photometric": "minisblack", "planarconfig": "contig"}
    tifffile.imwrite(tmp_path / "two.tif", values, **about)
    tifffile.imwrite(tmp_path / "one.tif", values, **about, extrasamples=["unassalpha"])
    assert read_picture(tmp_path / "two.tif").shape == (2, 20, 24)
    np.testing.assert_array_equal(read_picture(tmp_path / "one.tif")[0], values[..., 0])


@pytest.mark.parametrize("ending", ["png", "tif"])
@pytest.mark.parametrize(("mode", "channels"), [("LA", 1), ("RGBA", 3)])
def test_transparency_is_left_out(tmp_path, rng, mode, channels, ending):
    colours = rng.integers(0, 255, (20, 24, 4), np.uint8)
    path = tmp_path / f"a.{ending}"
    Pillow.fromarray(colours).convert(mode).save(path)
    found = read_picture(path)
    assert found.shape == (channels, 20, 24)
    if mode == "RGBA":
        np.testing.assert_array_equal(found, np.moveaxis(colours, -1, 0)[:3])


@pytest.mark.parametrize(
    ("mode", "ending"),
    [(mode, "png") for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")]
    + [("L", "jpg"), ("RGB", "bmp"), ("F", "tif"), ("RGBA", "tif"), ("I;16B", "tif")],
)
def test_headers_tell_what_will_be_read(tmp_path, rng, mode, ending):
    path = tmp_path / f"a.{ending}"
    flat = rng.integers(0, 255, (20, 24, 3), np.uint8)
    picture = Pillow.fromarray(flat if mode in ("P", "RGB", "RGBA") else flat[..., 0])
    if mode.startswith("I;16"):
        picture = picture.convert("I;16").convert(mode)
    picture.convert(mode).save(path)
    found = read_picture(path)
    assert form_of(path) == (found.shape, found.dtype)


@pytest.mark.parametrize(("channels", "seen"), [(2, 1), (3, 3), (4, 3)])
def test_colours_of_sixteen_bits_are_not_cut_to_eight(tmp_path, rng, channels, seen):
    path = tmp_path / "a.png"
    colours = rng.integers(0, 1000, (20, 24, channels), np.uint16)
    path.write_bytes(png_encode(colours))
    found = read_picture(path)
    np.testing.assert_array_equal(found, np.moveaxis(colours, -1, 0)[:seen])
    assert form_of(path) == (found.shape, found.dtype)
    numbers = np.repeat(colours[..., :1], channels, axis=2)
    path.write_bytes(png_encode(numbers))
    np.testing.assert_array_equal(read_mask(path), numbers[..., 0])


def test_headers_tell_of_channels_without_a_look_at_pixels(tmp_path, monkeypatch):
    tifffile.imwrite(tmp_path / "a.tif", np.ones((2, 20, 24), ">u2"))
    Pillow.fromarray(np.ones((20, 24, 3), np.uint8)).save(tmp_path / "a.png")
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", None)
    assert form_of(tmp_path / "a.tif") == ((2, 20, 24), np.dtype("=u2"))
    assert form_of(tmp_path / "a.png") == ((3, 20, 24), np.uint8)


def test_narrow_pictures_are_not_taken_for_channels(tmp_path, rng):
    values = rng.integers(0, 255, (9, 3), np.uint8)
    Pillow.fromarray(values).save(tmp_path / "a.png")
    pair = Pair.of("a", read_picture(tmp_path / "a.png"), np.ones((9, 3), int))
    np.testing.assert_array_equal(pair.image[0], values)


@pytest.mark.parametrize(("channels", "kept"), [(2, 2), (3, 3), (4, 3), (5, 5)])
def test_arrays_keep_the_channels_that_files_keep(rng, channels, kept):
    labels = np.ones((20, 24), int)
    values = rng.integers(0, 255, (20, 24, channels), np.uint8)
    found = Pair.of("a", values, labels).image
    np.testing.assert_array_equal(found, np.moveaxis(values, -1, 0)[:kept])
    if channels == kept != 3:  # which are no colours, and may lie elsewhere
        for place in (0, 1):
            moved = Pair.of("a", np.moveaxis(values, -1, place), labels).image
            np.testing.assert_array_equal(moved, found)


def test_what_is_no_flat_picture_is_named(tmp_path, rng):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.ones((20, 24), np.complex64))
    with pytest.raises(InputError, match=r"a\.tif: an image of complex numbers"):
        read_picture(path)
    tifffile.imwrite(path, np.ones((2, 2, 2, 2, 9, 9), np.uint8))
    with pytest.raises(InputError, match=r"a\.tif: an image of 6 dimensions"):
        read_picture(path)
    tifffile.imwrite(path, np.ones((2, 6, 9, 9), np.uint8))
    with pytest.raises(
        InputError, match=r"a\.tif holds an array of shape \(2, 6, 9, 9"
    ):
        read_picture(path)
