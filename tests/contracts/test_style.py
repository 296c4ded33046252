"""The code reads as agreed: ruff's rules, its format, and no forgotten docstring."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))


@pytest.mark.parametrize("task", [["check"], ["format", "--check"]], ids=" ".join)
def test_ruff_has_nothing_to_say(task):
    command = [sys.executable, "-m", "ruff", *task, "--quiet", str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_module_opens_with_a_sentence():
    assert SOURCES
    for path in SOURCES:
        first = (ast.get_docstring(ast.parse(path.read_text())) or "").split("\n\n")[0]
        assert first.endswith((".", ":", "``")), f"{path}: {first!r}"


def test_names_say_what_a_module_is_about():
    empty = {"utils", "helpers", "common", "misc", "manager"}
    assert not [p for p in SOURCES if empty & {p.stem, p.parent.name}]
