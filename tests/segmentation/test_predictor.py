"""A model as a predictor: its maps, averaged over flips on request."""

import numpy as np
import pytest
import torch

from napari_cihm.config import ModelConfig, SegmentSettings
from napari_cihm.errors import InputError, UnknownNameError
from napari_cihm.models import Model
from napari_cihm.segmentation import segment
from napari_cihm.segmentation.planning import as_predictor
from napari_cihm.segmentation.predictor import NetworkPredictor, Predictor
from tests.segmentation.conftest import Local


@pytest.fixture(scope="module")
def model() -> Model:
    """Give a network without training."""
    torch.manual_seed(0)
    return Model.untrained(ModelConfig(recipe="cihm", classes=3, task="instance"))


def test_flips_are_averaged(model: Model) -> None:
    batch = np.random.default_rng(0).random((2, 1, 40, 56), np.float32)
    plain, averaged = NetworkPredictor(model), NetworkPredictor(model, tta=True)
    expected = np.mean(
        [
            np.flip(plain(np.flip(batch, axes).copy()), axes)
            for axes in ((), (-1,), (-2,), (-1, -2))
        ],
        axis=0,
    )
    np.testing.assert_allclose(averaged(batch), expected, atol=1e-6)
    # Flipping the image flips the averaged maps, which plain ones do not promise.
    turned = averaged(np.flip(batch, -1).copy())
    np.testing.assert_allclose(np.flip(turned, -1), averaged(batch), atol=1e-6)
    assert plain.key == model.hash != averaged.key


def test_maps_lie_in_zero_to_one(model: Model) -> None:
    maps = NetworkPredictor(model)(np.zeros((1, 1, 33, 47), np.float32))
    assert maps.shape == (1, 3, 33, 47)
    assert maps.dtype == np.float32
    assert 0 <= maps.min() <= maps.max() <= 1


def test_models_names_files_and_predictors_are_taken(model: Model, tmp_path) -> None:
    settings = SegmentSettings(device="cpu")
    assert as_predictor(model, settings).key == model.hash
    saved = model.save(tmp_path / "m.safetensors")
    for given in (saved, str(saved)):
        loaded = as_predictor(given, settings)
        assert isinstance(loaded, Predictor)
        assert loaded.key == model.hash
    own = Local()
    assert as_predictor(own, SegmentSettings()) is own
    with pytest.raises(UnknownNameError, match="no-such-model"):
        as_predictor("no-such-model", settings)


def test_a_set_device_moves_a_model_and_leaves_the_given_one(model: Model) -> None:
    assert as_predictor(model, SegmentSettings()).model is model
    assert as_predictor(model, SegmentSettings(device="cpu")).model is model
    moved = model.on("cpu:0")  # another device by its name, as a second GPU is
    assert moved.device.index == 0 and moved.network is not model.network
    with pytest.raises(UnknownNameError, match="zzz"):
        as_predictor(model, SegmentSettings(device="zzz"))


def test_what_a_predictor_cannot_heed_is_refused_and_a_models_heeds_it(model) -> None:
    for wish in ({"device": "cpu"}, {"tta": True}):
        with pytest.raises(InputError, match="a predictor of your own"):
            segment(np.zeros((40, 40)), Local(), **wish)
    plain = NetworkPredictor(model)
    assert as_predictor(plain, SegmentSettings(device="cpu")) is plain
    flipped = as_predictor(plain, SegmentSettings(tta=True))
    assert flipped.model is model and flipped.tta
    assert as_predictor(flipped, SegmentSettings()) is flipped
    with pytest.raises(UnknownNameError, match="zzz"):
        as_predictor(plain, SegmentSettings(device="zzz"))


def test_a_network_segments_in_tiles_and_batches_alike(model: Model, texture) -> None:
    image = texture((150, 140))
    one = segment(image, model, tile=64, overlap=16, batch=1, diameter=None)
    four = segment(image, model, tile=64, overlap=16, batch=4, diameter=None)
    np.testing.assert_array_equal(one, four)
