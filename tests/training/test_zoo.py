"""Every recipe is trained, scored, saved and segmented with by the same code."""

import pytest
import torch

import napari_cihm as cihm
from napari_cihm.events import StepDone, Trained
from napari_cihm.models import load_model, model_names
from napari_cihm.models.recipes import recipe
from napari_cihm.training import train
from napari_cihm.training.learner import Learner

QUICK = {"patch": 32, "batch": 1, "steps_per_epoch": 1, "epochs": 1, "validation": 0.5}


@pytest.fixture(autouse=True)
def _portable_scan(monkeypatch):
    monkeypatch.setenv("CIHM_SCAN", "torch")


@pytest.fixture
def unlearnt(monkeypatch):
    """Collect the names of weights that a step gave no gradient."""
    names = []
    step = Learner.step

    def watched(self, batch, rate):
        loss = step(self, batch, rate)
        weights = self.network.named_parameters()
        names.extend(name for name, weight in weights if weight.grad is None)
        return loss

    monkeypatch.setattr(Learner, "step", watched)
    return names


@pytest.mark.parametrize(
    ("name", "task"),
    [*((name, "instance") for name in model_names()), ("hym-unet", "semantic")],
)
def test_a_recipe_goes_the_whole_way(name, task, pairs, unlearnt, tmp_path):
    options = (
        {"base": 16 if name == "vm-unet" else 4}
        if "base" in recipe(name).options
        else {}
    )
    loss = "boundary" if task == "semantic" else "dice"
    *events, last = train(
        pairs[:2], name, task=task, loss=loss, options=options, **QUICK
    )
    assert isinstance(last, Trained)
    steps = [event for event in events if isinstance(event, StepDone)]
    assert len(steps) == 1
    assert torch.isfinite(torch.tensor(steps[0].loss))
    assert not unlearnt
    assert 0 <= last.figures["dice"] <= 1
    model = load_model(last.model.save(tmp_path / "model.safetensors"), "cpu")
    assert (model.config.recipe, model.config.task) == (name, task)
    image = pairs[2].image[0, :40, :50]
    labels = cihm.segment(image, model)
    assert labels.shape == image.shape
    assert labels.dtype.kind in "iu"
