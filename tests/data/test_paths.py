"""Paths that begin with a ~, and those that are no text."""

import os
from pathlib import Path

import pytest

from napari_cihm.data.paths import spelled, with_home
from napari_cihm.errors import InputError


def test_a_tilde_is_the_home_folder_unless_a_file_is_called_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    home = Path(os.path.expanduser("~"))
    assert with_home("~/a.tif") == home / "a.tif"
    assert with_home("~$a.tif") == Path("~$a.tif")  # nobody's home
    assert with_home("a/~b.tif") == Path("a/~b.tif")
    (tmp_path / "~").mkdir()
    (tmp_path / "~" / "a.tif").touch()
    assert with_home("~/a.tif") == Path("~/a.tif")
    assert with_home("\0") == Path("\0")


@pytest.mark.parametrize("given", [None, 5, b"a.tif", ""])
def test_what_is_no_path_is_refused(given):
    with pytest.raises(InputError, match="is no path"):
        with_home(given)


def test_what_is_no_text_is_spelled():
    assert spelled("caf\udce9 µ.tif") == "caf\\xe9 µ.tif"
