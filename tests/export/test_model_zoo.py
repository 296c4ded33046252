"""Packages of the model zoo: valid, and run by its own tools to the same maps."""

import io
import zipfile

import numpy as np
import pytest
import torch
from pydantic import BaseModel, model_validator

from napari_cihm.config import ModelConfig
from napari_cihm.data.normalise import normalise
from napari_cihm.data.synthetic import tissue
from napari_cihm.errors import InputError, UnavailableError
from napari_cihm.export import export_model
from napari_cihm.models import Model, load_model

pytest.importorskip("bioimageio.spec", reason="the bioimageio extra is not installed")

# The zoo's own libraries warn of each other, and of TorchScript's age.
pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zoo")
    model = load_model("cihm-dsb18", "cpu")
    return export_model(model, folder, authors=("A. B.",), title="Nuclei, small (1)")


def test_the_zoo_s_own_tools_find_it_valid_and_right(package):
    core = pytest.importorskip("bioimageio.core")
    summary = core.test_model(package)
    assert [d.name for d in summary.details if d.status == "failed"] == []
    assert summary.status == "passed"
    tried = " ".join(d.name for d in summary.details)
    assert "Reproduce test outputs from test inputs (torchscript)" in tried
    assert "Reproduce test outputs from test inputs (pytorch_state_dict)" in tried


def test_its_torchscript_needs_nothing_of_ours(package):
    with zipfile.ZipFile(package) as files:
        weights = io.BytesIO(files.read("weights.torchscript"))
        image = np.load(io.BytesIO(files.read("test_input.npy")))
        maps = np.load(io.BytesIO(files.read("test_output.npy")))
    network = torch.jit.load(weights)
    scaling = load_model("cihm-dsb18", "cpu").config.normalisation
    low, high = np.percentile(image, [scaling.low, scaling.high])
    scaled = np.clip((image - low) / (high - low), -1, 3).astype(np.float32)
    with torch.no_grad():
        found = network(torch.from_numpy(scaled)).sigmoid().numpy()
    assert np.abs(found - maps).max() < 1e-4
    assert maps[0, 0].max() > 0.9 > 0.1 > maps[0, 0].min()  # it found nuclei


def test_it_says_who_made_it_and_how_to_use_it(package):
    spec = pytest.importorskip("bioimageio.spec")
    described = spec.load_model_description(package, perform_io_checks=False)
    assert described.name == "Nuclei  small (1)"
    assert [a.name for a in described.authors] == ["A. B."]
    assert str(described.cite[0].doi) == "10.1007/s44267-026-00113-5"
    assert described.inputs[0].axes[2].size.step == 32
    names = described.outputs[0].axes[1].channel_names
    assert [str(name) for name in names] == ["foreground", "border", "distance"]
    with zipfile.ZipFile(package) as files:
        assert b"watershed" in files.read("README.md")


@pytest.mark.parametrize("classes", [1, 4])
def test_a_semantic_model_of_any_channels_goes_too(classes, tmp_path):
    core = pytest.importorskip("bioimageio.core")
    config = ModelConfig(
        recipe="unet", options={"base": 4}, in_channels=2, classes=classes
    )
    written = export_model(Model.untrained(config), tmp_path / "two.zip")
    summary = core.test_model(written)
    assert [d.name for d in summary.details if d.status == "failed"] == []


def test_a_licence_nobody_knows_is_refused(small, tmp_path):
    with pytest.raises(InputError, match="license='mine'"):
        export_model(small("unet"), tmp_path, license="mine")
    assert list(tmp_path.iterdir()) == []


def test_the_picture_to_check_with_is_tissue_where_there_are_colours(package):
    with zipfile.ZipFile(package) as files:
        image = np.load(io.BytesIO(files.read("test_input.npy")))
    wanted = np.moveaxis(tissue((256, 256))[0], -1, 0)
    assert np.array_equal(image[0], wanted)
    assert normalise(image[0]).max() > 0.9


class Unfit(BaseModel):
    """A description that fails as a whole, as of packages that do not fit."""

    @model_validator(mode="before")
    @classmethod
    def _fail(cls, fields):
        raise ValueError("an error deep inside")


def test_packages_that_do_not_fit_each_other_are_said_to(small, tmp_path, monkeypatch):
    monkeypatch.setattr("bioimageio.spec.model.v0_5.ModelDescr", Unfit)
    with pytest.raises(UnavailableError, match=r"napari-cihm\[bioimageio\]"):
        export_model(small("unet"), tmp_path / "model.zip")
    assert not list(tmp_path.iterdir())
