"""The loop: it learns, stops, and survives bad numbers."""

import importlib
import math
from dataclasses import replace
from unittest.mock import ANY

import numpy as np
import pytest
import tifffile
import torch

from napari_cihm.config import Decoding, Normalisation, TrainSettings
from napari_cihm.data.layouts import find_pairs
from napari_cihm.data.pairs import Pair, PairSource
from napari_cihm.data.reading import read_image
from napari_cihm.errors import (
    DataError,
    InputError,
    UnknownNameError,
)
from napari_cihm.events import EpochDone, Note, StepDone, Trained, TrainingStarted
from napari_cihm.models import build_model, load_model
from napari_cihm.segmentation import segment
from napari_cihm.training import train
from napari_cihm.training.batches import Drawer
from napari_cihm.training.evaluation import evaluate
from napari_cihm.training.learner import Learner
from napari_cihm.training.loop import HOPELESS
from napari_cihm.training.schedule import augmentation
from napari_cihm.training.state import RunState
from napari_cihm.training.validation import Validator
from tests.training.conftest import QUICK, SMALL, run, weights


def test_events_come_in_order_and_the_last_has_the_model(pairs):
    events = run(pairs)
    assert isinstance(events[0], TrainingStarted)
    assert [type(e) for e in events[1:5]] == [StepDone, StepDone, StepDone, EpochDone]
    assert isinstance(events[-1], Trained)
    assert events[0].validation_images == 1 and events[0].images == 5
    config = events[-1].model.config
    assert config.task == "instance" and config.classes == 3
    assert config.training.images == 5
    assert config.diameter == pytest.approx(11, abs=2)


def test_it_learns(pairs):
    events = run(pairs, epochs=8, steps_per_epoch=10, rate=0.01)
    losses = [e.loss for e in events if isinstance(e, StepDone)]
    assert np.mean(losses[-10:]) < 0.6 * np.mean(losses[:5])
    assert events[-1].figures["dice"] > 0.8


def test_figures_are_those_of_the_model_as_it_is_given(pairs, monkeypatch):
    # Its thresholds are tuned after the last epoch was scored.
    made = []

    class Watched(Validator):
        def __init__(self, *given):
            super().__init__(*given)
            made.append(self)

    module = importlib.import_module("napari_cihm.training.train")
    monkeypatch.setattr(module, "Validator", Watched)
    tuned = Decoding(foreground=0.8, min_size=60)
    monkeypatch.setattr("napari_cihm.training.keeping.tune", lambda score, start: tuned)
    last = run(pairs, epochs=4, steps_per_epoch=10, rate=0.01)[-1]
    found = made[0].score(last.model) | {"validation_loss": ANY}
    assert found == {name: last.figures[name] for name in found}
    assert last.model.config.training.figures == last.figures


def test_one_seed_gives_one_set_of_weights(pairs):
    first, second, other = (weights(run(pairs, seed=s)[-1]) for s in (1, 1, 2))
    assert all(torch.equal(first[k], second[k]) for k in first)
    assert not all(torch.equal(first[k], other[k]) for k in first)


@pytest.fixture
def _unlike_torchs_own():
    torch.set_default_dtype(torch.float64)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture(scope="module")
def plain(pairs):
    """A model trained by a caller who has set nothing, and one trained further."""
    first = run(pairs, epochs=1)[-1].model
    return first, run(pairs, model=first, options=None, epochs=1)[-1].model


@pytest.mark.usefixtures("_unlike_torchs_own")
def test_weights_do_not_depend_on_what_its_caller_has_set(plain, pairs):
    before = torch.get_rng_state()
    first = run(pairs, epochs=1)[-1].model
    further = {**QUICK, "model": first, "epochs": 1}
    for last in train(pairs, **further):
        assert torch.is_inference_mode_enabled() and torch.is_autocast_enabled("cpu")
        hashed = getattr(last, "model", first).hash
    assert (first.hash, hashed) == tuple(model.hash for model in plain)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_best_epoch_is_kept_and_not_the_last(pairs, monkeypatch):
    scores = iter([0.3, 0.9, 0.5])
    states = []

    def score(self, model):
        states.append({k: v.clone() for k, v in model.network.state_dict().items()})
        return {"validation_loss": 1.0, "score": next(scores)}

    monkeypatch.setattr(Validator, "score", score)
    best = weights(run(pairs, epochs=3)[-1])
    assert all(torch.equal(best[k], states[1][k]) for k in best)
    assert not all(torch.equal(best[k], states[2][k]) for k in best)


def test_numbers_that_are_none_stop_the_run_and_spare_the_weights(pairs, monkeypatch):
    taken = []

    def loss(logits, targets, valid):
        taken.append(1)
        return logits.sum() * (math.nan if len(taken) > 3 else 1e-6)

    original = Learner.__init__

    def wrecked(self, *arguments):
        original(self, *arguments)
        self.loss = loss

    monkeypatch.setattr(Learner, "__init__", wrecked)
    events = run(pairs, epochs=20)
    steps = [e for e in events if isinstance(e, StepDone)]
    assert len(steps) == 3 + HOPELESS
    assert "no longer a number" in events[-1].reason
    for tensor in weights(events[-1]).values():
        assert tensor.isfinite().all()


def test_one_bad_image_leaves_no_trace(pairs, monkeypatch):
    draw = Drawer.draw

    def spoilt(self, step, strength=1.0):
        batch = draw(self, step, strength)
        if step == 2:
            batch.images[:] = math.nan
        return batch

    monkeypatch.setattr(Drawer, "draw", spoilt)
    for epochs in (1, 2):  # ends with the bad one, and goes on behind it
        events = run(pairs, epochs=epochs)
        losses = [e.loss for e in events if isinstance(e, StepDone)]
        assert [math.isnan(loss) for loss in losses] == [
            n == 2 for n in range(3 * epochs)
        ]
        assert all(tensor.isfinite().all() for tensor in weights(events[-1]).values())


@pytest.mark.parametrize("wrong", [math.nan, "weights"])
def test_what_is_no_number_is_never_the_best(wrong):
    state = RunState(build_model("unet", base=4), TrainSettings())
    if wrong == "weights":
        next(state.average.buffers()).fill_(math.inf)
        assert not state.sound and not state.keep_best(0.5)
    else:
        assert not state.keep_best(math.nan)
        assert state.keep_best(0.5)
    assert all(tensor.isfinite().all() for tensor in state.best.values())


def test_a_time_budget_ends_the_run(pairs):
    events = run(pairs, epochs=None, seconds=1.0)
    assert isinstance(events[-1], Trained)
    assert events[-2].seconds < 6


def test_regions_with_several_classes(pairs):
    classed = [Pair.of(p.name, p.image, p.labels % 3) for p in pairs]
    model = run(classed, task="semantic")[-1].model
    assert model.config.task == "semantic" and model.config.classes == 3
    maps = model.predict(np.zeros((1, 1, 9, 7), np.float32))
    np.testing.assert_allclose(maps.sum(1), 1, rtol=1e-5)


@pytest.mark.parametrize("loss", ["dice", "boundary"])
def test_one_region(pairs, loss):
    flat = [Pair.of(p.name, p.image, 255 * (p.labels > 0)) for p in pairs]
    events = run(
        flat, task="semantic", loss=loss, epochs=8, steps_per_epoch=8, rate=0.01
    )
    assert events[-1].model.config.classes == 1
    assert events[-1].figures["dice"] > 0.8


def test_a_few_numbers_far_apart_are_classes_in_their_order(pairs):
    greys = np.array([0, 127, 255])
    classed = [Pair.of(p.name, p.image, p.labels % 3) for p in pairs]
    coded = [replace(pair, labels=greys[pair.labels]) for pair in classed]
    said, *_, last = run(coded, task="semantic", epochs=1)
    assert said.text == "The numbers 127, 255 are the classes 1 to 2, in this order."
    model = last.model
    assert model.config.classes == 3 and model.config.numbers == (127, 255)
    assert model.hash == run(classed, task="semantic", epochs=1)[-1].model.hash
    # Judged alike, though an image alone lacks a class or is numbered already.
    second = replace(coded[0], labels=255 * (classed[0].labels == 2))
    for pair, truth in (
        (coded[0], classed[0].labels),
        (classed[0], classed[0].labels),
        (second, 2 * (classed[0].labels == 2)),
    ):
        *_, scored, _ = evaluate(model, [PairSource.holding(pair)])
        np.testing.assert_array_equal(scored.shown.truth, truth)
    strange = replace(coded[0], labels=coded[0].labels // 2)
    with pytest.raises(DataError, match=r"63.*numbers among 127, 255, or 1 to 2"):
        list(evaluate(model, [PairSource.holding(strange)]))


@pytest.mark.parametrize("most", [8, 9])
def test_more_numbers_than_classes_have_are_told(pairs, most):
    numbers = (np.where(p.labels > 3, most, p.labels) for p in pairs)
    coded = [Pair.of(p.name, p.image, n) for p, n in zip(pairs, numbers, strict=True)]
    said = [e.text for e in run(coded, task="semantic", epochs=1) if type(e) is Note]
    told = "The 4 numbers of the masks, up to 9, are taken for classes."
    assert [words.startswith(told) for words in said] == [True] * (most == 9)


def test_bad_wishes_are_refused(pairs):
    with pytest.raises(InputError, match="patch"):
        run(pairs, patch=3)
    with pytest.raises(InputError, match="unknown_setting"):
        run(pairs, unknown_setting=3)
    with pytest.raises(DataError, match="no pairs"):
        run([])


@pytest.mark.parametrize(
    "limit",
    [
        {"seconds": -1},
        {"seconds": math.nan},
        {"seconds": "soon"},
        {"epochs": 0},
        {"epochs": 1.5},
        {"seed": -1},
        {"seed": 1.5},
        {"seed": 2**70},
        {"options": 3},
    ],
)
def test_arguments_that_are_none_are_refused(pairs, limit):
    with pytest.raises(InputError, match=f"{next(iter(limit))}="):
        run(pairs, **limit)


def test_arrays_with_their_labels_are_pairs(plain, pairs):
    arrays = [(pair.image[0], pair.labels) for pair in pairs]
    assert run(arrays, epochs=1)[-1].model.hash == plain[0].hash


def test_a_loaded_model_is_trained_further(plain):
    first, further = plain
    assert further.config.training.base == first.hash != further.hash


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (None, r"data=None; expected a folder, or a list of pairs"),
        (
            [np.zeros((9, 9))] * 2,
            r"pair 1 came as ndarray; expected .* \(image, labels",
        ),
        ([(np.zeros((9, 9)), None)], "pair 1: its labels are object"),
        ([(np.zeros((2, 9, 9)), np.ones((2, 9, 9)))], "slices of a stack one by one"),
        ([(np.eye(9), np.ones((8, 9)))], "pair 1: the image is 9 x 9 and its mask"),
    ],
)
def test_what_is_no_pair_is_refused(data, words):
    with pytest.raises(InputError, match=words):
        run(data)


def test_masks_without_anything_are_refused(pairs):
    empty = [replace(pair, labels=np.zeros_like(pair.labels)) for pair in pairs]
    with pytest.raises(InputError, match="masks to learn from are empty"):
        run(empty)


@pytest.fixture(scope="module")
def first_run(pairs, tmp_path_factory):
    """Train for long enough to know discs; give the file of the model."""
    folder = tmp_path_factory.mktemp("first")
    run(pairs, folder=folder, epochs=8, steps_per_epoch=10, rate=0.01)
    return str(folder / "best.safetensors")


def test_a_model_is_trained_further(pairs, first_run):
    further = {"model": first_run, "options": None, "epochs": 1}
    last = run(pairs, **further)[-1]
    assert last.figures["dice"] > 0.8  # from nothing this takes far more than 3 steps
    first, record = load_model(first_run), last.model.config.training
    assert record.base == first.hash
    assert record.earlier == (first.config.training.command,)
    with pytest.raises(InputError, match="was trained for the task 'instance'"):
        run(pairs, **further, task="semantic")
    with pytest.raises(InputError, match="is already built"):
        run(pairs, **{**further, **SMALL})
    with pytest.raises(UnknownNameError, match="cihm-dsb18"):
        run(pairs, model="cihm-dsb19", options=None)


def test_percentiles_are_a_models_own_unless_others_are_asked_for(pairs, tmp_path):
    first = run(pairs, folder=tmp_path / "first", low=3)[-1].model.config.normalisation
    assert (first.low, first.high) == (3, Normalisation().high)
    further = {"model": str(tmp_path / "first/best.safetensors"), "options": None}
    assert run(pairs, **further)[-1].model.config.normalisation == first
    other = run(pairs, **further, high=99)[-1].model.config.normalisation
    assert (other.low, other.high) == (3, 99)
    with pytest.raises(InputError, match="low is 3, but has to lie below high"):
        run(pairs, low=3, high=2)


def test_a_grey_model_is_trained_further_in_colour(pairs, first_run):
    coloured = [
        Pair(pair.name, np.repeat(pair.image, 3, axis=0), pair.labels) for pair in pairs
    ]
    events = run(coloured, model=first_run, options=None, epochs=1)
    assert "now sees 3 channels instead of 1, weighted" in events[0].text
    config = events[-1].model.config
    assert config.in_channels == 3 and config.accepts_grey
    assert config.training.base == load_model(first_run).hash
    assert events[-1].figures["dice"] > 0.8


@pytest.mark.parametrize("channels", [2, 4, 5])
def test_files_are_segmented_by_the_channels_they_were_learnt_by(
    pairs, tmp_path, channels
):
    rng = np.random.default_rng(0)
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    for pair in pairs[:2]:
        others = rng.integers(0, 99, (channels - 1, *pair.labels.shape), np.uint8)
        image, file = np.concatenate([others, pair.image]), f"{pair.name}.ome.tif"
        tifffile.imwrite(tmp_path / "images" / file, image, metadata={"axes": "CYX"})
        tifffile.imwrite(tmp_path / "masks" / file, pair.labels)
    model = run(tmp_path, epochs=2, steps_per_epoch=10, rate=0.01)[-1].model
    assert model.config.in_channels == channels
    files = [tmp_path / "images" / f"{pair.name}.ome.tif" for pair in pairs[:2]]
    found = [segment(read_image(file), model) for file in files]
    *scored, _ = evaluate(model, find_pairs(tmp_path))
    for event, labels in zip(scored, found, strict=True):
        np.testing.assert_array_equal(event.shown.found, labels)
        assert labels.any()


def test_a_single_image_is_trained_on_with_a_word(pairs):
    events = run(pairs[:1])
    assert isinstance(events[0], Note) and "flatter" in events[0].text
    assert isinstance(events[-1], Trained)


def test_augmentation_lessens_over_a_run_and_never_grows():
    def course(**settings):
        return [augmentation(p, TrainSettings(**settings)) for p in (0.0, 0.5, 1.0)]

    assert course() == pytest.approx([1.0, 0.7, 0.4])
    assert course(augmentation=0.8, augmentation_end=0.0) == [0.8, 0.4, 0.0]
    assert course(augmentation=0.2) == pytest.approx([0.2] * 3)


def test_images_with_nothing_on_them_are_drawn_unless_they_are_not_wanted(
    pairs, monkeypatch
):
    drawn = []
    monkeypatch.setattr("napari_cihm.data.augment.EMPTY", 1)
    monkeypatch.setattr(
        "napari_cihm.data.augment.draw_nothing",
        lambda _, size, __, stretch: drawn.append(stretch) or torch.rand(1, size, size),
    )
    run(pairs[:1], sparse=False)
    assert not drawn
    run(pairs[:1], low=7)
    assert drawn and {stretch.low for stretch in drawn} == {7}  # as the model sees
