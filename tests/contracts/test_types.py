"""The types hold: strictly in the engine, as far as Qt allows in the window."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_mypy_finds_no_error():
    command = [sys.executable, "-m", "mypy", "--no-error-summary"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
