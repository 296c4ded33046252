"""The journal of one session, as the window sees it."""

import atexit
import contextlib
import re
import secrets
import time
import weakref
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from napari_cihm import __version__
from napari_cihm.config import CorrectSettings
from napari_cihm.correction.edits import Edit
from napari_cihm.correction.journal.claims import Claim
from napari_cihm.correction.journal.codec import Target
from napari_cihm.correction.journal.identity import (
    GLANCE,
    ImageIdentity,
    fingerprint,
)
from napari_cihm.correction.journal.ledger import Ledger, is_by_reference
from napari_cihm.correction.journal.scribe import Scribe
from napari_cihm.correction.journal.shelf import journal_home
from napari_cihm.correction.journal.writer import Writer
from napari_cihm.correction.marking import ReviewChange
from napari_cihm.correction.reviewed import Reviewed
from napari_cihm.data.boxes import Box
from napari_cihm.events import Event


class Journal:
    """Keeps labels and reviewed marks on disk while they are worked on.

    Every method returns at once: a thread writes, syncs, retries and makes
    snapshots. Whatever changes the labels has to be told *after* it was done.

    Parameters
    ----------
    labels : array-like of int
        The living labels; read for snapshots in another thread.
    identity : ImageIdentity or callable
        The image they belong to, or what finds it out, in the writer's thread.
    reviewed : Reviewed, optional
        The living marks.
    layer : str
        What the labels are called.
    facts : mapping, optional
        Anything JSON can hold that should come back: the model's hash, settings.
    settings : CorrectSettings, optional
        Where journals lie and how they are written.
    tell : callable, optional
        Hears `JournalStalled` and `JournalWell`, in the writer's thread.
    unsure : callable, optional
        Says, in the writer's thread, whether the labels may hold what is not told
        yet, or never will be; what is read of them then is read once more.
    resumed : Claim, optional
        Go on in the folder of a journal that was claimed and recovered.
    """

    def __init__(
        self,
        labels: Any,
        identity: ImageIdentity | Callable[[], ImageIdentity],
        *,
        reviewed: Reviewed | None = None,
        layer: str = "",
        facts: Mapping[str, Any] | None = None,
        settings: CorrectSettings | None = None,
        tell: Callable[[Event], None] | None = None,
        unsure: Callable[[], bool] | None = None,
        resumed: Claim | None = None,
    ) -> None:
        settings = settings or CorrectSettings()
        self.identity = None if callable(identity) else identity
        self._identify = identity if callable(identity) else lambda: identity
        self.layer = layer
        self.facts = dict(facts or {})
        self._labels = labels
        self._begun = _begun(labels)
        self._reviewed = reviewed
        home = journal_home(settings)
        self.path = resumed.path if resumed else home / _folder_name(layer)
        ledger = Ledger(self.path, self._about, resumed.lock if resumed else None)
        self._scribe = Scribe(
            ledger, self._arrays(), settings, unsure or (lambda: False)
        )
        self._writer = Writer(
            self._scribe, settings.journal_retry, tell or (lambda event: None)
        )
        _OPEN.add(self)

    def record(
        self, edit: Edit | None = None, review: ReviewChange | None = None
    ) -> None:
        """Keep an edit and the marks that go with it, as one stroke.

        Undoing is an edit too: hand over its inverse.
        """
        parts: list[tuple[Target, Edit]] = []
        if edit is not None:
            parts.append((Target.LABELS, edit))
        if review is not None:
            parts.append((Target.PERSON, review.person))
            parts.append((Target.EDITS, review.edits))
        self._scribe.backlog.put(parts)

    def record_box(self, box: Box) -> None:
        """Keep what a box of the labels holds now, reading it later.

        The cheapest word about a change of unknown form: the window's thread
        notes the place alone.
        """
        self._scribe.backlog.keep(Target.LABELS, box)

    def resync(self, labels: Any = None, reviewed: Reviewed | None = None) -> None:
        """Begin anew with a snapshot, when anything may have changed.

        What is given takes the place of the labels, as when a layer got new data, or
        of the marks.
        """
        others = labels is not None or reviewed is not None
        if labels is not None:
            self._labels, self._begun = labels, _begun(labels)
        self._reviewed = self._reviewed if reviewed is None else reviewed
        self._scribe.replace(self._arrays() if others else None)

    def flush(self, timeout: float = 5.0) -> bool:
        """Wait until everything lies on the disk; say whether it does."""
        return self._writer.flush(timeout)

    def end(self, finished: bool) -> None:
        """End the session; what is left is still written in the background.

        Work is finished that is saved elsewhere or not wanted any more; a journal of
        other work is offered again and never pruned.
        """
        if self in _OPEN:
            _OPEN.remove(self)
            self._writer.end(finished)

    def close(self, finished: bool, timeout: float = 5.0) -> bool:
        """End the session and wait; say whether everything lies on the disk."""
        self.end(finished)
        return self._writer.wait(timeout)

    def _arrays(self) -> dict[Target, Any]:
        arrays: dict[Target, Any] = {Target.LABELS: self._labels}
        if self._reviewed is not None:
            arrays[Target.PERSON] = self._reviewed.person
            arrays[Target.EDITS] = self._reviewed.edits
        return arrays

    def _about(self, labels: Any) -> dict[str, Any]:
        if self.identity is None:
            self.identity = self._identify()
        source = getattr(labels, "source", None)
        if source is not None and not self._begun:
            self._begun = fingerprint(source, GLANCE)
        return {
            "program": __version__,
            "identity": self.identity.document(),
            "layer": self.layer,
            "labels": {
                "shape": [int(n) for n in labels.shape],
                "dtype": np.dtype(labels.dtype).newbyteorder("<").str,
                "by_reference": is_by_reference(labels),
            },
            "begun": self._begun,
            "facts": self.facts,
        }


def _folder_name(layer: str) -> str:
    """Make a name that a person can read and no other session takes."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", layer).strip("-")[:40] or "labels"
    day = time.strftime("%Y%m%d-%H%M%S")
    return f"{name}-{day}-{secrets.token_hex(4)}"


def _begun(labels: Any) -> str:
    """Return what labels are known by before they change; what lies in a file waits."""
    return fingerprint(labels, GLANCE) if isinstance(labels, np.ndarray) else ""


_OPEN: weakref.WeakSet[Journal] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """Write what is left of sessions that nobody ended."""
    for journal in list(_OPEN):
        with contextlib.suppress(OSError):
            journal.close(finished=False, timeout=2.0)
