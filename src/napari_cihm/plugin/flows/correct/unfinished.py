"""Work that was left unfinished on what is open: looked for in its journals."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from napari.layers import Image as ImageLayer
from napari.layers import Labels
from qtpy.QtCore import QObject, QTimer, Signal

from napari_cihm.correction.journal import (
    FoundJournal,
    ImageIdentity,
    unfinished,
    wait_for_ends,
)
from napari_cihm.plugin.flows.correct.bench import Bench
from napari_cihm.plugin.pictures import array_of

if TYPE_CHECKING:
    from napari_cihm.plugin.flows.errands import Errand

Subject: TypeAlias = ImageLayer | Labels
CALM = 500  # milliseconds in which a live image may get other pixels again


@dataclass(frozen=True)
class Offer:
    """Unfinished work, and what is open that it was done on."""

    journal: FoundJournal
    over: Subject


class Unfinished(QObject):
    """Looks for unfinished work, anew when something else is worked on.

    Attributes
    ----------
    found
        Emitted with a list of offers, the newest first; an empty one before each look.
    """

    found = Signal(object)

    def __init__(self, bench: Bench, parent: QObject) -> None:
        super().__init__(parent)
        self._bench = bench
        self._looked: list[Subject] | None = None
        self._search: Errand | None = None
        self._calm = QTimer(self, singleShot=True, interval=CALM)
        self._calm.timeout.connect(self.look)
        bench.chosen.connect(self._on_changed)
        bench.desk.session.image_changed.connect(self._on_changed)
        bench.desk.scene.pixels_changed.connect(self._on_pixels_changed)

    def look(self) -> None:
        """Look, beside the window, whether work on what is open was left unfinished."""
        subjects, settings = self._subjects(), self._bench.settings
        self._looked = subjects
        self.found.emit([])
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

    def _take(self, subjects: list[Subject], offers: list[Offer]) -> None:
        if subjects is self._looked:
            self.found.emit(offers)

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
