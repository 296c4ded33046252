"""The segmentation examples run as they stand, on images they make."""

import subprocess
import sys
from pathlib import Path

import pytest

from napari_cihm.config import ModelConfig
from napari_cihm.models import Model

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a model file; what it finds does not matter here."""
    config = ModelConfig(recipe="cihm", classes=3, task="instance")
    return Model.untrained(config).save(
        tmp_path_factory.mktemp("model") / "m.safetensors"
    )


def _run(name: str, model: Path, *arguments: object) -> str:
    run = subprocess.run(
        [sys.executable, EXAMPLES / name, "--model", model, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_a_folder_is_segmented_and_its_broken_file_named(model: Path) -> None:
    said = _run("segment_folder.py", model, "--side", 96)
    assert "3 segmented, 1 failed" in said
    assert "broken.tif is no image" in said
    assert "measurements.csv" in said
    assert said.count("_labels.tif") >= 6


def test_a_stack_goes_from_zarr_to_zarr(model: Path, tmp_path: Path) -> None:
    said = _run(
        "stack_to_zarr.py", model, "--side", 64, "--output", tmp_path / "l.zarr"
    )
    assert "labels.zarr" not in said
    assert "zyx (12, 64, 64) uint16" in said
    assert "objects" in said
    assert (tmp_path / "l.zarr" / "zarr.json").exists()


@pytest.mark.slow
def test_the_cluster_example_runs_on_this_machine(model: Path, tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    said = _run("slurm.py", model, "--here", 1)
    assert "1 of 1 tiles" in said
