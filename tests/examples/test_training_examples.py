"""The training examples run as they stand, on images they make."""

import subprocess
import sys
from pathlib import Path

import pytest

from napari_cihm.models import load_model

EXAMPLES = Path(__file__).parents[2] / "examples"


def _run(name: str, *arguments: object) -> str:
    run = subprocess.run(
        [sys.executable, EXAMPLES / name, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.mark.slow
def test_a_model_is_trained_from_scratch_and_tried() -> None:
    said = _run("train_from_scratch.py", "--seconds", 4, "--images", 3, "--side", 96)
    assert "epoch 1: mean AP" in said
    assert "nuclei of a new image" in said


@pytest.mark.slow
def test_a_model_is_fine_tuned_judged_and_compared(tmp_path: Path) -> None:
    better = tmp_path / "better.safetensors"
    said = _run(
        "finetune_from_labels.py", "--steps", 3, "--side", 128, "--save", better
    )
    assert "objects in 3 images. Scored on" in said
    assert "The gate: " in said
    assert "before: " in said and "after: " in said
    accepted = "the new model is better" in said
    assert (load_model(better).hash != load_model("cihm-dsb18").hash) == accepted
