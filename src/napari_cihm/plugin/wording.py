"""Turning the engine's terse words into sentences."""

DONE = {
    "Add": "Added",
    "Copy": "Copied",
    "Delete": "Deleted",
    "Fill": "Filled",
    "Grow": "Grew",
    "Interpolate": "Interpolated",
    "Merge": "Merged",
    "Remove": "Removed",
    "Renumber": "Renumbered",
    "Shrink": "Shrank",
    "Smooth": "Smoothed",
    "Split": "Split",
}


def quoted(name: str) -> str:
    """Tell a name from the words around it: a layer's may be any words."""
    return f"\u201c{name}\u201d"


def of_planes(text: str, sliced: bool) -> str:
    """Speak of frames where planes lie in time alone, and are no slices."""
    return text if sliced else text.replace("slice", "frame")


def done(what: str) -> str:
    """Say of a step, which is named by what to do, that it was done."""
    verb, *others = what.split(" ")
    return " ".join([DONE.get(verb, verb), *others])
