"""``cihm train``: what is wrong is told at once, and a stop leaves a model."""

import pytest

from napari_cihm.cli import main
from napari_cihm.models.recipes import RECIPES


@pytest.mark.parametrize("options", ["[1]", "5", '"a"', "null", "{", "mgf"])
def test_options_that_name_nothing_are_refused(tmp_path, capsys, options):
    where = ["train", str(tmp_path), "-o", str(tmp_path / "run")]
    assert main([*where, "--options", options]) == 2
    said = capsys.readouterr().err
    assert f"--options {options}: " in said and 'JSON such as {"head": "plain"}' in said
    assert all("head" in recipe.options for recipe in RECIPES.values())


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("", {}),
        ("mgf=false", {"mgf": False}),
        ("head=detail, base=16", {"head": "detail", "base": 16}),
        ("depths=[2,2,9,2],head=plain", {"depths": [2, 2, 9, 2], "head": "plain"}),
        ('{"mgf": false, "stages": "cc=m"}', {"mgf": False, "stages": "cc=m"}),
    ],
)
def test_options_are_given_as_pairs_or_as_json(tmp_path, monkeypatch, text, options):
    given = {}

    def run(*_, **settings):
        given.update(settings)
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr("napari_cihm.training.train", run)
    main(["train", str(tmp_path), "-o", str(tmp_path / "run"), "--options", text])
    assert given["options"] == options


def test_a_stop_says_where_the_best_model_is(tmp_path, capsys, monkeypatch):
    def run(*_, folder, **__):
        folder.mkdir()
        (folder / "best.safetensors").write_text("")
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr("napari_cihm.training.train", run)
    assert main(["train", str(tmp_path), "-o", str(tmp_path / "run")]) == 130
    assert "best.safetensors: the best so far" in capsys.readouterr().err


@pytest.mark.parametrize("seed", ["-1", str(2**70)])
def test_a_seed_that_is_none_is_refused(tmp_path, capsys, seed):
    train = ["train", str(tmp_path), "-o", str(tmp_path / "run")]
    finetune = ["finetune", "--images=a", "--masks=b", "-o", str(tmp_path / "run")]
    for command in (train, finetune):
        assert main([*command, f"--seed={seed}"]) == 2
        assert "--seed" in capsys.readouterr().err


def test_a_run_is_limited_as_from_python(tmp_path, monkeypatch, capsys):
    given = []

    def run(*_, seconds, epochs, seed, **__):
        given.append((seconds, epochs, seed))
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr("napari_cihm.training.train", run)
    where = ["train", str(tmp_path), "-o", str(tmp_path / "run")]
    main(where)
    main([*where, "--seconds=0.5", f"--seed={2**40}"])
    assert given == [(None, None, 0), (0.5, None, 2**40)]
    capsys.readouterr()
    assert main(["train", "--help"]) == 0
    assert "60 when no time is set" in " ".join(capsys.readouterr().out.split())
