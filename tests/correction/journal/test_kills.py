"""A few kills; `tests/fire/journal_kills.py` makes two hundred."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "fire" / "journal_kills.py"


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_a_killed_session_loses_less_than_a_second(tmp_path) -> None:
    # Stricter than the two seconds promised, so that a short session tells.
    figures = tmp_path / "figures.json"
    limits = ["--kills", "5", "--longest", "1.6", "--allowed", "1.0", "--seed", "15"]
    subprocess.run(
        [sys.executable, str(SCRIPT), *limits, "--jobs", "2", "--json", str(figures)],
        check=True,
        timeout=120,
        stdout=subprocess.DEVNULL,
    )
    told = json.loads(figures.read_text())
    assert told["wrong"] == 0
    assert told["kills"] == 5
    assert told["lost_age_max_s"] <= 1.0
    assert told["edited_longer_than_allowed"] >= 1
    assert told["actions"] > 500
