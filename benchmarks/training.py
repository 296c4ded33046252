"""How many images a second a network learns from, in the loop that users run.

>>> python benchmarks/training.py DSB18/train cihm unet

Warping and recolouring are among it. Validation, done once in an epoch, is not, and
neither are reading images and computing their maps, done once in a run: a few images
stand for all, and are ready after the first steps. Networks take turns, so that what
else runs slows all of them.
"""

import argparse
import statistics
import time
from pathlib import Path

import torch
from timing import machine, print_table

from napari_cihm.data.pairs import Pair, folder_pairs
from napari_cihm.events import StepDone
from napari_cihm.training import train

IMAGES, WARMING = 24, 15


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder of pairs")
    parser.add_argument("names", nargs="+", help="recipes or models")
    parser.add_argument("--steps", type=int, default=20, help="steps that are timed")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--patch", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    print(machine())
    sources = folder_pairs(given.data)
    pairs = [s.read() for s in sources[:: max(1, len(sources) // IMAGES)]]
    rates: dict[str, list[float]] = {name: [] for name in given.names}
    for _ in range(given.turns):
        for name, taken in rates.items():
            taken.append(
                images_a_second(pairs, name, given.steps, given.batch, given.patch)
            )
    print_table(
        f"Patches of {given.patch} x {given.patch}, {given.batch} in a step",
        ("network", "images a second", "least and most"),
        [
            (n, f"{statistics.median(r):.1f}", f"{min(r):.1f} to {max(r):.1f}")
            for n, r in rates.items()
        ],
    )


def images_a_second(
    pairs: list[Pair], name: str, steps: int, batch: int, patch: int
) -> float:
    """Train for some steps and give the patches learnt from in a second of them."""
    ends = []
    settings = {"batch": batch, "patch": patch, "steps_per_epoch": WARMING + steps + 1}
    for event in train(pairs, name, epochs=1, **settings):
        if isinstance(event, StepDone):
            ends.append(time.perf_counter())
        if len(ends) == WARMING + steps:
            break
    return steps * batch / (ends[-1] - ends[WARMING - 1])


if __name__ == "__main__":
    main()
