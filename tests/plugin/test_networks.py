"""The list of networks: what each costs, where it comes from, whether it is trained."""

import pytest

from napari_cihm.models import model_names


@pytest.mark.slow
def test_every_network_is_listed_and_told_of(shown, pooled):
    _, widget = shown.viewer.window.add_plugin_dock_widget(
        "napari-cihm", "List the networks"
    )
    section, known = widget.section, model_names()
    shown.until(lambda: section.table.rowCount() == len(known))
    rows = {
        section.table.item(row, 0).text(): [
            section.table.item(row, column).text() for column in range(1, 5)
        ]
        for row in range(len(known))
    }
    assert rows["unet"] == ["7.76 M", "12.07", "97", ""]
    assert rows["cihm"][-1] == "bundled"
    assert "Weights: cihm-dsb18, cihm-fluo" in section.about.text()
    section.table.selectRow(list(rows).index("hym-unet"))
    told = section.about.text()
    assert "arXiv:2511.17988" in told
    assert "cihm train DATA -o RUN --model hym-unet" in told
    widget.close()
