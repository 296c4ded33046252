"""Channels: chosen, merged, repeated, or refused with what would help."""

from dataclasses import replace

import numpy as np
import pytest

from napari_cihm.config import ModelConfig, SegmentSettings
from napari_cihm.data.image import Image
from napari_cihm.errors import InputError
from napari_cihm.events import Note
from napari_cihm.segmentation import segment_iter
from napari_cihm.segmentation.channels import ChannelPlan, plan_channels
from napari_cihm.segmentation.source import look_over
from tests.segmentation.conftest import Local, Perfect, discs


def _plan(
    shape: tuple[int, ...], axes: str, wanted: int, channels="auto", grey: bool = True
) -> ChannelPlan:
    image = Image.of(np.zeros(shape, np.uint8), axes)
    config = ModelConfig(recipe="r", in_channels=wanted, accepts_grey=grey)
    return plan_channels(image, SegmentSettings(channels=channels), config)


@pytest.mark.parametrize(
    ("shape", "axes", "wanted", "channels", "read", "repeat"),
    [
        ((9, 9), "yx", 1, "auto", (0,), 1),
        ((9, 9), "yx", 3, "auto", (0,), 3),
        ((9, 9, 3), "yxc", 3, "auto", (0, 1, 2), 1),
        ((9, 9, 4), "yxc", 3, "auto", (0, 1, 2), 1),
        ((9, 9, 4), "yxc", 1, "auto", (0, 1, 2), 1),
        ((5, 9, 9), "cyx", 1, 3, (3,), 1),
        ((5, 9, 9), "cyx", 3, 3, (3,), 3),
        ((5, 9, 9), "cyx", 1, "auto", (0, 1, 2, 3, 4), 1),
        ((5, 9, 9), "cyx", 3, "merge", (0, 1, 2, 3, 4), 3),
        ((2, 9, 9), "cyx", 3, "auto", (0, 1), 3),
        ((2, 9, 9), "cyx", 2, "auto", (0, 1), 1),
        ((9, 9), "yx", 1, "merge", (0,), 1),
    ],
)
def test_what_a_model_sees(shape, axes, wanted, channels, read, repeat) -> None:
    plan = _plan(shape, axes, wanted, channels)
    assert (plan.read, plan.repeat) == (read, repeat)
    part = np.zeros((len(read), 4, 5))
    assert plan.apply(part).shape == (wanted, 4, 5)


def test_colour_is_merged_as_the_eye_does() -> None:
    plan = _plan((9, 9, 3), "yxc", 1)
    merged = plan.apply(np.array([100.0, 50.0, 10.0]).reshape(3, 1, 1))
    assert merged.item() == pytest.approx(0.299 * 100 + 0.587 * 50 + 0.114 * 10)
    even = _plan((2, 9, 9), "cyx", 1)
    assert even.apply(np.array([100.0, 50.0]).reshape(2, 1, 1)).item() == 75


@pytest.mark.parametrize(
    ("shape", "axes", "wanted", "channels", "grey", "words"),
    [
        ((9, 9), "yx", 3, "auto", False, "a model for 3 channels on 1"),
        ((9, 9), "yx", 1, 1, True, "channel 1 of an image with 1 channel"),
        ((2, 9, 9), "cyx", 3, "auto", False, "a model for 3 channels on an image of 2"),
        ((9, 9, 3), "yxc", 3, 0, False, "a model for 3 channels on 1"),
        ((9, 9, 3), "yxc", 2, "auto", False, "a model for 2 channels on an image of 3"),
    ],
)
def test_what_does_not_fit_is_refused(
    shape, axes, wanted, channels, grey, words
) -> None:
    with pytest.raises(InputError, match=words):
        _plan(shape, axes, wanted, channels, grey)


@pytest.mark.parametrize("wanted", [1, 3])
def test_a_model_that_sees_grey_merges_what_nobody_chose_from(wanted) -> None:
    plan = _plan((2, 9, 9), "cyx", wanted)
    made = plan.apply(np.stack([np.full((4, 5), 10), np.full((4, 5), 30)]))
    assert made.shape == (wanted, 4, 5) and (made == 20).all()
    assert "2 channels were averaged" in plan.note
    assert plan.note.endswith("channel 0 or 1")


def test_a_merge_nobody_asked_for_is_said() -> None:
    image = np.zeros((2, 40, 40), np.uint8)
    texts = [
        event.text
        for event in segment_iter(image, Local(), "cyx")
        if isinstance(event, Note)
    ]
    assert any("(axes cyx)" in text and "channel 0 or 1" in text for text in texts)
    chosen = segment_iter(image, Local(), "cyx", channels=1)
    assert not any("averaged" in e.text for e in chosen if isinstance(e, Note))


def test_what_is_assumed_of_an_image_is_said() -> None:
    image = Image.of(np.zeros((2, 40, 40), np.uint8), "zyx", note="two slices")
    said = [e.text for e in segment_iter(image, Local()) if isinstance(e, Note)]
    assert said[0] == "two slices"


TINTS = {"green": (0, 1, 0), "yellow": (1, 0.9, 0), "blue of DAPI": (0.2, 0.4, 1)}


def _tinted(tint: tuple[float, ...]) -> np.ndarray:
    grain = np.random.default_rng(0).normal(20, 3, (60, 60))
    grey = (discs(grain.shape, 6, 6) > 0) * 200 + grain
    return (grey.clip(0, 255)[..., None] * tint).astype(np.uint8)


@pytest.mark.parametrize("tint", TINTS.values(), ids=TINTS)
def test_fluorescence_of_any_tint_is_seen_in_grey(tint) -> None:
    config = ModelConfig(recipe="r", in_channels=3)
    image = Image.of(_tinted(tint), "yxc")
    settings, channels, _, pixels = look_over(image, image, SegmentSettings(), config)
    assert (settings.channels, channels.repeat) == (int(np.argmax(tint)), 3)
    assert (pixels == pixels[:1]).all()
    colours_only = config.but(accepts_grey=False)
    assert not look_over(image, image, SegmentSettings(), colours_only)[1].weights


def test_stains_and_stains_of_fluorescence_stay_colours() -> None:
    config = ModelConfig(recipe="r", in_channels=3)
    stained = 255 - _tinted((0.3, 0.8, 0.4))
    two = _tinted((0, 0, 1)) + np.roll(_tinted((0, 1, 0)), 9, axis=0)
    turned = np.pad(stained, [(20, 20), (20, 20), (0, 0)])
    for colours in (stained, turned, two, _tinted((1, 1, 1))):
        image = Image.of(colours, "yxc")
        seen = look_over(image, image, SegmentSettings(), config)[1]
        assert replace(seen, note="") == ChannelPlan((0, 1, 2))
        assert ("dyes on black" in seen.note) is (colours is two)  # a hint to choose
    only = config.but(accepts_grey=False)
    image = Image.of(two, "yxc")
    assert not look_over(image, image, SegmentSettings(), only)[1].note


def test_three_channels_that_are_shown_as_colours_are_told_of() -> None:
    assert "(axes cyx)" in _plan((3, 9, 9), "cyx", 3).note
    assert "channel 0 to 2" in _plan((2, 3, 9, 9), "zcyx", 3).note
    for shape, axes, wanted, grey in (
        ((9, 9, 3), "yxc", 3, True),
        ((2, 9, 9), "cyx", 2, True),
        ((3, 9, 9), "cyx", 3, False),
    ):
        assert not _plan(shape, axes, wanted, grey=grey).note


def test_a_weak_second_dye_is_not_made_as_bright_as_the_first() -> None:
    config = ModelConfig(recipe="r", in_channels=3)
    weak = np.roll(_tinted((0, 0.1, 0)), 9, axis=0)
    image = Image.of(_tinted((0, 0, 1)) + weak, "yxc")
    settings, *_, pixels = look_over(image, image, SegmentSettings(), config)
    assert settings.channels == 2
    assert (pixels == _tinted((0, 0, 1))[..., 2]).all()


def _stained() -> np.ndarray:
    """Discs in haematoxylin on eosin, (y, x, colour)."""
    nucleus = (discs((60, 60), 6, 6) > 0)[..., None]
    grain = np.random.default_rng(0).normal(1, 0.1, (60, 60, 1))
    absorbed = 1.2 * nucleus * [0.65, 0.7, 0.29] + 0.9 * grain * [0.3, 0.8, 0.52]
    return (250 * np.exp(-absorbed)).astype(np.uint8)


def test_of_tissue_with_other_stains_haematoxylin_is_seen_and_that_is_said() -> None:
    config = ModelConfig(recipe="r", in_channels=3, classes=3, task="instance")
    image = Image.of(np.pad(_stained(), [(8, 8), (8, 8), (0, 0)]), "yxc")
    settings, channels, _, pixels = look_over(image, image, SegmentSettings(), config)
    assert settings.channels == "haematoxylin"
    assert channels.stained
    notes = [e.text for e in segment_iter(image, Perfect()) if isinstance(e, Note)]
    assert channels.note in notes
    assert (pixels == channels.apply(image.read())).all()
    for other in (0, "merge"):
        chosen = SegmentSettings(channels=other)
        assert look_over(image, image, chosen, config)[0] == chosen


def test_only_colours_hold_haematoxylin() -> None:
    assert _plan((9, 9, 3), "yxc", 1, "haematoxylin").weights
    with pytest.raises(InputError, match="haematoxylin in an image with axes 'cyx'"):
        _plan((3, 9, 9), "cyx", 3, "haematoxylin")
