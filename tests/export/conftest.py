"""Models to export: every recipe, narrow, with weights that tell its parts apart."""

from collections.abc import Callable

import pytest
import torch

from napari_cihm.config import ModelConfig
from napari_cihm.models import Model
from napari_cihm.models.recipes import recipe

WIDTHS = {"vm-unet": 16, "u-mamba-enc": 8, "u-mamba-bot": 8}


def narrow(name: str, task: str = "instance", classes: int = 3) -> Model:
    torch.manual_seed(0)
    wide = "base" not in recipe(name).options
    options = {} if wide else {"base": WIDTHS.get(name, 4)}
    model = Model.untrained(
        ModelConfig(
            recipe=name, options=options, in_channels=2, classes=classes, task=task
        )
    )
    # an untrained norm divides maps that hardly vary, and with them rounding grows
    for part in model.network.modules():
        if hasattr(part, "eps"):
            part.eps = 0.1
    for key, weight in model.network.named_parameters():
        if key.endswith("bias"):
            torch.nn.init.normal_(weight, std=0.1)
    return model


@pytest.fixture(autouse=True)
def _portable_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIHM_SCAN", "torch")


@pytest.fixture
def small() -> Callable[..., Model]:
    return narrow
