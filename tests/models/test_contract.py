"""The contract that every recipe keeps, whatever it is made of.

Most of it is checked on narrow builds, which share all code with the wide ones.
"""

import json
from functools import cache

import pytest
import torch
from safetensors import safe_open

from napari_cihm.config import ModelConfig
from napari_cihm.models import (
    Model,
    build_model,
    bundled_names,
    load_model,
    model_names,
)
from napari_cihm.models.bundled import find_model
from napari_cihm.models.recipes import recipe

WIDTHS = {"vm-unet": 16, "u-mamba-enc": 8, "u-mamba-bot": 8}
NARROW = {
    name: {"base": WIDTHS.get(name, 4)} if "base" in recipe(name).options else {}
    for name in model_names()
}
HEADS = ("plain", "detail")

every_recipe = pytest.mark.parametrize("name", model_names())


def narrow(name, in_channels=2, classes=3, **options):
    torch.manual_seed(0)
    return build_model(name, in_channels, classes, **NARROW[name], **options)


@cache
def settled(name):
    """A narrow build that is only looked at; made once, since that takes longest."""
    return narrow(name).eval().requires_grad_(False)


def image(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


def tall(network, batch=1):
    """The smallest image whose map at the bottom has two pixels."""
    return image(batch, 2, 2 * network.stride - 1, 1)


@every_recipe
def test_as_built_by_default_it_gives_one_map(name):
    with torch.device("meta"):  # drawing millions of weights takes the longest
        network = build_model(name).eval()
    network.to_empty(device="cpu")
    with torch.no_grad():
        for weight in network.state_dict().values():
            weight.fill_(0.1)
        assert network(image(1, 1, 3, 5)).shape == (1, 1, 3, 5)


@every_recipe
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
def test_any_size_comes_out_as_it_went_in(name, training):
    network = narrow(name).train() if training else settled(name)
    for batch, height, width in [(1, 1, 1), (2, 37, 1)]:
        logits = network(image(batch, 2, height, width))
        assert logits.shape == (batch, 3, height, width)
        assert torch.isfinite(logits).all()


@every_recipe
@pytest.mark.parametrize("head", HEADS)
def test_gradients_reach_every_parameter(name, head):
    network = narrow(name, head=head)
    levels = network(tall(network, batch=2), supervised=True)
    loss = sum((level * torch.randn_like(level)).sum() for level in levels)
    loss.backward()
    silent = [
        key
        for key, weight in network.named_parameters()
        if weight.grad is None or not (weight.grad.abs().max() > 0)
    ]
    assert silent == []
    assert all(torch.isfinite(w.grad).all() for w in network.parameters())


@every_recipe
def test_a_single_pixel_can_be_learnt_from(name):
    network = narrow(name)
    network(image(1, 2, 1, 1)).sum().backward()
    grads = [w.grad for w in network.parameters() if w.grad is not None]
    assert grads
    assert all(torch.isfinite(grad).all() for grad in grads)


@every_recipe
def test_the_same_seed_makes_the_same_network(name):
    first, again = settled(name), narrow(name).eval().requires_grad_(False)
    torch.manual_seed(1)
    other = build_model(name, 2, 3, **NARROW[name])
    x = image(1, 2, 9, 11)
    assert torch.equal(first(x), again(x))
    pairs = zip(first.parameters(), other.parameters(), strict=True)
    assert any(not torch.equal(a, b) for a, b in pairs)


@every_recipe
def test_a_checkpoint_gives_the_model_back(name, tmp_path):
    options = {**NARROW[name], "head": "detail"}
    config = ModelConfig(recipe=name, options=options, in_channels=2, classes=3)
    model = Model(build_model(name, 2, 3, **options), config)
    again = load_model(model.save(tmp_path / "model.safetensors"), "cpu")
    assert again.config == config
    assert again.hash == model.hash
    x = image(1, 2, 20, 13).numpy()
    assert (again.predict(x) == model.predict(x)).all()


def test_a_checkpoint_says_what_is_default_too(tmp_path):
    config = ModelConfig(recipe="cihm", options=NARROW["cihm"])
    written = Model.untrained(config, "cpu").save(tmp_path / "model.safetensors")
    bundled = [find_model(name) for name in bundled_names()]
    for path in (written, *bundled):
        with safe_open(path, "pt") as file:
            document = json.loads(file.metadata()["cihm"])
        # else another default, one day, would change a model made before
        assert document.keys() == ModelConfig.model_fields.keys()
        for part in ("normalisation", "decoding", "training"):
            assert document[part].keys() == getattr(config, part).model_dump().keys()


@every_recipe
def test_no_weight_depends_on_the_size(name):
    network = settled(name)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    for size in [(1, 1), (network.stride + 1, 3)]:
        network(image(1, 2, *size))
    after = network.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(value, after[key]) for key, value in before.items())


@every_recipe
def test_in_evaluation_images_of_a_batch_do_not_meet(name):
    # in float64: a norm over few and nearly equal pixels makes much of rounding
    network = narrow(name).double().eval().requires_grad_(False)
    x = image(2, 2, 24, 17).double()
    x[1] *= 100
    alone = torch.cat([network(one[None]) for one in x])
    assert torch.allclose(network(x), alone, rtol=1e-6, atol=1e-9)


@every_recipe
def test_what_is_supervised_begins_with_what_a_call_gives(name):
    network = settled(name)
    x = image(1, 2, 21, 10)
    levels = network(x, supervised=True)
    assert torch.equal(levels[0], network(x))
    assert all(level.shape == (1, 3, 21, 10) for level in levels)
    assert len(levels) == {
        "u-mamba-enc": 6, "u-mamba-bot": 6, "swin-umamba-d": 4, "vm-unet-v2": 3
    }.get(name, 1)  # fmt: skip


@every_recipe
def test_half_precision_runs_through(name):
    network = settled(name)
    x = tall(network)
    with torch.autocast("cpu", torch.bfloat16):
        half = network(x).float()
    whole = network(x)
    assert torch.isfinite(half).all()
    if name != "u-mamba-enc":  # its authors train it without: norms amplify rounding
        assert (half - whole).abs().mean() < 0.1 * whole.abs().mean()


@every_recipe
def test_its_options_survive_json(name):
    options = dict(recipe(name).options)
    written = json.loads(json.dumps(options))
    shapes = []
    for given in ({}, written):
        with torch.device("meta"):
            network = build_model(name, **given)
        shapes.append([(k, v.shape) for k, v in network.state_dict().items()])
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize(
    "name", [name for name in model_names() if "scan" in recipe(name).options]
)
def test_other_paths_can_be_scanned(name):
    seen = []
    for scan in (recipe(name).options["scan"], "bidirectional", "atrous", "diagonal"):
        network = narrow(name, scan=scan).double().eval().requires_grad_(False)
        logits = network(tall(network).double())
        assert torch.isfinite(logits).all()
        assert not any(torch.equal(logits, other) for other in seen)
        seen.append(logits)
