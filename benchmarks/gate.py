"""Count how often the gate keeps the better model, half of the labels being poisoned.

    python benchmarks/gate.py DSB18 [--runs 100] [--models cihm-fluo cihm-dsb18]

DSB18 is a folder of ``train/`` and ``val/`` pairs with an ``index.csv`` that names the
kind of each image. Each run fine-tunes a model on one to five images, whose labels may
be moved, merged, thinned out or laid at random. Which model is better is then asked of
images that were never near the run, with labels as they are.
"""

import argparse
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import dsb18
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_cihm import load_model
from napari_cihm.errors import DataError
from napari_cihm.events import Finetuned
from napari_cihm.training import finetune

Labels = NDArray[np.int32]
Draw = np.random.Generator
ALIKE = 0.01  # of mean AP: two models that are as good as each other
SCORED = 16  # images of a kind


def moved(labels: Labels, draw: Draw) -> Labels:
    """Lay labels four to ten pixels beside the objects."""
    angle, far = draw.uniform(0, 2 * np.pi), draw.uniform(4, 10)
    by = round(far * np.sin(angle)), round(far * np.cos(angle))
    return np.asarray(ndimage.shift(labels, by, order=0))


def merged(labels: Labels, draw: Draw) -> Labels:
    """Give most objects one number with their nearest neighbour."""
    numbers = np.unique(labels[labels > 0])
    centres = np.array(ndimage.center_of_mass(labels > 0, labels, numbers))
    result, left = labels.copy(), set(range(len(numbers)))
    for one in draw.permutation(len(numbers)):
        if one not in left or len(left) < 2 or draw.random() < 0.2:
            continue
        left.discard(one)
        far = {o: np.hypot(*(centres[one] - centres[o])) for o in left}
        other = min(far, key=lambda o: far[o])
        left.discard(other)
        result[result == numbers[other]] = numbers[one]
    return result


def thinned(labels: Labels, draw: Draw) -> Labels:
    """Take most objects away."""
    numbers = np.unique(labels[labels > 0])
    gone = draw.choice(numbers, int(draw.uniform(0.5, 0.8) * len(numbers)), False)
    return np.where(np.isin(labels, gone), 0, labels)


def at_random(labels: Labels, draw: Draw) -> Labels:
    """Lay discs of the objects' sizes anywhere."""
    result = np.zeros_like(labels)
    rows, columns = np.ogrid[: labels.shape[0], : labels.shape[1]]
    for number, size in enumerate(np.bincount(labels.ravel())[1:], 1):
        row, column = draw.integers(0, labels.shape)
        disc = (rows - row) ** 2 + (columns - column) ** 2 < max(size, 12) / np.pi
        result[disc & (result == 0)] = number
    return result


POISONS: dict[str, Callable[[Labels, Draw], Labels]] = {
    "moved": moved,
    "merged": merged,
    "thinned": thinned,
    "at random": at_random,
}


def main() -> None:
    """Run, count, and print what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--models", nargs="+", default=["cihm-fluo", "cihm-dsb18"])
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--first", type=int, default=0, help="seed of the first run")
    parser.add_argument("--json", type=Path, help="write each run as a line")
    given = parser.parse_args()
    models = [load_model(name) for name in given.models]
    kinds = ("purple", "fluo")
    pools = {k: dsb18.read(given.data, "train", k, least=8) for k in kinds}
    clean = {k: dsb18.read(given.data, "val", k)[:SCORED] for k in kinds}
    known: dict[tuple[int, str], float] = {}
    tally: Counter[str] = Counter()
    for run in range(given.first, given.first + given.runs):
        draw = np.random.default_rng(run)
        which, kind = run % len(models), kinds[run // 2 % 2]
        poison = list(POISONS)[run // 8 % 4] if run // 4 % 2 else ""
        chosen = draw.choice(len(pools[kind]), draw.integers(1, 6), replace=False)
        images = [pools[kind][i] for i in chosen]
        labels = [
            POISONS[poison](i.labels, draw) if poison else i.labels for i in images
        ]
        try:
            *_, last = finetune(
                models[which],
                [one.image for one in images],
                labels,
                seconds=given.seconds,
                seed=run,
                axes="yxc",
            )
        except DataError as refusal:
            tally["not begun"] += 1
            print(f"run {run}: {refusal}", flush=True)
            continue
        assert isinstance(last, Finetuned)
        if (which, kind) not in known:
            known[which, kind] = dsb18.figures(models[which], clean[kind]).map
        before = known[which, kind]
        after = dsb18.figures(last.model, clean[kind]).map
        kept, other = (after, before) if last.accepted else (before, after)
        right = kept > other - ALIKE
        tally["right"] += right
        worse = last.accepted and not right
        tally["worse taken, warned" if last.warnings else "worse taken"] += worse
        tally["clean refused" if not poison else "poison refused"] += not last.accepted
        row = {
            "run": run,
            "model": given.models[which],
            "kind": kind,
            "images": len(images),
            "poison": poison,
            "before": round(before, 3),
            "after": round(after, 3),
            "taken": last.accepted,
            "right": bool(right),
            "reason": last.reason,
            "warnings": last.warnings,
        }
        if given.json:
            with given.json.open("a") as file:
                file.write(json.dumps(row) + "\n")
        print({k: v for k, v in row.items() if k != "reason"}, flush=True)
    print(dict(tally), f"of {given.runs}")


if __name__ == "__main__":
    main()
