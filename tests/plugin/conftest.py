"""A model whose answer is known by construction, and a worker shared by all tests."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from napari_cihm.config import ModelConfig, TrainingRecord
from napari_cihm.models import Model

LEVEL = 0.4


def threshold_model(level: float = LEVEL) -> Model:
    """Build a network that takes for foreground what is brighter than `level`."""
    record = TrainingRecord(images=12, objects=345, figures={"map": 0.5, "ap0.50": 0.8})
    config = ModelConfig(
        recipe="cihm", in_channels=1, classes=3, task="instance", training=record
    )
    model = Model.untrained(config)
    with torch.no_grad():
        for parameter in model.network.parameters():
            parameter.zero_()
        head = model.network.head
        model.network.stem.weight[0, 0] = 1 / 9
        head.fine.weight[0, 0] = 8
        for layer in head.body:
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.weight.fill_(1)
        head.body[2].weight[0, 0] = 1 / 9
        head.body[-1].weight[0, 0], head.body[-1].weight[2, 0] = 6, 4
        head.body[-1].bias[:] = torch.tensor([-48 * level, -12, -32 * level])
    return model


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory) -> Path:
    """Give the file of a model that segments what is bright."""
    return threshold_model().save(
        tmp_path_factory.mktemp("models") / "bright.safetensors"
    )


@pytest.fixture(scope="session")
def blobs() -> NDArray[np.uint8]:
    """Give an image of twelve round bright spots apart from each other."""
    image = np.zeros((96, 128), np.uint8)
    y, x = np.mgrid[:96, :128]
    for row in range(3):
        for column in range(4):
            far = np.hypot(y - 16 - 32 * row, x - 16 - 32 * column)
            image[far < 9] = 200
    return image
