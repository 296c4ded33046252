"""``cihm doctor`` prints what a file is, and fails where it cannot be used."""

import pytest
import torch

from napari_cihm.cli import main
from napari_cihm.config import ModelConfig
from napari_cihm.models import Model


@pytest.fixture
def model() -> Model:
    torch.manual_seed(0)
    config = ModelConfig(recipe="cihm", in_channels=1, classes=3, task="instance")
    return Model.untrained(config)


def test_a_sound_file_is_described(model, tmp_path, capsys):
    path = model.save(tmp_path / "mine.safetensors")
    assert main(["doctor", str(path)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("mine\n")
    assert f"{model.parameters_count:,} parameters" in out
    assert "Expects:     one channel" in out
    assert "fault:" not in out


def test_a_useless_file_is_a_failure_with_its_reason(model, tmp_path, capsys):
    with torch.no_grad():
        for parameter in model.network.parameters():
            parameter.fill_(float("nan"))
    path = model.save(tmp_path / "diverged.safetensors")
    assert main(["doctor", str(path), "--no-trial"]) == 1
    assert "fault: " in capsys.readouterr().out


def test_what_is_no_model_is_told_without_a_traceback(tmp_path, capsys):
    path = tmp_path / "notes.safetensors"
    path.write_text("no model at all")
    assert main(["doctor", str(path)]) == 1
    out, err = capsys.readouterr()
    assert "fault: " in out
    assert "Traceback" not in out + err
