"""Scan strategies: every path meets every pixel in the order that it should."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from napari_cihm.errors import UnknownNameError
from napari_cihm.models.paths import STRATEGIES, along, strategy

SIZES = st.tuples(st.integers(1, 7), st.integers(1, 7))
NAMES = sorted(STRATEGIES)


def numbered(height, width):
    """A map whose pixels are numbered from 1, in two images and three channels."""
    pixels = torch.arange(1.0, height * width + 1).view(height, width)
    scale = torch.arange(1.0, 7).view(2, 3, 1, 1)
    return pixels * scale


@pytest.mark.parametrize("name", NAMES)
@given(size=SIZES)
def test_each_pixel_is_met_by_as_many_paths_as_promised(name, size):
    paths = strategy(name)
    unfolded = paths.unfold(numbered(*size))
    assert unfolded.shape[:3] == (2, paths.directions, 3)
    met = unfolded[0, :, 0].flatten().long()
    counts = torch.bincount(met, minlength=size[0] * size[1] + 1)[1:]  # 0 is padding
    assert (counts == paths.visits).all()


@pytest.mark.parametrize("name", NAMES)
@given(size=SIZES)
def test_folding_is_the_inverse_of_unfolding(name, size):
    paths, x = strategy(name), numbered(*size)
    assert torch.equal(paths.fold(paths.unfold(x), *size), paths.visits * x)


@pytest.mark.parametrize("name", NAMES)
@given(size=SIZES)
def test_folding_puts_each_path_back_by_itself(name, size):
    """Every path is told apart, so a swap of two results cannot pass."""
    paths, x = strategy(name), numbered(*size)
    for path in range(paths.directions):
        alone = paths.unfold(x)
        alone[:, torch.arange(paths.directions) != path] = 0
        folded = paths.fold(alone, *size)
        seen = folded != 0
        assert torch.equal(folded[seen], x[seen])
        assert paths.visits < paths.directions or seen.all()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rows", ["123456"]),
        ("bidirectional", ["123456", "654321"]),
        ("cross", ["123456", "142536", "654321", "635241"]),
        ("snake", ["123654", "145236", "456321", "632541"]),
        ("diagonal", ["124356", "326154", "653421", "451623"]),
        ("atrous", ["13", "20", "64", "05"]),
    ],
)
def test_the_orders_on_a_map_of_two_rows_and_three_columns(name, expected):
    paths = strategy(name)
    pixels = torch.arange(1.0, 7).view(1, 1, 2, 3)
    read = paths.unfold(pixels)[0, :, 0].long().tolist()
    assert ["".join(map(str, path)) for path in read] == expected


def test_a_new_strategy_is_one_function():
    backwards = along("columns backwards", lambda grid: grid.T.flatten().flip(0))
    x = numbered(3, 4)
    assert torch.equal(backwards.unfold(x)[0, 0, 0, :3], torch.tensor([12.0, 8, 4]))
    assert torch.equal(backwards.fold(backwards.unfold(x), 3, 4), x)


def test_an_unknown_strategy_is_refused_with_its_near_matches():
    with pytest.raises(UnknownNameError, match=r"'cros'.*one of.*'cross'"):
        strategy("cros")
