"""Which pairs are learnt from, and which are held out."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from napari_cihm.data.arrays import as_array
from napari_cihm.data.layouts import find_pairs, is_split, layout_of
from napari_cihm.data.pairs import Pair, PairSource
from napari_cihm.data.paths import with_home
from napari_cihm.errors import DataError, InputError, in_short

Pairs = str | Path | Sequence[Pair | tuple[Any, Any]]


def split_pairs(
    data: Pairs, share: float, seed: int
) -> tuple[list[PairSource], list[PairSource], list[str]]:
    """Find pairs and split them; the held-out part is never empty.

    Slices of one volume stay together; of a single one the last are held out. A
    folder with ``train/`` and ``val/`` inside is split already.

    Returns
    -------
    training, held_out : list of PairSource
    words : list of str
        What the user should know about the split.
    """
    training, held_out = _found(data)
    if training and held_out:
        return training, held_out, []
    words = [NO_TRAINING] if held_out else []
    sources = training or held_out
    if not sources:
        raise DataError("there are no pairs to train on", "at least one image")
    parts = _apart(sources)
    if len(parts) > 1:
        chosen, word = _drawn([len(part) for part in parts], share, seed)
    else:
        parts = _slices(sources)
        if len(parts) == 1:
            return sources, sources, [*words, ONE]
        # The last are neighbours of one alone.
        chosen = set(range(len(parts) - _count(share, len(parts)), len(parts)))
        word = ONE_VOLUME
    training = [s for i, p in enumerate(parts) if i not in chosen for s in p]
    held_out = [s for i in sorted(chosen) for s in parts[i]]
    return training, held_out, [*words, word] if word else words


def _found(data: Pairs) -> tuple[list[PairSource], list[PairSource]]:
    """Find the pairs to learn from, and those that are set aside already, if any."""
    if not isinstance(data, str | Path):
        return list(map(PairSource.holding, _in_memory(data))), []
    folder = with_home(data)
    if is_split(folder):
        return find_pairs(folder / "train"), find_pairs(folder / "val")
    layout = layout_of(folder)
    return layout.training(folder), layout.held_out(folder)


def _in_memory(data: Any) -> Iterator[Pair]:
    """Take pairs, or planes with their labels, as a script has them.

    Raises
    ------
    InputError
        Saying what came instead.
    """
    wanted = "a folder, or a list of pairs (image, labels)"
    if not isinstance(data, Iterable):
        raise InputError(f"data={in_short(data)}", wanted)
    for number, given in enumerate(data, start=1):
        if isinstance(given, Pair):
            yield given
            continue
        if not isinstance(given, tuple | list) or len(given) != 2:
            raise InputError(f"pair {number} came as {type(given).__name__}", wanted)
        image = np.asarray(as_array(given[0], f"the image of pair {number}"))
        labels = np.asarray(given[1])
        if labels.ndim != 2 or labels.dtype.kind not in "buif":
            raise DataError(
                f"pair {number}: its labels are {labels.dtype} of shape {labels.shape}",
                "whole numbers over one plane",
                "give the slices of a stack one by one",
            )
        yield Pair.of(f"pair {number}", image, labels)


def _apart(sources: Sequence[PairSource]) -> list[list[PairSource]]:
    """Put the slices of a volume together: neighbours are nearly the same picture."""
    parts: dict[str | int, list[PairSource]] = {}
    for number, source in enumerate(sources):
        parts.setdefault(source.volume or number, []).append(source)
    return list(parts.values())


def _slices(sources: Sequence[PairSource]) -> list[list[PairSource]]:
    """Put the slices of one volume in order, the same slice together."""
    places: dict[tuple[int, ...], list[PairSource]] = {}
    for number, source in enumerate(sources):
        places.setdefault(source.place or (number,), []).append(source)
    return [places[place] for place in sorted(places)]


def _drawn(sizes: Sequence[int], share: float, seed: int) -> tuple[set[int], str]:
    """Draw parts by chance that hold about a share of all; say if it is much more."""
    order = np.random.default_rng(seed).permutation(len(sizes)).tolist()
    wanted, held = _count(share, sum(sizes)), 0
    chosen = set[int]()
    for part in order:
        if held + sizes[part] / 2 <= wanted and len(chosen) < len(sizes) - 1:
            chosen.add(part)
            held += sizes[part]
    if not chosen:  # as of two stacks
        chosen = {min(order, key=lambda part: sizes[part])}
        held = sum(sizes[part] for part in chosen)
        return chosen, TOGETHER.format(held, sum(sizes))
    return chosen, ""


def _count(share: float, of: int) -> int:
    """Return how many a share are, one at least and never all."""
    return min(max(1, round(share * of)), of - 1)


def pairs_to_judge(folder: Path) -> tuple[list[PairSource], str]:
    """Find the pairs to evaluate on: those set aside, where a folder has such.

    Returns
    -------
    list of PairSource
    str
        Which part of the folder they are; empty when they are all of it.
    """
    if is_split(folder):
        return find_pairs(folder / "val"), f"Scoring {folder / 'val'}."
    layout = layout_of(folder)
    if held_out := layout.held_out(folder):
        return held_out, f"Scoring the part that {layout.name} holds out."
    return find_pairs(folder), ""


ONE = (
    "There is only one image: it is used for training and for validation, so the "
    "figures flatter. Add images to get honest ones."
)
ONE_VOLUME = (
    "All slices are from one volume: the last are held out, but their neighbours are "
    "learnt, so the figures flatter. Add volumes to get honest ones."
)
TOGETHER = (
    "Slices of one stack stay together: {} of {} images are held out. With more "
    "stacks it would be fewer."
)
NO_TRAINING = (
    "There is no training part: the validation or test part is trained on, and a "
    "share of it held out."
)
