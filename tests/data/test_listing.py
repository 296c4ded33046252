"""What counts as an image in a folder, and what each is called."""

from pathlib import Path

import pytest

from napari_cihm.data.listing import by_name, images_in, name_of
from napari_cihm.errors import DataError


def test_what_systems_leave_in_folders_is_no_image(tmp_path):
    for name in ("b.TIF", "a.png", ".DS_Store", "._a.png", "Thumbs.db", "notes.txt"):
        (tmp_path / name).touch()
    assert images_in(tmp_path, [".png", ".tif"]) == [
        tmp_path / "a.png",
        tmp_path / "b.TIF",
    ]
    assert images_in(tmp_path / "nowhere", [".png"]) == []


def test_slices_come_in_the_order_of_their_numbers(tmp_path):
    names = ["9.tif", "10.tif", "a.tif", "a1.tif"]
    names += ["a1_t2z9.ome.tif", "a1_t2z10.tif", "a1_t10z1.tif", "z01.tif", "z1.tif"]
    for name in names:
        (tmp_path / name).touch()
    assert [path.name for path in images_in(tmp_path, [".tif"])] == names


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("exp.2024.0.tif", "exp.2024.0"),
        ("a.ome.tif", "a"),
        ("a.ome.zarr", "a"),
        ("1.5 um.PNG", "1.5 um"),
    ],
)
def test_only_an_ending_is_taken_off(file, name):
    assert name_of(Path("folder") / file) == name


def test_two_files_of_one_name_are_refused():
    paths = [Path("a.ome.tif"), Path("b.tif")]
    assert by_name(paths) == {"a": paths[0], "b": paths[1]}
    with pytest.raises(DataError, match=r"a\.ome\.tif and a\.png have the same name"):
        by_name([*paths, Path("a.png")])
