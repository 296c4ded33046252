"""Versions are numbered, told from their headers, moved about, and never lost."""

import threading
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from napari_cihm.config import ModelConfig, TrainingRecord
from napari_cihm.errors import InputError, WriteError
from napari_cihm.events import Finetuned
from napari_cihm.models import Model, load_model
from napari_cihm.training.history import History


def _tuned(base="", start="cihm-dsb18", **figures):
    record = TrainingRecord(
        images=2,
        objects=31,
        date="2026-03-01",
        base=base,
        settings={"start": start},
        figures={"accepted": True, "reason": "better", "new": figures},
        curves={"step": [1.0, 2.0], "loss": [3.0, 2.5]},
    )
    config = ModelConfig(recipe="unet", options={"base": 4}, training=record)
    model = Model.untrained(config)
    return Finetuned(model, 0.2, 0.5, True, "better", {}, figures)


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "models")


def test_a_version_says_what_it_is_without_its_weights(history):
    assert history.versions() == []
    version = history.add(_tuned(map=0.5), "purple cells")
    assert version.path.name == "0001_purple cells.safetensors"
    assert (version.number, version.name, version.date) == (
        1,
        "purple cells",
        "2026-03-01",
    )
    assert (version.images, version.objects, version.start) == (2, 31, "cihm-dsb18")
    assert version.accepted and version.reason == "better"
    assert version.new_figures == {"map": 0.5}
    assert version.curves["loss"] == [3.0, 2.5]
    assert load_model(version.path).config.training.objects == 31


def test_no_other_folder_is_advised_where_none_can_be_chosen(tmp_path):
    (tmp_path / "file").touch()
    for call, words in (
        (History.ready, "rename what is there"),
        (lambda history: history.delete(history.folder / "x"), "right to write"),
    ):
        with pytest.raises(WriteError, match=words) as caught:
            call(History(tmp_path / "file" / "models"))
        assert "another folder" not in str(caught.value)


def test_numbers_rise_and_none_is_given_twice(history):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(history.add(_tuned()).number))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [1, 2, 3, 4]
    assert [v.number for v in history.versions()] == [4, 3, 2, 1]
    history.delete(history.versions()[-1].path)
    assert history.add(_tuned()).number == 5
    assert [v.number for v in history.versions()] == [5, 4, 3, 2]


def test_renaming_exporting_and_deleting(history, tmp_path):
    first, second = history.add(_tuned()), history.add(_tuned())
    renamed = history.rename(first.path, "good: one")
    assert (renamed.number, renamed.name) == (1, "good- one")
    copy = history.export(renamed.path, tmp_path / "shared")
    assert copy == tmp_path / "shared.safetensors"
    assert load_model(copy).hash == load_model(renamed.path).hash
    history.delete(second.path)
    assert [v.path for v in history.versions()] == [renamed.path]
    with pytest.raises(InputError, match="not one of the versions"):
        history.delete(copy)
    assert copy.exists()


def test_a_name_of_nothing_is_refused(history):
    version = history.add(_tuned())
    with pytest.raises(InputError, match="some letters"):
        history.rename(version.path, " . ")


def test_a_damaged_or_foreign_file_hides_no_other(history):
    version = history.add(_tuned())
    for number, size in enumerate((0, 3, 20), 5):
        torn = history.folder / f"{number:04d}_torn.safetensors"
        torn.write_bytes(b"\xff" * size)
    save_file({"weight": torch.ones(2)}, history.folder / "0008_other.safetensors")
    (history.folder / "0009_folder.safetensors").mkdir()
    (history.folder / "notes.txt").write_text("mine")
    assert [v.number for v in history.versions()] == [version.number]


def test_a_chain_leads_back_to_where_it_started(history):
    root = load_model("cihm-dsb18")
    first = history.add(_tuned(base=root.hash))
    middle = load_model(first.path)
    second = history.add(_tuned(base=middle.hash, start=first.path.stem), "again")
    assert history.origin(load_model(second.path)).hash == root.hash
    assert history.origin(root).hash == root.hash
    orphan = load_model(history.add(_tuned(base="f" * 16)).path)
    assert history.origin(orphan).hash == orphan.hash
