"""Make the bundled model better on your images, from labels that you corrected.

Run it as it stands::

    python examples/finetune_from_labels.py

It makes images of a kind that the bundled model does not know, fine-tunes the model
on three of them for a minute, says what the gate found on labels that were held out,
and shows what changed on an image that nobody has labelled. With your own images and
labels, this is ``cihm finetune --images FOLDER --masks FOLDER -o RUN``.
"""

import argparse

import numpy as np

import napari_cihm as cihm
from napari_cihm.data.synthetic import nuclei
from napari_cihm.events import EpochDone, Finetuned, FinetuneStarted, Note
from napari_cihm.models import Model
from napari_cihm.training.metrics import match


def strange(side: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Make dark nuclei on a bright, uneven ground, and their labels."""
    image, labels = nuclei((side, side), seed, 22.0, 0.2)
    ramp = np.linspace(0.6, 1.0, side)[None]
    return (ramp * (200 - 0.7 * image.astype(float) / image.max() * 200)), labels


def finetune(model: Model, images: list, labels: list, wanted: argparse.Namespace):
    """Fine-tune, telling how it goes."""
    limits = {"seconds": wanted.seconds, "steps": wanted.steps}
    for event in cihm.finetune(model, images, labels, **limits):
        if isinstance(event, FinetuneStarted):
            print(f"{event.objects} objects in {event.images} images. {event.sure}")
        elif isinstance(event, EpochDone):
            print(f"step {event.step}: held-out loss {event.validation_loss:.3f}")
        elif isinstance(event, Note):
            print(event.text)
        elif isinstance(event, Finetuned):
            return event
    raise AssertionError("a run ends with its verdict")


def main() -> None:
    """Make images, fine-tune, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--steps", type=int, help="instead of a time")
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--save", help="file for the better model")
    wanted = parser.parse_args()
    images, labels = zip(*(strange(wanted.side, s) for s in range(3)), strict=True)
    model = cihm.load_model("cihm-dsb18")
    verdict = finetune(model, list(images), list(labels), wanted)
    print(f"The gate: {verdict.reason}")
    for warning in verdict.warnings:
        print(f"Warning: {warning}")
    better = verdict.model if verdict.accepted else model
    image, truth = strange(wanted.side, 1000)
    for name, one in {"before": model, "after": better}.items():
        ap = match(truth, cihm.segment(image, one))[0].ap
        print(f"AP at IoU .5 on a new image, {name}: {ap:.2f}")
    if wanted.save:
        print(f"saved as {better.save(wanted.save)}")


if __name__ == "__main__":
    main()
