"""Heavy grain is told from what images hold, and smoothed away."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage

import napari_cihm as cihm
from napari_cihm.config import SegmentSettings
from napari_cihm.data.grain import find_smoothing, smooth, smoothed, smoothings
from napari_cihm.data.image import Image
from napari_cihm.data.pairs import Pair
from napari_cihm.data.samples import make_sample
from napari_cihm.data.synthetic import nuclei, tissue
from napari_cihm.events import Note
from napari_cihm.models import load_model
from napari_cihm.segmentation.channels import plan_channels
from napari_cihm.segmentation.scaling import zooms_for
from napari_cihm.segmentation.source import Source, look_over
from napari_cihm.training.material import Plane
from napari_cihm.training.metrics import match

SHAPE = (256, 256)


def lit_by(photons, seed=3):
    """Return nuclei seen by so many photons, and what they are."""
    image, labels = nuclei(SHAPE, seed=seed)
    light = image - image.min()
    light = light / np.percentile(light, 99.8) * photons + 0.05 * photons
    rng = np.random.default_rng(seed)
    seen = rng.poisson(light) + rng.normal(0, 0.5, light.shape)
    return seen.astype(np.float32), labels


@pytest.mark.parametrize("photons", [3, 4, 6])
def test_little_light_is_smoothed_by_a_pixel_or_two(photons):
    image, _ = lit_by(photons)
    assert 1.2 < find_smoothing([image[None]]) < 2.7


def test_ordinary_images_and_mere_grain_stay_as_they_are():
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((1, *SHAPE))
    images = (
        nuclei(SHAPE, seed=0)[0][None],
        tissue(SHAPE, seed=0)[0].transpose(2, 0, 1),
        lit_by(100)[0][None],
        noise,
        ndimage.gaussian_filter(noise, (0, 2, 2)),
        np.full((1, 9, 9), 7, np.uint8),
        np.full((1, 9, 9), np.nan),
        np.zeros((1, 9, 2)),
        np.array([[[0, 1e300, -1e300, 3] * 20]] * 1),
    )
    for image in images:
        assert find_smoothing([image]) == 0
        assert smoothed(image) is image


def test_how_grainy_an_image_is_does_not_follow_from_how_it_is_cut_or_scaled():
    image, _ = lit_by(4)
    whole = find_smoothing([image[None]])
    halves = find_smoothing([image[None, :128], image[None, 128:]])
    assert halves == pytest.approx(whole, rel=0.02)
    far = (image.astype(np.float64) * 100 + 2**31).astype(np.uint32)
    assert find_smoothing([far[None]]) == pytest.approx(whole, rel=0.02)
    thrice = np.repeat(image[None], 3, axis=0)
    assert find_smoothing([thrice]) == pytest.approx(whole, rel=0.02)


def test_one_channel_without_grain_shows_the_objects():
    image, _ = lit_by(4)
    clear = nuclei(SHAPE, seed=3)[0]
    assert find_smoothing([np.stack([image, clear, image])]) == 0


def test_what_may_be_smoothed_by_less_has_steps_to_choose_from():
    assert smoothings(0) == []
    assert_allclose(smoothings(2), [2**-0.5, 1, 2**0.5, 2])


@pytest.mark.parametrize("diameter", ["auto", 6.0])
def test_small_objects_in_grain_are_smoothed_and_do_not_go_with_it(diameter):
    image, labels = nuclei((96, 128), 1, 6.0, 0.25)
    rng = np.random.default_rng(0)
    image = image + rng.normal(0, 0.1 * np.ptp(image), image.shape)
    found = cihm.segment(image, diameter=diameter)
    assert match(labels, found, (0.5,))[0].ap > 0.3


def test_what_is_no_number_neither_spreads_nor_vanishes():
    image = np.full((1, 20, 20), 5, np.float32)
    image[0, 8:11, 9] = np.nan
    image[0, 3, 3] = np.inf
    known = np.isfinite(image)
    done = smooth(image, 2)
    assert_array_equal(np.isfinite(done), known)
    assert_allclose(done[known], 5, rtol=1e-5)


def test_grey_that_is_shown_as_colours_is_smoothed_once(monkeypatch):
    grey = lit_by(4)[0][None]
    calls = []
    inner = ndimage.gaussian_filter

    def counted(part, *args, **kwargs):
        calls.append(part.shape)
        return inner(part, *args, **kwargs)

    monkeypatch.setattr(ndimage, "gaussian_filter", counted)
    done = smooth(np.repeat(grey, 3, axis=0), 2.0)
    assert calls == [grey.shape]
    assert_array_equal(done, np.repeat(inner(grey, (0, 2, 2)), 3, axis=0))
    assert_array_equal(smooth(np.concatenate([grey, -grey]), 2.0)[1], -done[0])


@pytest.mark.parametrize("diameter", [None, 5.0, 55.0])
def test_parts_of_a_grainy_image_are_those_of_the_whole(diameter):
    config = load_model("cihm-dsb18").config
    image = Image.of(lit_by(4)[0])
    _, channels, ranges, _ = look_over(image, image, SegmentSettings(), config)
    source = Source(image, channels, ranges, zooms_for(image, config, diameter))
    enlarged = diameter == 5
    assert (0 < source.light.smoothing < ranges.smoothing) == enlarged
    rows, columns = (slice(0, zoom.target) for zoom in source.zooms)
    whole = source.read(0, 0, (rows, columns))
    for box in ((slice(40, 71), slice(0, 33)), (slice(60, 90), slice(57, 90))):
        assert_allclose(source.read(0, 0, box), whole[:, *box], atol=1e-4)


def test_objects_in_little_light_are_found_and_it_is_said_why():
    image, labels = lit_by(3)
    events = list(cihm.segment_iter(image))
    assert sum("grainy" in e.text for e in events if isinstance(e, Note)) == 1
    assert events[-1].objects > 0.6 * labels.max()
    quiet = cihm.segment_iter(nuclei(SHAPE, seed=3)[0])
    assert not any("grainy" in e.text for e in quiet if isinstance(e, Note))


def test_what_is_learnt_is_as_smooth_as_what_is_segmented():
    image, labels = lit_by(4)
    config = load_model("cihm-fluo").config
    given = Image.of(image)
    channels = plan_channels(given, SegmentSettings(), config)
    _, _, ranges, _ = look_over(given, given, SegmentSettings(), config)
    source = Source(given, channels, ranges, zooms_for(given, config, None))
    seen = source.read(0, 0, (slice(0, 256), slice(0, 256)))
    pair = Pair("dark", image[None], labels)
    assert_allclose(make_sample(pair, config).image, seen, atol=2e-3)
    assert_allclose(Plane.of(pair, config, 0).image, seen, atol=1e-5)
