"""Settings become options: the same names, defaults, bounds and refusals."""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pytest
import torch
import typer
from PIL import Image
from pydantic import Field

from napari_cihm import config
from napari_cihm.cli import main
from napari_cihm.cli.commands import COMMANDS
from napari_cihm.cli.options import settings_from
from napari_cihm.config import Seed, Settings
from napari_cihm.errors import InputError
from napari_cihm.models import build_model


class Inner(Settings):
    depth: int = Field(1, description="A field of a field.")


class Toy(Settings):
    """One of each kind of field."""

    patch_size: int = Field(256, ge=32, le=2048, description="Side of a patch.")
    share: float = Field(0.25, gt=0, lt=1, description="Share held out.")
    kind: Literal["linked", "apart"] = Field("linked", description="How to number.")
    channels: Literal["auto", 1, 3] = Field("auto", description="Input channels.")
    diameter: Annotated[float, Field(gt=0)] | Literal["auto"] | None = Field(
        "auto", description="Size of objects."
    )
    seed: float | None = Field(None, gt=0, description="Threshold.")
    amp: bool = Field(True, description="Mixed precision.")
    maps: bool = Field(False, description="Keep the maps.")
    device: str = Field("auto", description="Where to run.")
    inner: Inner = Inner()


def ask(arguments: str) -> tuple[int, Toy | None]:
    """Run a command that takes a file and settings; give its status and settings."""
    got = []

    def work(
        path: Annotated[str, typer.Argument(help="A file.")],
        settings: Toy,
        output: Annotated[str, typer.Option("--output", "-o", help="Out.")] = "here",
    ) -> None:
        """Work on a file."""
        assert (path, output) == ("file", "here")
        got.append(settings)

    def other() -> None:
        """Do nothing."""

    status = main(arguments.split(), [work, other])
    return status, got[0] if got else None


def test_without_options_the_settings_are_the_defaults():
    status, settings = ask("work file")
    assert status == 0
    assert settings == Toy()
    assert settings.model_fields_set == set()


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("--patch-size 64", {"patch_size": 64}),
        ("--share 0.5", {"share": 0.5}),
        ("--kind apart", {"kind": "apart"}),
        ("--channels 3", {"channels": 3}),
        ("--diameter 12.5", {"diameter": 12.5}),
        ("--diameter auto", {"diameter": "auto"}),
        ("--diameter none", {"diameter": None}),
        ("--seed 0.125", {"seed": 0.125}),
        ("--no-amp --maps", {"amp": False, "maps": True}),
        ("--device cuda:1", {"device": "cuda:1"}),
    ],
)
def test_an_option_sets_its_field_and_no_other(option, expected):
    status, settings = ask(f"work file {option}")
    assert status == 0
    assert settings.model_fields_set == set(expected)
    assert settings == Toy(**expected)
    for name, value in expected.items():
        assert type(getattr(settings, name)) is type(value)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--patch-size 7", "--patch-size 7: input should be greater than or equal to"),
        ("--patch-size many", "--patch-size many: input should be a valid integer"),
        ("--share 1", "--share 1: input should be less than 1"),
        ("--share nan", "--share nan: input should be"),
        ("--kind other", "--kind other: input should be 'linked' or 'apart'"),
        ("--channels 2", "--channels 2: input should be 'auto', 1 or 3"),
        ("--diameter -3", "--diameter -3: input should be greater than 0"),
        ("--patch-size none", "--patch-size none: input should be a valid integer"),
    ],
)
def test_what_the_settings_refuse_is_one_line_that_names_the_option(
    capsys, option, said
):
    status, settings = ask(f"work file {option}")
    error = capsys.readouterr().err
    assert (status, settings) == (2, None)
    assert error.startswith(f"error: {said}")
    assert error.count("\n") == 1


def test_help_states_default_choices_bounds_and_meaning(capsys):
    assert ask("work --help")[0] == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "--patch-size <int> Side of a patch. (at least 32, at most 2048)" in text
    assert "[default: 256]" in text
    assert "--share <float> Share held out. (above 0, below 1)" in text
    assert "--kind <linked|apart> How to number. [default: linked]" in text
    assert "--diameter <float|auto|none> Size of objects. (above 0)" in text
    assert "--amp / --no-amp Mixed precision. [default: on]" in text
    assert "--maps / --no-maps Keep the maps. [default: off]" in text
    assert "inner" not in text


def test_a_parameter_can_be_a_field_of_its_own(capsys):
    got = []

    def work(
        *,
        settings: Seed,
        workers: Annotated[
            int | None, Field(ge=1, description="Processes to start.")
        ] = None,
        level: Annotated[int, Field(ge=0, description="Level to take.")] = 0,
    ) -> None:
        """Work."""
        got.append((settings.seed, workers, level))

    def other() -> None:
        """Do nothing."""

    assert main(["work", "--level=2", "--seed=3"], [work, other]) == 0
    assert main(["work", "--workers=none"], [work, other]) == 0
    assert got == [(3, None, 2), (0, None, 0)]
    assert main(["work", "--workers=0", "--level=-1"], [work, other]) == 2
    said = capsys.readouterr().err
    assert "--workers 0: input should be" in said and "--level -1: input should" in said
    assert main(["work", "--help"], [work, other]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert (
        "--workers <int|none> Processes to start. (at least 1) [default: none]" in text
    )


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c.__name__)
def test_bounds_are_told_in_one_way(capsys, command):
    assert main([command.__name__, "--help"]) == 0
    text = capsys.readouterr().out
    assert "range>" not in text and "x>=" not in text


def test_all_refusals_are_told_at_once():
    given = {"patch_size": "7", "share": "2", "kind": None}
    with pytest.raises(InputError, match=r"--patch-size 7.*--share 2"):
        settings_from(Toy, given)


NAMED = [getattr(config, name) for name in config.__all__ if name != "Settings"]
EVERY = [one for one in NAMED if isinstance(one, type)]


@pytest.mark.parametrize("model", EVERY, ids=lambda m: m.__name__)
def test_every_field_of_the_house_is_described_and_takes_its_own_default(model):
    required = {"recipe": "cihm"} if "recipe" in model.model_fields else {}
    settings = model.of(**required)
    for name, field in model.model_fields.items():
        default = getattr(settings, name)
        assert isinstance(default, Settings) or field.description.endswith("."), name
        assert settings.but(**{name: default}) == settings


@pytest.mark.parametrize(
    "command",
    [
        ["segment", "{0}/images", "-o", "{0}/out", "-m", "{0}/alone.pth"],
        ["evaluate", "{0}", "-m", "{0}/alone.pth"],
        ["finetune", "--images=.", "--masks=.", "-o", "{0}", "-m", "{0}/alone.pth"],
        ["export", "{0}/alone.pth", "-o", "{0}/out"],
        ["benchmark", "-m", "{0}/alone.pth"],
    ],
    ids=lambda command: command[0],
)
def test_a_recipe_can_be_named_for_weights_alone(tmp_path, capsys, command):
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
        Image.fromarray(np.eye(8, dtype=np.uint8)).save(tmp_path / name / "a.png")
    torch.save(build_model("unet", base=4).state_dict(), tmp_path / "alone.pth")
    given = [word.format(tmp_path) for word in command]
    assert main([*given, "--recipe", "cihm"]) == 2
    assert "do not fit the recipe 'cihm'" in capsys.readouterr().err


def test_an_option_may_begin_with_the_home_folder(home):
    got = []

    def work(
        data: Annotated[Path, typer.Argument(help="What.")],
        output: Annotated[Path, typer.Option(help="Out.")],
        table: Annotated[Path | None, typer.Option(help="Table.")] = None,
    ) -> None:
        """Work."""
        got.extend([data, output, table])

    def other() -> None:
        """Do nothing."""

    assert main(["work", "~/data", "--output=~/run"], [work, other]) == 0
    assert got == [home / "data", home / "run", None]


@pytest.mark.parametrize(
    ("command", "named"),
    [
        (["segment", "", "-o", "out"], "'inputs'"),
        (["segment", "in", "", "-o", "out"], "'inputs'"),
        (["segment", "in", "--output="], "'--output'"),
        (["segment", "in", "-o", "out", "--table", ""], "'--table'"),
        (["segment", "in", "-o", "out", "--rle", ""], "'--rle'"),
        (["train", "", "-o", "run"], "'data'"),
        (["train", "data", "-o", ""], "'--output'"),
        (["finetune", "--images=", "--masks=m", "-o", "run"], "'--images'"),
        (["finetune", "--images=i", "--masks=", "-o", "run"], "'--masks'"),
        (["finetune", "--images=i", "--masks=m", "-o", ""], "'--output'"),
        (
            ["finetune", "--images=i", "--masks=m", "-o=run", "--reviewed="],
            "'--reviewed'",
        ),
        (["evaluate", ""], "'data'"),
        (["evaluate", "data", "--json", ""], "'--json'"),
        (["evaluate", "data", "--sheet", ""], "'--sheet'"),
        (["export", "cihm-fluo", "-o", ""], "'--output'"),
        (["benchmark", "--json", ""], "'--json'"),
    ],
)
def test_an_empty_path_is_not_the_folder_one_is_in(
    tmp_path, monkeypatch, capsys, command, named
):
    (tmp_path / "images").mkdir()
    Image.fromarray(np.eye(8, dtype=np.uint8)).save(tmp_path / "images" / "a.png")
    monkeypatch.chdir(tmp_path)
    assert main(command) == 2
    said = capsys.readouterr().err
    assert named in said and "'' is no path" in said and said.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["images"]
