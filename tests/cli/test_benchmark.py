"""``cihm benchmark`` prints tables and writes the same figures as JSON."""

import json

import pytest

from napari_cihm import benchmark as timing
from napari_cihm.cli import main


@pytest.fixture
def _two_scans(monkeypatch):
    """Shorten the work: a short scan, and one that is nowhere to be had."""
    monkeypatch.setattr(
        timing, "SCAN", {"batch": 1, "channels": 2, "positions": 9, "states": 1}
    )
    monkeypatch.setattr(timing, "SCANS", ("torch", "abacus"))
    found = timing.load
    monkeypatch.setattr(
        timing,
        "load",
        lambda name: "sold out [beads]" if name == "abacus" else found(name),
    )


@pytest.mark.usefixtures("_two_scans")
def test_figures_are_printed_and_written(tmp_path, capsys):
    path = tmp_path / "new" / "figures.json"
    asked = ["--image", "64", "--seconds", "0", "--device", "cpu", "--json", str(path)]
    assert main(["benchmark", *asked]) == 0
    written = json.loads(path.read_text())
    assert [t["name"] for t in written["timed"]] == [
        "torch", "abacus", "cihm-dsb18, 256 x 256", "cihm-dsb18, 512 x 512",
        "cihm-dsb18, 64 x 64",
    ]  # fmt: skip
    said = capsys.readouterr().out
    for words in ("sold out [beads]", "Selective scan", "Network", "megapixels"):
        assert words in said
    first = written["timed"][0]["figures"]["forward"]
    assert f"{first * 1e3:.1f} ms" in said
    assert written["machine"]["device"] == "cpu"


def test_figures_that_could_not_be_written_are_not_taken(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(timing, "benchmark", lambda *_, **__: pytest.fail("it ran"))
    (tmp_path / "taken").touch()
    assert main(["benchmark", "--json", str(tmp_path / "taken" / "f.json")]) == 1
    assert "taken is no folder" in capsys.readouterr().err


def test_an_image_too_small_is_refused_in_one_line(capsys):
    assert main(["benchmark", "--image", "3"]) == 2
    said = capsys.readouterr().err
    assert "--image 3" in said
    assert said.count("\n") == 1
