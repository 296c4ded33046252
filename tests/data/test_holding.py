"""A folder takes one run at a time, and one that was killed holds nothing."""

import subprocess
import sys
import threading

import pytest

from napari_cihm.data.holding import hold
from napari_cihm.errors import WriteError

RUN = """
import sys, time
from pathlib import Path
from napari_cihm.data.holding import hold
with hold(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_folder_is_free_when_its_run_has_ended_or_was_killed(tmp_path):
    folder = tmp_path / "run"
    command = [sys.executable, "-c", RUN, folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout.readline() == "held\n"
        with pytest.raises(WriteError, match=r"another run is writing into .*run;"):
            hold(folder).__enter__()
        running.kill()
    for _ in range(2):
        with hold(folder) as held:
            assert held == folder


def test_a_run_may_end_in_another_thread_than_it_began_in(tmp_path):
    running = hold(tmp_path / "run")
    running.__enter__()
    ending = threading.Thread(target=running.__exit__, args=(None, None, None))
    ending.start()
    ending.join()
    assert not (tmp_path / "run").exists()
