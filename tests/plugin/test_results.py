"""Labels too large for memory stay as long as they are wanted, and no longer."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from napari_cihm.plugin import results


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "_home", lambda: tmp_path)
    yield tmp_path
    results._held.cache_clear()


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


def of_another_window(home):
    """Write what a process leaves that has ended."""
    program = (
        "from pathlib import Path; from napari_cihm.plugin import results\n"
        f"results._home = lambda: Path({str(home)!r})\n"
        "print(results.new_folder())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return written(done.stdout.strip())


def test_what_a_closed_window_left_goes_after_a_week(home):
    left, mine = of_another_window(home), written(results.new_folder())
    aged(home, 6)
    results.sweep()
    assert left.exists()
    aged(home, 2)
    results.sweep()
    assert mine.exists()  # this window is open
    assert sorted(path.suffix for path in home.iterdir()) == ["", ".lock"]


def test_a_window_that_was_used_lately_keeps_what_is_old(home):
    left = of_another_window(home)
    aged(home, 30)
    os.utime(left.parents[2])  # its last run was today
    results.sweep()
    assert left.exists()


def test_nothing_is_removed_where_nobody_can_tell_who_is_there(home, monkeypatch):
    left = of_another_window(home)
    aged(home, 30)

    def refused(self, *args, **named):
        raise NotImplementedError

    monkeypatch.setattr(results.filelock.FileLock, "acquire", refused)
    results.sweep()
    assert left.exists()


def test_each_run_has_a_folder_and_none_is_made_before_it_is_written(home):
    one, other = results.new_folder(), results.new_folder()
    assert one != other and Path(one).parent == Path(other).parent
    assert not Path(one).parent.exists()
    results.sweep()  # nor does it matter where there is nothing
