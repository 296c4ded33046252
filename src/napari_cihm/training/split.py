"""Which pairs are learnt from, and which are held out."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from napari_cihm.data.layouts import find_pairs, layout_of
from napari_cihm.data.pairs import Pair, PairSource
from napari_cihm.errors import DataError


def split_pairs(
    data: str | Path | Sequence[Pair], share: float, seed: int
) -> tuple[list[PairSource], list[PairSource], list[str]]:
    """Find pairs and split them; the held-out part is never empty.

    Slices of one volume stay together. A folder with ``train/`` and ``val/`` inside
    is split already.

    Returns
    -------
    training, held_out : list of PairSource
    words : list of str
        What the user should know about the split.
    """
    if isinstance(data, str | Path):
        folder = Path(data)
        if (folder / "train").is_dir() and (folder / "val").is_dir():
            return find_pairs(folder / "train"), find_pairs(folder / "val"), []
        layout = layout_of(folder)
        sources, held_out = layout.training(folder), layout.held_out(folder)
        if sources and held_out:
            return sources, held_out, []
    else:
        sources, held_out = [PairSource.holding(pair) for pair in data], []
    words = [] if sources or not held_out else [NO_TRAINING]
    sources = sources or held_out
    if not sources:
        raise DataError("there are no pairs to train on", "at least one image")
    if len(sources) == 1:
        return sources, sources, [*words, ONE]
    parts = _apart(sources)
    if len(parts) == 1:
        parts, words = [[source] for source in sources], [*words, ONE_VOLUME]
        order = np.arange(len(parts))[::-1]  # the last are neighbours of one alone
    else:
        order = np.random.default_rng(seed).permutation(len(parts))
    count = min(max(1, round(share * len(parts))), len(parts) - 1)
    chosen = set(order[:count].tolist())
    training = [s for i, p in enumerate(parts) if i not in chosen for s in p]
    return training, [s for i in sorted(chosen) for s in parts[i]], words


def _apart(sources: Sequence[PairSource]) -> list[list[PairSource]]:
    """Put the slices of a volume together: neighbours are nearly the same picture."""
    parts: dict[str | int, list[PairSource]] = {}
    for number, source in enumerate(sources):
        parts.setdefault(source.volume or number, []).append(source)
    return list(parts.values())


def pairs_to_judge(folder: Path) -> tuple[list[PairSource], str]:
    """Find the pairs to evaluate on: those set aside, where a folder has such.

    Returns
    -------
    list of PairSource
    str
        Which part of the folder they are; empty when they are all of it.
    """
    if (folder / "train").is_dir() and (folder / "val").is_dir():
        return find_pairs(folder / "val"), f"Scoring {folder / 'val'}."
    layout = layout_of(folder)
    if held_out := layout.held_out(folder):
        return held_out, f"Scoring the part that {layout.name} holds out."
    return find_pairs(folder), ""


ONE = (
    "There is one image: it is trained on and validated on, so the figures "
    "flatter. Add images to get honest ones."
)
ONE_VOLUME = (
    "All slices are of one volume: its last are held out, whose neighbours are "
    "learnt, so the figures flatter. Add volumes to get honest ones."
)
NO_TRAINING = (
    "There is no training part: what is there to be validated or tested on is "
    "trained on, and a share of it held out."
)
