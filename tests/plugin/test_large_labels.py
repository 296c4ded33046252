"""Labels too large for memory stay as long as they are wanted, and no longer."""

import os
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import pytest

from napari_cihm.config import WindowSettings
from napari_cihm.plugin import large_labels

WINDOW = """
import sys; from pathlib import Path; from napari_cihm.plugin import large_labels
large_labels._home = lambda: Path(sys.argv[1])
print(large_labels.new_folder())
"""


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    # Panels of other tests, of which one may still be warmed, sweep nothing here.
    monkeypatch.setattr("napari_cihm.plugin.warming.sweep", lambda: None)
    for thread in threading.enumerate():
        if thread.name == "cihm warming":
            thread.join()
    monkeypatch.setattr(large_labels, "_home", lambda: tmp_path)
    monkeypatch.setattr(large_labels, "preferences", WindowSettings)
    yield tmp_path
    large_labels._own_place.cache_clear()


@pytest.fixture
def left(home):
    """Give the labels that a window left which is closed."""
    command = [sys.executable, "-c", WINDOW, str(home)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return written(done.stdout.strip())


def written(folder):
    """Write something where a run would."""
    path = Path(folder) / "run" / "labels"
    path.parent.mkdir(parents=True)
    path.write_text("1 2 3")
    return path


def aged(home, days):
    """Make all that lies there so many days older."""
    for path in home.iterdir():
        then = path.stat().st_mtime - days * 86400
        os.utime(path, (then, then))


def test_what_a_closed_window_left_goes_a_week_after_it_was_seen_closed(home, left):
    mine = written(large_labels.new_folder())
    aged(home, 30)  # as long as the window was open
    large_labels.sweep()
    assert left.exists()
    aged(home, 6)
    large_labels.sweep()
    assert left.exists()
    aged(home, 2)
    large_labels.sweep()
    assert mine.exists()  # this window is open
    assert sorted(path.suffix for path in home.iterdir()) == ["", ".lock"]


def test_it_goes_where_locks_went_before_it(home):
    written(home / uuid4().hex)
    for days in (0, 8):
        for lock in home.glob("*.lock"):
            lock.unlink()  # as Windows does when it is released
        aged(home, days)
        large_labels.sweep()
    assert not any(home.iterdir())


def test_it_stays_while_corrections_wait_for_it(home, left, monkeypatch):
    waiting = SimpleNamespace(by_reference=True, strokes=3, finished=False)
    monkeypatch.setattr(large_labels, "journals", lambda settings: [waiting])
    large_labels.sweep()
    aged(home, 8)
    large_labels.sweep()
    assert left.exists()
    waiting.finished = True
    large_labels.sweep()
    assert not any(home.iterdir())


def test_nothing_is_removed_where_nobody_can_tell_who_is_there(home, left, monkeypatch):
    def refused(self, *args, **named):
        raise NotImplementedError

    large_labels.sweep()
    aged(home, 8)
    monkeypatch.setattr(large_labels.filelock.FileLock, "acquire", refused)
    large_labels.sweep()
    assert left.exists()


def test_what_others_put_there_is_let_be(home):
    (home / "Thumbs.db").touch()
    (home / "folder").mkdir()
    large_labels.sweep()
    aged(home, 30)
    large_labels.sweep()
    assert len(list(home.iterdir())) == 2


def test_each_run_has_a_folder_and_none_is_made_before_it_is_written(home):
    one, other = large_labels.new_folder(), large_labels.new_folder()
    assert one != other and Path(one).parent == Path(other).parent
    assert not Path(one).parent.exists()
