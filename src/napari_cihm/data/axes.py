"""Axes by letter: t, z, c, y, x in any order, checked and guessed."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from napari_cihm.errors import AxesError, in_short

LETTERS = "tzcyx"
WORDS = {"time": "t", "depth": "z", "channel": "c", "row": "y", "column": "x"}
MOST_CHANNELS = 4

T = TypeVar("T")


def check_axes(axes: str, shape: Sequence[int]) -> str:
    """Return `axes` in small letters if they describe `shape`, in any order.

    Raises
    ------
    AxesError
        If a letter is unknown or twice there, y or x is missing, or their number
        is not the number of dimensions.
    """
    if not isinstance(axes, str):
        letters = "".join(map(str, axes)) if isinstance(axes, list | tuple) else ""
        raise AxesError(
            f"axes were given as {type(axes).__name__} ({in_short(axes)})",
            "a string with one letter for each dimension",
            f"try axes={letters!r}" if letters and set(letters) <= set(LETTERS) else "",
        )
    letters = axes.lower()
    unknown = sorted(set(letters) - set(LETTERS))
    if unknown:
        raise AxesError(
            f"axes {axes!r} hold {', '.join(map(repr, unknown))}",
            "letters among t, z, c, y, x",
            "an RGB image has axes 'yxc'",
        )
    if len(set(letters)) != len(letters):
        raise AxesError(f"axes {axes!r} name one axis twice", "each letter once")
    if not {"y", "x"} <= set(letters):
        raise AxesError(f"axes {axes!r} lack y or x", "both y and x among the axes")
    if len(letters) != len(shape):
        raise AxesError(
            f"axes {axes!r} are {len(letters)} letters for an image of "
            f"{len(shape)} dimensions, shape {tuple(shape)}",
            "one letter for each dimension",
            f"try axes={guess_axes(shape)!r}" if 2 <= len(shape) <= 5 else "",
        )
    return letters


def guess_axes(
    shape: Sequence[int], rgb: bool | None = None, steps: Collection[int] = ()
) -> str:
    """Guess axes from sizes.

    A last dimension of at most 4 behind two larger ones is channels, since no image
    is so narrow; so is one of 2 to 4 where microscopes put channels. One more is
    depth, two more are time and depth. `rgb` says whether the last dimension is known
    to be channels, or known not to be; `steps`, which dimensions are known to be none.
    """
    n = len(shape)
    if not 2 <= n <= 5:
        raise AxesError(
            f"an image of {n} dimensions, shape {tuple(shape)}",
            "2 to 5 dimensions among t, z, c, y, x",
            "pick a part of it, or drop dimensions of size 1",
        )
    if n == 2:
        return "yx"
    if rgb is None:
        rgb = shape[-1] <= MOST_CHANNELS < min(shape[-3:-1])
    if rgb:
        return "tz"[5 - n :] + "yxc"
    # Files keep channels nearest the plane (ImageJ: tzcyx) or just behind time
    # (OME: tczyx); the nearest small dimension wins.
    small = [
        at
        for at, size in enumerate(shape[:-2])
        if at not in steps and 2 <= size <= MOST_CHANNELS
    ]
    if not small:
        return {3: "zyx", 4: "tzyx", 5: "tzcyx"}[n]
    place = small[-1]
    others = "tz"[5 - n :]
    return others[:place] + "c" + others[place:] + "yx"


def letters_of(names: Iterable[str]) -> str:
    """Return axes called by letters or words, or none if they make no image."""
    known = [WORDS.get(name.lower(), name.lower()) for name in names]
    fits = set(known) <= set(LETTERS) and len(set(known)) == len(known)
    return "".join(known) if fits and {"y", "x"} <= set(known) else ""


def usual_axes(count: int) -> str:
    """Return what the dimensions of labels are when nobody says."""
    return ("yx", "zyx", "tzyx", "tczyx")[max(0, min(count, 5) - 2)]


def axes_beside(labels: Sequence[int], shape: Sequence[int]) -> str | None:
    """Tell the axes of an image by the sizes of its labels, which lack channels.

    None where they do not lie over the same pixels.
    """
    letters, shape = "tzyx"[4 - len(labels) :], tuple(shape)
    if shape == tuple(labels):
        return letters
    for place in (len(labels), *range(len(labels))):  # last, or as far ahead as can be
        if shape[:place] + shape[place + 1 :] == tuple(labels):
            return f"{letters[:place]}c{letters[place:]}"
    return None


def tidy_axes(
    axes: str, shape: Sequence[int]
) -> tuple[str, tuple[int | slice, ...]] | None:
    """Turn a file's own axes into ours, and an index that drops what we lack.

    That may only be of size 1; else, or without y and x, there is None.
    """
    names = axes.lower()
    if len(names) != len(shape):
        return None
    kept: list[str] = []
    index: list[int | slice] = []
    numbering = _numbering(names, shape)
    for letter, size in zip(names, shape, strict=True):
        ours = _ours(letter, names, kept, numbering, size)
        if ours is not None:
            kept.append(ours)
            index.append(slice(None))
        elif size == 1:
            index.append(0)
        else:
            return None
    letters = "".join(kept)
    return (letters, tuple(index)) if {"y", "x"} <= set(letters) else None


def _numbering(names: str, shape: Sequence[int]) -> Iterator[str]:
    """Give letters to what only numbers pages: depth to one, time and depth to two."""
    free = [letter for letter in "tz" if letter not in names]
    pages = sum(
        letter not in LETTERS + "s" and size > 1
        for letter, size in zip(names, shape, strict=True)
    )
    return iter(free[max(0, len(free) - pages) :])


def _ours(
    letter: str, names: str, kept: list[str], numbering: Iterator[str], size: int
) -> str | None:
    if letter == "c" and size == 1 and "s" in names:
        return None  # samples are colours
    if letter == "s":
        letter = "c"
    elif letter not in LETTERS and size > 1:
        letter = next(numbering, "")
    return letter if letter in LETTERS and letter and letter not in kept else None


def label_axes(axes: str) -> str:
    """Axes of the labels of an image with `axes`: the same less the channels."""
    return axes.replace("c", "")


def along(axes: Collection[str], values: Mapping[str, T]) -> dict[str, T]:
    """Keep the values of some axes."""
    return {letter: value for letter, value in values.items() if letter in axes}
