"""The table of recipes: counts, origins, options, and what is refused."""

import numpy as np
import pytest
import torch

from napari_cihm.errors import InputError, ShapeError, UnknownNameError
from napari_cihm.models import build_model, model_names
from napari_cihm.models.recipes import RECIPES, recipe

# Parameters in millions with 3 channels and 1 map, counted on the public code of
# each paper; CIHM's is derived from the ratios that its abstract states.
PUBLISHED = {
    "cihm-paper": 0.1941,
    "unet": 7.763,
    "u-mamba-enc": 67.3,
    "u-mamba-bot": 63.3,
    "vm-unet": 27.43,
    "vm-unet-v2": 22.77,
    "ultralight-vm-unet": 0.0495,
    "lightm-unet": 5.01,
    "mamba-unet": 19.1,
    "h-vmunet": 8.97,
    "swin-umamba-d": 27.5,
    "mambau-lite": 0.416,
    "ac-mambaseg": 7.99,
}
# No code was published with these, so there is no count to meet.
UNCOUNTED = {"cihm", "hym-unet"}


def count(name, *args, **options):
    with torch.device("meta"):
        network = build_model(name, *args, **options)
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(("name", "millions"), PUBLISHED.items())
def test_it_has_as_many_parameters_as_published(name, millions):
    assert count(name, 3, 1) == pytest.approx(millions * 1e6, rel=0.01)


def test_every_recipe_is_counted_or_has_no_count():
    assert set(model_names()) == PUBLISHED.keys() | UNCOUNTED


def test_cihm_keeps_its_budget():
    assert count("cihm", 3, 1) <= 200_000
    assert count("cihm", 3, 3) <= 200_000


@pytest.mark.parametrize("name", model_names())
def test_it_says_where_it_comes_from(name):
    found = recipe(name)
    assert found.paper.startswith(("arXiv:", "doi:"))
    assert "\n" not in found.summary
    notes = found.notes
    assert found.paper.split()[0] in notes or name.startswith("cihm")
    assert "Taken" in notes or "Published" in notes


@pytest.mark.parametrize("name", model_names())
def test_it_takes_a_head(name):
    assert recipe(name).options["head"] in ("plain", "detail")
    with pytest.raises(InputError, match=r"head='fancy'.*'plain' or 'detail'"):
        build_model(name, head="fancy")


def test_an_unknown_name_lists_its_near_matches():
    with pytest.raises(UnknownNameError, match="Did you mean 'hym-unet'") as caught:
        build_model("hymunet")
    assert all(name in str(caught.value) for name in RECIPES)


def test_an_unknown_option_is_refused_with_those_there_are():
    with pytest.raises(UnknownNameError) as caught:
        build_model("hym-unet", mfg=False)
    text = str(caught.value)
    assert "option of 'hym-unet' is called 'mfg'" in text
    assert "base, head, mgf, scan, stages" in text
    assert "Did you mean 'mgf'" in text


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("unet", {"base": 0}, "greater than or equal to 4"),
        ("unet", {"base": 30}, "multiple of 4"),
        ("vm-unet", {"base": 8}, "greater than or equal to 16"),
        ("unet", {"base": "wide"}, "valid integer"),
        ("vm-unet", {"depths": [2, 2]}, "depths"),
        ("vm-unet", {"scan": "spiral"}, "'cross'"),
        ("hym-unet", {"stages": "ccx"}, "pattern"),
    ],
)
def test_an_option_out_of_bounds_is_refused_in_words(name, options, words):
    with pytest.raises(InputError, match=words) as caught:
        build_model(name, **options)
    assert "By default they are" in str(caught.value)


@pytest.mark.parametrize("ends", [(0, 1), (1, 0), (True, 1), (1.0, 1), ("3", 1)])
def test_channels_and_classes_are_whole_numbers_from_one(ends):
    with pytest.raises(ShapeError, match="whole number from 1"):
        build_model("cihm", *ends)


def test_hym_unet_answers_the_questions_of_its_readers():
    """What MGF-Skip and each scanned stage weigh can be told by leaving them out."""
    whole = count("hym-unet", 3, 1)
    guided = sum(3 * c * c + 4 * c + c for c in (32, 64, 128))  # two convs, norms, gate
    assert whole - count("hym-unet", 3, 1, mgf=False) == guided
    assert len(build_model("hym-unet", stages="cccmm").stages) == 5
    scans = {
        stages: sum(
            type(m).__name__ == "SS2D"
            for m in build_model("hym-unet", base=4, stages=stages).modules()
        )
        for stages in ("cccc", "ccmm", "mmmm")
    }
    assert scans == {"cccc": 0, "ccmm": 4, "mmmm": 8}


def test_whole_numbers_of_numpy_are_whole_numbers():
    counted = count("unet", np.int64(3), np.uint8(2))
    assert counted == count("unet", 3, 2)
