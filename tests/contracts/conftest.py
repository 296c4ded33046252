"""Start at once what takes long beside the other tests."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STARTED = pytest.StashKey["subprocess.Popen[str]"]()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Let mypy run on another core while the tests before its own one do."""
    asked = any("mypy" in getattr(item, "fixturenames", ()) for item in session.items)
    if asked and not session.config.option.collectonly:
        # Each of the processes that share the tests starts one: apart, or they would
        # write the same cache at once.
        cache = f".mypy_cache/{os.environ.get('PYTEST_XDIST_WORKER', '')}"
        command = [sys.executable, "-m", "mypy", "--no-error-summary"]
        command += ["--cache-dir", cache]
        session.stash[STARTED] = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
        )


@pytest.fixture
def mypy(request: pytest.FixtureRequest) -> "subprocess.Popen[str]":
    """Hand out mypy, which has begun."""
    return request.session.stash[STARTED]
