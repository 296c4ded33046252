"""The segmentation examples run as they stand, on images they make."""

import os
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


def _run(name: str, model: Path, *arguments: object, **environment: str) -> str:
    run = subprocess.run(
        [sys.executable, EXAMPLES / name, "--model", model, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
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
def test_the_cluster_example_runs_as_a_job(model: Path, tmp_path: Path) -> None:
    # Stand-ins for SLURM's commands: one takes a script and runs it apart.
    jobs = tmp_path / "jobs"
    jobs.mkdir()
    for name, body in {
        "sbatch": f'cp "${{@: -1}}" {jobs}/job.sh\n'
        f"nohup bash {jobs}/job.sh > {jobs}/log 2>&1 &\n"
        'echo "Submitted batch job $!"',
        "scancel": "kill $1",
    }.items():
        (jobs / name).write_text(f"#!/bin/bash\n{body}\n")
        (jobs / name).chmod(0o755)
    path = os.pathsep.join([str(jobs), os.environ["PATH"]])
    said = _run("slurm.py", model, "--jobs", 1, "--queue", "normal", PATH=path)
    assert "1 of 1 tiles" in said
    assert "#SBATCH -p normal" in (jobs / "job.sh").read_text()
