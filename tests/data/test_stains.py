"""Stained tissue: other dyes are told from haematoxylin, and taken out."""

import numpy as np
import pytest

from napari_cihm.config import ModelConfig
from napari_cihm.data.channels import one_tint
from napari_cihm.data.pairs import Pair
from napari_cihm.data.samples import make_sample
from napari_cihm.data.stains import DYES, counterstained, haematoxylin, suited
from napari_cihm.data.synthetic import nuclei, tissue
from napari_cihm.errors import InputError

HAEMATOXYLIN = DYES[0]
EOSIN, BROWN = (0.3, 0.8, 0.52), (0.27, 0.57, 0.78)
CONFIG = ModelConfig(recipe="r", in_channels=3, classes=3, task="instance")


def _section(other, dense=0.9, seed=0):
    """Nuclei in haematoxylin among fibres of another dye, and how much each absorbs."""
    rng = np.random.default_rng(seed)
    nucleus = nuclei((96, 96), seed)[1] > 0
    light = np.clip(rng.normal(1, 0.1, nucleus.shape), 0.5, 1.5)
    dyes = np.stack([1.2 * nucleus * light, dense * np.where(nucleus, 0.4, 1) * light])
    absorbed = np.einsum("dyx,dc->cyx", dyes, [HAEMATOXYLIN, other])
    colours = 240 * np.exp(-absorbed)
    colours[:, :12] = 240  # a rim without tissue
    return colours.round().astype(np.uint8), nucleus


@pytest.mark.parametrize("other", [EOSIN, BROWN], ids=["eosin", "brown"])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_a_second_stain_is_seen_and_taken_out(other, kind):
    colours, nucleus = _section(other)
    scale = {np.uint8: 1.0, np.uint16: 257.0, np.float32: 1 / 255}[kind]
    colours = (colours * scale).astype(kind)
    assert counterstained(colours)
    left = haematoxylin(colours)[0]
    stroma = ~nucleus
    stroma[:12] = False
    # beside nuclei hardly more is absorbed than where there is no tissue
    assert left[stroma].mean() > 0.75 > 0.62 > left[nucleus].mean()


@pytest.mark.parametrize(("share", "told"), [(0.02, False), (0.2, True), (0.6, True)])
def test_brown_nuclei_among_blue_ones_are_seen_by_their_haematoxylin(share, told):
    """Such as tell how much of a tumour grows."""
    labels = nuclei((256, 256), 3)[1]
    brown = np.isin(labels, 1 + np.arange(round(share * labels.max())))
    blue = (labels > 0) & ~brown
    dyes = np.stack([0.1 + 0.9 * blue + 0.5 * brown, 0.02 + 1.2 * brown])
    absorbed = np.einsum("dyx,dc->cyx", dyes, [HAEMATOXYLIN, BROWN])
    colours = (240 * np.exp(-absorbed)).round().astype(np.uint8)
    assert counterstained(colours) == told
    left = haematoxylin(colours)[0]
    assert left[labels == 0].min() > left[brown].max() + 0.1


def test_tissue_in_haematoxylin_alone_is_left_as_it_is():
    for seed in range(3):
        purple = np.moveaxis(tissue((128, 128), seed)[0], -1, 0)
        assert not counterstained(purple)
        assert suited(purple, CONFIG) == "auto"


def test_what_is_no_tissue_is_not_taken_for_stained():
    rng = np.random.default_rng(0)
    dark = nuclei((64, 64))[0] / 4095 * 255
    red, green = dark, np.roll(dark, 9, axis=0)
    grey = np.repeat(rng.normal(180, 30, (1, 64, 64)), 3, axis=0)
    others = {
        "two dyes on black": np.stack([red, green, 0 * red]),
        "grey": grey,
        "grey in tinted light": grey * np.array([1, 0.97, 0.92])[:, None, None],
        "nothing": np.zeros((3, 8, 8)),
        "white": np.full((3, 64, 64), 250.0),
    }
    for what, colours in others.items():
        assert not counterstained(colours.clip(0, 255).astype(np.uint8)), what
    far = np.full((3, 8, 8), np.nan, np.float32)
    assert not counterstained(far)
    assert not counterstained(_section(EOSIN)[0].astype(np.float32))  # of which white?


def test_grey_that_was_stored_as_colours_is_not_taken_for_stained():
    grey = _section(EOSIN)[0][:1]  # as it is read
    assert not counterstained(grey)


def test_what_is_seen_suits_the_model():
    colours, _ = _section(EOSIN)
    assert suited(colours, CONFIG) == "haematoxylin"
    assert suited(colours, CONFIG.but(task="semantic")) == "auto"
    assert suited(colours, CONFIG.but(accepts_grey=False)) == "auto"


def test_stains_that_look_like_one_tint_are_none():
    nucleus = nuclei((64, 64))[1] > 0  # as pink as what lies between, but darker
    light = np.where(nucleus, 0.4, np.random.default_rng(0).normal(0.9, 0.1, (64, 64)))
    colours = np.multiply.outer([220, 150, 195], light.clip(0, 1)).astype(np.uint8)
    assert one_tint(colours) is not None
    assert suited(colours, CONFIG) == "haematoxylin"
    assert suited(colours, CONFIG.but(task="semantic")) == "auto"


def test_black_beside_tissue_stays_black():
    colours = np.pad(_section(EOSIN)[0], [(0, 0), (8, 8), (8, 8)])
    assert not haematoxylin(colours)[:, :8].any()
    assert haematoxylin(colours)[:, 8:-8, 8:-8].all()


def test_haematoxylin_is_refused_where_nobody_knows_what_is_white():
    colours = _section(EOSIN)[0].astype(np.float32)
    black = np.pad(colours, [(0, 0), (60, 60), (60, 60)])
    black[0, 0, 0] = np.nan
    for given in (colours, black):
        with pytest.raises(InputError, match=r"as large as 1.*Divide them by the num"):
            haematoxylin(given)
    bright = colours / 255
    bright[:, 20, 20] = 9.0  # a reflex
    assert haematoxylin(bright)[0].min() < 0.6
    assert not haematoxylin(np.zeros((3, 4, 4), np.float32)).any()


def test_haematoxylin_is_learnt_as_it_is_segmented():
    colours, nucleus = _section(EOSIN)
    pair = Pair.of("a", np.moveaxis(colours, 0, -1), nucleus.astype(np.uint8))
    seen = make_sample(pair, CONFIG).image
    assert seen.shape == (3, 96, 96)
    blue = make_sample(pair, CONFIG.but(accepts_grey=False)).image
    stroma = ~nucleus
    stroma[:12] = False
    apart = [i[1][stroma].mean() - i[1][nucleus].mean() for i in (seen, blue)]
    assert apart[0] > 1.3 * apart[1]
    one = make_sample(pair, CONFIG.but(in_channels=1)).image
    assert one.shape == (1, 96, 96)
