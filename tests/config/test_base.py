"""What settings refuse is said in one line, each value once."""

import numpy as np
import pytest

from napari_cihm.config import ModelConfig, Normalisation, SegmentSettings
from napari_cihm.errors import InputError, UnknownNameError
from napari_cihm.models.recipes import build_model


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"diameter": -3},
            "diameter=-3: input should be at least 1 pixel (micrometres have to be "
            "divided by the size of a pixel) or 'auto'",
        ),
        (
            {"channels": "red"},
            "channels='red': input should be a valid integer or 'auto', 'merge' or "
            "'haematoxylin'",
        ),
        (
            {"channels": True},
            "channels=True: input should be the number of a channel or 'auto', "
            "'merge' or 'haematoxylin'",
        ),
        (
            {"foreground": 3, "min_size": "x"},
            "foreground=3: input should be less than 1; "
            "min_size='x': input should be a valid integer",
        ),
    ],
)
def test_a_refused_value_is_named_once_with_all_that_it_could_be(values, said):
    with pytest.raises(InputError) as caught:
        SegmentSettings.of(**values)
    assert str(caught.value) == f"SegmentSettings: {said}"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (np.zeros((99, 99)), "<ndarray>"),
        (build_model("unet", base=4), "<UNetLike>"),
        ("deep" * 99, repr("deep" * 19)[:76] + "...'"),
    ],
)
def test_a_long_value_is_said_in_one_short_line(value, said):
    with pytest.raises(InputError) as caught:
        SegmentSettings.of(channels=value)
    assert str(caught.value).startswith(f"SegmentSettings: channels={said}: input")


def test_what_is_wrong_with_the_whole_is_said_alone():
    with pytest.raises(InputError) as caught:
        Normalisation.of(low=50, high=10)
    said = "Normalisation: low is 50, but has to lie below high"
    assert str(caught.value) == said


def test_of_what_is_missing_no_value_is_said():
    with pytest.raises(InputError) as caught:
        ModelConfig.of(in_channels=1)
    assert str(caught.value) == "ModelConfig: recipe: field required"


def test_a_value_inside_another_is_named_by_its_way():
    with pytest.raises(InputError) as caught:
        ModelConfig.of(recipe="cihm", decoding={"foreground": 3, "border": -1})
    assert str(caught.value) == (
        "ModelConfig: decoding.foreground=3: input should be less than 1; "
        "decoding.border=-1: input should be greater than or equal to 0"
    )


def test_of_a_call_each_member_is_named_by_its_place():
    with pytest.raises(InputError) as caught:
        build_model("vm-unet", 1, 1, depths=("few", 2, "many", 2))
    assert str(caught.value).startswith(
        "options of 'vm-unet': depths.0='few': input should be a valid integer; "
        "depths.2='many': input should be a valid integer. By default"
    )


def test_an_unknown_setting_is_named_with_what_it_may_have_meant():
    with pytest.raises(UnknownNameError) as caught:
        SegmentSettings.of(diametre=30)
    assert "no setting in SegmentSettings is called 'diametre'" in str(caught.value)
    assert "Did you mean 'diameter'" in str(caught.value)
