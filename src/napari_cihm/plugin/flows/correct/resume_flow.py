"""Work that was left unfinished: found in its journals, offered, gone on with."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from napari.layers import Image as ImageLayer
from napari.layers import Labels
from qtpy.QtCore import QObject, QTimer

from napari_cihm.correction.journal import (
    Claim,
    FoundJournal,
    ImageIdentity,
    Recovered,
    claim,
    discard,
    recover,
    unfinished,
    wait_for_ends,
)
from napari_cihm.errors import CihmError, InputError
from napari_cihm.plugin import large_labels, notices
from napari_cihm.plugin.flows.correct.bench import Bench
from napari_cihm.plugin.pictures import array_of
from napari_cihm.plugin.placing import place_of, place_over
from napari_cihm.plugin.region import region_of
from napari_cihm.plugin.views.correct_section import CorrectSection
from napari_cihm.plugin.worker.wire import Failure

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cihm.plugin.flows.errands import Errand


Subject: TypeAlias = ImageLayer | Labels
RESUMED = " (resumed)"
CALM = 500  # milliseconds in which a live image may get other pixels again


@dataclass(frozen=True)
class Offer:
    """Unfinished work, and what is open that it was done on."""

    journal: FoundJournal
    over: Subject


class ResumeFlow(QObject):
    """Answers the banner of unfinished work."""

    def __init__(self, bench: Bench, section: CorrectSection, parent: QObject) -> None:
        super().__init__(parent)
        self._bench, self._section = bench, section
        self._offers: list[Offer] = []
        self._resuming = False
        self._told: set[Path] = set()
        self._looked: list[Subject] | None = None
        self._search: Errand | None = None
        self._calm = QTimer(self, singleShot=True, interval=CALM)
        self._calm.timeout.connect(self.look)
        bench.began.connect(self._offer)
        bench.chosen.connect(self._on_changed)
        section.unfinished.accepted.connect(self.resume)
        section.unfinished.declined.connect(self.discard)
        bench.desk.session.image_changed.connect(self._on_changed)
        bench.desk.session.model_changed.connect(self._tell)
        bench.desk.scene.pixels_changed.connect(self._on_pixels_changed)
        self.look()

    def look(self) -> None:
        """Look, beside the window, whether work on what is open was left unfinished."""
        subjects, settings = self._subjects(), self._bench.settings
        self._looked = subjects
        self._take(subjects, [])
        if self._search is not None:
            self._search.stopped = True
        if not subjects or not settings.journal:
            return
        asked = [(subject, array_of(subject), subject.name) for subject in subjects]

        def work() -> Iterator[list[Offer]]:
            wait_for_ends()  # of labels that were just deleted, say
            yield [
                Offer(journal, subject)
                for subject, data, name in asked
                for journal in unfinished(ImageIdentity.of(data, name), settings)
            ]

        self._search = self._bench.errands.start(work, partial(self._take, subjects))

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
            try:
                discard(self._offers.pop(0).journal)
            except CihmError as error:
                notices.explain(error)
            self._offer()

    def _on_changed(self) -> None:
        if self._subjects() != self._looked:
            self.look()

    def _on_pixels_changed(self, image: ImageLayer) -> None:
        if image is self._bench.desk.session.image:
            self._calm.start()

    def _subjects(self) -> list[Subject]:
        """Return what journals may have been kept for: labels without an image too."""
        image, labels = self._bench.desk.session.image, self._bench.labels
        subjects: list[Subject] = [] if image is None else [image]
        known = labels is None or self._bench.begun(labels) is not None
        if labels is not None and not known and not labels.multiscale:
            subjects.append(labels)
        return subjects

    def _take(self, subjects: list[Subject], offers: list[Offer]) -> None:
        if subjects is self._looked:
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
        desk = self._bench.desk
        if desk.session.model is None or desk.tasks:
            return  # what is said now is wiped away soon, or not shown
        offered = {offer.journal.path for offer in self._offers}
        if offered - self._told:
            name = self._offers[0].over.name
            desk.tasks.say(
                f"Earlier corrections of {name} can be resumed, under Correct."
            )
        self._told |= offered

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
        for note in found.notes:
            notices.warn(note)

    def _on_resumed(self) -> None:
        self._resuming = False
        self._offer()

    def _on_failure(self, failure: Failure) -> None:
        notices.report(failure)
        self.look()


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
