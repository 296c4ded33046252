"""Threads that wait for others leave them their cores, in processes that are ours."""

import os
import subprocess
import sys

import pytest

from napari_cihm.waiting import SPINS, wait_briefly

OPENMP = {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"}
# What each starts, up to where a network would be wanted.
STARTS = {
    "command line": "from napari_cihm.cli import main; main(); import torch",
    "window's process": "import os; os._exit = print; "
    "from napari_cihm.plugin.worker.__main__ import main; main(); import torch",
}


@pytest.mark.skipif(sys.platform != "linux", reason="torch brings another OpenMP")
@pytest.mark.parametrize("start", STARTS)
def test_openmp_heard_of_it_before_it_began(start):
    given = {name: value for name, value in os.environ.items() if name not in OPENMP}
    done = subprocess.run(
        [sys.executable, "-c", STARTS[start], "--version"],
        env={**given, "OMP_DISPLAY_ENV": "VERBOSE"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"GOMP_SPINCOUNT = '{SPINS}'" in done.stderr


@pytest.mark.parametrize("name", sorted(OPENMP))
def test_what_the_user_has_set_stays(name, monkeypatch):
    for other in OPENMP:
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, "7")
    wait_briefly()
    assert {n: os.environ[n] for n in OPENMP & set(os.environ)} == {name: "7"}
