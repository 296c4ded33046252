"""Intensities of any kind of number reach the range of a network."""

import numpy as np
import pytest

from napari_cihm.config import Normalisation
from napari_cihm.data.normalise import normalise

RAMP = np.arange(256, dtype=np.float64).reshape(1, 16, 16)


@pytest.mark.parametrize(
    "image",
    [
        RAMP.astype(np.uint8),
        RAMP.astype(np.float16),
        RAMP.astype(np.uint32) + 2**31,
        RAMP.astype(np.int64) - 10**12,
        RAMP * 1e300,
        RAMP * 1e-300,
        (RAMP - 128) * 1e35,
    ],
    ids=["uint8", "float16", "far", "far below", "huge", "tiny", "huge and signed"],
)
def test_what_is_seen_does_not_hang_on_how_numbers_are_stored(image):
    found = normalise(image)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, normalise(RAMP), atol=1e-5)


def test_percentiles_become_zero_and_one_and_what_lies_beyond_is_kept():
    image = np.array([[[0, 10, 20, 30, 40, 1000]]])
    found = normalise(image, Normalisation(low=20, high=80))
    np.testing.assert_allclose(found, [[[-1 / 3, 0, 1 / 3, 2 / 3, 1, 3]]], atol=1e-6)


def test_what_is_not_finite_becomes_an_end_of_the_range():
    image = RAMP.astype(np.float32)
    image[0, 0, :3] = np.nan, np.inf, -np.inf
    assert normalise(image)[0, 0, :3].tolist() == [0, 3, -1]


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_an_image_without_a_finite_pixel_becomes_zeros(value):
    for channels in (1, 3):
        assert not normalise(np.full((channels, 4, 4), value, np.float32)).any()


@pytest.mark.parametrize(
    ("kind", "light"), [("f4", 3e38), ("f8", 1e308), ("f8", 5e-310)]
)
def test_numbers_at_the_ends_of_their_kind_make_no_noise(kind, light):
    """A warning of NumPy's would fail the test."""
    image = np.zeros((1, 40, 50), kind)
    image[0, 10:20, 10:20], image[0, 0] = light, -light
    found = normalise(image)
    assert np.isfinite(found).all() and found.dtype == np.float32


def test_a_constant_image_becomes_zeros():
    assert not normalise(np.full((3, 4, 4), 7, np.uint16)).any()


def test_a_few_bright_pixels_on_black_are_seen():
    image = np.zeros((1, 100, 100), np.uint16)
    image[0, 50, 50:53] = 40
    np.testing.assert_array_equal(normalise(image), image / 40)


def test_three_channels_share_a_range_when_they_are_told_to():
    image = np.concatenate([RAMP, RAMP / 2, RAMP / 4])
    joint = normalise(image, Normalisation(joint=True)).max(axis=(1, 2))
    apart = normalise(image, Normalisation(joint=False)).max(axis=(1, 2))
    assert joint[0] > 1.9 * joint[1] > 3.6 * joint[2]
    assert np.ptp(apart) < 1e-6


def _field(spots: int, dust: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Make spots on dark ground and beside them, if wanted, a grain of dust."""
    image = np.random.default_rng(0).normal(100, 3, (1, 160, 160))
    inside = np.zeros(image.shape, bool)
    for y, x in np.argwhere(np.ones((7, 7)))[:spots] * 20 + 10:
        inside[:, y : y + 9, x : x + 9] = True
    image[inside] += 100
    image[:, -12:, -12:] += dust
    return image, inside


@pytest.mark.parametrize("colours", [1, 3])
def test_dust_does_not_take_the_range_from_the_objects(colours):
    image, inside = _field(spots=49, dust=20_000)
    found = normalise(np.repeat(image, colours, axis=0))
    assert found[:, inside[0]].min() > 0.7
    assert np.percentile(found[:, ~inside[0]], 90) < 0.2
    assert found[0, -1, -1] == 3


def test_a_few_bright_objects_on_grain_are_no_dust():
    image, inside = _field(spots=2)
    image[inside] += 10_000
    found = normalise(image)
    assert np.ptp(found[~inside]) < 0.01
    assert found[inside].min() > 0.9


def test_soft_edges_of_a_few_objects_on_black_are_no_objects_beside_dust():
    y, x = np.indices((160, 160)) - 80
    image = (np.clip(10 - np.hypot(y, x), 0, 3) / 3 * 200)[None]
    assert normalise(image).max() == pytest.approx(1, abs=0.01)


def test_a_model_of_the_whole_range_gets_it_dust_or_not():
    image, inside = _field(spots=49, dust=20_000)
    assert normalise(image, Normalisation(low=0, high=100))[inside].max() < 0.02


def _black_beside(image: np.ndarray) -> np.ndarray:
    """Lay an image into black, with a row in between as turning it would leave."""
    wide = np.pad(image.round(), [(0, 0), (20, 20), (20, 20)])
    wide[:, 19, 20:-20] = wide[:, 20, 20:-20] // 4
    return wide


@pytest.mark.parametrize("offset", [0, 900])
@pytest.mark.parametrize("colours", [1, 3])
def test_what_an_image_was_filled_up_with_takes_no_part_of_the_range(offset, colours):
    image = np.repeat(_field(spots=49)[0] + offset, colours, axis=0)
    found = normalise(_black_beside(image))
    seen = found[:, 20:-20, 20:-20]
    np.testing.assert_allclose(seen, normalise(image.round()), atol=0.03)
    assert np.abs(found[:, :20]).max() < 0.1


def test_black_beside_a_bright_ground_is_seen_as_that():
    image = np.repeat(400 - _field(spots=49)[0], 3, axis=0)
    found = normalise(_black_beside(image))
    seen = found[:, 20:-20, 20:-20]
    np.testing.assert_allclose(seen, normalise(image.round()), atol=0.03)
    assert np.unique(found[:, :20]) == pytest.approx(np.median(seen), abs=0.01)


def test_a_channel_without_light_is_no_black_beside_the_image():
    image = np.random.default_rng(0).integers(60, 200, (3, 64, 64))
    image[1] = 0
    found = normalise(image)
    assert not found[1].any()
    assert np.median(found[0]) == pytest.approx(0.65, abs=0.02)


def test_the_ground_of_crowded_cells_that_was_subtracted_is_theirs():
    rng = np.random.default_rng(0)
    cells = np.kron(np.pad(np.ones((12, 12)), 2), np.ones((10, 10)))
    walls = np.arange(160) % 10 < 2
    cells[walls], cells[:, walls] = 0, 0
    light = np.where(
        cells, rng.normal(150, 30, cells.shape), rng.normal(-20, 8, cells.shape)
    )
    image = np.clip(light, 0, None)[None, 20:-20, 20:-20]
    assert (image == 0).mean() < 0.5
    np.testing.assert_allclose(normalise(image), image / np.percentile(image, 99.8))


def test_black_beside_a_few_bright_objects_makes_no_dust_of_them():
    image, inside = _field(spots=2)
    image[inside] += 1000
    found = normalise(_black_beside(image))[:, 20:-20, 20:-20]
    assert np.ptp(found[~inside]) < 0.1
    assert found[inside].min() > 0.9


def test_ground_that_was_set_to_black_stays_below_the_objects():
    image, inside = _field(spots=49)
    found = normalise(np.where(inside, image, 0))
    assert found[inside].min() > 0.9
    assert not found[~inside].any()


def test_the_lowest_of_few_grey_levels_is_not_blank():
    image = np.repeat(np.arange(8.0), 200).reshape(1, 40, 40)
    np.testing.assert_allclose(normalise(image), image / 7, atol=1e-6)


def test_a_channel_without_a_number_leaves_the_others():
    image = np.random.default_rng(0).random((3, 40, 40), np.float32)
    image[2] = np.nan
    out = normalise(image, Normalisation())
    assert out[:2].std() > 0.1 and not out[2].any()
