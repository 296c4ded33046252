"""A few kills; `tests/fire/journal_kills.py` makes two hundred."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from napari_cihm.config import CorrectSettings
from napari_cihm.correction.journal import journals, recover

SCRIPT = Path(__file__).parents[2] / "fire" / "journal_kills.py"


UNENDED = """
import sys
from pathlib import Path
import numpy as np
from napari_cihm.config import CorrectSettings
from napari_cihm.correction.edits import changed, edit_of
from napari_cihm.correction.journal import ImageIdentity, Journal

labels = np.zeros((30, 40), np.int32)
settings = CorrectSettings(journal_folder=Path(sys.argv[1]))
journal = Journal(labels, ImageIdentity.of(labels), settings=settings)
edit = edit_of([changed((3, 4), labels[3:6, 4:9].copy(), 7)], labels)
edit.apply(labels)
journal.record(edit)
"""


def test_a_session_that_nobody_ended_is_closed_with_the_program(tmp_path) -> None:
    subprocess.run([sys.executable, "-c", UNENDED, str(tmp_path)], check=True)
    (found,) = journals(CorrectSettings(journal_folder=tmp_path))
    assert (found.strokes, found.finished, found.sound) == (1, False, True)
    labels = recover(found.path).labels
    assert (labels[3:6, 4:9] == 7).all()
    assert labels.sum() == 7 * 15
    (log,) = found.path.glob("log-*")
    assert log.read_bytes().endswith(b'{"finished":false}')


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
