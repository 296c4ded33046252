"""A model gives the same maps wherever it is asked for them."""

import multiprocessing
import os

import numpy as np
import pytest
import torch

from napari_cihm.config import ModelConfig
from napari_cihm.models import Model, load_model

BATCH = np.random.default_rng(0).random((1, 1, 64, 64), np.float32)


@pytest.fixture(scope="module")
def model():
    return Model.untrained(ModelConfig(recipe="unet", options={"base": 8}), seed=0)


@pytest.fixture
def _in_double():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


MODES = (
    torch.no_grad(),
    torch.inference_mode(),
    torch.autocast("cpu", torch.bfloat16),
)


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: type(mode).__name__)
def test_maps_do_not_depend_on_what_its_caller_has_set(model, mode):
    maps = model.predict(BATCH)
    with mode:
        np.testing.assert_array_equal(model.predict(BATCH), maps)


@pytest.mark.usefixtures("_in_double")
def test_weights_are_single_whatever_numbers_its_caller_works_in(model, tmp_path):
    path = model.save(tmp_path / "model.safetensors")
    loaded, drawn = load_model(path), Model.untrained(model.config, seed=0)
    assert loaded.hash == model.hash == drawn.hash
    assert loaded.predict(BATCH).dtype == np.float32


def test_a_seed_draws_nothing_from_its_callers_random_numbers(model):
    before = torch.get_rng_state()
    Model.untrained(model.config, seed=1)
    assert torch.equal(torch.get_rng_state(), before)


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
