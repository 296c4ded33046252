"""Fine-tuning: it helps, it never flatters, and it refuses with a clear word."""

from importlib import import_module
from itertools import islice
from time import monotonic, sleep

import numpy as np
import pytest
import torch

from napari_cihm.config import FinetuneSettings
from napari_cihm.errors import (
    DataError,
    DtypeError,
    InputError,
    ShapeError,
    UnavailableError,
)
from napari_cihm.events import (
    Finetuned,
    FinetuneStarted,
    Note,
    StepDone,
    Trained,
)
from napari_cihm.models import Model, load_model
from napari_cihm.segmentation import segment
from napari_cihm.training import course, finetune, train

REHEARSED = {"seconds": None, "steps": 12, "patch": 32, "batch": 4, "rate": 0.01}
FAST = REHEARSED | {"replay": 0.0}
module = import_module("napari_cihm.training.finetune")


@pytest.fixture(scope="module")
def base(make_discs):
    """A small U-Net that knows bright discs."""
    *_, last = train(
        [make_discs(seed) for seed in range(6)],
        "unet",
        epochs=6,
        options={"base": 4},
        patch=32,
        batch=4,
        steps_per_epoch=12,
        rate=0.01,
    )
    assert isinstance(last, Trained)
    return last.model


def run(base, images, labels, **settings):
    return list(finetune(base, images, labels, **{**FAST, **settings}))


def test_a_new_look_is_learnt_and_the_gate_says_so(base, make_dark):
    images, labels = zip(
        *(make_dark(s, shape=(96, 96), count=12) for s in range(20, 23)), strict=True
    )
    before = {k: v.clone() for k, v in base.network.state_dict().items()}
    events = list(finetune(base, images, labels, **REHEARSED | {"steps": 120}))
    last = events[-1]
    assert isinstance(events[0], FinetuneStarted) and events[0].images == 3
    assert isinstance(last, Finetuned)
    assert last.new_score > last.base_score + 0.2
    assert last.accepted and "better" in last.reason
    assert last.model.config.training.base == base.hash
    # the model given is left as it was
    for key, tensor in base.network.state_dict().items():
        assert torch.equal(tensor, before[key])


def test_compiling_takes_nothing_from_the_time(base, make_dark, monkeypatch):
    monkeypatch.setattr(module, "prepare", lambda _: sleep(2))
    image, labels = make_dark(20, shape=(96, 96), count=12)
    settings = FAST | {"steps": None, "seconds": 2.5}
    for event in finetune(base, [image], [labels], **settings):
        if isinstance(event, FinetuneStarted):
            began = monotonic()
    assert isinstance(event, Finetuned)
    assert monotonic() - began > 1.5


def test_what_compiles_for_a_gpu_leaves_the_model_as_it_is(base):
    before = {k: v.clone() for k, v in base.network.state_dict().items()}
    module._step(base, FinetuneSettings(patch=32, batch=2))
    for key, tensor in base.network.state_dict().items():
        assert torch.equal(tensor, before[key])
    assert all(p.grad is None for p in base.network.parameters())


def test_a_model_learns_where_it_is_told_to(base, make_dark):
    image, labels = make_dark(20)
    with pytest.raises(UnavailableError, match="no cuda:7 device"):
        run(base, [image], [labels], device="cuda:7")


@pytest.mark.parametrize("own", [None, 3.0, 8.0, 20.0, 60.0])
def test_a_model_keeps_its_size(base, make_discs, own):
    pair = make_discs(40, shape=(96, 96), count=12)
    start = Model(base.network, base.config.but(diameter=own))
    last = run(start, [pair.image[0]], [pair.labels], steps=1)[-1]
    learnt = pytest.approx(11, abs=2)
    assert last.model.config.diameter == (own or learnt)


@pytest.mark.parametrize(("own", "kept"), [(0.0, 0.0), (0.6, 0.6), (0.86, 0.75)])
def test_a_learner_need_not_be_as_sure_as_its_master(base, make_discs, own, kept):
    pair = make_discs(40, shape=(96, 96), count=12)
    decoding = base.config.decoding.but(sure=own)
    start = Model(base.network, base.config.but(decoding=decoding))
    last = run(start, [pair.image[0]], [pair.labels], steps=1)[-1]
    assert last.model.config.decoding.sure == kept


def test_no_step_of_few_is_spent_on_nothing(base, make_dark, monkeypatch):
    drawn = []
    monkeypatch.setattr("napari_cihm.data.augment.EMPTY", 1)
    monkeypatch.setattr("napari_cihm.data.augment.draw_nothing", drawn.append)
    image, labels = make_dark(20, shape=(96, 96), count=12)
    assert isinstance(run(base, [image], [labels], steps=4)[-1], Finetuned)
    assert not drawn


def test_what_is_not_better_is_not_taken(base, make_discs):
    images, labels = zip(
        *((p.image[0], p.labels) for p in map(make_discs, range(30, 33))), strict=True
    )
    last = run(base, images, labels, steps=1, rate=1e-6)[-1]
    assert not last.accepted
    assert last.warnings and "than the old one" in last.warnings[0]


def test_too_few_steps_are_blamed_on_the_machine(base, make_discs):
    pair = make_discs(30)
    stopped = False

    def verdict(**settings):
        settings = {"steps": None, "seconds": 0.05, "rate": 1e-6} | settings
        arguments = {"stop": lambda: stopped, **settings}
        return run(base, [pair.image[0]], [pair.labels], **arguments)[-1]

    short = verdict()
    assert not short.accepted
    assert "of learning: this machine is slow, or busy" in short.warnings[-1]
    assert short.learnt or short.new_figures == short.base_figures
    assert not any("machine" in word for word in verdict(steps=2).warnings)
    stopped = True
    words = verdict().warnings
    assert not any("machine" in word for word in words)
    assert words[-1] == "It was stopped before the first step: nothing was learnt."


@pytest.mark.slow
def test_one_seed_and_number_of_steps_give_one_model(base, make_dark):
    images, labels = zip(*(make_dark(s) for s in range(40, 44)), strict=True)

    def learnt(seed):
        *_, last = finetune(base, images, labels, **REHEARSED, seed=seed)
        return last.model.hash

    assert learnt(3) == learnt(3) != learnt(4)


def test_steps_that_are_counted_take_the_time_that_they_take(base, make_discs):
    pair = make_discs(30)
    timed, untimed = (
        run(base, [pair.image[0]], [pair.labels], steps=3, seconds=seconds)
        for seconds in (0.001, None)
    )
    taken = [event for event in timed if isinstance(event, StepDone)]
    assert len(taken) == (timed[0].folds + 1) * 3
    assert timed[-1].model.hash == untimed[-1].model.hash
    assert timed[-1].model.config.training.settings["seconds"] is None


@pytest.mark.slow
def test_only_reviewed_pixels_are_learnt(base, make_dark):
    images, labels = zip(
        *(make_dark(s, shape=(96, 96), count=14) for s in range(3)), strict=True
    )
    reviewed = [np.zeros((96, 96), bool) for _ in images]
    for mask in reviewed:
        mask[:, :60] = True
    poisoned = []
    for label, mask in zip(labels, reviewed, strict=True):
        other = label.copy()
        other[~mask] = 0
        poisoned.append(other)
    # objects that the edge cuts keep their visible part; beyond it nothing counts
    first = run(base, images, labels, reviewed=reviewed, steps=4)[-1].model
    second = run(base, images, poisoned, reviewed=reviewed, steps=4)[-1].model
    assert first.hash == second.hash


def test_from_five_objects_up_by_turns(base, make_dark):
    image, labels = make_dark(50, shape=(96, 96), count=9)
    labels = np.where(labels <= 6, labels, 0)
    events = run(base, [image], [labels])
    started = events[0]
    assert started.folds > 1 and "in turn" in started.sure
    assert started.held_out >= 3
    assert isinstance(events[-1], Finetuned)


@pytest.mark.slow
def test_stacks_and_series_are_learnt_plane_by_plane(base, make_dark):
    planes = [make_dark(s, count=5) for s in range(4)]
    stack = np.stack([image for image, _ in planes])
    labels = np.stack([label for _, label in planes])
    reviewed = np.zeros(labels.shape, bool)
    reviewed[1:3] = True
    events = run(base, [stack], [labels], reviewed=[reviewed])
    # numbers restart in each slice here, so objects are counted slice by slice
    assert events[0].objects == sum(len(np.unique(labels[z])) - 1 for z in (1, 2))
    series = run(base, [stack[:, None]], [labels[:, None]])
    assert series[0].objects > events[0].objects


def test_colour_after_grey_is_said_and_still_sees_grey(base, make_dark):
    images, labels = zip(*(make_dark(s) for s in range(4)), strict=True)
    colour = [np.stack([i, i // 2, 255 - i], -1) for i in images]
    events = run(base, colour, labels)
    notes = [e.text for e in events if isinstance(e, Note)]
    assert any("3 channels instead of 1" in text for text in notes)
    model = events[-1].model
    assert model.config.in_channels == 3 and model.config.accepts_grey


def test_haematoxylin_is_learnt_in_colours(base, make_dark):
    """As a segmentation shows it, whether the model knows grey or not."""
    image, labels = make_dark(20, shape=(96, 96), count=12)
    colours = np.stack([255 - image] * 3, -1)
    config = base.config.but(in_channels=3, accepts_grey=False)
    start = Model.untrained(config, "cpu")
    *_, last = run(start, [colours], [labels], channels="haematoxylin", steps=1)
    assert last.model.config.in_channels == 3
    assert not last.model.config.accepts_grey


@pytest.mark.parametrize("channels", [2, 4, 5])
def test_any_number_of_channels_is_learnt(base, make_discs, channels):
    pair = make_discs(30, shape=(96, 96), count=14)
    rng = np.random.default_rng(0)
    others = rng.integers(0, 99, (channels - 1, 96, 96), np.uint8)
    image = np.concatenate([pair.image, others])
    *_, last = finetune(base, [image], [pair.labels], **REHEARSED)
    model = last.model
    assert model.config.in_channels == channels
    assert segment(image, model, axes="cyx").any()


def test_a_channel_beside_others_is_learnt_as_if_it_were_alone(base, make_discs):
    pair = make_discs(30, shape=(96, 96), count=14)
    two = np.stack([255 - pair.image[0], pair.image[0]])
    alone = run(base, [pair.image[0]], [pair.labels], steps=2)[-1]
    beside = run(base, [two], [pair.labels], steps=2, channels=[1])[-1]
    assert beside.model.hash == alone.model.hash
    assert beside.base_figures == alone.base_figures
    records = [last.model.config.training for last in (alone, beside)]
    assert [record.settings["channels"] for record in records] == ["auto", 1]
    with pytest.raises(InputError, match="one choice for all, or one for each"):
        run(base, [two], [pair.labels], channels=[0, 1])


def stopped_after(count, base, images, labels, **settings):
    """Say once, after so many steps, that it is to stop; return all events."""
    events, said = [], []

    def stop():
        done = sum(isinstance(event, StepDone) for event in events)
        if done < count or said:
            return False
        return said.append(done) or True

    for event in finetune(base, images, labels, **FAST | settings, stop=stop):
        events.append(event)
    assert said == [count] == [sum(isinstance(e, StepDone) for e in events)]
    return events


def test_stopping_early_scores_the_best_so_far(base, make_dark):
    images, labels = zip(*(make_dark(s) for s in range(4)), strict=True)
    events = stopped_after(5, base, images, labels, steps=500)
    assert isinstance(events[-1], Finetuned) and events[-1].learnt


@pytest.mark.parametrize("steps", [3, 4, 12])  # in a fold, at its end, at the last's
def test_what_a_fold_taught_is_the_best_until_there_is_more(base, make_dark, steps):
    image, labels = make_dark(50, shape=(96, 96), count=9)
    labels = np.where(labels <= 6, labels, 0)
    first, *_, last = stopped_after(steps, base, [image], [labels], steps=4)
    assert first.folds == 3 and last.learnt
    assert last.model.hash != base.hash
    assert 0 < last.new_figures["objects"] < first.held_out
    assert last.new_figures["objects"] == last.base_figures["objects"]


def test_stopped_before_the_first_step_it_judges_nothing(base, make_dark, monkeypatch):
    images, labels = zip(*(make_dark(s) for s in range(4)), strict=True)
    looked = []
    monkeypatch.setattr(Model, "predict", lambda self, image: looked.append(image))
    last = stopped_after(0, base, images, labels, replay=0.5)[-1]
    assert not looked
    assert last.model.hash == base.hash and not last.learnt and not last.accepted
    assert last.base_figures == last.new_figures == {}
    assert last.reason == "the old model is kept: nothing was learnt"


def test_the_time_is_kept(base, make_dark):
    images, labels = zip(*(make_dark(s) for s in range(4)), strict=True)
    began = monotonic()
    run(base, images, labels, steps=None, seconds=2)
    assert 1 < monotonic() - began < 18  # the processor may be busy with much else


def emptied(images, labels):
    return images, [np.zeros_like(each) for each in labels]


def cropped(images, labels):
    return images, [each[:-1] for each in labels]


def thinned(images, labels):
    return images[:1], [np.where(labels[0] < 3, labels[0], 0)]


def lost(images, labels):
    return images, labels[:-1]


def unlabelled(images, labels):
    return images, None


def named(images, labels):
    return images, ["masks/1.png", "masks/2.png"]


def ragged(images, labels):
    return images, [[[1, 2], [3]], labels[1]]


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (emptied, DataError, "all background"),
        (cropped, ShapeError, "^image [12] of 2: .* same pixels"),
        (thinned, DataError, "Label 3 more"),
        (lost, InputError, "images and labels have 2 and 1 items"),
        (unlabelled, InputError, r"labels=None; expected a list of arrays"),
        (named, DtypeError, "'masks/1.png' is a name"),
        (ragged, DtypeError, "labels that no array can hold"),
    ],
)
def test_what_cannot_be_learnt_is_refused(base, change, error, words, make_dark):
    images, labels = zip(*(make_dark(s) for s in range(2)), strict=True)
    with pytest.raises(error, match=words):
        run(base, *change(list(images), list(labels)))


def test_who_only_deleted_is_told_to_mark_what_is_right_too(base, make_dark):
    image, labels = make_dark(0)
    with pytest.raises(DataError, match="mark those that are right as reviewed too"):
        run(base, [image], [labels], reviewed=[labels == 0])


def test_nothing_reviewed_is_refused(base, make_dark):
    image, labels = make_dark(0)
    with pytest.raises(DataError, match="no part of the labels is marked"):
        run(base, [image], [labels], reviewed=[np.zeros(labels.shape, bool)])


def test_one_plane_may_come_without_lists(base, make_dark):
    image, labels = make_dark(60, count=9)
    one = run(base, image, labels, steps=2)
    listed = run(base, [image], [labels], steps=2)
    assert one[-1].model.hash == listed[-1].model.hash


def test_columns_may_come_before_rows(base, make_dark):
    image, labels = make_dark(60, shape=(64, 96), count=9)
    seen = np.ones(labels.shape, bool)
    seen[:, 90:] = False
    upright = run(base, image, labels, reviewed=seen, steps=2)
    turned = run(base, image.T, labels.T, reviewed=seen.T, steps=2, axes="xy")
    assert turned[-1].model.hash == upright[-1].model.hash
    assert turned[-1].base_figures == upright[-1].base_figures


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda labels: labels / 3, "labels array 1 of 1 holds fractions"),
        (lambda labels: np.where(labels, labels, np.nan), "holds fractions"),
        (lambda labels: -labels, "labels array 1 of 1 holds negative numbers"),
    ],
)
def test_labels_that_name_no_objects_are_refused(base, make_dark, change, said):
    image, labels = make_dark(61, count=9)
    with pytest.raises(DataError, match=said):
        run(base, [image], [change(labels)])


def test_what_a_masked_array_hides_was_not_reviewed(base, make_dark):
    image, labels = make_dark(62, count=9)
    seen = np.ones(labels.shape, bool)
    seen[:, -20:] = seen[:, :4] = False
    everywhere = np.ma.masked_array(seen | True, ~seen)
    left = np.arange(seen.shape[1]) < 32
    given = (
        (labels, seen),
        (np.ma.masked_array(labels, ~seen), None),
        (labels, everywhere),
        (np.ma.masked_array(labels, ~seen & left), seen | left),
    )
    runs = [
        run(base, [image], [known], reviewed=None if mask is None else [mask], steps=1)
        for known, mask in given
    ]
    assert len({events[-1].model.hash for events in runs}) == 1


def test_whole_numbers_are_labels_whatever_their_kind(base, make_dark):
    image, labels = make_dark(62, count=9)
    kinds = (np.float64, np.uint8)
    masks = [labels.astype(kind) for kind in kinds]
    masks.append(np.where(labels, labels.astype(np.int64) + 2_000_000_000, 0))
    runs = [run(base, [image], [mask], steps=2) for mask in masks]
    assert len({events[-1].model.hash for events in runs}) == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"seconds": float("nan")}, "seconds=nan"),
        ({"seed": -1}, "seed=-1"),
        ({"reviewed": True}, "reviewed=True"),
        ({"reviewed": iter([])}, "reviewed=<list_iterator>"),
        ({"stop": 5}, "stop=5"),
        ({"current": 5}, "a model was given as int"),
    ],
)
def test_arguments_that_are_none_are_refused(base, make_dark, wrong, said):
    image, labels = make_dark(0)
    with pytest.raises(InputError, match=said):
        run(base, [image], [labels], **wrong)


def test_the_model_to_beat_may_be_named(base, make_dark):
    image, labels = make_dark(60, count=9)
    first, named, loaded = (
        run(base, image, labels, steps=1, current=current)[-1]
        for current in (None, "cihm-fluo", load_model("cihm-fluo", "cpu"))
    )
    assert first.base_figures != named.base_figures == loaded.base_figures
    assert first.model.hash == named.model.hash  # it learns from the same as before


def test_a_model_that_was_fine_tuned_gives_way_to_any_gain(
    base, make_dark, monkeypatch
):
    image, labels = make_dark(60, count=9)
    asked, judge = [], course.judge
    monkeypatch.setattr(
        course, "judge", lambda *a, **k: asked.append(k["seasoned"]) or judge(*a, **k)
    )
    last = run(base, image, labels, steps=1)[-1]
    run(base, image, labels, steps=1, current=last.model)
    assert asked == [True, False]


def test_without_a_time_it_ends_when_nothing_improves(base, make_discs, monkeypatch):
    monkeypatch.setattr("napari_cihm.training.fitting.CHECK_EVERY", 1)
    pair = make_discs(40, shape=(96, 96), count=16)
    settings = FAST | {"steps": None, "rate": 1e-6}
    events = islice(finetune(base, pair.image[0], pair.labels, **settings), 200)
    assert isinstance([*events][-1], Finetuned)


def test_without_any_image_there_is_nothing_to_learn(base):
    with pytest.raises(InputError, match="nothing to learn from"):
        run(base, [], [])
