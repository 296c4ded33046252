"""The segmentation examples run as they stand, on images they make."""

import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_cihm.config import ModelConfig
from napari_cihm.data.reading import read_image
from napari_cihm.events import BlockDone
from napari_cihm.models import Model
from napari_cihm.segmentation import segment_iter
from napari_cihm.segmentation.folder import work_beside

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
    assert "broken.tif is not an image" in said
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


@pytest.fixture
def here(model: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Run an example in this process."""

    def run(name: str, *arguments: object) -> None:
        told = [name, "--model", *map(str, (model, *arguments))]
        monkeypatch.setattr(sys, "argv", told)
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")

    return run


def test_what_is_found_in_the_users_folder_stays_beside_it(here, tmp_path) -> None:
    (tmp_path / "in").mkdir()
    tifffile.imwrite(tmp_path / "in" / "a.tif", np.eye(64, dtype=np.uint8))
    here("segment_folder.py", "--images", tmp_path / "in")
    assert {p.name for p in (tmp_path / "in_labels").iterdir()} == {
        "a_labels.tif",
        "measurements.csv",
    }


def test_a_stack_that_was_killed_is_gone_on_with(here, model, tmp_path, capsys) -> None:
    stack, work = tmp_path / "s.tif", work_beside(tmp_path / "s_labels.zarr")
    pixels = np.random.default_rng(0).integers(0, 99, (3, 64, 64), np.uint8)
    tifffile.imwrite(stack, pixels, photometric="minisblack")
    run = segment_iter(read_image(stack), model, work=work, volume="linked")
    next(event for event in run if isinstance(event, BlockDone))
    run.close()
    here("stack_to_zarr.py", "--stack", stack)
    assert "going on with the run" in capsys.readouterr().out
    assert {p.name for p in tmp_path.iterdir()} == {"s.tif", "s_labels.zarr"}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SLURM's jobs are bash scripts")
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
    tifffile.imwrite(tmp_path / "a.tif", np.eye(64, dtype=np.uint8))
    told = ("--jobs", 1, "--queue", "normal", tmp_path / "a.tif")
    said = _run("slurm.py", model, *told, PATH=path)
    assert "1 of 1 tiles" in said
    assert {p.name for p in tmp_path.iterdir()} == {"jobs", "a.tif", "a_labels.zarr"}
    assert "#SBATCH -p normal" in (jobs / "job.sh").read_text()
