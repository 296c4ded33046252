"""The doctor says of any file what it is, and never runs what is in it."""

import os

import pytest
import torch
from safetensors.torch import save_file

from napari_cihm.config import ModelConfig, TrainingRecord
from napari_cihm.models import Model, build_model, load_model
from napari_cihm.models.doctor import examine


def _model(recipe: str = "cihm", channels: int = 1, **about) -> Model:
    torch.manual_seed(0)
    return Model.untrained(
        ModelConfig(
            recipe=recipe, in_channels=channels, classes=3, task="instance", **about
        )
    )


def _levels(seen) -> list[str]:
    return [finding.level for finding in seen.findings]


FIGURES = {"map": 0.4567, "ap0.50": 0.75, "dice": 0.9, "seconds": 4097.4}
TUNED = {"base": {"map": 0.1, "ap0.50": 0.2}, "new": FIGURES, "accepted": True}


@pytest.mark.parametrize("figures", [FIGURES, TUNED], ids=["trained", "fine-tuned"])
def test_a_sound_model_shows_what_it_expects_and_its_figures(figures, tmp_path):
    record = TrainingRecord(images=498, objects=22_000, figures=figures)
    path = _model(diameter=23.0, training=record).save(tmp_path / "good.safetensors")
    seen = examine(path)
    facts = dict(seen.facts)
    assert seen.usable
    assert facts["Expects"] == "one channel; colours are turned grey"
    assert facts["Gives"] == "separate objects"
    assert facts["Made for"] == "objects about 23 pixels across"
    assert facts["Trained on"] == "498 images, 22,000 objects"
    # `cihm evaluate` calls another number Dice, the mean of images'.
    assert facts["Validation"] == "mean AP 0.457, AP .50 0.750, pixel Dice 0.900"
    assert seen.parameters == sum(
        p.numel() for p in build_model("cihm", 1, 3).parameters()
    )
    assert seen.hash == load_model(path).hash


def test_one_image_is_no_images(tmp_path):
    record = TrainingRecord(images=1, objects=1)
    seen = examine(_model(training=record).save(tmp_path / "x.safetensors"), False)
    assert dict(seen.facts)["Trained on"] == "1 image, 1 object"


def test_what_it_was_trained_on_is_missed(tmp_path):
    path = _model().save(tmp_path / "model.safetensors")
    assert any("trained on" in f.text for f in examine(path).findings)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (float("nan"), "holds numbers that are not finite"),
        (1e30, "gives numbers that are not finite"),
        (0.0, "all of its weights"),
    ],
)
def test_useless_weights_are_a_fault(tmp_path, value, said):
    model = _model()
    with torch.no_grad():
        for parameter in model.network.parameters():
            parameter.fill_(value)
    seen = examine(model.save(tmp_path / "bad.safetensors"))
    assert not seen.usable
    assert said in seen.findings[0].text
    assert seen.findings[0].remedy


def test_a_model_of_one_kind_of_image_need_not_see_another():
    assert _levels(examine("cihm-fluo")) == ["good"]  # which sees no stained nuclei


@pytest.mark.parametrize(("bias", "said"), [(-50.0, "nothing"), (50.0, "every pixel")])
def test_an_empty_and_a_full_result_are_told(tmp_path, bias, said):
    model = _model()
    with torch.no_grad():
        model.network.head.body[-1].weight.zero_()
        model.network.head.body[-1].bias.fill_(bias)
    seen = examine(model.save(tmp_path / "flat.safetensors"))
    assert seen.usable
    assert seen.findings[0].level == "warning"
    assert said in seen.findings[0].text


def test_weights_alone_are_recognised_behind_a_wrapper(tmp_path):
    network = build_model("unet", 3, 2)
    wrapped = {f"module.{k}": v for k, v in network.state_dict().items()}
    path = tmp_path / "theirs.pth"
    torch.save({"epoch": 3, "model_state_dict": wrapped}, path)
    seen = examine(path)
    assert seen.usable
    assert (seen.config.recipe, seen.config.in_channels, seen.config.classes) == (
        "unet",
        3,
        2,
    )
    assert seen.findings[0].level == "warning"
    assert "does not say what it is" in seen.findings[0].text
    given = torch.randn(1, 3, 32, 32)
    with torch.inference_mode():
        torch.testing.assert_close(
            load_model(path).network(given), network.eval()(given)
        )


def test_safetensors_of_others_are_recognised_too(tmp_path):
    path = tmp_path / "theirs.safetensors"
    save_file(build_model("cihm", 1, 3).state_dict(), path)
    seen = examine(path)
    assert (seen.config.recipe, seen.config.task) == ("cihm", "instance")


def test_weights_of_no_recipe_name_the_nearest(tmp_path):
    weights = build_model("unet", 1, 1).state_dict()
    weights.pop(next(iter(weights)))
    path = tmp_path / "cut.pt"
    torch.save(weights, path)
    (fault,) = examine(path).findings
    assert fault.level == "fault"
    assert f"nearest: 'unet', {len(weights)} of {len(weights)} weights" in fault.text


class Trap:
    """A pickle that makes a file when it is opened."""

    def __init__(self, path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_code_in_a_file_is_refused_and_not_run(tmp_path):
    sprung = tmp_path / "sprung"
    path = tmp_path / "trap.pt"
    torch.save({"state_dict": {"w": Trap(sprung)}}, path)
    (fault,) = examine(path).findings
    assert fault.level == "fault"
    assert "mkdir" in fault.text
    assert fault.remedy.startswith(
        "expected weights alone: torch.save(model.state_dict"
    )
    assert ". Save its state_dict where" in fault.remedy
    assert not sprung.exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [("cut.pt", b"PK\x03\x04 cut short"), ("text.pth", b"hello"), ("e.pt", b""),
     ("cut.safetensors", b"\x00" * 4), ("page.safetensors", b"<html></html>" * 9)],
)  # fmt: skip
def test_a_damaged_file_is_refused_with_a_way_out(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    seen = examine(path)
    assert not seen.usable
    assert _levels(seen) == ["fault"]
    assert seen.findings[0].remedy
    assert dict(seen.facts)["File"].startswith(name)


@pytest.mark.parametrize("name", ["gone.safetensors", "gone.pt", "no-such-model"])
def test_a_missing_file_is_told(tmp_path, name):
    seen = examine(tmp_path / name if "." in name else name)
    assert _levels(seen) == ["fault"]


def test_a_newer_format_is_refused(tmp_path):
    path = _model().save(tmp_path / "new.safetensors")
    raw, ours = path.read_bytes(), b'{\\"format\\":1,'
    assert ours in raw
    path.write_bytes(raw.replace(ours, ours.replace(b"1", b"9")))
    (fault,) = examine(path).findings
    assert "format 9" in fault.text
    assert "Update napari-cihm" in fault.remedy
