"""The table that names kinds of images, as spreadsheets write it."""

import pytest

from napari_cihm.training.kinds import read_kinds


@pytest.mark.parametrize("code", ["utf-8", "utf-8-sig", "latin-1"])
def test_a_table_is_read_in_the_codes_of_spreadsheets(tmp_path, code):
    table = "id,kind\r\na,Färbung\r\nb\r\n\r\nc,fluo\r\n"
    (tmp_path / "index.csv").write_bytes(table.encode(code))
    kinds = {"a": "Färbung", "c": "fluo"}  # b has none
    assert read_kinds(tmp_path) == kinds
    (tmp_path / "train").mkdir()
    assert read_kinds(tmp_path / "train") == kinds


def test_without_a_table_there_are_no_kinds(tmp_path):
    (tmp_path / "inside").mkdir()
    assert read_kinds(tmp_path / "inside") == {}
    (tmp_path / "index.csv").write_text("name,colour\na,red\n")
    assert read_kinds(tmp_path) == {}
