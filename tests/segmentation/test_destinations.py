"""Results go where they harm nothing that is read, or nowhere at all."""

import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile
import zarr

from napari_cihm.config import SegmentSettings
from napari_cihm.errors import InputError, ReadError
from napari_cihm.segmentation.batch import Batch
from napari_cihm.segmentation.inputs import find_inputs
from tests.segmentation.conftest import Local

KEPT = SegmentSettings(maps=True, uncertainty=True)


def _tiff(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, np.ones((9, 9), np.uint8))
    return path


def _zarr(path: Path) -> Path:
    zarr.create_array(path, shape=(9, 9), dtype="u1")[...] = 1
    return path


def _bytes(folder: Path) -> dict[Path, bytes]:
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    ("inputs", "output", "more"),
    [
        (["x.tif"], "x.tif", {}),
        (["x.tif"], "link.tif", {}),
        (["x.tif"], "z.zarr/../x.tif", {}),
        (["x_maps.tif"], "x.tif", {}),
        (["x_uncertainty.tif"], "x_labels.tif", {}),
        (["x.tif", "x_labels.tif"], ".", {}),
        (["x.tif"], "out", {"table": "x.tif"}),
        (["x.tif"], "out", {"runs": "x.tif"}),
        (["x.tif"], "out", {"table": "t.csv", "runs": "z.zarr/../t.csv"}),
        (["z.zarr"], "z.zarr", {}),
        (["z.zarr"], "z.zarr/labels", {}),
        (["z.zarr"], "out", {"table": "z.zarr/t.csv"}),
        (["plate.zarr/a"], "plate.zarr", {}),
    ],
)
def test_no_result_is_written_over_an_input(tmp_path, inputs, output, more) -> None:
    for name in ("x.tif", "x_maps.tif", "x_uncertainty.tif", "x_labels.tif"):
        _tiff(tmp_path / name)
    _zarr(tmp_path / "z.zarr")
    zarr.create_group(tmp_path / "plate.zarr")
    _zarr(tmp_path / "plate.zarr" / "a")
    os.link(tmp_path / "x.tif", tmp_path / "link.tif")
    before, model = _bytes(tmp_path), Local()
    places = {name: tmp_path / path for name, path in more.items()}
    batch = Batch(tmp_path / output, model, KEPT, **places)
    with pytest.raises(InputError, match="would be"):
        list(batch.run(find_inputs([tmp_path / name for name in inputs])))
    assert not model.calls
    assert _bytes(tmp_path) == before


def test_files_without_numbers_are_told_apart_by_their_names(
    tmp_path, monkeypatch
) -> None:
    def stat(path: Path) -> SimpleNamespace:
        return SimpleNamespace(st_dev=os.stat(path).st_dev, st_ino=0)

    system = SimpleNamespace(stat=stat, path=os.path)
    monkeypatch.setattr("napari_cihm.segmentation.destinations.os", system)
    found = find_inputs([_tiff(tmp_path / "in" / "a.tif")])
    with pytest.raises(InputError, match="over the image"):
        list(Batch(tmp_path / "in" / ".." / "in" / "a.tif", Local()).run(found))
    list(Batch(tmp_path / "out", Local()).run(found))
    assert (tmp_path / "out" / "a_labels.tif").exists()


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("o.png", "not written as .png"),
        ("o.ndpi", "not written as .ndpi"),
        ("o.TIF", "one file, and there are 2"),
        ("o.zarr", "one file, and there are 2"),
    ],
)
def test_a_name_for_what_will_not_be_there_is_refused(tmp_path, output, words) -> None:
    found = find_inputs([_tiff(tmp_path / "a.tif"), _tiff(tmp_path / "b.tif")])
    with pytest.raises(InputError, match=words):
        next(Batch(tmp_path / output, Local()).run(found))
    (tmp_path / output).mkdir()  # a folder may be called so
    list(Batch(tmp_path / output, Local()).run(found))
    assert len(list((tmp_path / output).iterdir())) == 2


@pytest.mark.parametrize(("name", "suffix"), [("o.tif", ".zarr"), ("o.zarr", ".tif")])
def test_a_name_and_a_format_agree(tmp_path, name, suffix) -> None:
    found = find_inputs([_tiff(tmp_path / "a.tif")])
    with pytest.raises(InputError, match=f"in the format {suffix}"):
        next(Batch(tmp_path / name, Local(), suffix=suffix).run(found))


def test_an_ending_may_be_in_capitals(tmp_path) -> None:
    found = find_inputs([_tiff(tmp_path / "a.tif")])
    list(Batch(tmp_path / "o.TIF", Local(), suffix=".tif").run(found))
    assert tifffile.imread(tmp_path / "o.TIF").shape == (9, 9)


@pytest.mark.parametrize("name", ["o", "o/x/..", "o/.."])
def test_a_table_is_no_folder_of_labels(tmp_path, name) -> None:
    found = find_inputs([_tiff(tmp_path / "in" / "a.tif")])
    with pytest.raises(InputError, match="is to be a folder of results"):
        next(Batch(tmp_path / "o", Local(), table=tmp_path / name).run(found))
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("kind", ["table", "runs"])
def test_a_table_is_called_what_it_is(tmp_path, kind) -> None:
    found = find_inputs([_tiff(tmp_path / "a.tif")])
    batch = Batch(tmp_path / "o", Local(), **{kind: tmp_path / "t.xlsx"})
    with pytest.raises(InputError, match=r"t\.xlsx cannot be .* ends in \.csv"):
        next(batch.run(found))
    assert not (tmp_path / "o").exists()


def test_what_does_not_exist_is_not_made_for_the_labels(tmp_path) -> None:
    missing = tmp_path / "images"
    batch = Batch(missing / "labels", Local())
    with pytest.raises(ReadError, match=r"images does not exist"):
        next(batch.run(find_inputs([missing])))
    assert not missing.exists()
