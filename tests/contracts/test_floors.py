"""Rooms import downward only, and the engine opens no window."""

import tomllib
from pathlib import Path

from importlinter.cli import lint_imports

import napari_cihm

ROOT = Path(__file__).parents[2]


def test_every_import_points_down(capsys):
    status = lint_imports(str(ROOT / "pyproject.toml"), no_cache=True)
    assert status == 0, capsys.readouterr().out


def test_no_room_of_the_engine_is_left_unwatched():
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    contracts = {c["id"]: c for c in tool["importlinter"]["contracts"]}
    watched = {name.split(".")[1] for name in contracts["no-window"]["source_modules"]}
    house = Path(napari_cihm.__file__).parent
    rooms = {f.parent.name for f in house.glob("*/__init__.py")}
    rooms |= {f.stem for f in house.glob("*.py") if not f.stem.startswith("__")}
    assert watched == rooms - {"plugin"}
