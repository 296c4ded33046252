"""Segmenting a folder from the panel writes what the command line writes."""

import csv

import numpy as np
import pytest
import tifffile
import zarr


@pytest.fixture
def folder(tmp_path, blobs):
    inside = tmp_path / "images"
    inside.mkdir()
    for name in "ab":
        tifffile.imwrite(inside / f"{name}.tif", blobs)
    (inside / "bad.png").write_bytes(b"not a picture")
    return inside


@pytest.fixture
def section(shown, folder):
    section = shown.ready().coordinator.folder_section
    section.opened = True
    assert not section.start.isEnabled()
    section.form.set_values({"folder": folder})
    assert section.start.isEnabled()
    return section


def lines_of(report):
    return [report.item(row).text() for row in range(report.count())]


def test_labels_and_measurements_of_a_folder(shown, section, folder, monkeypatch):
    looked = []
    monkeypatch.setattr(shown.panel, "show_part", looked.append)
    shown.press(section.start)
    shown.rest()
    assert shown.words == "2 files segmented, 1 failed: bad.png"
    assert looked == [section.report]  # which lies below all that is set there
    lines = lines_of(section.report)
    assert sorted(lines)[:2] == ["✓ a.tif: 12 objects", "✓ b.tif: 12 objects"]
    (refused,) = (line for line in lines if line.startswith("✕ "))
    assert refused.startswith("✕ bad.png ") and str(folder) not in refused
    labels = tifffile.imread(folder / "labels" / "a_labels.tif")
    assert labels.max() == 12
    with open(folder / "labels" / "measurements.csv") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 24


def test_a_folder_that_is_not_there_is_refused_and_not_made(
    shown, section, folder, said
):
    gone = folder.parent / "imagse"
    section.form.set_values({"folder": gone})
    shown.press(section.start)
    shown.rest()
    assert said == [("error", f"There is no folder {gone}. Choose one of images.")]
    assert not gone.exists() and not section.report.count()


def test_nothing_above_jumps_when_a_run_begins_or_ends(shown, section):
    finetune = shown.coordinator.finetune._section
    before = shown.section.reason.text(), finetune.reason.text()
    assert all(before)
    shown.press(section.start)
    assert not section.start.isEnabled()
    assert (shown.section.reason.text(), finetune.reason.text()) == before
    shown.rest()
    assert (shown.section.reason.text(), finetune.reason.text()) == before


def test_a_failure_stays_in_sight_and_is_shown_once(section):
    looked = []
    section.failed.connect(lambda: looked.append(lines_of(section.report)[-1]))
    for number in range(40):
        section.add(f"{number}.tif: odd", failed=number in (2, 4))
    assert looked == ["✕ 2.tif: odd"]
    report = section.report
    seen = report.viewport().rect()
    places = [report.visualItemRect(report.item(row)) for row in (4, 39)]
    assert [seen.intersects(place) for place in places] == [True, False]
    section.clear()
    section.add("0.tif: odd", failed=True)
    assert len(looked) == 2


def test_a_reason_is_read_to_its_end(section):
    section.add("a.tif: 12 objects")
    section.add("b.tif: odd, " + "and no image that anybody knows, " * 8, failed=True)
    report = section.report
    short, long = (report.visualItemRect(report.item(row)) for row in (0, 1))
    assert long.height() > 3 * short.height()


def test_what_a_stopped_run_leaves_is_told(shown, section, folder, blobs):
    long = np.stack([blobs] * 400)
    tifffile.imwrite(folder / "long.tif", long, metadata={"axes": "TYX"})
    shown.press(section.start)
    shown.until(lambda: shown.words.startswith("File 4"))
    shown.press(shown.bar.cancel)
    shown.rest()
    assert shown.words == "Stopped. 2 files are done and kept, 1 failed."
    assert len(list((folder / "labels").glob("*_labels.tif"))) == 2


def test_where_and_how_is_chosen(shown, section, folder, tmp_path):
    out = tmp_path / "elsewhere"
    section.form.set_values({"output": out, "format": "zarr", "table": False})
    shown.section.more.control("min_size").setEditText("100000")
    shown.press(section.start)
    shown.rest()
    assert sorted(p.name for p in out.iterdir()) == ["a_labels.zarr", "b_labels.zarr"]
    assert np.asarray(zarr.open_group(out / "a_labels.zarr")["0"]).max() == 0


def test_it_waits_while_something_else_runs(shown, section, blobs):
    shown.viewer.add_image(np.stack([blobs] * 100), axis_labels=("t", "y", "x"))
    shown.press(shown.section.segment)
    assert not section.start.isEnabled()
    shown.rest()
    assert section.start.isEnabled()


def test_a_folder_without_images_is_told(shown, section, tmp_path, said):
    (tmp_path / "empty").mkdir()
    section.form.set_values({"folder": tmp_path / "empty"})
    shown.press(section.start)
    shown.rest()
    assert "holds no image" in said[0][1]
    assert shown.words.startswith("Failed: ") and shown.words.endswith(".")
