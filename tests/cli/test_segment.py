"""``cihm segment`` from files to files, and what it says when it cannot."""

import csv
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from tifffile import imwrite

from napari_cihm.cli import main
from napari_cihm.config import ModelConfig, SegmentSettings
from napari_cihm.data.reading import read_image
from napari_cihm.data.synthetic import nuclei
from napari_cihm.errors import InputError
from napari_cihm.models import Model, load_model
from napari_cihm.segmentation import batch, segment
from napari_cihm.segmentation.output import Layout, write_array


@pytest.fixture(scope="module")
def model() -> Model:
    """Give a model that finds nuclei."""
    return load_model("cihm-fluo", "cpu")


@pytest.fixture
def saved(model: Model, tmp_path: Path) -> Path:
    """Give the model's file."""
    return model.save(tmp_path / "model" / "m.safetensors")


def _images(folder: Path, count: int = 2) -> list[np.ndarray]:
    folder.mkdir()
    made = []
    for seed in range(count):
        image, _ = nuclei((70, 90), seed)
        made.append((image / image.max() * 255).astype(np.uint8))
        Pillow.fromarray(made[-1]).save(folder / f"{seed}.png")
    return made


def test_a_folder_gives_labels_a_table_and_runs(tmp_path, model, saved, capsys) -> None:
    images = _images(tmp_path / "in")
    out = tmp_path / "out"
    status = main(
        [
            "segment", str(tmp_path / "in"), "-o", str(out), "-m", str(saved),
            "--table", str(out / "t.csv"), "--rle", str(out / "r.csv"),
            "--diameter", "none", "--min-size", "5",
        ]
    )  # fmt: skip
    assert status == 0
    assert "2/2" in capsys.readouterr().err
    for number, image in enumerate(images):
        labels = read_image(out / f"{number}_labels.tif").read()[0]
        expected = segment(image, model, diameter=None, min_size=5)
        np.testing.assert_array_equal(labels, expected)
        assert labels.any()
    with open(out / "t.csv", newline="") as file:
        assert {row["image"] for row in csv.DictReader(file)} == {"0", "1"}
    with open(out / "r.csv", newline="") as file:
        assert {row["ImageId"] for row in csv.DictReader(file)} == {"0", "1"}


def test_what_is_chosen_reaches_the_run(tmp_path, saved, monkeypatch) -> None:
    given = {}

    class Watched(batch.Batch):
        def run(self, inputs):
            given.update(vars(self), names=[one.name for one in inputs])
            raise InputError("that is enough")

    monkeypatch.setattr(batch, "Batch", Watched)
    write_array(tmp_path / "in" / "0.tif", np.ones((9, 9), np.uint8), Layout("yx"))
    write_array(tmp_path / "in" / "1.tif", np.ones((9, 9), np.uint8), Layout("yx"))
    more = ["--stack", "--axes=zyx", "--level=2", "--format=zarr", "--tile=96"]
    where = [str(tmp_path / "in"), "-o", str(tmp_path / "out"), "-m", str(saved)]
    assert main(["segment", *where, *more]) == 2
    assert given["names"] == ["in"]
    assert (given["axes"], given["level"], given["suffix"]) == ("zyx", 2, ".zarr")
    assert given["settings"] == SegmentSettings(tile=96)


def test_a_bad_file_makes_the_exit_fail_and_spares_the_others(
    tmp_path, saved, capsys
) -> None:
    _images(tmp_path / "in")
    (tmp_path / "in" / "zip.tif").write_bytes(b"PK\x03\x04" + bytes(50))
    out = tmp_path / "out"
    assert main(["segment", str(tmp_path / "in"), "-o", str(out), "-m", str(saved)])
    said = capsys.readouterr().err.splitlines()
    line, last = (text for text in said if "zip.tif" in text)
    assert "begins like a zip archive" in line
    assert last == said[-1] == "2 files segmented, 1 failed: zip.tif"
    assert len(list(out.iterdir())) == 2


def test_a_run_that_is_stopped_says_what_it_kept(
    tmp_path, saved, capsys, monkeypatch
) -> None:
    _images(tmp_path / "in")
    write = batch.write_array

    def stopped(path: Path, *what) -> None:
        if path.name == "1_labels.tif":
            signal.raise_signal(signal.SIGTERM)
        write(path, *what)

    monkeypatch.setattr(batch, "write_array", stopped)
    arguments = ["segment", str(tmp_path / "in"), "-o", str(tmp_path), "-m", str(saved)]
    table = tmp_path / "t.csv"
    assert main([*arguments, "--table", str(table)]) == 143
    *_, kept, last = capsys.readouterr().err.splitlines()
    assert kept == f"{table} holds 1 of 2 images"
    assert last == "stopped"
    assert table.exists()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--axes", "zyx"], "3 letters for an image of 2 dimensions"),
        (["--channels", "4"], "channel 4 of an image with 1 channel"),
        (["--diameter", "-3"], "--diameter -3"),
        (["--tile", "1"], "--tile 1"),
        (["--volume", "cube"], "--volume cube"),
        (["--scheduler", "tcp://a:1", "--workers", "2"], "both --scheduler"),
    ],
)
def test_what_is_asked_wrong_is_said_in_a_line(
    tmp_path, saved, capsys, more, words
) -> None:
    _images(tmp_path / "in", 1)
    arguments = ["segment", str(tmp_path / "in" / "0.png"), "-o", str(tmp_path / "o")]
    assert main([*arguments, "-m", str(saved), *more]) != 0
    said = capsys.readouterr().err
    assert words in said
    assert "Traceback" not in said


def test_a_model_for_three_channels_on_one_is_refused(tmp_path, capsys) -> None:
    _images(tmp_path / "in", 1)
    config = ModelConfig(
        recipe="cihm", in_channels=3, classes=3, task="instance", accepts_grey=False
    )
    saved = Model.untrained(config).save(tmp_path / "m.safetensors")
    out = tmp_path / "out"
    assert main(["segment", str(tmp_path / "in"), "-o", str(out), "-m", str(saved)])
    assert "a model for 3 channels on 1" in capsys.readouterr().err
    assert list(out.iterdir()) == []


def test_a_missing_input_and_model_are_named(tmp_path, saved, capsys) -> None:
    out = str(tmp_path / "out")
    assert main(["segment", str(tmp_path / "no.png"), "-o", out, "-m", str(saved)])
    assert "no.png does not exist" in capsys.readouterr().err
    _images(tmp_path / "in", 1)
    assert main(["segment", str(tmp_path / "in"), "-o", out, "-m", "no-such-model"])
    assert "no-such-model" in capsys.readouterr().err


@pytest.mark.slow
def test_workers_give_what_one_process_gives(tmp_path, saved) -> None:
    _images(tmp_path / "in", 1)
    common = [str(tmp_path / "in"), "-m", str(saved)]
    assert not main(["segment", *common, "-o", str(tmp_path / "one")])
    two = [*common, "-o", str(tmp_path / "two"), "--workers", "1"]
    command = [sys.executable, "-m", "napari_cihm", "segment", *two]
    subprocess.run(command, check=True, capture_output=True)
    one, two = (tmp_path / name / "0_labels.tif" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_of_a_broken_file_our_words_alone_are_shown(tmp_path, saved) -> None:
    path = tmp_path / "a.ome.tif"
    imwrite(path, np.stack([*_images(tmp_path / "in")]), metadata={"axes": "ZYX"})
    path.write_bytes(path.read_bytes().replace(b'SizeZ="2"', b'SizeZ="3"'))
    where = [path, "-o", tmp_path / "out", "-m", saved]
    program = [sys.executable, "-m", "napari_cihm", "segment", *where]
    said = subprocess.run(program, stderr=subprocess.PIPE, text=True).stderr
    assert "lacks 1 of 3 planes" in said and "tifffile" not in said
