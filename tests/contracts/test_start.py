"""The first start in a fresh clone: what it calls, and what it says when it cannot."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Load `.ci/start.py` with a home of its own, recording what it would run."""
    spec = importlib.util.spec_from_file_location("start", ROOT / ".ci" / "start.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.calls, module.statuses = [], []

    def call(command, **_):
        module.calls.append(command)
        return module.statuses.pop(0) if module.statuses else 0

    def create(home, **_):
        home.mkdir()

    monkeypatch.setattr(module, "HOME", tmp_path / "start")
    monkeypatch.setattr(module.subprocess, "call", call)
    monkeypatch.setattr(module.venv, "create", create)
    return module


def test_tox_is_set_up_once_and_given_the_arguments(start):
    assert start.main(["-e", "lint"]) == 0
    assert start.main([]) == 0
    install, first, second = start.calls
    assert install[1:4] == ["-m", "pip", "install"]
    assert first[1:] == ["-m", "tox", "-e", "lint"]
    assert second[1:] == ["-m", "tox"]


def test_a_failure_of_tox_is_a_failure_of_the_start(start):
    start.statuses = [0, 3]
    assert start.main([]) == 3


def test_an_unfinished_setup_is_begun_anew(start):
    start.statuses = [1]
    assert start.main([]) == 1
    start.HOME.rmdir()
    assert start.main([]) == 0
    assert len(start.calls) == 3


def test_an_old_python_is_told_so(start, monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    assert start.main([]) == "error: this is Python 3.9; call Python 3.11 or newer"
    assert start.calls == []


def test_a_python_without_venv_is_told_what_to_install(start, monkeypatch):
    def create(*_, **__):
        raise subprocess.CalledProcessError(1, "ensurepip")

    monkeypatch.setattr(start.venv, "create", create)
    assert "apt install python3-venv" in start.main([])


def test_both_front_doors_lead_there():
    for door in ("tests", "examples"):
        text = (ROOT / door / "__main__.py").read_text()
        assert '".ci" / "start.py"' in text
        assert f"python3 {door}" in (ROOT / "README.md").read_text()
