"""Two processes started by torchrun train as one would."""

import json
import subprocess
import sys

import pytest
import torch

WORKER = """
import json, os, sys
from pathlib import Path
sys.path.insert(0, {here!r})
from conftest import discs
from napari_cihm.events import Trained
from napari_cihm.training import train

*_, last = train(
    [discs(seed) for seed in range(6)], "unet", epochs=2, seed=3,
    options={{"base": 4}}, patch=32, batch=4, steps_per_epoch=4, rate=1e-3,
)
assert isinstance(last, Trained)
sums = {{k: float(v.double().abs().sum()) for k, v in
        last.model.network.state_dict().items() if v.is_floating_point()}}
rank = os.environ.get("RANK", "alone")
Path({out!r}, f"{{rank}}.json").write_text(json.dumps([sums, last.figures["dice"]]))
"""


@pytest.fixture
def worker(tmp_path, request):
    script = tmp_path / "worker.py"
    script.write_text(WORKER.format(here=str(request.path.parent), out=str(tmp_path)))
    return script


@pytest.mark.slow
def test_two_processes_agree_and_train_like_one(worker, tmp_path):
    alone = [sys.executable, str(worker)]
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2"]
    for command in (alone, [*launcher, "--standalone", str(worker)]):
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    (one, figure), (first, dice), (second, _) = (
        json.loads((tmp_path / f"{name}.json").read_text()) for name in ("alone", 0, 1)
    )
    # what is learnt is equal on all; batch statistics stay each process' own
    learnt = [k for k in first if "running" not in k]
    assert all(first[k] == pytest.approx(second[k], rel=1e-5) for k in learnt)
    assert dice == pytest.approx(figure, abs=0.15)
    assert first["head.out.weight"] == pytest.approx(one["head.out.weight"], rel=0.05)
    assert torch.distributed.is_available()
