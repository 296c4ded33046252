"""How long the first fine-tuning of a process takes, and how long the next."""

import time

import torch

import napari_cihm as cihm
from napari_cihm.data.synthetic import nuclei

SIDE, STEPS = 96, 2


def main() -> None:
    """Print the seconds of both."""
    torch.set_num_threads(1)
    model = cihm.load_model("cihm-fluo", "cpu")
    image, labels = nuclei((SIDE, SIDE), crowding=0.5)
    for which in ("first", "second"):
        began = time.perf_counter()
        settings = {"seconds": None, "steps": STEPS, "patch": 32, "batch": 4}
        for event in cihm.finetune(model, image, labels, **settings):
            last = event
        print(f"{which}: {time.perf_counter() - began:.1f} s", type(last).__name__)


if __name__ == "__main__":
    main()
