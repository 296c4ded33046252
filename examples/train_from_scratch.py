"""Train a small network from the first weight on, on images made here.

Run it as it stands::

    python examples/train_from_scratch.py

It makes sixteen fluorescence images with their truth, writes them as a training
folder, trains for a minute on the CPU, segments a new image and says how many of
its nuclei were found. Replace the folder by your own ``images/`` and ``masks/``
to train on your images; ``cihm train FOLDER -o RUN`` does the same.
"""

import argparse
import tempfile
from pathlib import Path

from tifffile import imwrite

import napari_cihm as cihm
from napari_cihm.data.synthetic import nuclei
from napari_cihm.events import EpochDone, Trained
from napari_cihm.models import Model
from napari_cihm.training.metrics import match


def make_folder(folder: Path, images: int, side: int) -> None:
    """Write synthetic images and their labels as a training folder."""
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    for seed in range(images):
        image, labels = nuclei((side, side), seed)
        imwrite(folder / "images" / f"{seed:02d}.tif", image)
        imwrite(folder / "masks" / f"{seed:02d}.tif", labels)


def train(folder: Path, run: Path, seconds: float) -> Model:
    """Train on the folder and return the best model."""
    for event in cihm.train(
        folder, "cihm", seconds=seconds, folder=run, patch=128, steps_per_epoch=20
    ):
        if isinstance(event, EpochDone):
            print(f"epoch {event.epoch}: mean AP {event.figures['map']:.3f}")
        elif isinstance(event, Trained):
            print(f"saved as {event.path}")
            return event.model
    raise AssertionError("a run ends with its model")


def main() -> None:
    """Make, train, segment, score."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--images", type=int, default=16)
    parser.add_argument("--side", type=int, default=256)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "pairs")
        make_folder(folder, wanted.images, wanted.side)
        model = train(folder, Path(scratch, "run"), wanted.seconds)
    image, truth = nuclei((256, 256), seed=1000)
    found = cihm.segment(image, model)
    at_half = match(truth, found)[0]
    print(f"found {at_half.tp} of {at_half.tp + at_half.fn} nuclei of a new image")


if __name__ == "__main__":
    main()
