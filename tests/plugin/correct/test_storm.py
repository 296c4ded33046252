"""A few storms; `tests/fire/naparis_history.py` makes hundreds."""

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "fire" / "naparis_history.py"


@pytest.fixture(scope="module")
def fire():
    """Load the script, which is no module of ours."""
    spec = importlib.util.spec_from_file_location(SCRIPT.stem, SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("seed", [1, 6, 11, 19])
def test_whatever_is_done_the_journal_has_it(fire, seed, tmp_path, qapp, monkeypatch):
    monkeypatch.setattr(fire.scrutiny, "SMALL", fire.scrutiny.SMALL)  # it is set there
    assert fire.run_once(seed, tmp_path, 40) == ""
