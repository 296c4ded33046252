"""How much of a minute's fine-tuning on a large labelled plane is spent on learning.

    python benchmarks/large_plane.py [--side 512 2048] [--seconds 60] [--threads 2]

The planes are made. What is not learning is looking at the labels, at what both models
make of the part held out, and at made images to rehearse.
"""

import argparse
import time

import torch
from timing import machine, print_table

from napari_cihm import load_model
from napari_cihm.data.synthetic import nuclei
from napari_cihm.events import StepDone
from napari_cihm.models import Model
from napari_cihm.training import finetune

DIAMETER, CROWDING = 22.0, 0.3


def main() -> None:
    """Fine-tune on a plane of each side and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, nargs="+", default=[512, 2048])
    parser.add_argument("--model", default="cihm-fluo")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    print(machine())
    model = load_model(given.model, "cpu")
    print_table(
        f"Fine-tuning for {given.seconds:.0f} s",
        ("side", "objects", "seconds in all", "steps", "seconds of steps"),
        [learn(model, side, given.seconds) for side in given.side],
    )


def learn(model: Model, side: int, seconds: float) -> tuple[str, ...]:
    """Fine-tune on a made plane and say where the time went."""
    image, labels = nuclei((side, side), 3, DIAMETER, CROWDING)
    began = time.monotonic()
    steps = [
        event.seconds
        for event in finetune(model, [image], [labels], seconds=seconds)
        if isinstance(event, StepDone)
    ]
    whole = time.monotonic() - began
    numbers = side, labels.max(), f"{whole:.0f}", len(steps), f"{sum(steps):.0f}"
    return tuple(map(str, numbers))


if __name__ == "__main__":
    main()
