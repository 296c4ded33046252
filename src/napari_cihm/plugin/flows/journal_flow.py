"""Journals of corrections: begun, offered again after a crash, and pruned."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from napari.layers import Image as ImageLayer
from qtpy.QtCore import QObject

from napari_cihm.correction.journal import (
    Claim,
    FoundJournal,
    ImageIdentity,
    Recovered,
    claim,
    discard,
    prune,
    recover,
    unfinished,
)
from napari_cihm.errors import CihmError
from napari_cihm.plugin import notices
from napari_cihm.plugin.flows.bench import Bench
from napari_cihm.plugin.flows.mending import Mending
from napari_cihm.plugin.layers import KEY
from napari_cihm.plugin.scene import array_of
from napari_cihm.plugin.views.correct_section import CorrectSection
from napari_cihm.plugin.worker.wire import Failure

if TYPE_CHECKING:
    from napari_cihm.plugin.flows.aside import Errand


class JournalFlow(QObject):
    """Keeps what is done on disk, and answers the banner of unfinished work.

    Parameters
    ----------
    bench : Bench
        What is corrected.
    section : CorrectSection
        What the user sees.
    """

    def __init__(self, bench: Bench, section: CorrectSection, parent: QObject) -> None:
        super().__init__(parent)
        self._bench, self._section = bench, section
        self._found: list[FoundJournal] = []
        self._resuming: FoundJournal | None = None
        self._search: Errand | None = None
        bench.began.connect(self._on_began)
        section.unfinished.accepted.connect(self.resume)
        section.unfinished.declined.connect(self.discard)
        bench.desk.session.image_changed.connect(self.look)
        self._prune()
        self.look()

    def look(self) -> None:
        """Look, beside the window, whether work on the image was left unfinished."""
        image, settings = self._bench.desk.session.image, self._bench.settings
        self._found = []
        self._offer()
        if image is None or not settings.journal:
            return
        data, name = array_of(image), image.name

        def work() -> Iterator[list[FoundJournal]]:
            yield unfinished(ImageIdentity.of(data, name), settings)

        if self._search is not None:
            self._search.stopped = True
        self._search = self._bench.aside.start(
            work, lambda found: self._take(image, found)
        )

    def resume(self) -> None:
        """Open the newest unfinished work beside what is there."""
        if not self._found or self._resuming is not None:
            return
        journal = self._resuming = self._found[0]
        image = self._bench.desk.session.image
        base = self._base(journal)
        if journal.by_reference and base is None:
            self._resuming = None
            notices.refuse(
                "this work was begun on labels in a file, and holds what changed alone",
                f"open those labels first ({journal.layer})",
            )
            return

        def work() -> Iterator[tuple[Claim, Recovered]]:
            held = claim(journal.path, journal.identity)
            try:
                found = recover(journal.path, base if journal.by_reference else None)
            except Exception:
                held.release()
                raise
            yield held, found

        self._bench.aside.start(
            work,
            lambda found: self._reopen(image, *found),
            self._on_failure,
            self._on_resumed,
        )

    def discard(self) -> None:
        """Remove the newest unfinished work for good."""
        if self._found and self._resuming is None:
            try:
                discard(self._found.pop(0))
            except CihmError as error:
                notices.explain(error)
            self._offer()

    def _on_began(self, mending: Mending) -> None:
        mending.told.connect(_on_told)
        self._keep(mending)
        self._offer()

    def _keep(self, mending: Mending) -> None:
        if not self._bench.settings.journal:
            return
        layer = mending.layer
        image = self._bench.image_of(layer)
        data = layer.data if image is None else array_of(image)
        name = layer.name if image is None else image.name
        source = "" if image is None else str(image.source.path or "")
        about = layer.metadata.get(KEY, {})
        facts = {k: about[k] for k in ("model", "model_hash", "settings") if k in about}
        try:
            resumed = mending.resumed
            identity = (
                resumed.identity
                if resumed is not None
                else ImageIdentity.of(data, name, source)
            )
            mending.keep_journal(identity, facts)
        except (CihmError, OSError) as error:
            text = getattr(error, "came", str(error))
            notices.warn(f"corrections are not kept on disk: {text}")

    def _take(self, image: ImageLayer, found: list[FoundJournal]) -> None:
        if image is self._bench.desk.session.image:
            self._found = found
            self._offer()

    def _offer(self) -> None:
        here = self._bench.journals
        self._found = [x for x in self._found if x.path not in here]
        if not self._found:
            self._section.unfinished.offer("")
            return
        journal, *others = self._found
        when = time.strftime("%d %B, %H:%M", time.localtime(journal.last))
        more = f" ({len(others)} more)" if others else ""
        self._section.unfinished.offer(
            f"Unfinished work on this image: {journal.layer}, {when}{more}"
        )

    def _base(self, journal: FoundJournal) -> Any:
        """Return the labels that a journal was begun with, if they are open."""
        named = [x for x in self._bench.candidates if x.name == journal.layer]
        return named[0].data if named and not named[0].multiscale else None

    def _reopen(self, image: ImageLayer | None, held: Claim, found: Recovered) -> None:
        scene, layers = self._bench.desk.scene, self._bench.desk.layers
        if image is None or not scene.holds(image):
            held.release()
            return
        axes = self._bench.axes_of_image(image)
        layer = layers.add_recovered(image, axes, found.labels, found.layer)
        self._bench.begin(layer, found.reviewed, held)
        self._bench.choose(layer)
        scene.layers.selection.active = layer
        for note in found.notes:
            notices.warn(note)

    def _on_resumed(self) -> None:
        self._resuming = None
        self._offer()

    def _on_failure(self, failure: Failure) -> None:
        notices.report(failure)
        self.look()

    def _prune(self) -> None:
        settings = self._bench.settings

        def work() -> Iterator[str]:
            gone = prune(settings)
            if gone is not None:
                yield gone.text

        self._bench.aside.start(work, notices.tell)


def _on_told(text: str, trouble: bool) -> None:
    if trouble:
        notices.warn(text)
    else:
        notices.tell(text)
