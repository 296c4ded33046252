"""A model gives the same maps wherever it is asked for them."""

import multiprocessing
import os

import numpy as np
import pytest
import torch

from napari_cihm.config import ModelConfig
from napari_cihm.models import Model

BATCH = np.random.default_rng(0).random((1, 1, 64, 64), np.float32)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return Model.untrained(ModelConfig(recipe="unet", options={"base": 8}))


@pytest.fixture
def _two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.usefixtures("_two_threads")
def test_a_forked_process_does_not_wait_for_threads_that_it_lacks(model):
    maps = model.predict(BATCH)
    context = multiprocessing.get_context("fork")
    receive, send = context.Pipe(duplex=False)
    child = context.Process(target=lambda: send.send(model.predict(BATCH)))
    child.start()
    try:
        assert receive.poll(20), "the child waits for threads that it does not have"
        np.testing.assert_allclose(receive.recv(), maps, atol=1e-6)
    finally:
        child.kill()
        child.join()
