"""Model files: what is loaded, what is refused and in which words."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from napari_cihm import build_model, load_model, segment_iter
from napari_cihm.config import ModelConfig
from napari_cihm.config.model import FORMAT
from napari_cihm.errors import CheckpointError, InputError, UnknownNameError
from napari_cihm.events import Note
from napari_cihm.models import Model
from napari_cihm.models.bundled import find_model
from napari_cihm.models.doctor import examine


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    return load_file(find_model("cihm-dsb18"))


@pytest.fixture(scope="module")
def about() -> dict[str, object]:
    config = load_model("cihm-dsb18", "cpu").config
    return config.model_dump(mode="json")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"recipe": "of-tomorrow"}, "no recipe is called 'of-tomorrow'"),
        ({"options": {"head": "of-tomorrow"}}, "head='of-tomorrow'"),
        ({"options": {"new": 1}}, "is called 'new'"),
        ({"in_channels": 10**9}, "in_channels=1000000000"),
        ({"in_channels": 60_000}, "do not fit the recipe"),
        ({"classes": 10**10}, "classes=10000000000"),
        ({"classes": 60_000}, "do not fit the recipe"),
        ({"classes": 2}, "task='instance': single objects are read from 3 maps"),
        ({"diameter": 1e-300}, "diameter"),
    ],
)
def test_a_network_that_cannot_be_built_is_refused(
    tmp_path, weights, about, change, said
):
    path = tmp_path / "odd.safetensors"
    save_file(weights, path, {"cihm": json.dumps(about | change)})
    with pytest.raises(CheckpointError, match=r"odd\.safetensors") as refusal:
        load_model(path)
    assert said in str(refusal.value)
    (fault,) = examine(path).findings
    assert (fault.level, said in fault.text) == ("fault", True)


@pytest.mark.parametrize("change", [{"recipe": "tomorrow's"}, {"format": FORMAT + 1}])
def test_what_a_newer_version_made_says_so(tmp_path, weights, about, change):
    path = tmp_path / "new.safetensors"
    save_file(weights, path, {"cihm": json.dumps(about | change)})
    with pytest.raises(CheckpointError, match="Update napari-cihm"):
        load_model(path)


def test_weights_too_few_and_too_many_are_counted(tmp_path, weights, about):
    path, (_, *keys) = tmp_path / "other.safetensors", weights
    for others, said in (
        ({key: weights[key] for key in keys}, "1 missing, 0 unknown"),
        (weights | {"more": torch.ones(2)}, "0 missing, 1 unknown"),
    ):
        save_file(others, path, {"cihm": json.dumps(about)})
        with pytest.raises(CheckpointError, match=said):
            load_model(path)


def test_a_bottomless_description_is_damaged(tmp_path, weights):
    path = tmp_path / "deep.safetensors"
    save_file(weights, path, {"cihm": "[" * 100_000})
    with pytest.raises(CheckpointError, match=r"deep\.safetensors.*damaged"):
        load_model(path)


@pytest.mark.parametrize("described", [True, False])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused_by_name(
    tmp_path, weights, about, described, value
):
    key = "head.body.5.bias"
    broken = weights[key].clone()
    broken[0] = value
    path = tmp_path / "nan.safetensors"
    metadata = {"cihm": json.dumps(about)} if described else None
    save_file(weights | {key: broken}, path, metadata)
    with pytest.raises(CheckpointError, match=rf"nan\.safetensors.*{key}.*finite"):
        load_model(path)


@pytest.mark.parametrize("kind", [torch.int8, torch.bool, torch.complex64])
def test_weights_of_another_kind_of_number_are_refused(tmp_path, weights, about, kind):
    path = tmp_path / "cast.safetensors"
    cast = {key: tensor.to(kind) for key, tensor in weights.items()}
    save_file(cast, path, {"cihm": json.dumps(about)})
    name = str(kind).removeprefix("torch.")
    with pytest.raises(CheckpointError, match=f"{name}; expected floating point"):
        load_model(path)


@pytest.mark.parametrize("kind", [torch.float16, torch.float64])
def test_floats_of_other_widths_are_taken(tmp_path, weights, about, kind):
    path = tmp_path / "wide.safetensors"
    save_file(
        {k: t.to(kind) if t.is_floating_point() else t for k, t in weights.items()},
        path,
        {"cihm": json.dumps(about)},
    )
    for key, tensor in load_model(path, "cpu").network.state_dict().items():
        assert tensor.dtype == weights[key].dtype
        torch.testing.assert_close(tensor, weights[key], atol=1e-3, rtol=1e-3)


def test_loading_draws_no_numbers(tmp_path):
    path = Model.untrained(ModelConfig(recipe="unet")).save(tmp_path / "m.safetensors")
    torch.manual_seed(1)
    wanted = torch.rand(3)
    torch.manual_seed(1)
    load_model(path, "cpu")
    assert torch.equal(torch.rand(3), wanted)


def test_outlines_load_nothing_of_torch_that_takes_seconds():
    program = (
        "import sys\n"
        "from napari_cihm.config import ModelConfig\n"
        "from napari_cihm.models import load_model, model_names\n"
        "from napari_cihm.models.filling import outline\n"
        "before = len(sys.modules)\n"
        "load_model(device='cpu')\n"
        "for name in model_names(): outline(ModelConfig(recipe=name))\n"
        "print(len(sys.modules) - before)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert int(run.stdout) < 20


@pytest.mark.parametrize("name", ["m.pt", "m.PTH", "m.ckpt", "m.bin", "m.tar", "mine"])
def test_what_was_saved_is_loaded_whatever_its_name(tmp_path, name):
    model = load_model("cihm-fluo", "cpu")
    assert load_model(model.save(tmp_path / name), "cpu").config == model.config


def test_a_pickle_is_known_by_its_content_too(tmp_path):
    path = tmp_path / "theirs.safetensors"
    torch.save(build_model("unet", 3, 2).state_dict(), path)
    assert load_model(path, "cpu").config.recipe == "unet"


@pytest.mark.parametrize(
    ("name", "channels", "classes"),
    [("lightm-unet", 2, 1), ("lightm-unet", 4, 3), ("cihm", 4, 3), ("vm-unet-v2", 2, 4),
     ("mambau-lite", 3, 2), ("ac-mambaseg", 2, 2), ("ultralight-vm-unet", 5, 1)],
)  # fmt: skip
def test_channels_and_classes_of_weights_alone_are_told(
    tmp_path, name, channels, classes
):
    path = tmp_path / "theirs.pth"
    torch.save(build_model(name, channels, classes).state_dict(), path)
    config = load_model(path, "cpu").config
    told = (config.recipe, config.in_channels, config.classes)
    assert told == (name, channels, classes)


def test_a_recipe_can_be_asked_for(tmp_path):
    path = tmp_path / "theirs.pth"
    torch.save(build_model("unet", 1, 1).state_dict(), path)
    assert load_model(path, "cpu", recipe="unet").config.recipe == "unet"
    with pytest.raises(CheckpointError, match="do not fit the recipe 'cihm'"):
        load_model(path, "cpu", recipe="cihm")
    with pytest.raises(UnknownNameError, match="Did you mean 'unet'"):
        load_model(path, "cpu", recipe="unett")
    with pytest.raises(CheckpointError, match="is of the recipe 'cihm'"):
        load_model("cihm-dsb18", "cpu", recipe="unet")


@pytest.mark.parametrize(("classes", "said"), [(1, False), (3, True)])
def test_what_three_maps_are_taken_for_is_said_with_each_run(tmp_path, classes, said):
    path = tmp_path / "theirs.pth"
    torch.save(build_model("ultralight-vm-unet", 1, classes).state_dict(), path)
    model = load_model(path, "cpu")
    events = segment_iter(np.zeros((40, 40)), model)
    notes = [event.text for event in events if isinstance(event, Note)]
    assert any("does not say what its 3 maps are" in note for note in notes) == said
    again = load_model(model.save(tmp_path / "ours.safetensors"), "cpu")
    assert not again.note


@pytest.mark.parametrize("wrong", [5, None, [], ""])
def test_what_names_no_model_is_refused(wrong):
    with pytest.raises(InputError, match="model"):
        load_model(wrong)


@pytest.mark.parametrize("save", [save_file, torch.save])
def test_a_file_without_weights_is_refused(tmp_path, save):
    save({}, tmp_path / "empty.safetensors")
    with pytest.raises(CheckpointError, match="holds a dict without weights"):
        load_model(tmp_path / "empty.safetensors")


def test_a_folder_is_no_model(tmp_path):
    with pytest.raises(CheckpointError, match="is not a file"):
        load_model(tmp_path)
    (tmp_path / "best.safetensors").touch()
    with pytest.raises(CheckpointError, match=r"Give .*best\.safetensors$"):
        load_model(tmp_path)  # the folder of a run


def test_a_device_that_is_none_is_refused():
    with pytest.raises(UnknownNameError, match="device"):
        load_model(device=None)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no umask")
@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_a_file_is_for_whom_the_user_makes_files(tmp_path, mask):
    model = load_model("cihm-fluo", "cpu")
    before = os.umask(mask)
    try:
        path = model.save(tmp_path / "m.safetensors")
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o666 & ~mask
    assert list(tmp_path.iterdir()) == [path]


def test_a_model_is_saved_as_a_file_and_not_as_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for place in (".", tmp_path):
        with pytest.raises(InputError, match="is a folder"):
            load_model().save(place)


def test_a_model_is_saved_in_the_home_folder(home):
    model = load_model("cihm-fluo", "cpu")
    assert model.save("~/new/a.safetensors") == home / "new" / "a.safetensors"
    assert load_model("~/new/a.safetensors", "cpu").hash == model.hash


def test_a_hash_tells_options_and_weights_that_change_in_place():
    def scanning(scan: str) -> Model:
        torch.manual_seed(0)
        options = {"scan": scan, "base": 8}
        return Model.untrained(ModelConfig(recipe="hym-unet", options=options))

    one, other = scanning("snake"), scanning("diagonal")
    assert one.hash == scanning("snake").hash != other.hash
    before = one.hash
    with torch.no_grad():
        next(one.network.parameters()).add_(1)
    assert one.hash != before
