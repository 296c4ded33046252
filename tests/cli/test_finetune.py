"""``cihm finetune``: the same weights as from Python, and what the gate saw."""

import json

import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

from napari_cihm import finetune, load_model
from napari_cihm.cli import main
from napari_cihm.cli.finetune import _keep
from napari_cihm.config import ModelConfig
from napari_cihm.data.holding import hold
from napari_cihm.data.synthetic import nuclei
from napari_cihm.errors import InputError, WriteError
from napari_cihm.events import Finetuned
from napari_cihm.models import Model
from napari_cihm.training.trial import Overlay

STEPS = {"steps": 3, "patch": 32, "batch": 2, "replay": 0.0}


@pytest.fixture
def folders(tmp_path):
    """Three corrected images, in two folders."""
    pairs = [nuclei((96, 96), seed, 12.0, 0.3) for seed in range(3)]
    shape = {"recipe": "unet", "options": {"base": 4}, "classes": 3}
    Model.untrained(ModelConfig(**shape, task="instance")).save(
        tmp_path / "m.safetensors"
    )
    for name, arrays in zip(("images", "masks"), zip(*pairs, strict=True), strict=True):
        (tmp_path / name).mkdir()
        for number, array in enumerate(arrays):
            tifffile.imwrite(tmp_path / name / f"{number}.tif", array)
    return tmp_path, pairs


def test_a_model_its_figures_and_a_picture_are_left(folders, capsys):
    folder, pairs = folders
    options = [f"--{name}={value}" for name, value in STEPS.items()]
    out = folder / "out"
    model = folder / "m.safetensors"
    where = ["--images", str(folder / "images"), "--masks", str(folder / "masks")]
    where += ["-o", str(out), "--seconds=0"]
    main(["finetune", *where, "-m", str(model), "--seed=3", *options])
    said = capsys.readouterr().err
    assert "3 images, from 0 to 2\n" in said and "training on" not in said
    assert " objects in 3 images. Scored on " in said
    gate = json.loads((out / "gate.json").read_text())
    assert set(gate["base"]) == set(gate["new"]) >= {"ap0.50", "map", "dice"}
    name = "best" if gate["accepted"] else "refused"
    kept = load_model(out / f"{name}.safetensors")
    images, labels = zip(*pairs, strict=True)
    *_, last = finetune(model, images, labels, seconds=None, seed=3, **STEPS)
    assert kept.hash == last.model.hash
    # A row for before and one for after, of each image that holds something out.
    with Pillow.open(out / "gate.png") as picture:
        pixels = np.asarray(picture).astype(int)
    height, width = pixels.shape[:2]
    rows = 2 * len(last.overlays)
    assert rows and width > 3 * height / rows
    assert (np.ptp(pixels, axis=-1) > 40).mean() > 0.01


@pytest.mark.parametrize("name", ["best", "refused"])
def test_what_cannot_be_kept_in_its_folder_is_kept_elsewhere(
    tmp_path, monkeypatch, name
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "file").touch()
    model = Model.untrained(ModelConfig(recipe="unet", options={"base": 4}))
    verdict = Finetuned(model, 0.1, 0.9, name == "best", "by the gate", {}, {})
    with pytest.raises(WriteError, match="Copy the new model") as caught:
        _keep(tmp_path / "file" / "out", verdict, model)
    (kept,) = tmp_path.glob(f"napari-cihm-*/{name}.safetensors")
    assert str(caught.value).endswith(f"from {kept} before it is gone")
    assert load_model(kept).hash == model.hash


def test_the_channel_to_learn_from_can_be_named(folders, capsys):
    folder, _ = folders
    assert main([*command(folder, folder / "out"), "--channels=7"]) == 2
    assert "channel 7 of an image with 1 channel" in capsys.readouterr().err


def test_what_nobody_looked_at_is_not_learnt(folders, monkeypatch, capsys):
    folder, _ = folders
    (folder / "reviewed").mkdir()
    half = np.zeros((96, 96), np.uint8)
    half[:, :48] = 255
    for number in range(3):
        Pillow.fromarray(half).save(folder / "reviewed" / f"{number}.png")
    believed = []

    def run(start, images, labels, reviewed, *_, **__):
        believed.extend(reviewed)
        raise InputError("that is enough")

    monkeypatch.setattr("napari_cihm.training.finetune", run)
    assert main(command(folder, folder / "out")) == 2
    assert f"only where {folder / 'reviewed'} says" in capsys.readouterr().err
    for mask in believed:
        np.testing.assert_array_equal(np.asarray(mask) > 0, half > 0)
    assert len(believed) == 3


def test_a_folder_that_another_run_writes_into_is_refused(folders, capsys):
    folder, _ = folders
    with hold(folder / "out"):
        assert main(command(folder, folder / "out")) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "another run is writing into" in line


def judged(monkeypatch, *accepted):
    """Give verdicts instead of learning; return what each new model had to beat."""
    beaten, verdicts = [], iter(accepted)

    def run(start, images, labels, *_, current, **__):
        beaten.append(current.hash)
        made = Model.untrained(start.config)
        seen = np.zeros((1, 64, 64), np.float32)
        none = np.zeros((64, 64), np.int32)
        overlay = Overlay(seen, none, none, none, none > 0)
        yield Finetuned(
            made, 0.5, 0.6, next(verdicts), "so it is", {}, {}, overlays=(overlay,)
        )

    monkeypatch.setattr("napari_cihm.training.finetune", run)
    return beaten


def command(folder, out):
    where = ["--images", str(folder / "images"), "--masks", str(folder / "masks")]
    return ["finetune", *where, "-o", str(out), "-m", str(folder / "m.safetensors")]


def test_a_good_model_outlives_every_later_run(folders, monkeypatch, capsys):
    folder, _ = folders
    beaten = judged(monkeypatch, True, False, True)
    best, refused = (folder / "out" / f"{n}.safetensors" for n in ("best", "refused"))
    start = load_model(folder / "m.safetensors").hash
    assert main(command(folder, folder / "out")) == 0
    first = load_model(best).hash
    assert first != start and not refused.exists()
    assert main(command(folder, folder / "out")) == 0
    assert load_model(best).hash == first and refused.exists()
    assert "must beat" in capsys.readouterr().err
    assert main(command(folder, folder / "out")) == 0
    assert load_model(best).hash not in (first, start) and not refused.exists()
    assert beaten == [start, first, first]


def test_a_first_model_that_is_refused_leaves_the_one_it_started_from(
    folders, monkeypatch
):
    folder, _ = folders
    judged(monkeypatch, False)
    assert main(command(folder, folder / "out")) == 0
    start = load_model(folder / "m.safetensors").hash
    assert load_model(folder / "out" / "best.safetensors").hash == start


def test_a_run_that_ends_before_its_first_step_leaves_no_model_of_its_own(
    folders, capsys
):
    folder, _ = folders
    assert main([*command(folder, folder / "out"), "--seconds=1e-3", "--replay=0"]) == 0
    assert "nothing was learnt" in capsys.readouterr().out
    start = load_model(folder / "m.safetensors").hash
    assert load_model(folder / "out" / "best.safetensors").hash == start
    left = {path.name for path in (folder / "out").iterdir()}
    assert {"refused.safetensors", "gate.png"}.isdisjoint(left)
    gate = json.loads((folder / "out" / "gate.json").read_text())
    assert not gate["accepted"] and gate["base"] == gate["new"]


def test_a_folder_that_cannot_be_is_refused_before_anything_is_learnt(
    folders, monkeypatch, capsys
):
    folder, _ = folders
    beaten = judged(monkeypatch, True)
    (folder / "taken").write_text("")
    assert main(command(folder, folder / "taken" / "out")) == 1
    assert "taken is no folder" in capsys.readouterr().err and not beaten
    region = Model.untrained(ModelConfig(recipe="unet", options={"base": 4}))
    region.save(folder / "other" / "best.safetensors")
    assert main(command(folder, folder / "other")) == 2
    assert (
        "was trained for the task 'semantic'" in capsys.readouterr().err and not beaten
    )
