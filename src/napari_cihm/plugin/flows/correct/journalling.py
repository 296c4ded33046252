"""Keeping corrections on disk while they are made, each in a journal of its own."""

from collections.abc import Callable, Iterator
from functools import partial

from qtpy.QtCore import QObject, Signal

from napari_cihm.config import CorrectSettings
from napari_cihm.correction.journal import (
    ImageIdentity,
    Journal,
    prune,
    wait_for_ends,
)
from napari_cihm.events import JournalStalled, JournalWell
from napari_cihm.plugin import notices
from napari_cihm.plugin.flows.correct.bench import Bench
from napari_cihm.plugin.flows.correct.mending import Mending
from napari_cihm.plugin.pictures import array_of
from napari_cihm.plugin.signing import record_of

# What is said of labels that a journal keeps too.
FACTS = ("axes", "diameter", "model", "model_hash", "settings", "labels_at")


class Journalling(QObject):
    """Begins a journal with each correction, and removes those of finished work."""

    _heard = Signal(object, object)  # from a journal's thread to ours

    def __init__(self, bench: Bench, parent: QObject) -> None:
        super().__init__(parent)
        self._bench = bench
        self._heard.connect(self._on_heard)
        bench.began.connect(self._on_began)
        bench.errands.start(partial(_pruned, bench.settings), notices.tell)

    def _on_began(self, mending: Mending) -> None:
        if not self._bench.settings.journal:
            return
        session, about = mending.session, record_of(mending.layer)
        session.journal = Journal(
            session.labels,
            self._identity(mending),
            reviewed=session.reviewed,
            layer=mending.layer.name,
            facts={k: about[k] for k in FACTS if k in about},
            settings=session.settings,
            tell=partial(self._heard.emit, mending),
            unsure=mending.is_unsure,
            resumed=mending.resumed,
        )

    def _identity(
        self, mending: Mending
    ) -> ImageIdentity | Callable[[], ImageIdentity]:
        """Say what a journal is kept for; a reader may be slow or fail, in a thread."""
        if mending.resumed is not None:
            return mending.resumed.identity
        layer = mending.layer
        image = self._bench.pairing.image_of(layer)
        if image is not None:
            name, source = image.name, str(image.source.path or "")
            return partial(ImageIdentity.of, array_of(image), name, source)
        source = str(layer.source.path or "")
        if getattr(layer.data, "source", None) is not None:
            return partial(ImageIdentity.of, layer.data.source, layer.name, source)
        # As they are before the first stroke.
        return ImageIdentity.of(layer.data, layer.name, source)

    def _on_heard(self, mending: Mending, event: JournalStalled | JournalWell) -> None:
        if self._bench.begun(mending.layer) is not mending:
            return  # whose work goes on no more
        if isinstance(event, JournalStalled):
            notices.warn(event.text)
        else:
            notices.tell(event.text)


def _pruned(settings: CorrectSettings) -> Iterator[str]:
    """Remove journals of finished work that are old, and say so."""
    wait_for_ends()  # of a panel that was just closed
    gone = prune(settings)
    if gone is not None:
        yield gone.text
