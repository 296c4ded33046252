"""Work that was left unfinished: offered, and gone on with."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from napari.layers import Labels
from qtpy.QtCore import QObject

from napari_cihm.correction.journal import (
    Claim,
    FoundJournal,
    Recovered,
    claim,
    discard,
    recover,
)
from napari_cihm.errors import CihmError, InputError
from napari_cihm.plugin import large_labels, notices
from napari_cihm.plugin.flows.correct.bench import Bench
from napari_cihm.plugin.flows.correct.unfinished import Offer, Subject, Unfinished
from napari_cihm.plugin.pictures import array_of
from napari_cihm.plugin.placing import place_of, place_over
from napari_cihm.plugin.region import region_of
from napari_cihm.plugin.views.correct_section import CorrectSection
from napari_cihm.plugin.worker.wire import Failure

if TYPE_CHECKING:
    from pathlib import Path


RESUMED = " (resumed)"


class ResumeFlow(QObject):
    """Answers the banner of unfinished work."""

    def __init__(self, bench: Bench, section: CorrectSection, parent: QObject) -> None:
        super().__init__(parent)
        self._bench, self._section = bench, section
        self._offers: list[Offer] = []
        self._resuming = False
        self._told: set[Path] = set()
        self._unfinished = Unfinished(bench, self)
        self._unfinished.found.connect(self._on_found)
        bench.began.connect(self._offer)
        section.unfinished.accepted.connect(self.resume)
        section.unfinished.declined.connect(self.discard)
        self._unfinished.look()

    def resume(self) -> None:
        """Open the newest unfinished work beside what is there."""
        if not self._offers or self._resuming:
            return
        journal, over = self._offers[0].journal, self._offers[0].over
        bases = self._bases()
        self._resuming = True

        def work() -> Iterator[tuple[Claim, Recovered]]:
            held = claim(journal.path, journal.identity)
            try:
                found = recover(journal.path, _base(journal, bases))
            except Exception:
                held.release()
                raise
            yield held, found

        self._bench.errands.start(
            work,
            lambda found: self._reopen(over, *found),
            self._on_failure,
            self._on_resumed,
        )

    def discard(self) -> None:
        """Give the newest unfinished work up; it stays on disk for a while."""
        if self._offers and not self._resuming:
            offer = self._offers.pop(0)
            try:
                discard(offer.journal)
            except CihmError as error:
                notices.explain(error)
            else:
                self._say(offer.over, "are discarded")
            self._offer()

    def _on_found(self, offers: list[Offer]) -> None:
        self._offers = offers
        self._offer()
        self._tell()

    def _offer(self, *_: Any) -> None:
        here = self._bench.journals
        self._offers = [x for x in self._offers if x.journal.path not in here]
        if not self._offers:
            self._section.unfinished.offer("")
            return
        journal, others = self._offers[0].journal, len(self._offers) - 1
        when = time.strftime("%d %B, %H:%M", time.localtime(journal.last))
        more = f" ({others} more)" if others else ""
        what = ": ".join(dict.fromkeys((journal.identity.name, journal.layer)))
        self._section.unfinished.offer(f"Earlier corrections of {what}, {when}{more}")

    def _tell(self) -> None:
        """Say once, where it is always seen, that there is an offer further down."""
        if self._bench.desk.tasks:
            return  # it would not be shown
        offered = {offer.journal.path for offer in self._offers}
        if offered - self._told:
            self._say(self._offers[0].over, "can be resumed, under Correct")
        self._told |= offered

    def _say(self, over: Subject, what: str) -> None:
        words = f"Earlier corrections of {over.name} {what}."
        self._bench.desk.tasks.say(words)

    def _bases(self) -> list[Any]:
        """Return open labels that nobody edited here, or what they were copied from."""
        bases = []
        for layer in self._bench.candidates:
            data = array_of(layer)
            source = getattr(data, "source", None)
            if source is not None:
                bases.append(source)
            elif self._bench.begun(layer) is None:
                bases.append(data)
        return bases

    def _reopen(self, over: Subject, held: Claim, found: Recovered) -> None:
        scene, layers = self._bench.desk.scene, self._bench.desk.layers
        if not scene.holds(over):
            held.release()
            return
        about = {**found.facts, "measured": True}  # soon, by whoever measures labels
        if isinstance(over, Labels):
            image, place = None, place_of(over)
        else:
            image, axes = over, self._bench.pairing.axes_of_image(over)
            region = region_of(axes, array_of(over).shape)
            fits = tuple(found.labels.shape) == region.shown_shape
            place = place_over(over, region) if fits else {}
            about = {"axes": axes, **about}  # earlier journals do not say them
        name = f"{found.layer.removesuffix(RESUMED)}{RESUMED}"
        layer = layers.add_copy(found.labels, name, place, image, about)
        self._bench.begin(layer, found.reviewed, held)
        self._bench.choose(layer)
        scene.layers.selection.active = layer
        self._say(over, "are resumed")
        for note in found.notes:
            notices.warn(note)

    def _on_resumed(self) -> None:
        self._resuming = False
        self._offer()

    def _on_failure(self, failure: Failure) -> None:
        notices.report(failure)
        self._unfinished.look()


def _base(journal: FoundJournal, bases: list[Any]) -> Any:
    """Return the labels that a journal was begun with, if they are to be had."""
    if place := journal.facts.get("labels_at"):
        left = large_labels.opened(place)  # by a window that is closed
        bases = bases if left is None else [left, *bases]
    base = next((labels for labels in bases if journal.began_with(labels)), None)
    if journal.by_reference and base is None:
        raise InputError(
            "this work was begun on labels in a file, and holds only the changes",
            "those labels, as they were",
            f"open them first ({journal.layer})",
        )
    return base
