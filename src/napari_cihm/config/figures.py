"""The figures that a model is known by, and what they are called."""

from collections.abc import Mapping
from typing import Any

FIGURES = {
    "map": "mean AP",
    "ap0.50": "AP .50",
    "ap0.75": "AP .75",
    "dice": "pixel Dice",  # of all images' pixels together; no mean of images'
    "iou": "IoU",
}
# For who has never met them.
MEANINGS = {
    "map": "AP, averaged over overlaps from .50 to .95: outlines count too",
    "ap0.50": "right objects among all that were found or missed; right ones "
    "overlap a true one by half",
    "ap0.75": "the same for an overlap of three quarters",
    "dice": "how far the pixels of all objects agree, whole or not",
}
# Those of a region's pixels, in the order in which they are told.
REGION = ("dice", "iou", "hd95", "precision", "recall")


def said_figures(figures: Mapping[str, Any]) -> list[str]:
    """Say how good a model is, as "mean AP 0.457"; other facts of its run are left out.

    What fine-tuning made was scored beside the model before: its own scores are said.
    """
    own = figures.get("new", figures)
    known = {title: own.get(name) for name, title in FIGURES.items()}
    return [
        f"{title} {value:.3f}"
        for title, value in known.items()
        if isinstance(value, int | float)
    ]
