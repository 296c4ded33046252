"""Masks, whatever their files are: plain numbers are read and others refused."""

import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

from napari_cihm.data.masks import open_mask, read_mask
from napari_cihm.errors import ReadError


@pytest.fixture
def numbers():
    plane = np.zeros((20, 24), np.uint8)
    plane[2:8, 3:9], plane[10:15, 12:20] = 1, 7
    return plane


def test_the_numbers_behind_a_palette_are_read(tmp_path, numbers):
    picture = Pillow.fromarray(numbers)
    picture.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0, *range(90)])
    picture.save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "a.png"), numbers)


def test_a_palette_of_greys_shows_its_numbers_itself(tmp_path, numbers):
    picture = Pillow.fromarray((numbers > 0).astype(np.uint8))
    picture.putpalette([255, 255, 255, 0, 0, 0])
    picture.save(tmp_path / "a.png")
    found = read_mask(tmp_path / "a.png")
    np.testing.assert_array_equal(found, np.where(numbers > 0, 0, 255))


@pytest.mark.parametrize("ending", ["png", "tif"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
def test_equal_colours_are_one_number(tmp_path, numbers, mode, ending):
    path = tmp_path / f"a.{ending}"
    Pillow.fromarray(numbers).convert(mode).save(path)
    np.testing.assert_array_equal(read_mask(path), numbers)


@pytest.mark.parametrize("white", ["miniswhite", "minisblack"])
def test_numbers_are_those_stored_whichever_is_shown_white(tmp_path, numbers, white):
    tifffile.imwrite(tmp_path / "a.tif", numbers, photometric=white)
    np.testing.assert_array_equal(read_mask(tmp_path / "a.tif"), numbers)


def test_colours_are_no_numbers(tmp_path, numbers):
    Pillow.fromarray(np.stack([numbers, numbers, 0 * numbers], -1)).save(
        tmp_path / "a.png"
    )
    with pytest.raises(ReadError, match=r"a\.png is a colour picture"):
        read_mask(tmp_path / "a.png")


def test_a_blurred_mask_is_refused_whatever_its_ending(tmp_path, numbers):
    for name in ("a.jpg", "b.png"):
        with open(tmp_path / name, "wb") as file:
            Pillow.fromarray(255 * (numbers > 0).astype(np.uint8)).save(file, "JPEG")
        with pytest.raises(ReadError, match=rf"{name} is a JPEG"):
            read_mask(tmp_path / name)


def test_a_stack_is_opened_and_no_plane(tmp_path, numbers):
    path = tmp_path / "a.tif"
    stack = np.stack([numbers] * 6)
    tifffile.imwrite(path, stack, metadata={"axes": "ZYX"})
    np.testing.assert_array_equal(open_mask(path).data, stack)
    with pytest.raises(ReadError, match=r"a\.tif holds 6 planes \(axes zyx\)"):
        read_mask(path)
    tifffile.imwrite(path, stack[:1], metadata={"axes": "ZYX"})
    np.testing.assert_array_equal(read_mask(path), numbers)


def test_an_array_of_the_right_numbers_is_a_mask(tmp_path, numbers):
    np.save(tmp_path / "a.npy", np.stack([numbers] * 2, -1))
    np.testing.assert_array_equal(open_mask(tmp_path / "a.npy").data, numbers)
