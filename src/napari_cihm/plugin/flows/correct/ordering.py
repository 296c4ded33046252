"""The order in which labels are gone through; the model may have to be asked for it."""

from collections.abc import Callable
from typing import Any

import numpy as np
from napari.layers import Image as ImageLayer

from napari_cihm.correction.scores import (
    doubt_of_objects,
    doubt_of_patches,
    oddity_of_sizes,
    patches_of,
)
from napari_cihm.correction.session import CorrectionSession
from napari_cihm.correction.tour import Tour, tour_of_objects, tour_of_patches
from napari_cihm.events import Doubted
from napari_cihm.plugin import notices
from napari_cihm.plugin.flows.correct.bench import Bench
from napari_cihm.plugin.flows.correct.doubting import Doubting
from napari_cihm.plugin.flows.correct.mending import Mending
from napari_cihm.plugin.pictures import array_of

ASKED = ("uncertainty", "disagreement")  # orders for which the model is asked


class Ordering:
    """Makes an order, and another once what it depends on is another.

    Attributes
    ----------
    tour : Tour or None
        The way along the order that was made last.
    """

    def __init__(self, bench: Bench, doubting: Doubting) -> None:
        self._bench, self._doubting = bench, doubting
        self.tour: Tour | None = None
        self._key: tuple[Any, ...] = ()
        self._scores: dict[int, float] = {}

    def forget(self) -> None:
        """Make another when it is needed next."""
        self.tour = None

    def provide(self, mending: Mending, go: Callable[[Tour], None]) -> None:
        """Go on once there is an order; the model may have to be asked first."""
        settings, layer = self._bench.settings, mending.layer
        image = self._bench.pairing.fitting_image_of(layer)
        key = self._key_of(mending, image)
        if self.tour is not None and key == self._key:
            go(self.tour)
            return

        def begin(doubt: Any = None) -> None:
            self.tour, self._key = self._make(mending, doubt), key
            go(self.tour)

        if settings.order not in ASKED:
            begin()
        elif image is None or self._bench.desk.session.model is None:
            notices.warn(
                "without an image of the shape of these labels the model cannot be "
                "asked; objects are ordered by their size"
            )
            begin()
        else:

            def take(answer: Doubted) -> None:
                if self._bench.mending is mending:
                    begin(answer.doubt)

            axes = self._bench.pairing.axes_of_image(image)
            run = self._bench.pairing.run_settings(image, layer)
            self._doubting.ask(image, axes, run, settings.order, take)

    def renew(self, mending: Mending) -> Tour:
        """Take in objects that came after the order was made."""
        self.tour = self._tour_of_objects(mending)
        return self.tour

    def _make(self, mending: Mending, doubt: Any) -> Tour:
        session, settings = mending.session, self._bench.settings
        shape = tuple(mending.layer.data.shape)
        if doubt is not None:
            doubt = np.asarray(doubt).reshape(shape)
        if settings.unit == "patches":
            patches = patches_of(shape, settings.patch)
            scores = None if doubt is None else doubt_of_patches(patches, doubt)
            return tour_of_patches(
                patches, session.reviewed, scores, seed=settings.seed
            )
        self._scores = _scores_of(session, settings.order, doubt)
        return self._tour_of_objects(mending)

    def _tour_of_objects(self, mending: Mending) -> Tour:
        session, seed = mending.session, self._bench.settings.seed
        return tour_of_objects(session.index, session.checked, self._scores, seed=seed)

    def _key_of(self, mending: Mending, image: ImageLayer | None) -> tuple[Any, ...]:
        """Return all that an order depends on and that is not told of otherwise."""
        settings, model = self._bench.settings, self._bench.desk.session.model
        parts = (settings.order, settings.unit, settings.patch, settings.seed)
        session = mending.session
        asked: tuple[Any, ...] = ()
        if settings.order in ASKED and image is not None and model is not None:
            asked = model.hash, image.unique_id, id(array_of(image))
        return (id(session.index), id(session.reviewed), *parts, *asked)


def _scores_of(session: CorrectionSession, order: str, doubt: Any) -> dict[int, float]:
    """Say of each object how much it asks to be looked at."""
    if doubt is not None:
        return doubt_of_objects(session.labels, session.index, doubt)
    return {} if order == "random" else oddity_of_sizes(session.index)
