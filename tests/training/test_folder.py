"""Folders to fine-tune on: names are matched, and what is missing is said."""

import numpy as np
import pytest
import tifffile

from napari_cihm.data.pairs import folder_pairs
from napari_cihm.errors import DataError
from napari_cihm.training.folder import left_out, read_labelled, reviewed_beside


@pytest.fixture
def folders(tmp_path):
    for name in ("images", "masks", "reviewed"):
        (tmp_path / name).mkdir()
    return tmp_path


def test_images_and_masks_of_one_name_belong_together(folders):
    stack = np.arange(5 * 6 * 8, dtype=np.uint16).reshape(5, 6, 8)
    tifffile.imwrite(folders / "images" / "b.tif", stack, metadata={"axes": "ZYX"})
    tifffile.imwrite(folders / "images" / "lone.tif", stack[0])
    tifffile.imwrite(folders / "masks" / "b.tiff", stack, metadata={"axes": "ZYX"})
    names, images, labels, seen = read_labelled(folders / "images", folders / "masks")
    assert names == ["b"] and seen is None
    assert left_out(folders / "images", names).endswith(
        "1 without a mask left out, the first is lone.tif"
    )
    assert left_out(folders / "images", ["b", "lone"]) == ""
    assert images[0].label_shape == labels[0].shape == (5, 6, 8)
    *_, marks = read_labelled(
        folders / "images", folders / "masks", folders / "reviewed"
    )
    assert marks == [None]


def test_marks_are_those_of_the_folder_that_images_and_masks_are_of(folders):
    images, masks, marks = (folders / n for n in ("images", "masks", "reviewed"))
    assert reviewed_beside(images, masks) == marks.resolve()
    (folders / "other").mkdir()
    assert reviewed_beside(images, folders / "other" / "masks") is None
    marks.rmdir()
    assert reviewed_beside(images, masks) is None


def test_folders_without_a_pair_are_refused(folders, tmp_path):
    with pytest.raises(DataError, match=r"no image in .* has a mask of its name"):
        read_labelled(folders / "images", folders / "masks")
    with pytest.raises(DataError, match="is not a folder"):
        read_labelled(tmp_path / "nowhere", folders / "masks")


def test_dots_in_names_are_kept_and_what_systems_leave_is_not_read(folders):
    for number in (3, 0, 1):
        plane = np.full((6, 8), number, np.uint8)
        tifffile.imwrite(folders / "images" / f"exp.2024.{number}.ome.tif", plane)
        tifffile.imwrite(folders / "masks" / f"exp.2024.{number}.tif", plane)
    for folder in ("images", "masks"):
        for name in (".DS_Store", "Thumbs.db", "._exp.2024.0.tif"):
            (folders / folder / name).write_bytes(b"no image")
    (folders / "masks" / "exp.2024.1.tif").unlink()
    names, images, labels, _ = read_labelled(folders / "images", folders / "masks")
    assert names == ["exp.2024.0", "exp.2024.3"]
    for image, label in zip(images, labels, strict=True):
        np.testing.assert_array_equal(image.read()[0], label)


def test_a_wrong_name_is_told_from_what_is_left_out(folders):
    plane = np.ones((6, 8), np.uint8)
    for file in ("images/a.tif", "images/b.tif", "masks/a.tif", "masks/b_2.tif"):
        tifffile.imwrite(folders / file, plane)
    given = folders / "images", folders / "masks"
    with pytest.raises(DataError, match=r"b\.tif has no mask, and .*b_2\.tif no im"):
        read_labelled(*given)
    (folders / "images" / "b.tif").unlink()
    assert read_labelled(*given)[0] == ["a"]
    tifffile.imwrite(folders / "reviewed" / "A.tif", plane)
    with pytest.raises(
        DataError, match=r"a\.tif has no reviewed mask, and .*A\.tif no"
    ):
        read_labelled(*given, folders / "reviewed")


def test_two_masks_of_one_name_are_refused(folders):
    plane = np.ones((6, 8), np.uint8)
    for file in ("images/a.tif", "masks/a.tif", "masks/a.tiff"):
        tifffile.imwrite(folders / file, plane)
    with pytest.raises(DataError, match=r"a\.tif and a\.tiff have the same name"):
        read_labelled(folders / "images", folders / "masks")


def test_labels_of_a_segmentation_belong_to_its_images(folders):
    image, label = (np.full((6, 8), number, np.uint8) for number in (7, 1))
    for name in ("a", "b_labels", "c"):
        tifffile.imwrite(folders / "images" / f"{name}.tif", image)
    for name in ("a_labels", "b_labels_labels", "c"):
        tifffile.imwrite(folders / "masks" / f"{name}.tif", label)
    tifffile.imwrite(folders / "masks" / "c_labels.tif", image)  # a mask has the name
    given = folders / "images", folders / "masks"
    names, _, labels, _ = read_labelled(*given)
    assert names == ["a", "b_labels", "c"]
    assert all(np.asarray(found).max() == 1 for found in labels)
    pairs = folder_pairs(folders)
    assert [p.name for p in pairs] == names
    tifffile.imwrite(folders / "masks" / "a_cp_masks.tif", label)
    with pytest.raises(
        DataError, match=r"a_cp_masks\.tif and a_labels\.tif in .* of a"
    ):
        read_labelled(*given)


def test_one_folder_is_not_both_images_and_masks(folders):
    tifffile.imwrite(folders / "images" / "a.tif", np.eye(6, dtype=np.uint8))
    with pytest.raises(DataError, match="given for both"):
        read_labelled(folders / "images", folders / "images")


def test_labels_tell_channels_from_slices(folders):
    five = np.arange(5 * 6 * 8, dtype=np.uint16).reshape(5, 6, 8)
    images, masks = folders / "images", folders / "masks"
    tifffile.imwrite(images / "pages.tif", five)
    tifffile.imwrite(masks / "pages.tif", five[0])
    for folder in (images, masks):  # ImageJ takes pages for channels if none says
        tifffile.imwrite(folder / "slices.tif", five, imagej=True)
    _, (pages, slices), labels, _ = read_labelled(images, masks)
    assert (pages.axes, slices.axes) == ("cyx", "zyx")
    assert slices.label_shape == labels[1].shape
