"""The journal: every stroke on disk within two seconds, and back after a crash.

A journal is a folder of its own for each session, so that two windows on one
image never write to the same file. It holds a snapshot of the labels and a log
of what was changed since, both made of checksummed records. Each record holds
the values that pixels took, never differences, which makes three things simple:

- a snapshot may be taken while the person goes on drawing, since replaying the
  log that was begun before it sets right whatever it caught half done;
- a torn last record, the usual trace of a crash, is dropped and nothing else;
- behind a damaged record, reading goes on at the next sound one, and what comes
  later is still right wherever it wrote; only what the damaged record alone
  wrote is lost.
"""

from napari_cihm.correction.journal.claims import Claim, claim
from napari_cihm.correction.journal.found import FoundJournal
from napari_cihm.correction.journal.identity import ImageIdentity
from napari_cihm.correction.journal.journal import Journal
from napari_cihm.correction.journal.recovery import Recovered, recover
from napari_cihm.correction.journal.shelf import (
    discard,
    identity_of,
    journal_home,
    journals,
    prune,
    unfinished,
)
from napari_cihm.correction.journal.writer import wait_for_ends

__all__ = [
    "Claim",
    "FoundJournal",
    "ImageIdentity",
    "Journal",
    "Recovered",
    "claim",
    "discard",
    "identity_of",
    "journal_home",
    "journals",
    "prune",
    "recover",
    "unfinished",
    "wait_for_ends",
]
