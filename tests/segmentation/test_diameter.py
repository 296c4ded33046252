"""The typical diameter: estimated by looking, given, or left alone."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from napari_cihm.config import ModelConfig, SegmentSettings
from napari_cihm.data.image import Image
from napari_cihm.errors import InputError
from napari_cihm.events import Note, Segmented
from napari_cihm.segmentation import diameter, segment, segment_iter
from napari_cihm.segmentation.predictor import Predictor
from napari_cihm.segmentation.source import look_over
from tests.segmentation.conftest import WHOLE_RANGE, discs

AUTO = SegmentSettings()


def find_diameter(
    image: Image, model: Predictor, settings: SegmentSettings
) -> tuple[float | None, str]:
    """Find it as a run does, which has looked at the contrast before."""
    settings, _, ranges, _ = look_over(image, image, settings, model.config)
    return diameter.find_diameter(image, model, settings, ranges)


class Tuned:
    """A model that knows discs about twenty pixels wide, and errs as models do.

    What is much smaller it does not see; what is much larger falls into pieces.
    """

    key = "tuned"
    config = ModelConfig(
        recipe="tuned",
        classes=3,
        task="instance",
        diameter=20.0,
        normalisation=WHOLE_RANGE,
    )

    def __init__(self) -> None:
        self.calls: list[tuple[int, ...]] = []

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        self.calls.append(batch.shape)
        inside = ndimage.binary_opening(batch[:, 0] > 0.5, np.ones((1, 5, 5)))
        depth = np.stack([ndimage.distance_transform_edt(plane) for plane in inside])
        rows, columns = np.ogrid[: batch.shape[-2], : batch.shape[-1]]
        cracks = (depth.max(initial=0) > 32) & ((rows % 13 < 2) | (columns % 13 < 2))
        maps = [inside & ~cracks, 0 * depth, np.minimum(depth / 8, 1) * ~cracks]
        return np.stack(maps, axis=1).astype(np.float32)


class Dreaming(Tuned):
    """A model that sees discs, five pixels wide, in any image as wide as `SIDE`."""

    SIDE, WIDTH = 60, 5.0

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        self.calls.append(batch.shape)
        side = batch.shape[-1]
        radius = self.WIDTH / 2 * side / self.SIDE
        seen = (discs((side, side), radius, 2 * radius) > 0)[None, None]
        return np.concatenate([seen, 0 * seen, seen], axis=1).astype(np.float32)


class Told(Tuned):
    """A model that sees discs as wide as it is told, look by look."""

    def __init__(self, widths: list[float], huge: bool) -> None:
        super().__init__()
        self.widths, self.huge = widths, huge  # of the last look, a corner

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        width, shape = self.widths.pop(0), batch.shape[-2:]
        seen = discs(shape, width / 2, 4) > 0 if width else np.zeros(shape, bool)
        if not self.widths:
            seen[:60, :60] = self.huge
        return np.stack([seen, 0 * seen, seen])[None].astype(np.float32)


@pytest.mark.parametrize(
    ("last", "huge", "found"), [(20, False, 64), (30, False, None), (20, True, None)]
)
def test_a_size_is_believed_that_others_and_a_last_look_bear_out(
    last: float, huge: bool, found: float | None
) -> None:
    # At zooms of 1, 1/2, 2, 1/4 and 1/8: a half and a quarter agree on 64 pixels, and
    # none with what would fit best.
    model = Told([0, 32, 20, 16, 0, last], huge)
    seen, _ = find_diameter(Image.of(np.eye(512)), model, AUTO)
    assert seen == (found and pytest.approx(found, rel=0.1))
    assert not model.widths


@pytest.mark.parametrize("radius", [4, 34, 45, 70])
def test_sizes_far_from_the_models_are_estimated(radius: int) -> None:
    image = discs((600, 700), radius, radius) > 0
    found, note = find_diameter(Image.of(image), Tuned(), AUTO)
    assert found == pytest.approx(2 * radius, rel=0.25)
    assert "diameter=" in note


@pytest.mark.parametrize("radius", [5, 8, 10, 13, 26])
def test_sizes_near_the_models_leave_the_image_as_it_is(radius: int) -> None:
    model = Tuned()
    image = Image.of(discs((300, 300), radius, 6) > 0)
    assert find_diameter(image, model, AUTO) == (None, "")
    assert len(model.calls) <= 5
    assert max(max(shape[2:]) for shape in model.calls) <= 256


def test_one_look_is_enough_when_it_fits() -> None:
    model = Tuned()
    find_diameter(Image.of(discs((300, 300), 10, 6) > 0), model, AUTO)
    assert len(model.calls) == 1


@pytest.mark.parametrize(
    "widths", [[36, 18], [11, 0, 22], [57, 28.5, 0, 0, 0], [36, 26, 0, 0, 0]]
)
def test_two_looks_that_agree_are_enough_where_the_image_stays(widths) -> None:
    # All others have their turn where a size is nearly too large, or is disputed.
    model = Told(widths, huge=False)
    assert find_diameter(Image.of(np.eye(512)), model, AUTO) == (None, "")
    assert not model.widths


def test_a_look_at_the_whole_image_is_not_repeated() -> None:
    model, image = Tuned(), discs((200, 230), 10, 6) > 0
    found = segment(image, model)
    assert model.calls == [(1, 1, 200, 230)]
    np.testing.assert_array_equal(found, segment(image, Tuned(), diameter=None))
    segment(image[:, :150], model, of=Image.of(image, "yx"))
    assert model.calls[1:] == [(1, 1, 200, 230), (1, 1, 200, 150)]


def test_the_liveliest_part_of_an_empty_slide_is_looked_at() -> None:
    image = np.zeros((2, 2000, 2000), np.uint8)  # and at the middle of its depth
    image[1, 1400:, 1400:] = (discs((600, 600), 36, 12) > 0) * 200
    found, _ = find_diameter(Image.of(image, "zyx"), Tuned(), AUTO)
    assert found == pytest.approx(72, rel=0.25)


def test_grain_is_no_crowd_of_tiny_objects() -> None:
    model = Tuned()
    grain = np.random.default_rng(0).random((300, 300)) > 0.5
    assert find_diameter(Image.of(grain), model, AUTO) == (None, "")
    assert len(model.calls) == 6  # what was seen enlarged was looked at once more


@pytest.mark.parametrize("coarse", [0, 0.7, 1.2])
def test_what_has_every_shade_of_grey_is_not_enlarged(coarse: float) -> None:
    shape = (Dreaming.SIDE, Dreaming.SIDE)
    light = discs(shape, 2.5, 5) > 0
    found, _ = find_diameter(Image.of(light), Dreaming(), AUTO)
    assert found == pytest.approx(5, rel=0.2)
    noise = np.random.default_rng(0).normal(size=shape)
    noisy = light + 0.25 * noise
    assert find_diameter(Image.of(noisy), Dreaming(), AUTO)[0] == found
    grain = ndimage.gaussian_filter(noise, coarse)
    assert find_diameter(Image.of(grain), Dreaming(), AUTO) == (None, "")


def test_nothing_to_see_and_nothing_to_know_change_nothing() -> None:
    blank = Image.of(np.zeros((200, 200)))
    assert find_diameter(blank, Tuned(), AUTO) == (None, "")
    unsized = Tuned()
    unsized.config = Tuned.config.but(diameter=None)
    crowded = Image.of(discs((300, 300), 30, 9) > 0)
    assert find_diameter(crowded, unsized, AUTO) == (None, "")
    assert not unsized.calls
    given, note = find_diameter(crowded, unsized, SegmentSettings(diameter=60))
    assert given == 60
    assert "does not say how large" in note


def test_a_given_diameter_and_none_are_obeyed() -> None:
    image, model = Image.of(discs((300, 300), 30, 9) > 0), Tuned()
    assert find_diameter(image, model, SegmentSettings(diameter=33)) == (33, "")
    assert find_diameter(image, model, SegmentSettings(diameter=None)) == (None, "")
    assert not model.calls


def test_a_run_scales_by_its_estimate_and_says_so() -> None:
    truth = discs((420, 420), 30, 40)
    *events, last = segment_iter(truth > 0, Tuned())
    assert isinstance(last, Segmented)
    assert last.objects == truth.max()
    assert last.diameter == pytest.approx(60, rel=0.25)
    assert last.zoom == pytest.approx(1 / 3, rel=0.25)
    assert any("is scaled by" in e.text for e in events if isinstance(e, Note))


def test_no_image_is_enlarged_beyond_what_memory_holds() -> None:
    """A block of 1,280 pixels has maps of eight gigabytes when enlarged 20 times."""
    model, image = Tuned(), Image.of(discs((300, 300), 30, 9) > 0)
    with pytest.raises(InputError, match=r"20\.0 times; expected at least 2 pixels"):
        segment(image, model, diameter=1)
    assert not model.calls
    assert find_diameter(image, model, SegmentSettings(diameter=2)) == (2, "")
    assert diameter.keeps_scale(1.9, 20) and not diameter.keeps_scale(2.1, 20)
    unsized = Tuned()
    unsized.config = Tuned.config.but(diameter=None)
    assert find_diameter(image, unsized, SegmentSettings(diameter=1))[0] == 1
