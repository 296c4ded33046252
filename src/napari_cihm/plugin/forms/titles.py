"""What fields and words of the settings are called where people see them.

A field that is not named here is called by its own name, spaced out.
"""

import re
from typing import Any

from napari_cihm.config.fields import FieldFacts

NONE = "none"
AUTO = "auto"

TITLES = {
    "batch": "Batch size",
    "block": "Block side",
    "channels": "Channel",
    "diameter": "Object diameter",
    "edit_margin": "Margin of edits",
    "folder": "Images",
    "foreground": "Foreground",
    "format": "Format",
    "grow": "Grow, shrink by",
    "gap": "Slices to bridge",
    "halo": "Block margin",
    "held_out": "Held out for scoring",
    "least": "Fewest objects",
    "journal": "Keep a journal",
    "maps": "Keep probability maps",
    "mark_edits": "Edits are reviewed",
    "memory": "Memory",
    "min_overlap": "Linking overlap",
    "min_size": "Smallest object",
    "min_slices": "Fewest slices",
    "output": "Labels go to",
    "overlap": "Tile overlap",
    "patch": "Side of a patch",
    "patience": "Checks without gain",
    "prominence": "Least prominence",
    "rate": "Learning rate",
    "replay": "Rehearsed share",
    "smooth": "Smooth by",
    "table": "Measurements",
    "tile": "Tile side",
    "time": "Time points",
    "tta": "Average over flips",
    "uncertainty": "Map of uncertainty",
    "unit": "Go through",
    "volume": "Stack",
}

UNITS = {
    "block": "px",
    "diameter": "px",
    "edit_margin": "px",
    "grow": "px",
    "halo": "px",
    "memory": "MB",
    "min_size": "px",
    "overlap": "px",
    "patch": "px",
    "smooth": "px",
    "tile": "px",
}

WORDS: dict[tuple[str, Any], str] = {
    ("channels", "merge"): "merge all",
    ("channels", "haematoxylin"): "haematoxylin alone",
    ("diameter", None): "as in the image",
    ("format", "tif"): "TIFF",
    ("format", "zarr"): "OME-Zarr",
    ("folder", None): "choose a folder",
    ("order", "disagreement"): "where flips disagree",
    ("order", "random"): "at random",
    ("order", "size"): "unusual sizes first",
    ("order", "uncertainty"): "where the model is unsure",
    ("output", None): "labels/ inside that folder",
    ("time", "frames"): "each separately",
    ("time", "linked"): "link across time",
    ("volume", "linked"): "link across slices",
    ("volume", "orthogonal"): "three directions",
    ("volume", "slices"): "each slice separately",
}


def title_of(facts: FieldFacts) -> str:
    """Return what a field is called."""
    return TITLES.get(facts.name, facts.name.replace("_", " ").capitalize())


def unit_of(facts: FieldFacts) -> str:
    """Return the unit of a field's number, or nothing."""
    return UNITS.get(facts.name, "")


def word_of(facts: FieldFacts, value: Any) -> str:
    """Return what a value that is no number is called.

    Nothing at all, where it is the default, is what leaves the choice to us.
    """
    if (facts.name, value) in WORDS:
        return WORDS[facts.name, value]
    if value is None:
        chosen_for_us = facts.default is None and AUTO not in facts.words
        return AUTO if chosen_for_us else NONE
    return str(value)


def tooltip_of(facts: FieldFacts) -> str:
    """Return a field's description in the words of its control."""
    text = facts.description
    for word in facts.choices:
        own, shown = NONE if word is None else str(word), word_of(facts, word)
        # A description may have the shown words already.
        either = rf"\b(?:{re.escape(shown)}\b|{re.escape(own)}(?= ))"
        text = re.sub(either, shown, text)
    return text


def expected(facts: FieldFacts) -> str:
    """Say what a field takes."""
    said = []
    if facts.number is not None:
        kind = "a whole number" if facts.number is int else "a number"
        said.append(f"{kind}{_bounds(facts)}")
    said += [f"\u201c{word_of(facts, word)}\u201d" for word in facts.choices]
    return " or ".join([", ".join(said[:-1]), said[-1]] if said[1:] else said)


def _bounds(facts: FieldFacts) -> str:
    low, high = facts.low, facts.high
    if low is not None and high is not None:
        return f" from {low:g} to {high:g}"
    if low is not None:
        return f" above {low:g}" if facts.number is float else f" from {low:g}"
    return "" if high is None else f" up to {high:g}"
