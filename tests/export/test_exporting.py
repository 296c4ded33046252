"""The one function and the command: names, refusals, files replaced whole."""

import pytest

from napari_cihm.cli import main
from napari_cihm.errors import (
    InputError,
    UnavailableError,
    UnknownNameError,
    WriteError,
)
from napari_cihm.export import FORMATS, export_model, exporting


class _Writer:
    """Stands for a format, so that neither extra is needed."""

    text = "weights"

    @classmethod
    def write(cls, model, path, settings):
        path.write_text(f"{cls.text} of {model.name} by {', '.join(settings.authors)}")


@pytest.fixture
def writer(monkeypatch):
    monkeypatch.setattr(exporting, "_writer", lambda format: _Writer)


def test_an_unknown_format_lists_its_near_matches(small, tmp_path):
    with pytest.raises(UnknownNameError, match="Did you mean 'onnx'"):
        export_model(small("unet"), tmp_path, "onxx")


@pytest.mark.parametrize("format", FORMATS)
def test_a_missing_package_is_named_with_its_extra(
    format, small, tmp_path, monkeypatch
):
    package = FORMATS[format].packages[0]
    monkeypatch.setitem(__import__("sys").modules, package, None)
    with pytest.raises(UnavailableError, match=rf"napari-cihm\[{format}\]"):
        export_model(small("unet"), tmp_path, format)


def test_a_folder_gets_a_file_of_the_model_s_name(writer, small, tmp_path):
    assert export_model(small("unet"), tmp_path / "new") == tmp_path / "new/unet.zip"
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["unet.zip"]


def test_another_ending_is_refused(writer, small, tmp_path):
    with pytest.raises(InputError, match=r"ends in \.onnx"):
        export_model(small("unet"), tmp_path / "model.zip", "onnx")


def test_a_failure_leaves_the_old_file(writer, small, tmp_path, monkeypatch):
    path = export_model(small("unet"), tmp_path / "m.zip", authors=("A",))
    before = path.read_text()

    def fail(model, path, settings):
        path.write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_Writer, "write", fail)
    with pytest.raises(WriteError, match="No space left"):
        export_model(small("unet"), path)
    assert path.read_text() == before == "weights of unet by A"
    assert [p.name for p in tmp_path.iterdir()] == ["m.zip"]


def test_the_command_writes_where_it_is_told(writer, tmp_path, capsys):
    target = tmp_path / "nuclei.onnx"
    arguments = ["export", "cihm-dsb18", "--format", "onnx", "-o", str(target)]
    assert main([*arguments, "--author", "A", "--author", "B"]) == 0
    assert target.read_text() == "weights of cihm-dsb18 by A, B"
    assert capsys.readouterr().out == f"{target}\n"


def test_the_command_asks_who_made_what_is_shared(writer, tmp_path, capsys):
    assert main(["export", "cihm-dsb18", "-o", str(tmp_path)]) == 0
    assert "--author" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a.onnx", "ends in .zip, or a folder. Choose the format onnx"),
        ("a.txt", "ends in .zip, or a folder"),
    ],
)
def test_a_name_of_another_format_says_which_to_choose(name, words, capsys):
    assert main(["export", "cihm-dsb18", "-o", name]) == 2
    said = capsys.readouterr().err
    assert said.endswith(f"{words}\n") and "exporting" not in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("cihm-dbs18", "Did you mean 'cihm-dsb18'"),
        ("cihm-dsb18 --format tflite", "should be 'bioimageio' or 'onnx'"),
        ("nothing.safetensors", "is not a file"),
    ],
)
def test_the_command_refuses_in_one_line(arguments, words, capsys):
    assert main(["export", *arguments.split()]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
