"""Which pairs are learnt from, and which are held out."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from napari_cihm.data.layouts import find_pairs
from napari_cihm.data.pairs import Pair
from napari_cihm.errors import DataError


def split_pairs(
    data: str | Path | Sequence[Pair], share: float, seed: int
) -> tuple[list[Pair], list[Pair], list[str]]:
    """Read pairs and split them; the held-out part is never empty.

    A folder with ``train/`` and ``val/`` inside is split already.

    Returns
    -------
    training, held_out : list of Pair
    words : list of str
        What the user should know about the split.
    """
    if isinstance(data, str | Path):
        folder = Path(data)
        if (folder / "train").is_dir() and (folder / "val").is_dir():
            parts = (find_pairs(folder / part) for part in ("train", "val"))
            training, held_out = ([s.read() for s in part] for part in parts)
            return training, held_out, []
        pairs = [source.read() for source in find_pairs(folder)]
    else:
        pairs = list(data)
    if not pairs:
        raise DataError("there are no pairs to train on", "at least one image")
    if len(pairs) == 1:
        return (
            pairs,
            pairs,
            [
                "There is one image: it is trained on and validated on, so the figures "
                "flatter. Add images to get honest ones."
            ],
        )
    count = min(max(1, round(share * len(pairs))), len(pairs) - 1)
    order = np.random.default_rng(seed).permutation(len(pairs))
    chosen = set(order[:count].tolist())
    training = [p for i, p in enumerate(pairs) if i not in chosen]
    return training, [pairs[i] for i in sorted(chosen)], []
