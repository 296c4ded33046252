"""What a machine can do: figures that a clock held beside them bears out."""

import pytest
import torch

from napari_cihm import benchmark as timing
from napari_cihm.benchmark import benchmark, machine, median_seconds
from napari_cihm.config import ModelConfig
from napari_cihm.errors import InputError
from napari_cihm.events import Benchmarked, Timed
from napari_cihm.models import Model
from napari_cihm.scan import backends

CPU = torch.device("cpu")
QUICK = {"image": 64, "tiles": (32, 48), "seconds": 0.0}


@pytest.fixture
def model():
    config = ModelConfig(recipe="unet", options={"base": 4}, classes=3, task="instance")
    return Model.untrained(config)


@pytest.fixture(autouse=True)
def _a_short_scan(monkeypatch):
    monkeypatch.setattr(
        timing, "SCAN", {"batch": 1, "channels": 4, "positions": 32, "states": 2}
    )


def test_all_is_timed_and_held_by_the_last_event(model):
    *timed, last = benchmark(model, **QUICK)
    assert isinstance(last, Benchmarked)
    assert list(last.timed) == timed
    assert all(isinstance(event, Timed) for event in timed)
    subjects = [event.subject for event in timed]
    assert subjects == ["scan"] * 4 + ["network"] * 2 + ["segmentation"]
    assert [event.name for event in timed[4:]] == [
        "unet, 32 x 32", "unet, 48 x 48", "unet, 64 x 64",
    ]  # fmt: skip
    assert all(value >= 0 for event in timed for value in event.figures.values())


def test_a_scan_that_cannot_run_says_why(model):
    scans = {t.name: t for t in benchmark(model, **QUICK) if isinstance(t, Timed)}
    for name, found in backends().items():
        if name == "reference":
            continue
        if found is True and name in ("numba", "torch"):
            assert set(scans[name].figures) == {"forward", "forward and backward"}
            assert scans[name].reason == ""
        elif found is not True:
            assert scans[name].figures == {}
            assert scans[name].reason == found


def test_megapixels_follow_from_the_time(model):
    *_, timed, _ = benchmark(model, **QUICK)
    expected = 64 * 64 / 1e6 / timed.figures["segment"]
    assert timed.figures["megapixels a second"] == pytest.approx(expected)


@pytest.fixture
def clock(monkeypatch):
    """Hold a clock that moves only when it is told to."""
    now = [0.0]
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])

    def passes(seconds):
        now[0] += seconds

    return passes


def test_the_median_leaves_the_first_run_out(clock):
    waits = iter([20.0, 1.0, 3.0, 2.0])
    assert median_seconds(lambda: clock(next(waits)), CPU, 0.0) == 2.0


def test_it_goes_on_for_as_long_as_asked(clock):
    runs = []
    median_seconds(lambda: runs.append(clock(1.0)), CPU, 10.0)
    assert len(runs) == 1 + 10


def test_the_machine_is_named():
    here = machine(CPU)
    assert here["torch"] == torch.__version__
    assert here["threads"] == torch.get_num_threads()
    assert here["processor"]


@pytest.mark.parametrize("settings", [{"image": 8}, {"tiles": ()}, {"side": 8}])
def test_settings_out_of_bounds_are_refused(model, settings):
    with pytest.raises(InputError, match="BenchmarkSettings"):
        next(benchmark(model, **settings))
