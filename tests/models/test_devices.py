"""A device is one thing, named by a word or by torch's own object."""

import pytest
import torch

from napari_cihm.config import FinetuneSettings, SegmentSettings, TrainSettings
from napari_cihm.errors import UnavailableError
from napari_cihm.models import devices
from napari_cihm.models.devices import available_devices, memory_format, pick_device

WHEEL = ["sm_75", "sm_80", "sm_90a", "compute_90"]


@pytest.fixture
def gpus(monkeypatch):
    """Make up GPUs, by what they can do."""

    def make(*capabilities, built=WHEEL):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: len(capabilities))
        monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: built)
        monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
        monkeypatch.setattr(
            torch.cuda, "get_device_capability", capabilities.__getitem__
        )

    return make


@pytest.mark.parametrize("form", [str, torch.device])
def test_a_device_that_is_not_here_is_refused(form):
    assert pick_device(form("cpu")) == torch.device("cpu")
    with pytest.raises(UnavailableError, match="no cuda:99 device"):
        pick_device(form("cuda:99"))


@pytest.mark.parametrize("kind", [FinetuneSettings, SegmentSettings, TrainSettings])
def test_settings_take_both_forms(kind):
    assert kind.of(device=torch.device("cuda", 1)) == kind.of(device="cuda:1")


def test_a_gpu_is_taken_before_the_processor(gpus):
    gpus((8, 6), (12, 0))
    assert available_devices() == ("cuda:0", "cuda:1", "cpu")
    assert pick_device() == pick_device("cuda") == torch.device("cuda:0")


def test_a_gpu_that_torch_was_not_built_for_is_left_out(gpus):
    gpus((6, 1), (7, 0), (7, 5), (8, 9))
    assert available_devices() == ("cuda:2", "cuda:3", "cpu")
    gpus((6, 1))
    assert pick_device() == torch.device("cpu")
    with pytest.raises(UnavailableError):
        pick_device("cuda")
    gpus((9, 0), built=["gfx90a"])  # AMD's
    assert available_devices() == ("cuda:0", "cpu")


def test_apples_gpus_are_there_by_choice(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert available_devices()[-2:] == ("cpu", "mps")
    assert pick_device("mps") == torch.device("mps")
    assert pick_device().type != "mps"
    assert memory_format(pick_device("mps")) is torch.contiguous_format
    assert memory_format(pick_device("cpu")) is torch.channels_last


def test_what_the_process_itself_has_kept_is_given_back_too(monkeypatch):
    given: list[str] = []
    monkeypatch.setattr(devices, "give_back", lambda: given.append("given"))
    devices.release_memory()
    assert given
