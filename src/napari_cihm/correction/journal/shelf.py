"""The folder of all journals: find unfinished ones, remove old finished ones."""

import json
import shutil
import time
from pathlib import Path

import platformdirs

from napari_cihm.config import CorrectSettings
from napari_cihm.correction.journal.claims import claim
from napari_cihm.correction.journal.files import LOG, generations
from napari_cihm.correction.journal.found import LOOKING, FoundJournal, look
from napari_cihm.correction.journal.headings import read_about
from napari_cihm.correction.journal.identity import ImageIdentity
from napari_cihm.correction.journal.records import Kind, pack
from napari_cihm.data.paths import with_home
from napari_cihm.errors import WriteError
from napari_cihm.events import JournalsPruned

DAY = 86400.0


def journal_home(settings: CorrectSettings) -> Path:
    """Return the folder that journals lie in."""
    if settings.journal_folder is not None:
        return with_home(settings.journal_folder)
    return platformdirs.user_data_path("napari-cihm", appauthor=False) / "journals"


def journals(settings: CorrectSettings | None = None) -> list[FoundJournal]:
    """List all journals that can be read, the newest first."""
    home = journal_home(settings or CorrectSettings())
    found = [journal for place in _places(home) if (journal := look(place))]
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
    and nothing was ever drawn; where that cannot be told, it stays. What is returned
    is a word about what went, or None.
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


def _remove(place: Path) -> bool:
    # Not under its lock, which some systems would not let go of.
    with LOOKING:
        shutil.rmtree(place, ignore_errors=True)
        return not place.exists()
