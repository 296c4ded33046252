"""How long the first fine-tuning of a process takes, and how long the next.

    python benchmarks/first_finetune.py

Two steps on one made image, on one core: what is left is what comes before and after.
"""

import torch
from timing import machine, timed

from napari_cihm import finetune, load_model
from napari_cihm.data.synthetic import nuclei

SIDE = 96
SETTINGS = {"seconds": None, "steps": 2, "patch": 32, "batch": 4}


def main() -> None:
    """Fine-tune twice and print the seconds of both."""
    torch.set_num_threads(1)
    print(machine())
    model = load_model("cihm-fluo", "cpu")
    image, labels = nuclei((SIDE, SIDE), crowding=0.5)
    for which in ("first", "second"):
        took = timed(lambda: list(finetune(model, image, labels, **SETTINGS)))
        print(f"{which}: {took.wall:.1f} s")


if __name__ == "__main__":
    main()
