"""What others read: its code, run as it stands, finds the objects that ours finds."""

import re

import numpy as np
import pytest

import napari_cihm as cihm
from napari_cihm.config import Decoding, ExportSettings, ModelConfig, TrainingRecord
from napari_cihm.data.grain import find_smoothing
from napari_cihm.data.synthetic import nuclei, tissue
from napari_cihm.export.documentation import usage
from napari_cihm.models import Model, load_model
from napari_cihm.segmentation.decoding import decode


def code(text):
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize(
    "decoding",
    [
        Decoding(),
        Decoding(foreground=0.4, prominence=0.15, border=1.5, smooth=2, min_size=40),
        Decoding(sure=0.9),
    ],
    ids=["default", "tuned", "sure"],
)
def test_its_code_finds_the_objects_that_ours_finds(decoding):
    trained = load_model("cihm-dsb18", "cpu")
    model = Model(trained.network, trained.config.but(decoding=decoding))
    picture, _ = tissue((160, 192), seed=3)
    names = {"image": np.moveaxis(picture, -1, 0)}
    feed, read = code(usage(model, ExportSettings()))
    exec(feed, names)
    names["maps"] = model.predict(names["image"])
    exec(read, names)
    ours = decode(names["maps"][0], decoding)
    theirs = names["labels"]
    assert ours.max() > 5
    assert np.array_equal(theirs > 0, ours > 0)
    pairs = {(a, b) for a, b in zip(ours.ravel(), theirs.ravel(), strict=True)}
    assert len(pairs) == len(np.unique(ours)) == len(np.unique(theirs))
    whole = cihm.segment(picture, model, diameter=None)
    assert abs(int(whole.max()) - int(ours.max())) <= 1


def test_channels_apart_are_scaled_apart():
    config = ModelConfig(recipe="unet", options={"base": 4}, in_channels=2)
    names = {"image": np.stack([nuclei((64, 64))[0], 40 * nuclei((64, 64), 1)[0]])}
    exec(code(usage(Model.untrained(config), ExportSettings()))[0], names)
    scaled = names["image"][0]
    for channel in scaled:
        assert np.percentile(channel, 0.5) == pytest.approx(0, abs=1e-5)
        assert np.percentile(channel, 99.8) == pytest.approx(1, abs=1e-3)


def test_smoothing_that_is_left_to_others_is_told():
    """Grain as heavy as it says, and no other, is smoothed as far as it says."""
    text = usage(load_model("cihm-dsb18", "cpu"), ExportSettings())
    said = r"deviation of (\d+)% to (\d+)% of .* of ([\d.]+)\s+to\s+([\d.]+)\s+pixels"
    low, high, least, most = map(float, re.search(said, text, re.DOTALL).groups())
    ramp = np.tile(np.linspace(0, 100, 512), (512, 1))
    noise = np.random.default_rng(0).normal(0, 1, ramp.shape)
    smoothed = []
    for deviation in (4, 7, 11, 15, 18, 30, 60):
        image = ramp + deviation * noise
        dark, bright = np.percentile(image, [1, 99.8])
        share, sigma = 100 * deviation / (bright - dark), find_smoothing([image[None]])
        assert (sigma > 0) == (low < share < high)
        if sigma:
            assert least - 0.1 < sigma < most + 0.1
            smoothed.append(sigma)
    assert 1 < len(smoothed) < 5


def test_classes_are_named_and_sum_to_one():
    config = ModelConfig(recipe="unet", options={"base": 4}, classes=3)
    text = usage(Model.untrained(config), ExportSettings(title="Three"))
    assert text.startswith("# Three\n")
    assert "class 0, class 1, class 2. Those of a pixel sum to 1." in text
    assert "watershed" not in text


def test_its_scores_are_told_and_nothing_else_of_its_run():
    training = TrainingRecord(figures={"map": 0.4567, "epoch": 11, "seconds": 4097.4})
    config = ModelConfig(recipe="unet", options={"base": 4}, training=training)
    text = usage(Model.untrained(config), ExportSettings())
    assert text.endswith("held out from its training: mean AP 0.457.\n")
