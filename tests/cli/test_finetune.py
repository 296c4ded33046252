"""``cihm finetune``: the same weights as from Python, and what the gate saw."""

import json

import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

from napari_cihm import finetune, load_model
from napari_cihm.cli import main
from napari_cihm.config import ModelConfig
from napari_cihm.data.synthetic import nuclei
from napari_cihm.models import Model

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
    main(["finetune", *where, "-m", str(model), *options])
    gate = json.loads((out / "gate.json").read_text())
    assert set(gate["base"]) == set(gate["new"]) >= {"ap50", "map", "dice"}
    name = "best" if gate["accepted"] else "refused"
    kept = load_model(out / f"{name}.safetensors")
    images, labels = zip(*pairs, strict=True)
    *_, last = finetune(model, images, labels, seconds=None, **STEPS)
    assert kept.hash == last.model.hash
    # A row for before and one for after, of each image that holds something out.
    with Pillow.open(out / "gate.png") as picture:
        pixels = np.asarray(picture).astype(int)
    height, width = pixels.shape[:2]
    rows = 2 * len(last.overlays)
    assert rows and width > 3 * height / rows
    assert (np.ptp(pixels, axis=-1) > 40).mean() > 0.01
