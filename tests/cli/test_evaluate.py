"""``cihm evaluate``: figures on the screen and in a file, and a sheet of the worst."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image as Pillow

from napari_cihm.cli import main
from napari_cihm.config import ModelConfig
from napari_cihm.models import Model


@pytest.fixture
def classes(tmp_path):
    """A folder of two images with two classes, and a model of three maps."""
    shape = {"recipe": "unet", "options": {"base": 4}, "classes": 3}
    Model.untrained(ModelConfig(**shape)).save(tmp_path / "m.safetensors")
    write_pairs(tmp_path / "data", 2, classes=2)
    return tmp_path


def write_pairs(folder, count, classes=9, side=48):
    rng = np.random.default_rng(0)
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    for number in range(count):
        labels = np.zeros((side, side), np.uint8)
        for k in range(4):
            top, left = 24 * (k // 2) + 4, 24 * (k % 2) + 4
            labels[top : top + 12, left : left + 12] = 1 + k % classes
        image = 40 * labels + rng.integers(0, 30, labels.shape).astype(np.uint8)
        Pillow.fromarray(image).save(folder / "images" / f"{number}.png")
        Pillow.fromarray(labels).save(folder / "masks" / f"{number}.png")


def evaluate(folder, *more, data="data"):
    model = str(folder / "m.safetensors")
    return main(["evaluate", str(folder / data), "-m", model, *more])


def test_each_class_has_its_line_and_objects_none(classes, capsys):
    assert evaluate(classes, "--json", str(classes / "new" / "f.json")) == 0
    said = capsys.readouterr().out
    assert "all: 2 images\n" in said and "objects" not in said
    assert "class 1  dice" in said and "class 2  dice" in said and "map" not in said
    figures = json.loads((classes / "new" / "f.json").read_text())
    each = [figures["classes"][k]["dice"] for k in ("1", "2")]
    assert figures["dice"] == pytest.approx(np.mean(each))


def test_a_sheet_shows_the_worst(classes):
    sheet = classes / "worst.png"
    assert evaluate(classes, "--sheet", str(sheet), "--worst", "1") == 0
    with Pillow.open(sheet) as one:
        height = one.height
    assert evaluate(classes, "--sheet", str(sheet)) == 0
    with Pillow.open(sheet) as both:
        assert height < both.height


def test_what_is_held_out_is_scored(classes, capsys):
    write_pairs(classes / "split" / "train", 3)
    write_pairs(classes / "split" / "val", 1)
    assert evaluate(classes, data="split") == 0
    said = capsys.readouterr()
    assert "all: 1 image\n" in said.out and "split/val" in said.err


def test_what_changes_no_score_is_no_option(classes, capsys):
    """Images of a training folder are planes, and only their labels are scored."""
    assert main(["evaluate", "--help"]) == 0
    said = capsys.readouterr().out
    for given in ("--volume=slices", "--time=linked", "--gap=0", "--min-slices=2"):
        assert given.partition("=")[0] not in said
        assert evaluate(classes, given) == 2
    for given in ("--min-overlap", "--maps", "--uncertainty"):
        assert given not in said


def test_what_is_told_of_objects_fits_a_narrow_screen(classes, capsys):
    shape = {"recipe": "unet", "options": {"base": 4}, "classes": 3}
    config = ModelConfig(**shape, task="instance")
    Model.untrained(config).save(classes / "m.safetensors")
    assert evaluate(classes) == 0
    *_, steps, figures = capsys.readouterr().out.splitlines()
    assert steps.split() == ["IoU", *(f"{t / 100:.2f}" for t in range(50, 100, 5))]
    assert len(steps) < len(figures) + 1 < 80
    for step in steps.split():  # each figure stands under its step
        assert figures[steps.index(step) - 1] == " "


@pytest.mark.parametrize("name", ["sheet", "sheet.xyz", "m.safetensors/sheet.png"])
def test_a_sheet_that_cannot_be_is_refused_before_the_work(classes, capsys, name):
    assert evaluate(classes, "--sheet", str(classes / name)) in (1, 2)
    said = capsys.readouterr()
    assert name in said.err or "m.safetensors" in said.err
    assert not said.out
    assert evaluate(classes, "--json", str(classes / "m.safetensors" / "f.json")) == 1
    assert not capsys.readouterr().out
    assert evaluate(classes, "--json", str(classes)) == 2
    assert "is a folder" in capsys.readouterr().err


def test_the_folder_of_a_sheet_is_made(classes):
    assert evaluate(classes, "--sheet", str(classes / "new" / "worst.pdf")) == 0
    assert (classes / "new" / "worst.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such name")
def test_who_has_read_enough_of_the_figures_hears_of_no_error(classes):
    unread, output = os.pipe()
    os.close(unread)
    arguments = ["evaluate", classes / "data", "-m", classes / "m.safetensors"]
    program = [sys.executable, "-m", "napari_cihm", *arguments, "--json", "/dev/stdout"]
    done = subprocess.run(program, stdout=output, stderr=subprocess.PIPE)
    os.close(output)
    assert (done.returncode, b"error" in done.stderr) == (0, False)
