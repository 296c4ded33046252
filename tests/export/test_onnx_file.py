"""ONNX files: run by onnxruntime to the network's own maps, at any size."""

import copy
import json

import numpy as np
import pytest
import torch

from napari_cihm.errors import UnavailableError
from napari_cihm.export import export_model
from napari_cihm.models import load_model, model_names

onnx = pytest.importorskip("onnx", reason="the onnx extra is not installed")
runtime = pytest.importorskip("onnxruntime", reason="the onnx extra is not installed")
pytest.importorskip("onnxscript", reason="the onnx extra is not installed")

CANNOT = ["h-vmunet", "mambau-lite"]  # Fourier transforms, pooling into a grid


def check(model, path):
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    stride, channels = model.network.stride, model.config.in_channels
    precise = copy.deepcopy(model.network).double()

    def draw(*size):
        return np.random.default_rng(0).random(size).astype(np.float32)

    def run(image):
        maps, logits = session.run(["maps", "logits"], {"image": image})
        assert np.abs(1 / (1 + np.exp(-logits)) - maps).max() < 1e-5
        return maps, logits

    for shape in [(1, 2 * stride, stride), (2, stride, 3 * stride)]:
        batch, height, width = shape
        image = draw(batch, channels, height, width)
        maps, logits = run(image)
        wanted = model.predict(image)
        assert maps.shape == logits.shape == wanted.shape
        # Weights that nobody trained amplify rounding, the network's own as well.
        with torch.no_grad():
            exact = precise(torch.from_numpy(image).double()).sigmoid().numpy()
        allowed = 1e-3 + 4 * np.abs(wanted - exact).max()
        assert allowed < 0.02
        assert np.abs(maps - exact).max() < allowed

    # Any size is the next multiple of the stride with the edge repeated, here as in
    # the network itself. There inputs stand still, and what rounding does to a scan's
    # decay adds up: it would be no fair measure of the weights.
    height, width = stride + 1, 2 * stride + 5
    image = draw(2, channels, height, width)
    more = ((0, 0), (0, 0), (0, stride - 1), (0, stride - 5))
    padded = np.pad(image, more, mode="edge")
    for part, whole in zip(run(image), run(padded), strict=True):
        assert part.shape == (2, model.config.classes, height, width)
        assert np.array_equal(part, whole[..., :height, :width])
    part, whole = model.predict(image), model.predict(padded)
    assert np.abs(part - whole[..., :height, :width]).max() < 1e-6


@pytest.mark.slow
def test_the_bundled_model_runs_elsewhere(tmp_path):
    model = load_model("cihm-dsb18", "cpu")
    whose = {"authors": ("A. B.", "C. D."), "license": "MIT"}
    path = export_model(model, tmp_path, "onnx", title="Nuclei", **whose)
    assert path == tmp_path / "cihm-dsb18.onnx"
    check(model, path)
    written = onnx.load(path)
    facts = {p.key: p.value for p in written.metadata_props}
    assert json.loads(facts["cihm"]) == model.config.model_dump(mode="json")
    assert facts["maps"] == "foreground, border, distance"
    assert facts["model_author"] == "A. B., C. D." and facts["model_license"] == "MIT"
    assert "watershed" in written.doc_string
    assert {node.domain for node in written.graph.node} == {""}
    weights = 4 * model.parameters_count
    assert weights < path.stat().st_size < 2 * weights


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(model_names()) - set(CANNOT)))
def test_a_recipe_runs_elsewhere(name, small, tmp_path):
    model = small(name)
    check(model, export_model(model, tmp_path, "onnx"))


@pytest.mark.parametrize("name", CANNOT)
def test_what_onnx_cannot_hold_is_refused_at_once(name, small, tmp_path):
    with pytest.raises(UnavailableError, match=f"'{name}' .*Export it as bioimageio"):
        export_model(small(name), tmp_path, "onnx")
    assert list(tmp_path.iterdir()) == []
