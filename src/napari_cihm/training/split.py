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

    A folder with ``train/`` and ``val/`` inside is split already.

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
        sources = sources or held_out
    else:
        sources = [PairSource.holding(pair) for pair in data]
    if not sources:
        raise DataError("there are no pairs to train on", "at least one image")
    if len(sources) == 1:
        return sources, sources, [ONE]
    count = min(max(1, round(share * len(sources))), len(sources) - 1)
    order = np.random.default_rng(seed).permutation(len(sources))
    chosen = set(order[:count].tolist())
    training = [s for i, s in enumerate(sources) if i not in chosen]
    return training, [sources[i] for i in sorted(chosen)], []


ONE = (
    "There is one image: it is trained on and validated on, so the figures "
    "flatter. Add images to get honest ones."
)
