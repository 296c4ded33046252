"""``cihm models`` lists every recipe and every bundled model."""

from napari_cihm.cli import main
from napari_cihm.models import bundled_names, model_names


def test_every_recipe_and_bundled_model_is_listed(capsys):
    assert main(["models"]) == 0
    out = capsys.readouterr().out
    listed = [row.split()[0] for row in out.splitlines() if row.startswith("  ")]
    ready = bundled_names() or ("none",)
    assert listed == [*ready, *model_names()]
