"""A sheet of results tells what its columns and its colours are."""

import numpy as np
from PIL import Image as Pillow

from napari_cihm.training.sheet import COLOURS, LINE, Shown, write_sheet


def test_its_head_names_the_colours_in_these(tmp_path):
    labels = np.kron(np.diag([1, 2]), np.ones((20, 20), int))
    shown = Shown("one", np.ones((1, 40, 40), np.float32), labels, labels)
    write_sheet(tmp_path / "sheet.png", [("mean AP 1", shown)])
    with Pillow.open(tmp_path / "sheet.png") as sheet:
        head = np.asarray(sheet)[:LINE].reshape(-1, 3)
    assert set(COLOURS) == {"found", "missed", "invented"}
    for colour in COLOURS.values():
        assert (head == colour).all(-1).any()
