"""The folder of all journals: find unfinished ones, remove old finished ones."""

import contextlib
import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import platformdirs

from napari_cihm.config import CorrectSettings
from napari_cihm.correction.journal.claims import claim
from napari_cihm.correction.journal.files import (
    LOCK,
    LOG,
    SNAPSHOT,
    generations,
    lock_of,
)
from napari_cihm.correction.journal.headings import contents, read_about
from napari_cihm.correction.journal.identity import (
    GLANCE,
    ImageIdentity,
    fingerprint,
)
from napari_cihm.correction.journal.records import (
    HEAD_BYTES,
    Kind,
    Record,
    pack,
    read_head,
    read_records,
)
from napari_cihm.data.paths import with_home
from napari_cihm.errors import ReadError, WriteError
from napari_cihm.events import JournalsPruned

DAY = 86400.0


@dataclass(frozen=True)
class FoundJournal:
    """A journal as it lies in its folder.

    Attributes
    ----------
    path : Path
        Its folder.
    identity : ImageIdentity
        The image it was kept for.
    layer : str
        What the labels were called.
    facts : dict
        What was noted when its newest file was begun.
    strokes : int
        How many changes it holds; a snapshot counts as one.
    last : float
        When it was written last, in seconds since 1970.
    finished : bool
        Whether its work was saved or given up.
    live : bool
        Whether a window is writing it now.
    sound : bool
        Whether its logs are read to their ends without a fault.
    by_reference : bool
        Whether the labels it was begun with are needed to read it.
    begun : str
        What those labels are known by.
    megabytes : float
        Room it takes.
    """

    path: Path
    identity: ImageIdentity
    layer: str
    facts: dict[str, Any]
    strokes: int
    last: float
    finished: bool
    live: bool
    sound: bool
    by_reference: bool
    begun: str
    megabytes: float

    def began_with(self, labels: Any) -> bool:
        """Say whether labels are those that it was begun with, unchanged since."""
        return self.begun == fingerprint(labels, GLANCE)


def journal_home(settings: CorrectSettings) -> Path:
    """Return the folder that journals lie in."""
    if settings.journal_folder is not None:
        return with_home(settings.journal_folder)
    return platformdirs.user_data_path("napari-cihm", appauthor=False) / "journals"


def journals(settings: CorrectSettings | None = None) -> list[FoundJournal]:
    """List all journals that can be read, the newest first."""
    home = journal_home(settings or CorrectSettings())
    found = [journal for place in _places(home) if (journal := _look(place))]
    return sorted(found, key=lambda journal: -journal.last)


def unfinished(
    identity: ImageIdentity, settings: CorrectSettings | None = None
) -> list[FoundJournal]:
    """List what may be resumed for an image, the newest first.

    Left out are journals in which nothing was done and those that another window
    is writing.
    """
    return [
        journal
        for journal in journals(settings)
        if journal.identity.matches(identity)
        and journal.strokes
        and not journal.finished
        and not journal.live
    ]


def identity_of(place: Path) -> ImageIdentity:
    """Return what the journal in a folder was kept for."""
    return ImageIdentity.read(read_about(place)["identity"])


def discard(journal: FoundJournal) -> None:
    """Give a journal up: it is offered no more, and goes when finished ones go.

    Raises
    ------
    InputError
        If a window is writing it.
    WriteError
        If nothing can be written there.
    """
    held = claim(journal.path, journal.identity)
    try:
        logs = generations(journal.path, LOG) or {0: journal.path / LOG.format(0)}
        payload = json.dumps({"finished": True}).encode()
        with logs[max(logs)].open("ab") as file:
            file.write(pack(Kind.CLOSED, 0, payload))
    except OSError as error:
        raise WriteError(
            f"{journal.path} cannot be discarded ({error.strerror})",
            "a folder that can be written to",
        ) from error
    finally:
        held.release()


def prune(
    settings: CorrectSettings | None = None, now: float | None = None
) -> JournalsPruned | None:
    """Remove journals of work finished or given up that are old or take much room.

    Unfinished work is never removed, unless nothing was done in it for a day
    and nothing was ever drawn; where that cannot be told, it stays.

    Returns
    -------
    JournalsPruned or None
        A word about what went; None when nothing did.
    """
    settings = settings or CorrectSettings()
    now = time.time() if now is None else now
    kept = 0.0
    gone: list[FoundJournal] = []
    for journal in journals(settings):
        age = (now - journal.last) / DAY
        if journal.finished:
            kept += journal.megabytes
            too_much = kept > settings.journal_keep_mb
            remove = too_much or age > settings.journal_keep_days
        else:
            remove = not journal.strokes and journal.sound and age > 1
        if remove and not journal.live and _remove(journal.path):
            kept -= journal.megabytes if journal.finished else 0.0
            gone.append(journal)
    if not gone:
        return None
    megabytes = sum(journal.megabytes for journal in gone)
    what = "1 journal" if len(gone) == 1 else f"{len(gone)} journals"
    said = f"Removed {what} of finished work ({megabytes:.1f} MB)."
    return JournalsPruned(said, len(gone))


def _places(home: Path) -> list[Path]:
    try:
        return [p for p in home.iterdir() if p.is_dir()]
    except OSError:
        # No folder yet, or none to be read: no journals either way.
        return []


def _look(place: Path) -> FoundJournal | None:
    try:
        about = read_about(place)
        identity = ImageIdentity.read(about["identity"])
        logs = generations(place, LOG)
        read = [_outline(log) for log in logs.values()]
        # Not the lock: even looking at it touches it.
        files = [p.stat() for p in place.iterdir() if p.name != LOCK]
    except (ReadError, OSError, ValueError, KeyError):
        # Not a journal, or gone while it was looked at: nothing to offer.
        return None
    records = [record for outline, _ in read for record in outline]
    strokes = sum(kind in (Kind.EDIT, Kind.PIECE) for kind, _ in records)
    # Later generations begin with a snapshot of what earlier ones held.
    strokes += any(number > 0 for number in generations(place, SNAPSHOT))
    return FoundJournal(
        path=place,
        identity=identity,
        layer=str(about.get("layer", "")),
        facts=dict(about.get("facts", {})),
        strokes=strokes,
        last=max((f.st_mtime for f in files), default=0.0),
        finished=_is_finished(logs, records),
        live=_is_live(place),
        sound=all(sound for _, sound in read),
        by_reference=bool(about["labels"].get("by_reference")),
        begun=str(about.get("begun", "")),
        megabytes=sum(f.st_size for f in files) / 2**20,
    )


def _outline(log: Path) -> tuple[list[tuple[int, int]], bool]:
    """List kind and length of a log's records; say whether they are all of it.

    What they hold is read only where one of them is torn or damaged.
    """
    outline, at = [], 0
    with log.open("rb") as file:
        while (head := read_head(file.read(HEAD_BYTES))) is not None:
            outline.append((head.kind, head.length))
            at += HEAD_BYTES + head.length
            file.seek(at)
        if at == file.seek(0, 2):
            return outline, True
    sound = (r for r in read_records(contents(log)) if isinstance(r, Record))
    return [(record.kind, len(record.payload)) for record in sound], False


def _is_finished(logs: dict[int, Path], records: list[tuple[int, int]]) -> bool:
    kind, length = records[-1] if records else (None, 0)
    if kind != Kind.CLOSED:
        return False
    newest = logs[max(logs)]
    with newest.open("rb") as file:
        file.seek(-length, 2)
        with contextlib.suppress(ValueError):
            return bool(json.loads(file.read()).get("finished"))
    return False


def _is_live(place: Path) -> bool:
    try:
        with lock_of(place):
            return False
    except filelock.Timeout:
        return True
    except OSError:
        # A read-only folder: nobody can be writing there.
        return False


def _remove(place: Path) -> bool:
    # Not under its lock, which some systems would not let go of.
    shutil.rmtree(place, ignore_errors=True)
    return not place.exists()
