"""How well one click outlines an object that the labels lack.

    python benchmarks/clicks.py DATA [--model cihm-dsb18] [--images 22]

DATA is a folder with ``images/`` and ``masks/``. A few objects of each image are
taken out of its labels and clicked where they are deepest, once with the model's
maps (if a model is named) and once with intensities alone.
"""

import argparse
import itertools
import json
from pathlib import Path

import numpy as np
from scipy import ndimage

from napari_cihm import load_model
from napari_cihm.correction.adding import add_object
from napari_cihm.data.pairs import Pair, folder_pairs
from napari_cihm.data.sizes import widths
from napari_cihm.segmentation import segment_iter

LEAST = 40


def maps_of(pair: Pair, model: object) -> np.ndarray:
    """Return the model's maps, at the zoom at which its objects fit, as the window."""
    *_, last = segment_iter(pair.image, model, axes="cyx", maps=True)
    return np.asarray(last.maps)


def overlaps(pair: Pair, count: int, seed: int, **more: object) -> list[float]:
    """Click a few objects and return how well each proposal fits."""
    rng = np.random.default_rng(seed)
    sizes = np.bincount(pair.labels.reshape(-1))
    large = [n for n in range(1, len(sizes)) if sizes[n] >= LEAST]
    usual = float(widths(np.median(sizes[1:][sizes[1:] > 0])))
    found = []
    for number in rng.permutation(large)[:count]:
        mask = pair.labels == number
        depth = ndimage.distance_transform_edt(mask)
        click = np.unravel_index(int(depth.argmax()), depth.shape)
        labels = np.where(mask, 0, pair.labels)
        seen = pair.image.mean(axis=0)
        edit = add_object(labels, [click], image=seen, diameter=usual, **more)
        proposed = np.zeros(mask.shape, bool)
        proposed[edit.indices] = True
        found.append(float((proposed & mask).sum() / (proposed | mask).sum()))
    return found


def main() -> None:
    """Click through a folder and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", help="name or file; intensities alone without")
    parser.add_argument("--objects", type=int, default=4, help="clicked in an image")
    parser.add_argument("--images", type=int, help="so many, spread over the folder")
    given = parser.parse_args()
    model = load_model(given.model) if given.model else None
    scores: dict[str, list[float]] = {"intensities": []}
    sources = list(folder_pairs(given.data))
    step = max(1, len(sources) // (given.images or len(sources)))
    for rank, source in itertools.islice(
        enumerate(sources), 0, (given.images or len(sources)) * step, step
    ):
        pair = source.read()
        scores["intensities"] += overlaps(pair, given.objects, rank)
        if model is not None:
            more = {"maps": maps_of(pair, model), "decoding": model.config.decoding}
            scores.setdefault("maps", []).extend(
                overlaps(pair, given.objects, rank, **more)
            )
    figures = {
        how: {
            "clicks": len(values),
            "iou_median": round(float(np.median(values)), 3),
            "iou_over_0.5": round(float(np.mean(np.array(values) > 0.5)), 3),
            "iou_over_0.7": round(float(np.mean(np.array(values) > 0.7)), 3),
        }
        for how, values in scores.items()
    }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
