"""Two processes started by torchrun train as one would."""

import json
import runpy
import shlex
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from skimage.io import imsave

from napari_cihm.config import TrainingRecord
from napari_cihm.errors import InputError, UnavailableError
from napari_cihm.models import load_model
from napari_cihm.training import train
from napari_cihm.training.parallel import Team, command, leads
from tests.training.conftest import discs

TWO = ["-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone"]

WORKER = """
import atexit, json, os, sys
from pathlib import Path
sys.path.insert(0, {root!r})

def threads():  # on Linux; called once our own work for the end of a process is done
    comms = Path("/proc/self/task").glob("*/comm")
    names = [comm.read_text().strip() for comm in comms]
    Path({out!r}, f"{{rank}}.threads").write_text(" ".join(names))

rank = os.environ.get("RANK", "alone")
if rank != "alone":
    atexit.register(threads)

from napari_cihm.events import Trained
from napari_cihm.training import train
from tests.training.conftest import discs

*_, last = train(
    [discs(seed) for seed in range(6)], "unet", epochs=2, seed=3,
    options={{"base": 4}}, patch=32, batch=4, steps_per_epoch=4, rate=1e-3,
)
assert isinstance(last, Trained)
sums = {{k: float(v.double().abs().sum()) for k, v in
        last.model.network.state_dict().items() if v.is_floating_point()}}
Path({out!r}, f"{{rank}}.json").write_text(json.dumps([sums, last.figures["dice"]]))
"""


@pytest.fixture
def worker(tmp_path, pytestconfig):
    script = tmp_path / "worker.py"
    root = str(pytestconfig.rootpath)
    script.write_text(WORKER.format(root=root, out=str(tmp_path)))
    return str(script)


def ran(*arguments):
    """Run a Python program to its end; what it said where it fails is told."""
    command = [sys.executable, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.slow
def test_two_processes_agree_and_train_like_one(worker, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    runpy.run_path(worker)
    ran(*TWO, worker)
    (one, figure), (first, dice), (second, _) = (
        json.loads((tmp_path / f"{name}.json").read_text()) for name in ("alone", 0, 1)
    )
    assert first == second  # batch statistics, which each takes for itself, too
    assert dice == pytest.approx(figure, abs=0.15)
    assert first["head.out.weight"] == pytest.approx(one["head.out.weight"], rel=0.05)
    for rank in "01":  # gloo's, were they alive, would now and then abort the process
        assert "gloo" not in (tmp_path / f"{rank}.threads").read_text()


@pytest.mark.slow
def test_one_of_two_processes_reports_tunes_and_writes(tmp_path):
    for seed in range(6):
        pair = discs(seed)
        for kind, picture in {"images": pair.image, "masks": pair.labels}.items():
            path = tmp_path / "data" / kind / f"{seed}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            imsave(path, picture.squeeze().astype(np.uint8), check_contrast=False)
    arguments = [
        *("train", str(tmp_path / "data"), "-o", str(tmp_path / "run")),
        *("-m", "u-mamba-bot", "--options", '{"base": 4}'),
        *("--patch", "32", "--batch", "2"),
        *("--steps-per-epoch", "2", "--seconds", "2"),
    ]
    run = ran(*TWO, "-m", "napari_cihm", *arguments)
    assert run.stderr.count("training on") == run.stdout.count("best.safetensors") == 1
    recorded = load_model(tmp_path / "run" / "best.safetensors").config.training.command
    assert recorded.startswith("torchrun --nnodes=1 --nproc-per-node=2 -m napari_cihm")
    assert recorded.endswith(shlex.join(arguments))


def started_by_torchrun(monkeypatch, gpus, **environment):
    """Make this process look like one of many on a machine with so many GPUs."""
    environment |= {"TORCHELASTIC_RUN_ID": "a", "WORLD_SIZE": "2", "RANK": "1"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    chosen = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda gpu: (9, 0))
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: ["sm_90"])
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: 1)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)
    return chosen


def test_each_process_takes_a_gpu_of_its_own(monkeypatch):
    chosen = started_by_torchrun(monkeypatch, 2, LOCAL_RANK="1", LOCAL_WORLD_SIZE="2")
    team = Team.join("auto")
    assert team == Team(1, 2, torch.device("cuda", 1)) and chosen == [team.device]
    assert not leads()


def test_more_processes_than_gpus_are_refused(monkeypatch):
    started_by_torchrun(monkeypatch, 1, LOCAL_RANK="1", LOCAL_WORLD_SIZE="2")
    with pytest.raises(UnavailableError, match=r"2 processes .* 1 GPU"):
        Team.join("auto")


def test_processes_that_would_share_a_macs_gpu_are_refused(monkeypatch):
    started_by_torchrun(monkeypatch, 0)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    with pytest.raises(UnavailableError, match="together on mps"):
        Team.join("mps")
    assert Team.join("cpu").device == torch.device("cpu")


def test_the_others_are_left_before_python_ends(monkeypatch, request):
    for name in ("RANK", "MASTER_PORT"):
        monkeypatch.setenv(name, "0")
    monkeypatch.setenv("MASTER_ADDR", "localhost")
    monkeypatch.setenv("WORLD_SIZE", "1")
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "a")
    at_the_end = []
    exits = SimpleNamespace(register=at_the_end.append)
    monkeypatch.setattr("napari_cihm.training.parallel.atexit", exits)
    assert Team.join("cpu") == Team() and torch.distributed.is_initialized()
    (leave,) = at_the_end
    request.addfinalizer(leave)
    leave()
    assert not torch.distributed.is_initialized()
    leave()  # a script may have left them by itself


def test_a_batch_has_a_patch_for_each_process(monkeypatch):
    started_by_torchrun(monkeypatch, 2, LOCAL_RANK="1", LOCAL_WORLD_SIZE="2")
    with pytest.raises(InputError, match="batch=1, and 2 processes"):
        next(train([discs(0), discs(1)], batch=1, device="cuda"))


def test_a_script_that_trains_is_written_down_as_what_it_is(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["my script.py", "--fast"])
    assert command() == "python 'my script.py' --fast"
    monkeypatch.setattr(sys, "argv", ["/usr/bin/cihm", "train", "a"])
    assert command() == "cihm train a"


def test_a_name_that_is_no_text_can_be_written_down(monkeypatch):
    name = "caf\udce9"
    monkeypatch.setattr(sys, "argv", ["cihm", "train", "a", "-o", name])
    assert command() == r"cihm train a -o 'caf\xe9'"
    assert TrainingRecord(command=command()).model_dump_json()
