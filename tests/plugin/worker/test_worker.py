"""The worker computes in a process of its own, and is gone when it is closed."""

import contextlib
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import dask.array as da
import numpy as np
import psutil
import pytest

import napari_cihm as cihm
from napari_cihm.data.image import Image
from napari_cihm.errors import CheckpointError, WriteError
from napari_cihm.events import Examined, Finetuned, Kept, Machine, Segmented, TileDone
from napari_cihm.models import load_model
from napari_cihm.plugin.runner import Runner, RunState
from napari_cihm.plugin.worker import wire
from napari_cihm.plugin.worker.learning import learn
from napari_cihm.plugin.worker.loaded import Loaded
from napari_cihm.plugin.worker.process import WorkerProcess
from tests.plugin.conftest import threshold_model


class Heard:
    """Collects what a run says, and tells a test when it is over."""

    def __init__(self, qtbot) -> None:
        self.qtbot, self.events, self.ended = qtbot, [], []

    def start(self, runner, job, lane="long", **arguments):
        return runner.start(
            job, self.events.append, self.ended.append, lane, **arguments
        )

    def wait(self, run, timeout=60_000):
        self.qtbot.waitUntil(lambda: run in self.ended, timeout=timeout)
        return run

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture(scope="module")
def runner(qapp):
    runner = Runner()
    yield runner
    runner.close()


@pytest.fixture
def heard(qtbot):
    return Heard(qtbot)


def _segment(heard, runner, checkpoint, image, **settings):
    return heard.start(
        runner,
        "segment",
        image=image,
        model=str(checkpoint),
        settings={"device": "cpu", "diameter": None, **settings},
    )


def test_a_model_is_looked_at_without_torch_in_this_process(heard, runner, checkpoint):
    run = heard.start(runner, "look", "quick", model=str(checkpoint), device="cpu")
    heard.wait(run)
    assert run.state is RunState.DONE
    (machine,), (seen,) = heard.of(Machine), heard.of(Examined)
    assert "cpu" in machine.devices
    assert seen.usable


def test_labels_are_those_of_the_engine(heard, runner, checkpoint, blobs):
    run = _segment(heard, runner, checkpoint, Image.of(blobs))
    heard.wait(run)
    (result,) = heard.of(Segmented)
    np.testing.assert_array_equal(
        result.labels, cihm.segment(blobs, checkpoint, diameter=None, device="cpu")
    )
    assert result.objects == 12
    assert heard.of(TileDone)[0].foreground.any()


@pytest.mark.parametrize("make", [np.asarray, da.from_array], ids=["numpy", "dask"])
def test_large_and_lazy_arrays_are_read_where_they_are(
    heard, runner, checkpoint, blobs, make, monkeypatch
):
    monkeypatch.setattr("napari_cihm.plugin.worker.lending.SMALL", 100)
    stack = make(np.stack([blobs, np.zeros_like(blobs), blobs]))
    run = heard.wait(_segment(heard, runner, checkpoint, Image.of(stack, "tyx")))
    assert run.failure is None
    (result,) = heard.of(Segmented)
    assert result.image.data is stack
    assert [len(np.unique(result.labels[t])) - 1 for t in range(3)] == [12, 0, 12]


@pytest.mark.parametrize("fault", [OSError, ValueError])
def test_an_image_that_cannot_be_read_fails_with_its_reason(
    heard, runner, checkpoint, blobs, caplog, fault
):
    def broken(block):
        raise fault("the share is gone")

    lazy = da.from_array(blobs).map_blocks(broken, dtype=np.uint8)
    run = heard.wait(_segment(heard, runner, checkpoint, Image.of(lazy)))
    assert run.state is RunState.FAILED
    assert "the share is gone" in run.failure.text
    assert run.failure.expected and "still there" in run.failure.remedy
    assert ("Traceback" in caplog.text) == (fault is ValueError)


def test_a_result_for_which_there_is_no_memory_ends_its_run(
    heard, runner, checkpoint, monkeypatch
):
    def full(*_):
        raise MemoryError

    monkeypatch.setattr(wire, "receive", full)
    run = heard.start(runner, "look", "quick", model=str(checkpoint), device="cpu")
    heard.wait(run, 20_000)
    assert run.state is RunState.FAILED
    assert "lack of memory" in run.failure.text
    assert runner.pid is None


def test_a_model_that_two_lanes_ask_for_is_loaded_once(checkpoint, monkeypatch):
    def load(name, device):
        time.sleep(0.1)
        return object()

    monkeypatch.setattr("napari_cihm.plugin.worker.loaded.load_model", load)
    get = partial(Loaded().get, device="cpu")
    with ThreadPoolExecutor() as lanes:
        one, other = lanes.map(get, [str(checkpoint)] * 2)
    assert one is other


def test_a_model_is_examined_again_once_its_file_is_another(tmp_path, monkeypatch):
    read = []

    def load(*about):
        model = load_model(*about)
        read.append(model.hash)
        return model

    monkeypatch.setattr("napari_cihm.plugin.worker.loaded.load_model", load)
    models, path = Loaded(), tmp_path / "model.safetensors"
    assert not models.look_at(str(path), "cpu").usable  # it is not there yet
    threshold_model().save(path)
    first = models.look_at(str(path), "cpu")
    assert first.usable and models.look_at(str(path), "cpu") is first
    assert models.get(str(path), "cpu").hash == first.hash
    threshold_model(0.6).save(path)
    assert models.look_at(str(path), "cpu").hash != first.hash
    assert len(set(read)) == len(read) == 2


def test_a_model_that_could_not_be_read_for_once_is_read_again(checkpoint, monkeypatch):
    def refuse(*_):
        raise CheckpointError("it cannot be read", "a disk that is there")

    models = Loaded()
    with monkeypatch.context() as away:
        away.setattr("napari_cihm.plugin.worker.loaded.load_model", refuse)
        assert not models.look_at(str(checkpoint), "cpu").usable
    assert models.look_at(str(checkpoint), "cpu").usable


def test_a_users_mistake_comes_with_its_remedy_and_no_traceback_in_the_text(
    heard, runner, checkpoint, blobs
):
    run = heard.wait(_segment(heard, runner, checkpoint, Image.of(blobs), channels=7))
    assert run.state is RunState.FAILED
    assert run.failure.expected
    assert "channel 7" in run.failure.text
    assert run.failure.remedy
    assert "Traceback" not in run.failure.text
    assert "Traceback" in run.failure.trace


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("CUDA out of memory. Tried 2 GiB")]
)
def test_a_lack_of_memory_is_no_fault_of_the_program(error):
    failure = wire.failure_of(error)
    assert failure.expected and "memory" in failure.remedy


def test_a_file_that_is_missing_is_no_fault_of_the_program(tmp_path):
    with pytest.raises(OSError) as gone:
        (tmp_path / "gone.tif").read_bytes()
    failure = wire.failure_of(gone.value)
    assert failure.expected and failure.remedy
    assert failure.text == f"{tmp_path / 'gone.tif'}: no such file or directory"
    assert not wire.failure_of(OSError("who knows")).expected


def test_a_run_stops_at_the_next_tile_and_the_next_one_runs(
    heard, runner, checkpoint, blobs
):
    stack = Image.of(np.stack([blobs] * 400), "tyx")
    run = _segment(heard, runner, checkpoint, stack)
    heard.qtbot.waitUntil(lambda: len(heard.of(TileDone)) > 2, timeout=60_000)
    pid = runner.pid
    runner.stop(run)
    seen = len(heard.events)
    heard.wait(run)
    assert run.state is RunState.STOPPED
    assert len(heard.events) == seen  # nothing of it is heard after the stop
    assert runner.pid == pid  # it stopped by itself
    heard.wait(_segment(heard, runner, checkpoint, Image.of(blobs)))
    assert heard.of(Segmented)


def test_runs_of_a_lane_follow_each_other_and_one_that_waits_can_be_taken_back(
    heard, runner, checkpoint, blobs
):
    first = _segment(heard, runner, checkpoint, Image.of(np.stack([blobs] * 5), "tyx"))
    second = _segment(heard, runner, checkpoint, Image.of(blobs))
    third = _segment(heard, runner, checkpoint, Image.of(blobs))
    assert (first.state, second.state) == (RunState.RUNNING, RunState.WAITING)
    runner.stop(second)
    assert heard.ended == [second]
    heard.wait(third)
    assert heard.ended == [second, first, third]


def test_quick_jobs_do_not_wait_for_long_ones(heard, runner, checkpoint, blobs):
    stack = Image.of(np.stack([blobs] * 2000), "tyx")
    long = _segment(heard, runner, checkpoint, stack)
    quick = heard.start(runner, "look", "quick", model=str(checkpoint), device="cpu")
    heard.wait(quick)
    assert long.state is RunState.RUNNING
    runner.stop(long)
    heard.wait(long)


def test_a_process_that_dies_fails_its_run_and_is_replaced(
    heard, runner, checkpoint, blobs
):
    stack = Image.of(np.stack([blobs] * 2000), "tyx")
    run = _segment(heard, runner, checkpoint, stack)
    heard.qtbot.waitUntil(lambda: bool(heard.of(TileDone)), timeout=60_000)
    psutil.Process(runner.pid).kill()
    heard.wait(run)
    assert run.state is RunState.FAILED
    assert "has ended" in run.failure.text
    heard.wait(_segment(heard, runner, checkpoint, Image.of(blobs)))
    assert heard.of(Segmented)


def test_a_job_that_does_not_stop_in_time_is_ended_with_its_process(
    heard, runner, checkpoint, blobs, monkeypatch
):
    monkeypatch.setattr("napari_cihm.plugin.runner.GRACE", 0)
    image = Image.of(np.zeros((4096, 4096), np.uint8))
    run = _segment(heard, runner, checkpoint, image, tile=4096)
    heard.qtbot.waitUntil(lambda: bool(heard.events), timeout=60_000)
    pid = runner.pid
    runner.stop(run)
    heard.wait(run, 2000)
    assert run.state is RunState.STOPPED
    assert runner.pid != pid
    heard.qtbot.waitUntil(lambda: not psutil.pid_exists(pid), timeout=30_000)


class Deaf:
    """Stands for a worker process in which no job hears that it is to stop."""

    pid, last_words = 1, ""

    def __init__(self, hear) -> None:
        self.hear, self.jobs, self.closed = hear, [], False

    def send(self, message) -> None:
        if isinstance(message, wire.Start):
            self.jobs.append(message.job)

    def end(self, run) -> None:
        self.hear(self, wire.Ended(run.number))

    def take_back(self, job) -> None:
        pass

    def close(self, wait=True) -> None:
        self.closed = True


@pytest.fixture
def deaf(qapp, monkeypatch):
    """Give a runner of deaf processes, and the list of them."""
    made: list[Deaf] = []

    def process(hear):
        made.append(Deaf(hear))
        return made[-1]

    monkeypatch.setattr("napari_cihm.plugin.runner.WorkerProcess", process)
    monkeypatch.setattr("napari_cihm.plugin.runner.GRACE", 20)
    runner = Runner()
    yield runner, made
    runner.close()


def test_a_quick_job_that_does_not_stop_costs_no_long_one(heard, deaf):
    runner, made = deaf
    long = heard.start(runner, "segment")
    first = heard.start(runner, "look", "quick")
    runner.stop(first)  # as when a second model is chosen while torch is imported
    second = heard.start(runner, "look", "quick")
    heard.qtbot.wait(80)
    assert made[0].jobs == ["segment", "look"] and not made[0].closed
    assert (long.state, second.state) == (RunState.RUNNING, RunState.WAITING)
    made[0].end(long)
    heard.wait(first, 2000)  # nothing is lost by ending the process now
    assert made[0].closed and made[1].jobs == ["look"]
    assert (long.state, first.state) == (RunState.DONE, RunState.STOPPED)


def test_a_long_job_that_does_not_stop_ends_what_else_was_stopped(heard, deaf):
    runner, made = deaf
    long = heard.start(runner, "segment")
    quick = heard.start(runner, "look", "quick")
    runner.stop(long)
    heard.wait(long, 2000)
    assert (made[1].jobs, quick.state) == (["look"], RunState.RUNNING)
    long = heard.start(runner, "segment")
    runner.stop(quick)
    runner.stop(long)
    heard.wait(long, 2000)
    assert quick.state is RunState.STOPPED
    assert made[1].closed and made[2].jobs == []  # nothing stopped begins anew


def test_a_process_that_dies_fails_what_went_on_and_not_what_was_stopped(heard, deaf):
    runner, made = deaf
    stopped, going = (
        heard.start(runner, "segment"),
        heard.start(runner, "look", "quick"),
    )
    runner.stop(stopped)
    made[0].hear(made[0], None)
    assert (stopped.state, stopped.failure) == (RunState.STOPPED, None)
    assert "has ended" in going.failure.text


def test_closing_leaves_no_process_and_no_thread(qtbot, checkpoint, blobs):
    before = threading.active_count()
    runner, heard = Runner(), Heard(qtbot)
    _segment(heard, runner, checkpoint, Image.of(np.stack([blobs] * 2000), "tyx"))
    pid = runner.pid
    assert threading.active_count() == before + 1
    runner.close()
    assert not psutil.pid_exists(pid)
    assert threading.active_count() == before
    qtbot.wait(50)
    assert heard.events == heard.ended == []


def test_the_worker_ends_with_the_process_that_started_it(tmp_path):
    code = (
        "import os, sys\n"
        "from napari_cihm.plugin.worker.process import WorkerProcess\n"
        "print(WorkerProcess(lambda *_: None).pid, flush=True)\n"
        "os._exit(1)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    child = int(done.stdout)
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(child).wait(timeout=30)
    assert not psutil.pid_exists(child)


def test_scripts_of_the_current_folder_are_no_modules_of_the_worker(
    tmp_path, monkeypatch
):
    for name in ("random.py", "queue.py"):
        (tmp_path / name).write_text("raise SystemExit('usage: FILE')")
    monkeypatch.chdir(tmp_path)
    words = []
    process = WorkerProcess(lambda process, _: words.append(process.last_words))
    process._inlet.close()  # it ends once it has begun, as after a window
    process._listener.join(30)
    assert words == [""]


def test_the_worker_keeps_its_memory():
    code = (
        "import napari_cihm.memory as memory, sys\n"
        "memory.keep_memory = lambda: print('kept', file=sys.stderr)\n"
        "from napari_cihm.plugin.worker.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, input=""
    )
    assert (done.returncode, done.stderr) == (0, "kept\n")


def test_neither_side_loads_what_belongs_to_the_other():
    worker = "import napari_cihm.plugin.worker.__main__, napari_cihm.plugin.worker.jobs"
    window = "import napari_cihm.plugin.runner"
    for code, unwanted in ((worker, ("qtpy", "napari")), (window, ("torch", "numba"))):
        listing = f"{code}\nimport sys\nprint(*sys.modules)"
        done = subprocess.run(
            [sys.executable, "-c", listing], capture_output=True, text=True, check=True
        )
        assert not set(unwanted) & set(done.stdout.split())


def test_a_model_that_cannot_be_kept_is_not_learnt_and_never_lost(
    checkpoint, tmp_path, monkeypatch
):
    model, folder, elsewhere = load_model(checkpoint), tmp_path / "models", tmp_path
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))

    def learning(*_, **__):
        folder.rmdir()  # while it learns, the place to keep it goes
        folder.write_text("")
        yield Finetuned(model, 0.4, 0.5, True, "better", {}, {}, ("few objects",))

    monkeypatch.setattr("napari_cihm.plugin.worker.learning.finetune", learning)
    asked = ([], [], [], [], str(checkpoint), "cpu", None, "cells", {}, False)
    (kept,) = learn(*asked, folder, lambda: False)
    assert isinstance(kept, Kept)
    assert load_model(kept.version.path).hash == model.hash
    few, said = kept.warnings
    assert few == "few objects"
    assert str(folder) in said and str(kept.version.path) in said
    with pytest.raises(WriteError, match=r"models is no folder"):
        next(learn(*asked, folder, lambda: False))
