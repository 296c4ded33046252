"""A disk that is full, read-only or gone: said, survived, made up for."""

import shutil
import subprocess
import sys
import time

import pytest

from napari_cihm.correction.journal import recover
from napari_cihm.events import JournalStalled, JournalWell


def wait_for(condition, seconds: float = 8.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def kinds(one) -> list[type]:
    return [type(event) for event in one.heard]


def test_a_folder_that_cannot_be_made_is_told_once_and_made_up_for(
    session, same, tmp_path
) -> None:
    # A file where the folder should be: refused even to the superuser.
    (tmp_path / "journals").write_text("in the way")
    one = session(journal_retry=0.2).begin()
    one.paint_many(20)
    assert wait_for(lambda: one.heard)
    time.sleep(0.5)
    assert kinds(one) == [JournalStalled]
    assert "Your work goes on" in one.heard[0].text
    (tmp_path / "journals").unlink()
    assert wait_for(lambda: kinds(one) == [JournalStalled, JournalWell])
    one.paint_many(5, seed=3)
    assert one.journal.flush()
    assert kinds(one) == [JournalStalled, JournalWell]
    assert same(recover(one.journal.path), one)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps what is open")
@pytest.mark.parametrize("comes_back", [False, True])
def test_a_folder_taken_away_is_made_again_with_everything(
    session, same, tmp_path, comes_back
) -> None:
    one = session(journal_retry=0.2).begin()
    one.paint_many(20)
    assert one.journal.flush()
    copy = shutil.copytree(one.journal.path, tmp_path / "copy")
    shutil.rmtree(one.journal.path)
    if comes_back:  # as other files of the same names
        shutil.move(copy, one.journal.path)
    one.paint_many(3, seed=9)
    assert wait_for(lambda: JournalWell in kinds(one))
    assert one.journal.flush()
    assert same(recover(one.journal.path), one)


def test_closing_on_a_broken_disk_returns_and_says_no(session, tmp_path) -> None:
    (tmp_path / "journals").write_text("in the way")
    one = session(journal_retry=60.0).begin()
    one.paint_many(3)
    started = time.monotonic()
    assert not one.journal.close(finished=True, timeout=0.5)
    assert time.monotonic() - started < 5


def test_any_error_of_the_writer_is_told(session, same, monkeypatch) -> None:
    one = session(journal_retry=0.2).begin()
    one.journal.flush()
    ledger = one.journal._scribe.ledger
    changes = ledger.changes

    def broken(changes) -> None:
        raise ValueError("a fault nobody thought of")

    monkeypatch.setattr(ledger, "changes", broken)
    one.paint_many(4)
    assert wait_for(lambda: JournalStalled in kinds(one))
    assert "a fault nobody thought of" in one.heard[0].text
    monkeypatch.setattr(ledger, "changes", changes)
    assert wait_for(lambda: JournalWell in kinds(one))
    assert one.journal.flush()
    assert same(recover(one.journal.path), one)


FULL = """
import resource, signal, sys, time
import numpy as np
from pathlib import Path
from napari_cihm.config import CorrectSettings
from napari_cihm.correction.edits import changed, edit_of
from napari_cihm.correction.journal import ImageIdentity, Journal, recover

# The kernel refuses to let any file grow beyond 20 kB, as a full disk does,
# after writing the part that fits.
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
labels = np.zeros((200, 200), np.int32)
heard = []
journal = Journal(
    labels,
    ImageIdentity.of(labels),
    settings=CorrectSettings(journal_folder=Path(sys.argv[1]), journal_retry=0.2),
    tell=lambda event: heard.append(type(event).__name__),
)
journal.flush()
rng = np.random.default_rng(0)
def paint(count):
    for value in range(1, count):
        y, x = rng.integers(0, 170, 2)
        before = labels[y : y + 30, x : x + 30].copy()
        after = np.where(rng.random(before.shape) < 0.5, value, before)
        edit = edit_of([changed((y, x), before, after)], labels)
        edit.apply(labels)
        journal.record(edit)
paint(400)
while not heard:
    time.sleep(0.02)
size = journal.path.joinpath("log-000000.cihm").stat().st_size
early = recover(journal.path)
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
paint(10)
while "JournalWell" not in heard:
    time.sleep(0.02)
journal.flush()
found = recover(journal.path)
print(heard, size <= 20_000, early.strokes > 0, early.notes)
print(np.array_equal(found.labels, labels), found.whole, found.notes)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX systems")
def test_a_full_disk_is_survived(tmp_path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert told.stdout.splitlines() == [
        "['JournalStalled', 'JournalWell'] True True []",
        "True True []",
    ]
