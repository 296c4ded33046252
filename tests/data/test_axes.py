"""Axes: guessed as microscopists mean them, checked, refused with a way out."""

import pytest

from napari_cihm.data.axes import check_axes, guess_axes, label_axes, tidy_axes
from napari_cihm.errors import AxesError


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((512, 512), "yx"),
        ((512, 512, 3), "yxc"),
        ((512, 512, 4), "yxc"),
        ((3, 512, 512), "cyx"),
        ((40, 512, 512), "zyx"),
        ((1, 512, 512), "zyx"),
        ((512, 512, 1), "yxc"),
        ((512, 512, 2), "yxc"),
        ((9, 512, 512, 1), "zyxc"),
        ((3, 4, 3), "cyx"),
        ((40, 512, 512, 3), "zyxc"),
        ((40, 2, 512, 512), "zcyx"),
        ((2, 40, 512, 512), "czyx"),
        ((9, 40, 512, 512), "tzyx"),
        ((9, 40, 2, 512, 512), "tzcyx"),
        ((9, 2, 40, 512, 512), "tczyx"),
        ((9, 7, 8, 512, 512), "tzcyx"),
        ((9, 40, 512, 512, 3), "tzyxc"),
    ],
)
def test_sizes_suggest_axes(shape: tuple[int, ...], axes: str) -> None:
    assert guess_axes(shape) == axes


def test_knowing_about_colour_beats_guessing() -> None:
    assert guess_axes((40, 64, 3), rgb=False) == "zyx"
    assert guess_axes((3, 3, 3), rgb=True) == "yxc"


@pytest.mark.parametrize("shape", [(), (9,), (2, 2, 2, 2, 2, 2)])
def test_ranks_without_a_meaning_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(AxesError, match="2 to 5 dimensions"):
        guess_axes(shape)


@pytest.mark.parametrize(
    ("axes", "shape", "word"),
    [
        ("yxq", (4, 4, 4), "'q'"),
        ("yxx", (4, 4, 4), "twice"),
        ("zy", (4, 4), "lack y or x"),
        ("zyx", (4, 4), "3 letters for an image of 2 dimensions"),
        ("", (4, 4), "lack y or x"),
        (("y", "x"), (4, 4), "Try axes='yx'"),
        (b"yx", (4, 4), r"given as bytes \(b'yx'\); expected a string[^.]*$"),
    ],
)
def test_axes_that_do_not_fit_are_refused(
    axes: str, shape: tuple[int, ...], word: str
) -> None:
    with pytest.raises(AxesError, match=word):
        check_axes(axes, shape)


def test_any_order_and_case_is_taken() -> None:
    assert check_axes("XCZY", (1, 2, 3, 4)) == "xczy"
    assert label_axes("xczy") == "xzy"


@pytest.mark.parametrize(
    ("axes", "shape", "ours"),
    [
        ("YX", (5, 6), "yx"),
        ("YXS", (5, 6, 3), "yxc"),
        ("TCZYX", (2, 3, 4, 5, 6), "tczyx"),
        ("TCZYXS", (2, 1, 4, 5, 6, 3), "tzyxc"),
        ("QYX", (7, 5, 6), "zyx"),
        ("IZYX", (7, 4, 5, 6), "tzyx"),
        ("QQYX", (7, 4, 5, 6), "tzyx"),
        ("TQYX", (7, 4, 5, 6), "tzyx"),
        ("QQYXS", (7, 1, 5, 6, 3), "zyxc"),
        ("ZHYX", (4, 1, 5, 6), "zyx"),
    ],
)
def test_a_files_own_axes_become_ours(
    axes: str, shape: tuple[int, ...], ours: str
) -> None:
    tidied = tidy_axes(axes, shape)
    assert tidied is not None
    letters, index = tidied
    assert letters == ours
    kept = [n for n, i in zip(shape, index, strict=True) if isinstance(i, slice)]
    assert len(kept) == len(letters)


@pytest.mark.parametrize(
    ("axes", "shape"),
    [("TCZYXS", (2, 2, 4, 5, 6, 3)), ("QRYX", (2, 2, 5, 6)), ("YX", (5, 6, 7))],
)
def test_axes_that_cannot_be_ours_are_left_to_a_guess(
    axes: str, shape: tuple[int, ...]
) -> None:
    tidied = tidy_axes(axes, shape)
    assert tidied is None or len(tidied[0]) == len(shape)
