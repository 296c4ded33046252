"""How much better a model gets by the object that a person mends.

    python benchmarks/effort.py DSB18 [--model cihm-fluo] [--rounds 6] [--seconds 60]

DSB18 is a folder of ``train/`` and ``val/`` pairs with an ``index.csv`` that names the
kind of each image. A made-up person looks at the image of which the model is the least
sure (or at any), mends at most thirty objects of it from the top down, marks what was
looked at as reviewed, and fine-tunes on all that was mended so far. Beside it stands a
network that starts from nothing and has the same objects and the same time.
"""

import argparse
from pathlib import Path

import dsb18
import numpy as np
from numpy.typing import NDArray

from napari_cihm import load_model
from napari_cihm.config import ModelConfig
from napari_cihm.events import Finetuned
from napari_cihm.models import Model
from napari_cihm.training import finetune
from napari_cihm.training.labelled import Labelled
from napari_cihm.training.material import read_planes

MENDED = 30
POOL = 24  # images that wait to be labelled


class Person:
    """Mends labels from the top of an image down, thirty objects at a time.

    Parameters
    ----------
    pool : list of Labelling
        Images with their truth, which only the person knows.
    """

    def __init__(self, pool: list[dsb18.Labelling]) -> None:
        self.pool = pool
        self.rows = [0] * len(pool)
        self.objects = 0

    @property
    def open(self) -> list[int]:
        """Images of which something is left to do."""
        ends = enumerate(zip(self.rows, self.pool, strict=True))
        return [i for i, (row, one) in ends if row < one.labels.shape[0]]

    def mend(self, number: int) -> None:
        """Go on in an image until thirty more objects are right."""
        labels = self.pool[number].labels
        self.rows[number], count = dsb18.mend(labels, self.rows[number], MENDED)
        self.objects += count

    def learnt(self) -> tuple[list[NDArray], list[NDArray], list[NDArray]]:
        """Return images, labels and what is reviewed of them."""
        begun = [i for i, row in enumerate(self.rows) if row]
        seen = []
        for i in begun:
            mask = np.zeros(self.pool[i].labels.shape, bool)
            mask[: self.rows[i]] = True
            seen.append(mask)
        return (
            [self.pool[i].image for i in begun],
            [self.pool[i].labels for i in begun],
            seen,
        )


def doubt(model: Model, one: dsb18.Labelling) -> float:
    """Return the mean entropy of the foreground."""
    (plane,) = read_planes(
        [Labelled.of(one.image, one.labels, axes="yxc")], model.config
    )
    p = np.clip(model.predict(plane.image[None])[0, 0], 1e-6, 1 - 1e-6)
    return float(-(p * np.log(p) + (1 - p) * np.log(1 - p)).mean())


def fit(start: Model, person: Person, seconds: float, seed: int) -> Finetuned:
    """Fine-tune on all that was mended."""
    images, labels, seen = person.learnt()
    *_, last = finetune(
        start, images, labels, seen, seconds=seconds, seed=seed, axes="yxc"
    )
    assert isinstance(last, Finetuned)
    return last


def main() -> None:
    """Mend, learn, score, in rounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="cihm-fluo")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    base = load_model(given.model)
    blank = Model.untrained(ModelConfig(recipe="cihm", classes=3, task="instance"))
    draw = np.random.default_rng(given.seed)
    purple = dsb18.read(given.data, "train", "purple")
    pool = [purple[i] for i in draw.permutation(len(purple))[:POOL]]
    unseen = dsb18.read(given.data, "val", "purple")
    print("| mended | least sure first | any image | from nothing |")
    print("| ---: | ---: | ---: | ---: |")
    print(f"| 0 | {dsb18.figures(base, unseen).ap50:.3f} | | |", flush=True)
    sure, any_of = Person(pool), Person(pool)
    model = base
    for number in range(given.rounds):
        sure.mend(max(sure.open, key=lambda i: doubt(model, pool[i])))
        any_of.mend(int(draw.choice(any_of.open)))
        model = fit(base, sure, given.seconds, number).model
        other = fit(base, any_of, given.seconds, number).model
        new = fit(blank, sure, given.seconds, number).model
        aps = [dsb18.figures(m, unseen).ap50 for m in (model, other, new)]
        print(
            f"| {sure.objects} and {any_of.objects} | "
            + " | ".join(f"{ap:.3f}" for ap in aps)
            + " |",
            flush=True,
        )


if __name__ == "__main__":
    main()
