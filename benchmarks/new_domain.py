"""Teach a model of fluorescence what stained tissue is, from a few images.

    python benchmarks/new_domain.py DSB18 [--model cihm-fluo] [--objects 5]

DSB18 is a folder of ``train/`` and ``val/`` pairs with an ``index.csv`` that names the
kind of each image. The model is fine-tuned on 1, 3, 5 and 10 purple images, or those of
another kind, three times each, or on a few objects of each image alone; it is scored on
all images of the kind that are held out, and, for what it may have forgotten, on
fluorescence: what of it is found, and what where there is nothing, between its objects
and in fine grain (see ``empty.py``).
"""

import argparse
from pathlib import Path

import dsb18
import numpy as np
from empty import FINE, find_in_emptiest, find_in_grain

from napari_cihm import load_model
from napari_cihm.events import Finetuned
from napari_cihm.models import Model
from napari_cihm.training import finetune


def learn(
    model: Model,
    images: list[dsb18.Labelling],
    objects: int | None,
    seconds: float,
    steps: int | None,
    seed: int,
) -> Finetuned:
    """Fine-tune, on the first so many objects of each image or all, for the verdict."""
    seen = [np.ones(one.labels.shape, bool) for one in images]
    for mask, one in zip(seen, images, strict=True):
        mask[dsb18.mend(one.labels, 0, objects or one.labels.size)[0] :] = False
    *_, last = finetune(
        model,
        [one.image for one in images],
        [one.labels for one in images],
        seen,
        seconds=seconds,
        steps=steps,
        seed=seed,
        axes="yxc",
    )
    assert isinstance(last, Finetuned)
    return last


def main() -> None:
    """Fine-tune on ever more images and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="cihm-fluo")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--steps", type=int, help="in place of seconds")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--images", type=int, nargs="*", default=[1, 3, 5, 10])
    parser.add_argument("--kind", default="purple")
    parser.add_argument("--objects", type=int, help="of each image, from the top down")
    given = parser.parse_args()
    model = load_model(given.model)
    shown = dsb18.read(given.data, "train", given.kind)
    unseen = dsb18.read(given.data, "val", given.kind)
    old = dsb18.read(given.data, "val", "fluo")

    def measure(learnt: Model) -> list[float]:
        new, kept = dsb18.figures(learnt, unseen), dsb18.figures(learnt, old).ap50
        between = sum(find_in_emptiest(learnt, old))
        in_grain = sum(found for _, found in find_in_grain(learnt, 0, FINE))
        return [*new, kept, between, in_grain]

    def tell(count: int, figures: list[float], taken: str) -> None:
        cells = [f"{n:.0f}" if i > 2 else f"{n:.3f}" for i, n in enumerate(figures)]
        print("|", " | ".join([str(count), *cells, taken]), "|", flush=True)

    names = ("images", "AP .50", "mean AP", "fluorescence AP .50")
    print("|", " | ".join((*names, "where empty", "in grain", "taken")), "|")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    tell(0, measure(model), "")
    for count in given.images:
        rows, taken = [], 0
        for seed in range(given.seeds):
            chosen = np.random.default_rng(seed).permutation(len(shown))[:count]
            images = [shown[i] for i in chosen]
            verdict = learn(
                model, images, given.objects, given.seconds, given.steps, seed
            )
            taken += verdict.accepted
            rows.append(measure(verdict.model))
        mean = np.mean(rows, axis=0).tolist()
        tell(count, mean, f"{taken} of {given.seeds}")


if __name__ == "__main__":
    main()
