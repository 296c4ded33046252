"""A device is one thing, named by a word or by torch's own object."""

import pytest
import torch

from napari_cihm.config import FinetuneSettings, SegmentSettings, TrainSettings
from napari_cihm.errors import UnavailableError
from napari_cihm.models.devices import pick_device


@pytest.mark.parametrize("form", [str, torch.device])
def test_a_device_that_is_not_here_is_refused(form):
    assert pick_device(form("cpu")) == torch.device("cpu")
    with pytest.raises(UnavailableError, match="no cuda:99 device"):
        pick_device(form("cuda:99"))


@pytest.mark.parametrize("kind", [FinetuneSettings, SegmentSettings, TrainSettings])
def test_settings_take_both_forms(kind):
    assert kind.of(device=torch.device("cuda", 1)) == kind.of(device="cuda:1")
