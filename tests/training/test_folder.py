"""Folders to fine-tune on: names are matched, and what is missing is said."""

import numpy as np
import pytest
import tifffile

from napari_cihm.errors import DataError
from napari_cihm.training.folder import read_labelled


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
    assert images[0].label_shape == labels[0].shape == (5, 6, 8)
    *_, marks = read_labelled(
        folders / "images", folders / "masks", folders / "reviewed"
    )
    assert marks == [None]


def test_folders_without_a_pair_are_refused(folders, tmp_path):
    with pytest.raises(DataError, match=r"no image in .* has a mask of its name"):
        read_labelled(folders / "images", folders / "masks")
    with pytest.raises(DataError, match="is no folder"):
        read_labelled(tmp_path / "nowhere", folders / "masks")
