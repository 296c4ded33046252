"""The package is what its metadata say: versions, dependencies, contents."""

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import napari_cihm

ROOT = Path(__file__).parents[2]
HOUSE = ROOT / "src" / "napari_cihm"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
# CUDA builds of torch bring it; elsewhere the scan says that it is missing.
BROUGHT = {"triton"}


def _names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(r).name) for r in requirements}


def _imported(folder: Path) -> set[str]:
    """Name every top-level module of others that the code in a folder imports."""
    found = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.split(".")[0])
    ours = {"napari_cihm", "tests", *(path.stem for path in folder.rglob("*.py"))}
    return found - set(sys.stdlib_module_names) - ours - BROUGHT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d"]
    done = subprocess.run(
        [*build, str(folder)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_the_version_stands_in_one_place():
    assert version("napari-cihm") == napari_cihm.__version__
    assert PROJECT["dynamic"] == ["version"]
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert newest[1] == napari_cihm.__version__


@pytest.mark.parametrize(
    ("folder", "kept_apart"),
    [
        ("src", {"test", "dev"}),
        ("tests", {"dev"}),
        ("examples", {"test", "dev"}),
        ("benchmarks", {"dev"}),
    ],
)
def test_everything_imported_is_declared(folder, kept_apart):
    declared = _names(PROJECT["dependencies"])
    for extra in EXTRAS.keys() - kept_apart:
        declared |= _names(EXTRAS[extra])
    installed = packages_distributions()

    def homes(module):
        parts = [name for name in declared if name.startswith(f"{module}-")]
        return installed.get(module, [module, *parts])  # what is not there is guessed

    missing = {
        module
        for module in _imported(ROOT / folder)
        if not declared & {canonicalize_name(name) for name in homes(module)}
    }
    assert not missing


def test_no_qt_binding_is_asked_for_by_name():
    bindings = {"pyqt5", "pyqt6", "pyside2", "pyside6"}
    for requirements in [PROJECT["dependencies"], *EXTRAS.values()]:
        assert not bindings & _names(requirements)
    plain = {str(Requirement(r)) for r in PROJECT["dependencies"]}
    assert not [r for r in plain if r.startswith("napari[")]


def test_what_must_be_compiled_is_asked_of_linux_alone():
    for requirement in map(Requirement, EXTRAS["cuda"]):
        linux = {"sys_platform": "linux", "platform_machine": "x86_64"}
        assert requirement.marker.evaluate(linux)
        for elsewhere in ({"sys_platform": "win32"}, {"platform_machine": "arm64"}):
            assert not requirement.marker.evaluate(linux | elsewhere)
    compiled = _names(EXTRAS["cuda"])
    for extra in ("all", "test", "dev"):
        assert not compiled & _names(EXTRAS[extra])


def test_the_lowest_versions_tested_are_the_floors():
    lines = (ROOT / ".ci" / "lowest.txt").read_text().splitlines()
    pins = [Requirement(line) for line in lines if line and line[0] != "#"]
    lowest = {p.name: next(iter(p.specifier)).version for p in pins}
    for requirement in map(Requirement, PROJECT["dependencies"]):
        (floor,) = requirement.specifier
        assert floor.operator == ">=", f"{requirement} sets more than a floor"
        tested = lowest[requirement.name]
        if requirement.name != "torch":
            assert floor.contains(tested), requirement
            assert tested.startswith(floor.version), requirement


def test_the_wheel_holds_the_whole_house(wheel):
    here = {
        path.relative_to(ROOT / "src").as_posix()
        for path in HOUSE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    inside = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert inside == here
    assert {"napari_cihm/napari.yaml", "napari_cihm/py.typed"} <= inside


def test_the_wheel_offers_the_command_and_the_plugin(wheel):
    record = next(n for n in wheel.namelist() if n.endswith("entry_points.txt"))
    text = wheel.read(record).decode()
    assert "cihm = napari_cihm.cli:main" in text
    assert "napari-cihm = napari_cihm:napari.yaml" in text
    assert any(n.endswith("licenses/LICENSE") for n in wheel.namelist())


def test_tools_whose_verdict_depends_on_their_version_have_one_version():
    pinned = {r.name: str(r) for r in map(Requirement, EXTRAS["test"])}
    for name in ("tox.ini", ".pre-commit-config.yaml"):
        said = re.findall(r"ruff==[\d.]+", (ROOT / name).read_text())
        assert said
        assert set(said) == {pinned["ruff"]}
