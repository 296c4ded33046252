"""A run that is stopped leaves a model, and goes on bit for bit if it is the same."""

import csv
import subprocess
import sys

import numpy as np
import pytest
import torch
from skimage.io import imread, imsave

from napari_cihm.errors import DataError, TrainingError, WriteError
from napari_cihm.events import EpochDone, Note, StepDone, Trained
from napari_cihm.models import load_model
from napari_cihm.training import train
from napari_cihm.training.validation import Validator
from tests.training.conftest import QUICK, SMALL, run, weights


@pytest.fixture
def folders(pairs, tmp_path):
    """A folder with a part to learn from and one to validate on."""
    data = tmp_path / "data"
    for number, pair in enumerate(pairs):
        part = data / ("val" if number < 2 else "train")
        for name, array in (("images", pair.image[0]), ("masks", pair.labels)):
            (part / name).mkdir(parents=True, exist_ok=True)
            file = part / name / f"{number}.png"
            imsave(file, array.astype(np.uint8), check_contrast=False)
    return data


def test_a_killed_run_goes_on_bit_for_bit(pairs, tmp_path):
    whole = run(pairs, epochs=4, folder=tmp_path / "whole")[-1]
    interrupted = train(pairs, **QUICK, **SMALL, epochs=4, folder=tmp_path / "cut")
    for event in interrupted:
        if isinstance(event, StepDone) and event.step == 8:  # two past the save
            interrupted.close()
            break
    events = run(pairs, epochs=4, folder=tmp_path / "cut")
    assert isinstance(events[0], Note) and "step 6" in events[0].text
    resumed = weights(events[-1])
    for key, tensor in weights(whole).items():
        assert torch.equal(tensor, resumed[key]), key
    histories = [
        [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(f)]
        for f in (
            (tmp_path / n / "history.csv").read_text().splitlines()
            for n in ("whole", "cut")
        )
    ]
    assert histories[0] == histories[1]
    assert (tmp_path / "cut" / "curve.png").stat().st_size > 5_000


def test_data_and_run_may_lie_in_the_home_folder(folders, home):
    last = run("~/data", folder="~/run", epochs=1)[-1]
    assert last.path == home / "run" / "best.safetensors"
    assert last.path.exists()


def test_two_runs_do_not_write_over_each_other(pairs, tmp_path):
    running = train(pairs, **QUICK, **SMALL, epochs=1, folder=tmp_path)
    next(running)
    with pytest.raises(WriteError, match="another run is writing into"):
        run(pairs, folder=tmp_path)
    assert isinstance([*running][-1], Trained)
    assert run(pairs, folder=tmp_path, epochs=1)[0].text == "Resumed at step 3."


def test_a_run_that_is_stopped_leaves_its_best_model(pairs, tmp_path, monkeypatch):
    scores = iter([0.3, 0.9, 0.5])
    figures = {"validation_loss": 1.0}
    monkeypatch.setattr(
        Validator, "score", lambda *_: {**figures, "score": next(scores)}
    )
    running = train(pairs, **QUICK, **SMALL, epochs=9, folder=tmp_path)
    ended = [event for event, _ in zip(running, range(14), strict=False)]
    running.close()
    assert sum(isinstance(event, EpochDone) for event in ended) == 3
    model = load_model(tmp_path / "best.safetensors", "cpu")
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    for key, tensor in model.network.state_dict().items():
        assert torch.equal(tensor, state["best"][key]), key
    record = model.config.training
    assert record.figures["score"] == 0.9 and record.figures["epoch"] == 2
    assert record.images == 5 and record.data and record.command


def test_a_table_that_cannot_be_written_ends_no_run(pairs, tmp_path):
    (tmp_path / "history.csv").mkdir(parents=True)  # as one that a program has locked
    events = run(pairs, folder=tmp_path, epochs=3)
    notes = [event.text for event in events if isinstance(event, Note)]
    assert len(notes) == 1 and "history.csv could not be written" in notes[0]
    assert isinstance(events[-1], Trained)
    (tmp_path / "history.csv").rmdir()
    run(pairs, folder=tmp_path, epochs=3)  # there is nothing left to learn
    table = (tmp_path / "history.csv").read_bytes()
    assert table.count(b"\n") == 4 and b"\r" not in table  # as all other tables


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from napari_cihm.config import TrainSettings
from napari_cihm.errors import WriteError
from napari_cihm.models import build_model
from napari_cihm.training.state import RunState
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
try:
    RunState(build_model("unet", base=8), TrainSettings()).save(Path(sys.argv[1]), {})
except WriteError as error:
    sys.exit(str(error))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit to set on files")
def test_a_disk_that_fills_up_leaves_no_half_of_a_state(tmp_path):
    # No file may grow past a limit: the system refuses in the middle of writing.
    (tmp_path / "state.pt").write_text("as it was")
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, tmp_path / "state.pt"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and "state.pt could not be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["state.pt"]
    assert (tmp_path / "state.pt").read_text() == "as it was"


def test_another_run_is_not_resumed(pairs, tmp_path):
    last = run(pairs, folder=tmp_path)[-1]
    with pytest.raises(TrainingError, match="another run: seed was 0, is 5"):
        run(pairs, folder=tmp_path, seed=5)
    with pytest.raises(TrainingError, match=r"rate was \S+, is 0\.5; expected"):
        run(pairs, folder=tmp_path, rate=0.5)
    further = str(last.model.save(tmp_path / "model.safetensors"))
    run(pairs, folder=tmp_path / "further", model=further, options=None)
    with pytest.raises(
        TrainingError, match="run: it began with another model; expected"
    ):
        run(pairs, folder=tmp_path / "further")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"epochs": 5}, r"run: epochs was 2, is 5; expected"),
        ({"options": {"base": 8}}, r"options was {'base': 4}, is {'base': 8};"),
    ],
)
def test_a_run_told_otherwise_is_not_resumed(pairs, tmp_path, change, words):
    run(pairs, folder=tmp_path)
    with pytest.raises(TrainingError, match=words):
        run(pairs, folder=tmp_path, **change)


def test_a_run_judged_otherwise_is_not_resumed(folders, tmp_path):
    run(folders, folder=tmp_path / "run")
    other = next((folders / "val" / "images").iterdir())
    imsave(other, 255 - imread(other))
    with pytest.raises(
        TrainingError, match="another run: it was validated on others; "
    ):
        run(folders, folder=tmp_path / "run")


def test_a_run_goes_on_with_less_memory_and_elsewhere(pairs, tmp_path):
    first = run(pairs, folder=tmp_path, cache_mb=4)[-1]
    resumed = {"cache_mb": 0, "device": "cpu", "amp": False, "patience": 9}
    second = run(pairs, folder=tmp_path, **resumed)[-1]
    assert second.model.hash == first.model.hash


def test_what_cannot_be_validated_on_is_told_before_anything_is_learnt(folders):
    mask = next((folders / "val" / "masks").iterdir())
    imsave(mask, np.zeros((9, 9), np.uint8), check_contrast=False)
    with pytest.raises(DataError, match="64 x 64 and its mask is 9 x 9"):
        next(train(folders, **QUICK, **SMALL, epochs=1))


@pytest.mark.parametrize("patience", [1, 2])
def test_what_had_stopped_learns_no_more_when_it_is_run_again(
    pairs, tmp_path, monkeypatch, patience
):
    flat = {"validation_loss": 1.0, "score": 0.5}
    monkeypatch.setattr(Validator, "score", lambda self, model: flat)
    first, again = (
        run(pairs, epochs=9, patience=patience, folder=tmp_path) for _ in range(2)
    )
    assert sum(isinstance(e, EpochDone) for e in first) == patience + 1
    assert not any(isinstance(e, StepDone | EpochDone) for e in again)
    assert again[-1].reason == first[-1].reason == f"no gain in {patience} epochs"
