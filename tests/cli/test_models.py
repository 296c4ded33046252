"""``cihm models`` lists every recipe and every bundled model, and tells of each."""

import pytest

from napari_cihm.cli import main
from napari_cihm.models import bundled_names, model_names
from napari_cihm.models.costs import recipe_costs


def rows(text):
    return [row.split() for row in text.splitlines() if row.startswith("  ")]


def test_every_recipe_and_bundled_model_is_listed(capsys, monkeypatch):
    # To count what networks cost takes longer than anybody waits for a list.
    monkeypatch.delattr("napari_cihm.models.costs.count_costs")
    assert main(["models"]) == 0
    listed = [row[0] for row in rows(capsys.readouterr().out)]
    ready = bundled_names() or ("none",)
    assert listed == [*ready, "recipe", *model_names()]


def test_a_recipe_stands_beside_what_it_costs(capsys):
    main(["models"])
    listed = {row[0]: row[1:] for row in rows(capsys.readouterr().out)}
    paper = "doi:10.1007/978-3-319-24574-4_28"
    assert listed["unet"] == ["7,763,041", "12.07", "97", paper]
    costs = recipe_costs("u-mamba-enc")
    assert listed["u-mamba-enc"][:2] == [f"{costs.parameters:,}", "31.52"]


def test_a_recipe_tells_what_is_taken_from_its_paper(capsys):
    assert main(["models", "hym-unet"]) == 0
    out = capsys.readouterr().out
    for word in ("arXiv:2511.17988", "Taken", "Inferred", "Ours differs"):
        assert word in out
    assert ["mgf", "true"] in rows(out)
    assert ["stages", '"ccmm"'] in rows(out)


@pytest.mark.parametrize("name", bundled_names())
def test_a_bundled_model_tells_of_its_recipe(name, capsys):
    assert main(["models", name]) == 0
    assert f"{name}: weights for the recipe" in capsys.readouterr().out


def test_the_list_fits_a_narrow_screen(capsys):
    assert main(["models"]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) < 80


@pytest.mark.parametrize(
    ("name", "near"), [("hymunet", "hym-unet"), ("cihm-dsb", "cihm-dsb18")]
)
def test_an_unknown_name_lists_its_near_matches(name, near, capsys):
    assert main(["models", name]) == 2
    assert f"Did you mean '{near}'" in capsys.readouterr().err
