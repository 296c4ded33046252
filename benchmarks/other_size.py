"""Fine-tune on nuclei far from the size that a model knows, and see what comes in use.

    python benchmarks/other_size.py DSB18 --scale 0.25 --kind purple [--seed 1]

DSB18 is a folder of ``train/`` and ``val/`` pairs with an ``index.csv``. Two training
images are shrunk or enlarged, with nuclei that are then scaled when they are segmented,
and learnt. Scored is what `segment` gives of six validation images scaled as they are,
and of seven of fluorescence in their own size.
"""

import argparse
from pathlib import Path

import dsb18
import numpy as np
from diameter import scaled, width

from napari_cihm import finetune, load_model, segment
from napari_cihm.events import Finetuned
from napari_cihm.models import Model
from napari_cihm.segmentation.diameter import keeps_scale
from napari_cihm.training.metrics import match, mean_ap, total

LEARNT, SCORED = 2, 6


def in_scale(one: dsb18.Labelling, scale: float) -> dsb18.Labelling:
    """Scale an image and its labels."""
    image = scaled(one.image, scale)
    rows, columns = (
        ((np.arange(new) + 0.5) * old / new).astype(int)
        for new, old in zip(image.shape, one.labels.shape, strict=False)
    )
    return dsb18.Labelling(image, one.labels[np.ix_(rows, columns)])


def in_use(model: Model, images: list[dsb18.Labelling]) -> str:
    """Score what a user gets."""
    found = (segment(one.image, model, axes="yxc") for one in images)
    scores = total(
        match(one.labels, labels) for one, labels in zip(images, found, strict=True)
    )
    return f"{scores[0].ap:.3f}, {mean_ap(scores):.3f}"


def main() -> None:
    """Fine-tune once and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="cihm-dsb18")
    parser.add_argument("--kind", default="fluo")
    parser.add_argument("--scale", type=float, default=0.3)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    model = load_model(given.model)
    own, most = model.config.diameter, 300 if given.scale > 1 else 700
    assert own is not None

    def read(split: str, least: int) -> list[dsb18.Labelling]:
        every = dsb18.read(given.data, split, given.kind, least)
        small = [one for one in every if max(one.labels.shape) <= most]
        return [
            in_scale(one, given.scale)
            for one in small
            if not keeps_scale(given.scale * width(one.labels), own)
        ]

    shown, unseen = read("train", 10), read("val", 8)[:SCORED]
    known = dsb18.read(given.data, "val", "fluo")[::8]
    order = np.random.default_rng(given.seed).permutation(len(shown))[:LEARNT]
    print("before:", in_use(model, unseen), "| as it was:", in_use(model, known))
    *_, last = finetune(
        model,
        [shown[i].image for i in order],
        [shown[i].labels for i in order],
        seconds=None,
        steps=given.steps,
        seed=given.seed,
        axes="yxc",
    )
    assert isinstance(last, Finetuned)
    after = in_use(last.model, unseen), in_use(last.model, known)
    print("after:", after[0], "| as it was:", after[1], "|", last.reason)


if __name__ == "__main__":
    main()
