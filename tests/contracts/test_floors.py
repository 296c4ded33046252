"""Rooms import downward only, and the engine opens no window."""

import subprocess
import sys
import tomllib
from pathlib import Path

import napari_cihm

ROOT = Path(__file__).parents[2]


def test_every_import_points_down():
    # In a process of its own, for it turns off every logger there is.
    linter = "from importlinter.cli import lint_imports as lint; import sys; "
    linter += "sys.exit(lint(sys.argv[1], no_cache=True))"
    command = [sys.executable, "-c", linter, str(ROOT / "pyproject.toml")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_room_of_the_engine_is_left_unwatched():
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    contracts = {c["id"]: c for c in tool["importlinter"]["contracts"]}
    watched = {name.split(".")[1] for name in contracts["no-window"]["source_modules"]}
    house = Path(napari_cihm.__file__).parent
    rooms = {f.parent.name for f in house.glob("*/__init__.py")}
    rooms |= {f.stem for f in house.glob("*.py") if not f.stem.startswith("__")}
    assert watched == rooms - {"plugin"}
