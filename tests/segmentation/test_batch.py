"""Folders of images: found, named apart, segmented; a bad one harms no other."""

import csv
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image as Pillow

from napari_cihm.config import SegmentSettings
from napari_cihm.data.reading import read_image
from napari_cihm.errors import CihmError, ReadError
from napari_cihm.events import BatchDone, FileDone, FileFailed, Note, TileDone
from napari_cihm.segmentation.batch import Batch
from napari_cihm.segmentation.inputs import find_inputs
from napari_cihm.segmentation.output import Layout, write_array
from tests.segmentation.conftest import Local, discs

PICTURE = (discs((90, 110), 8, 6) > 0).astype(np.uint8) * 200


def _save(path: Path, array: np.ndarray = PICTURE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".png":
        Pillow.fromarray(array).save(path)
    else:
        tifffile.imwrite(path, array)
    return path


def _run(output: Path, *inputs: Path, stack: bool = False, **options):
    batch = Batch(output, Local(), **options)
    return list(batch.run(find_inputs(inputs, stack)))


def test_a_folder_is_done_and_its_bad_file_reported(tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    _save(folder / "a.png")
    _save(folder / "b.tif", PICTURE[:, ::-1].copy())
    (folder / "broken.tif").write_text("not a picture")
    (folder / "notes.txt").write_text("not even meant to be one")
    cut = _save(folder / "cut.tif")
    cut.write_bytes(cut.read_bytes()[:3000])
    waves = _save(folder / "waves.tif", PICTURE.astype(np.complex64))
    before = {p: p.read_bytes() for p in folder.iterdir()}
    events = _run(out, folder)
    done = {e.path.name: e for e in events if isinstance(e, FileDone)}
    failed = {e.path.name: e for e in events if isinstance(e, FileFailed)}
    assert set(done) == {"a.png", "b.tif"}
    assert set(failed) == {"broken.tif", "cut.tif", "waves.tif"}
    assert all(name in e.text and "\n" not in e.text for name, e in failed.items())
    assert events[-1] == BatchDone(2, (folder / "broken.tif", cut, waves))
    assert sorted(p.name for p in out.iterdir()) == ["a_labels.tif", "b_labels.tif"]
    assert read_image(out / "a_labels.tif").read().max() == 20 == done["a.png"].objects
    assert {p: p.read_bytes() for p in folder.iterdir()} == before


def test_a_second_run_takes_no_result_for_an_image(tmp_path: Path) -> None:
    _save(tmp_path / "a.png")
    for note in ("", f"1 file of {tmp_path} left out as results"):
        events = _run(tmp_path, tmp_path)
        assert [e.path.name for e in events if isinstance(e, FileDone)] == ["a.png"]
        said = "".join(e.text for e in events if isinstance(e, Note))
        assert said.startswith(note) and bool(said) == bool(note)
    own = _save(tmp_path / "own" / "cell_maps.tif")
    with pytest.raises(ReadError, match=r"holds no image \(1 file .* name the file"):
        find_inputs([own.parent])
    assert find_inputs([own])[0].name == "cell_maps"


def test_images_that_cannot_be_read_are_not_passed_over_in_silence(tmp_path) -> None:
    folder = _save(tmp_path / "in" / "a.png").parent
    for name in ("b.CZI", "c.czi", "d.nd2", "notes.txt", "._e.czi"):
        (folder / name).write_bytes(b"")
    (one,) = find_inputs([folder])
    assert one.note.startswith(f"3 files of {folder} left out, since .czi, .nd2 cannot")
    (folder / "a.png").unlink()
    with pytest.raises(ReadError, match=r"holds no image \(3 files .* OME-Zarr\)"):
        find_inputs([folder])


def test_tables_runs_maps_and_doubt(tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    _save(folder / "b.png")
    _save(folder / "a.png", np.zeros_like(PICTURE))
    settings = SegmentSettings(maps=True, uncertainty=True)
    table, runs = tmp_path / "t.csv", tmp_path / "r.csv"
    _run(out, folder, settings=settings, table=table, runs=runs)
    with open(table, newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows] == ["b"] * 20
    assert sum(int(row["area_px"]) for row in rows) == pytest.approx(
        (PICTURE > 0).sum(), rel=0.1
    )
    with open(runs, newline="") as file:
        ids = [row["ImageId"] for row in csv.DictReader(file)]
    assert ids == ["a"] + ["b"] * 20
    assert read_image(out / "b_maps.tif").shape == (3, 90, 110)
    assert read_image(out / "b_uncertainty.tif").shape == (90, 110)


def test_dsb18_folders_go_by_their_ids(tmp_path: Path) -> None:
    for name in ("0a10", "0a2"):
        _save(tmp_path / "stage1" / name / "images" / f"{name}.png")
        _save(tmp_path / "stage1" / name / "masks" / "m.png")
    found = find_inputs([tmp_path / "stage1"])
    assert [one.name for one in found] == ["0a2", "0a10"]
    (one,) = find_inputs([tmp_path / "stage1" / "0a10"])
    assert (one.name, one.alone) == ("0a10", True)
    pairs = tmp_path / "pairs"
    _save(pairs / "images" / "x.png")
    assert [one.name for one in find_inputs([pairs])] == ["x"]


def test_no_image_is_lost_where_folders_look_like_samples(tmp_path: Path) -> None:
    slices = [f"exp1.{n:03}" for n in (1, 2, 3)]
    for name in slices:
        _save(tmp_path / "exp1" / "images" / f"{name}.tif")
    assert [one.name for one in find_inputs([tmp_path / "exp1"])] == slices
    _save(tmp_path / "exp2 [60x]" / "images" / "exp2 [60x].tif")
    _save(tmp_path / "exp2 [60x]" / "beside.tif")
    found = find_inputs([tmp_path / "exp2 [60x]"])
    assert [one.name for one in found] == ["beside", "exp2 [60x]"]
    _save(tmp_path / "overview.png")
    found = find_inputs([tmp_path])
    assert [one.name for one in found] == ["overview", *slices, "exp2 [60x]"]


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        ("a.png a.tif other/a.png", "in_a a.tif other_a"),
        ("exp1/images/a.tif exp2/images/a.tif", "exp1_images_a exp2_images_a"),
        ("a.tif A.tif b.png", "a.tif A.tif_2 b"),
        ("a.png a.tif a.tif.tif", "a.png in_a a.tif.tif"),
        ("x_2 x X x.tif", "x_2 x X_3 x.tif"),
        ("a.tif a.tif ../in/a.tif", "a"),
    ],
)
def test_one_name_never_overwrites_another(tmp_path: Path, paths, names) -> None:
    found = find_inputs([tmp_path / "in" / path for path in paths.split()])
    assert [one.name for one in found] == names.split()


def test_a_folder_without_planes_is_no_stack(tmp_path: Path) -> None:
    Pillow.fromarray(np.eye(9, dtype=np.uint8)).save(tmp_path / "a.png")
    with pytest.raises(ReadError, match=r"holds no TIFF file.*Without --stack"):
        find_inputs([tmp_path], stack=True)


def test_a_folder_of_planes_is_a_stack_when_asked(tmp_path: Path) -> None:
    for z in (1, 2, 10, 11):
        _save(tmp_path / "stack" / f"z{z}.tif", PICTURE + np.uint8(z))
    _save(tmp_path / "stack" / "z1_labels.tif")
    (found,) = find_inputs([tmp_path / "stack"], stack=True)
    planes = read_image(found.source).data[:, 0, 0].tolist()
    assert planes == sorted(planes)
    took, left_out = found.note.split("; ", 1)
    assert took.endswith("stack is a stack of 4 files, from z1.tif to z11.tif")
    assert left_out.startswith("1 file of")
    events = _run(tmp_path / "out", tmp_path / "stack", stack=True)
    labels = read_image(tmp_path / "out" / "stack_labels.tif")
    assert labels.axes == "zyx"
    assert labels.shape == (4, 90, 110)
    assert events[-2].objects == 20  # the same ones in each slice


def test_zarr_in_zarr_out_and_names_for_one_file(tmp_path: Path) -> None:
    stored = zarr.create_array(tmp_path / "i.zarr", shape=PICTURE.shape, dtype="u1")
    stored[...] = PICTURE
    _run(tmp_path / "out", tmp_path / "i.zarr")
    assert read_image(tmp_path / "out" / "i_labels.zarr").read().max() == 20
    _run(tmp_path / "named.tif", tmp_path / "i.zarr")
    assert read_image(tmp_path / "named.tif").read().max() == 20
    _run(tmp_path / "out", tmp_path / "i.zarr", suffix=".tif")
    assert (tmp_path / "out" / "i_labels.tif").exists()


def test_a_large_image_is_made_on_disk_and_cleaned_up(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("napari_cihm.segmentation.batch.LARGE", 1000)
    _save(tmp_path / "a.png")
    events = _run(tmp_path / "out", tmp_path / "a.png")
    assert events[-2].objects == 20
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["a_labels.tif"]


SMALL_TILES = SegmentSettings(tile=64, batch=1, diameter=None)


@pytest.fixture
def begun(tmp_path: Path, monkeypatch):
    """Begin a run on disk, up to its first tile."""
    monkeypatch.setattr("napari_cihm.segmentation.batch.LARGE", 1000)
    _save(tmp_path / "a.png")
    run = Batch(tmp_path / "out", Local(), SMALL_TILES).run(
        find_inputs([tmp_path / "a.png"])
    )
    next(event for event in run if isinstance(event, TileDone))
    return run


def test_a_file_that_was_interrupted_is_gone_on_with(tmp_path: Path, begun):
    begun.close()
    assert [p.name for p in (tmp_path / "out").iterdir()] == [".a_labels.unfinished"]
    events = _run(tmp_path / "out", tmp_path / "a.png", settings=SMALL_TILES)
    assert any(isinstance(e, Note) and "going on" in e.text for e in events)
    assert sum(isinstance(e, TileDone) for e in events) < 6
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["a_labels.tif"]


def test_a_stop_says_where_what_was_begun_is_kept(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("napari_cihm.segmentation.batch.LARGE", 1000)
    _save(tmp_path / "a.png")
    batch = Batch(tmp_path / "out", Local(), SMALL_TILES)
    run = batch.run(find_inputs([tmp_path / "a.png"]))
    next(event for event in run if isinstance(event, TileDone))
    run.close()
    begun = tmp_path / "out" / ".a_labels.unfinished"
    (said,) = batch.kept
    assert said == f"{begun} holds what was begun; the same command goes on with it"


def test_two_runs_never_mix_in_one_file(tmp_path: Path, begun) -> None:
    events = _run(tmp_path / "out", tmp_path / "a.png")
    (failed,) = [e for e in events if isinstance(e, FileFailed)]
    assert "another run is writing into" in failed.reason
    assert isinstance([*begun][-2], FileDone)
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["a_labels.tif"]


def test_names_may_begin_with_a_tilde(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = ["~a.tif", "~$x.tif"]
    for name in names:
        _save(tmp_path / name)
    events = _run(tmp_path / "out", *map(Path, names), Path("~nobody.tif"))
    failed = [e.reason for e in events if isinstance(e, FileFailed)]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "~$x_labels.tif",
        "~a_labels.tif",
    ]
    assert ["~nobody.tif does not exist" in reason for reason in failed] == [True]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems' names are text")
@pytest.mark.parametrize("suffix", [".tif", ".zarr"])
@pytest.mark.parametrize("large", [1, 2**22])
def test_names_need_be_no_text(tmp_path: Path, monkeypatch, suffix, large) -> None:
    monkeypatch.setattr("napari_cihm.segmentation.batch.LARGE", large)
    name = os.fsdecode(b"caf\xe9")
    path = _save(tmp_path / f"{name}.png")
    table, runs = tmp_path / "t.csv", tmp_path / "r.csv"
    events = _run(tmp_path, path, suffix=suffix, table=table, runs=runs)
    labels = read_image(tmp_path / f"{name}_labels{suffix}")
    assert labels.read().max() == 20 == events[-2].objects
    for told in (table, runs):
        assert "caf\\xe9," in told.read_text("utf-8")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: p.mkdir(), "holds no image"),
        (lambda p: (p / "images").mkdir(parents=True), "holds no image"),
    ],
)
def test_a_folder_without_images_is_refused(tmp_path: Path, make, words) -> None:
    make(tmp_path / "f")
    with pytest.raises(ReadError, match=words):
        find_inputs([tmp_path / "f"])
    with pytest.raises(ReadError, match="no image was named"):
        find_inputs([])


def test_a_folder_of_folders_of_images_leads_to_them(tmp_path: Path) -> None:
    own = _save(tmp_path / "day" / "one" / "a.png").parent
    with pytest.raises(ReadError, match=f"Give {re.escape(str(own))} instead") as told:
        find_inputs([tmp_path / "day"])
    assert len(told.value.wanted) < 80  # no list of all endings


@pytest.mark.parametrize(
    ("output", "more", "words"),
    [
        ("file", {}, "file is no folder"),
        ("file/out", {}, "file is no folder"),
        ("link", {}, "link is no folder"),
        ("out", {"table": "folder"}, "folder is a folder"),
        ("out", {"runs": "folder"}, "folder is a folder"),
        ("out", {"table": "file/t.csv"}, "file is no folder"),
    ],
)
def test_what_cannot_be_written_is_said_at_once(tmp_path, output, more, words) -> None:
    (tmp_path / "file").write_text("a file where a folder is wanted")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("gone")
    model = Local()
    places = {name: tmp_path / path for name, path in more.items()}
    batch = Batch(tmp_path / output, model, **places)
    with pytest.raises(CihmError, match=words):
        next(batch.run(find_inputs([_save(tmp_path / "a.png")])))
    assert not model.calls


def test_pixels_that_cannot_be_decoded_fail_one_file_alone(tmp_path: Path) -> None:
    folder, table, runs = tmp_path / "in", tmp_path / "t.csv", tmp_path / "r.csv"
    _save(folder / "good.png")
    noise = np.random.default_rng(0).integers(0, 255, (300, 300)).astype(np.uint8)
    for name, options in {
        "zlib": {"compression": "zlib", "rowsperstrip": 100},
        "lzw": {"compression": "lzw"},
        "tiled": {"compression": "zlib", "tile": (128, 128)},
    }.items():
        path = folder / f"{name}.tif"
        tifffile.imwrite(path, noise, **options)
        with tifffile.TiffFile(path) as file:
            where = file.pages[0].dataoffsets[-1]
        _scribble(path, where)
    stored = zarr.create_array(folder / "a.zarr", shape=(300, 300), dtype="u1")
    stored[...] = noise
    _scribble(folder / "a.zarr" / "c" / "0" / "0", 0)
    events = _run(tmp_path / "out", folder, table=table, runs=runs)
    failed = {e.path.name: e for e in events if isinstance(e, FileFailed)}
    assert set(failed) == {"zlib.tif", "lzw.tif", "tiled.tif", "a.zarr"}
    for name, event in failed.items():
        assert f"{name} cannot be read" in event.reason
        assert "\n" not in event.text
    assert sum(isinstance(e, FileDone) for e in events) == 1
    assert len(table.read_text().splitlines()) == len(runs.read_text().splitlines())
    assert len(table.read_text().splitlines()) == 21


def _scribble(path: Path, where: int) -> None:
    content = bytearray(path.read_bytes())
    content[where : where + 200] = b"\xff" * 200
    path.write_bytes(content)


def test_a_stack_of_files_names_the_broken_one(tmp_path: Path) -> None:
    for z in range(3):
        path = _save(tmp_path / "in" / f"{z}.tif")
        tifffile.imwrite(path, PICTURE, compression="zlib")
    _scribble(tmp_path / "in" / "1.tif", 300)
    events = _run(tmp_path / "out", tmp_path / "in", stack=True)
    (failed,) = [e for e in events if isinstance(e, FileFailed)]
    assert "1.tif cannot be read" in failed.reason


class Faulty(Local):
    """A model with a fault of its own."""

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        raise KeyError("weight")


def test_a_fault_nobody_thought_of_stops_no_batch(tmp_path: Path, caplog) -> None:
    _save(tmp_path / "a.png")
    _save(tmp_path / "b.png")
    batch = Batch(tmp_path / "out", Faulty(), table=tmp_path / "t.csv")
    with caplog.at_level("DEBUG", "napari_cihm"):
        events = list(batch.run(find_inputs([tmp_path])))
    failed = [e for e in events if isinstance(e, FileFailed)]
    assert [e.reason for e in failed] == ["KeyError: 'weight'"] * 2
    assert "Traceback" in caplog.text  # that --debug shows
    assert (tmp_path / "t.csv").exists()


def test_what_is_done_before_a_stop_is_kept_beside_what_was_there(tmp_path) -> None:
    _save(tmp_path / "a.png")
    _save(tmp_path / "b.png")
    table, beside = tmp_path / "t.csv", tmp_path / "t_unfinished.csv"
    runs = tmp_path / "r.csv"
    said = []
    for place in (table, beside):
        batch = Batch(tmp_path / "out", Local(), table=table, runs=runs)
        run = batch.run(find_inputs([tmp_path]))
        next(event for event in run if isinstance(event, FileDone))
        table.write_text("all") if place == beside else None
        run.close()
        assert len(place.read_text().splitlines()) == 21
        said.append(batch.kept)
    assert said[0] == [f"{path} holds 1 of 2 images" for path in (table, runs)]
    assert said[1][0] == f"{beside} holds 1 of 2 images; t.csv is left as it was"
    assert table.read_text() == "all"
    run = Batch(tmp_path / "out", Local(), table=table).run(find_inputs([tmp_path]))
    next(run)
    run.close()  # with nothing to tell
    assert table.read_text() == "all"


def test_a_table_of_empty_images_has_its_columns(tmp_path: Path) -> None:
    _save(tmp_path / "a.png", np.zeros_like(PICTURE))
    _run(tmp_path / "out", tmp_path / "a.png", table=tmp_path / "t.csv")
    (line,) = (tmp_path / "t.csv").read_text().splitlines()
    assert line.startswith("image,label,area_px,")


@pytest.mark.parametrize(
    ("volume", "size", "rows"), [("linked", "volume_px", 20), ("slices", "area_px", 40)]
)
def test_a_stack_is_measured_as_it_is_segmented(tmp_path, volume, size, rows) -> None:
    path = write_array(tmp_path / "a.tif", np.stack([PICTURE] * 2), Layout("zyx"))
    settings, table = SegmentSettings(volume=volume), tmp_path / "t.csv"
    _run(tmp_path / "out", path, settings=settings, table=table)
    header, *lines = table.read_text().splitlines()
    assert size in header.split(",") and len(lines) == rows


def test_a_stack_gets_labels_and_no_run_lengths(tmp_path: Path) -> None:
    folder, runs = tmp_path / "in", tmp_path / "r.csv"
    folder.mkdir()
    stack = np.stack([PICTURE] * 3)
    for name, pixels in (("a.tif", stack), ("b.tif", PICTURE[None])):
        write_array(folder / name, pixels, Layout("zyx"))
    events = _run(tmp_path / "out", folder, runs=runs)
    assert [e.path.name for e in events if isinstance(e, FileDone)] == [
        "a.tif",
        "b.tif",
    ]
    notes = [e.text for e in events if isinstance(e, Note)]
    assert notes[0] == "a.tif is a stack, for which there are no run lengths"
    assert isinstance(events[0], Note)  # before the work
    with open(runs, newline="") as file:
        assert [row["ImageId"] for row in csv.DictReader(file)] == ["b"] * 20
