"""Evaluate a model as a user meets it: through segmentation, image by image."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from napari_cihm.data.apart import WORDS, one_number, tell_pairs_apart
from napari_cihm.data.ground import believed, said_of_ground
from napari_cihm.data.image import COLOUR, Image
from napari_cihm.data.pairs import Pair, PairSource
from napari_cihm.data.survey import read_each
from napari_cihm.errors import DataError
from napari_cihm.events import Evaluated, Event, ImageScored, Note
from napari_cihm.models import Model
from napari_cihm.segmentation import segment
from napari_cihm.training.classes import pairs_in_classes, reviewed_masks, said_of
from napari_cihm.training.scores import score_pair

EMPTY = (
    "The masks are all background: the figures only tell whether anything was found "
    "where nothing should be."
)


def evaluate(
    model: Model,
    sources: Sequence[PairSource],
    kinds: Mapping[str, str] | None = None,
    **settings: Any,
) -> Iterator[Event]:
    """Segment each image as `segment` does and score it, one event an image.

    The last event is `Evaluated`, with the figures of all; the images themselves are
    not kept.

    Parameters
    ----------
    model : Model
        What to evaluate.
    sources : sequence of PairSource
        Images and truth, read one at a time.
    kinds : mapping, optional
        The kind of an image by its name, for figures of each kind.
    **settings
        Fields of `PlaneSettings`.
    """
    kinds, scored = kinds or {}, []
    said = said_of_ground(believed(p.labels, p.reviewed) for p in read_each(sources))
    masks = (pair.labels for pair in read_each(sources))
    if model.config.task == "instance" and one_number(masks):
        sources = tell_pairs_apart(sources)
        yield Note(WORDS)
    if said:
        yield Note(said)
    if model.config.numbers:
        sources, said = _in_its_classes(sources, model.config.numbers)
        if said:
            yield Note(said)
    empty = True
    for number, source in enumerate(sources, start=1):
        pair = source.read()
        empty = empty and not believed(pair.labels, pair.reviewed).any()
        found = segment(_as_opened(pair), model, **settings)
        kind = kinds.get(pair.name, "")
        one, shown = score_pair(pair, found, kind, model.config)
        scored.append(one)
        yield ImageScored(number, len(sources), one, shown)
    if empty:
        yield Note(EMPTY)
    yield Evaluated(tuple(scored))


def _in_its_classes(
    sources: Sequence[PairSource], known: tuple[int, ...]
) -> tuple[Sequence[PairSource], str]:
    """Turn masks into the classes of a model that learnt them by such numbers.

    Masks that hold nothing but 1, 2, 3 ... are such classes already.
    """
    held = {int(n) for mask in reviewed_masks(sources) for n in np.unique(mask)} - {0}
    if held <= set(known):
        return pairs_in_classes(sources, known), said_of(held, known)
    if max(held) <= len(known):
        return sources, ""
    strange = ", ".join(map(str, sorted(held - set(known))))
    raise DataError(
        f"the masks hold {strange}, which the model did not learn as classes",
        f"numbers among {', '.join(map(str, known))}, or 1 to {len(known)}",
    )


def _as_opened(pair: Pair) -> Image:
    """Give a pair's image the axes that its file would be opened with."""
    if pair.colour:
        colours = np.broadcast_to(pair.image, (COLOUR, *pair.labels.shape))
        return Image.of(np.moveaxis(colours, 0, -1), "yxc")
    return Image.of(pair.image, "cyx")
