"""What the style sheet writes can be read on every theme's background."""

import re

import pytest
from napari.utils.theme import available_themes, get_theme

from napari_cihm.plugin.style import MARKS, sheet_for

THEMES = [name for name in available_themes() if name != "system"]


def _luminance(red: float, green: float, blue: float) -> float:
    def linear(part: float) -> float:
        part /= 255
        return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4

    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)


def _contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    low, high = sorted([_luminance(*one), _luminance(*other)])
    return (high + 0.05) / (low + 0.05)


def _rgb(colour: str) -> tuple[float, ...]:
    if colour.startswith("#"):
        return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return tuple(map(float, re.findall(r"[\d.]+", colour)[:3]))


@pytest.mark.parametrize("name", THEMES)
def test_small_words_have_enough_contrast(name):
    theme = get_theme(name).to_rgb_dict()
    muted = re.search(r"QLabel#muted.*?color: (rgb\(.*?\))", sheet_for(theme), re.S)[1]
    for ground in ("background", "foreground"):  # a card is of the foreground colour
        for colour in (muted, *MARKS[theme["type"]].values()):
            assert _contrast(_rgb(colour), _rgb(theme[ground])) >= 4.5, (ground, colour)


@pytest.mark.parametrize("name", THEMES)
def test_keys_on_buttons_have_enough_contrast(name):
    theme = get_theme(name).to_rgb_dict()
    sheet = sheet_for(theme)
    for state, ground in (("", "primary"), (":hover", "highlight")):
        rule = rf"#tool{state} QLabel#muted[^}}]*?color: (rgb\(.*?\))"
        hint = re.search(rule, sheet, re.S)[1]
        assert _contrast(_rgb(hint), _rgb(theme[ground])) >= 4.5, state


@pytest.mark.parametrize("name", THEMES)
def test_every_colour_of_the_sheet_is_filled_in(name):
    sheet = sheet_for(get_theme(name).to_rgb_dict())
    assert "{{" not in sheet
    assert not re.search(r"\{[a-z]+\}", sheet)
