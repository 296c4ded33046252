"""Weights that say nothing of their recipe: read without running code, and guessed.

A ``.pt`` or ``.pth`` file is a pickle; torch's ``weights_only`` reader refuses all
in it but tensors and plain containers.
"""

import re
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import torch
from torch import Tensor

from napari_cihm.errors import CheckpointError, UnknownNameError
from napari_cihm.models.checkpoint import KEY, read_metadata, read_tensors
from napari_cihm.models.filling import Weights, fill, outline
from napari_cihm.models.guessing import config_of, guess, nearest
from napari_cihm.models.model import Model
from napari_cihm.models.recipes import RECIPES

HOMES = ("state_dict", "model_state_dict", "model", "network", "net", "params", "ema")


def is_foreign(path: Path) -> bool:
    """Tell by its content whether a file is one of weights without our description."""
    if not path.is_file():
        return False
    if not _is_safetensors(path):
        return True
    try:
        return KEY not in read_metadata(path)
    except CheckpointError:
        return False


def read_foreign(
    path: Path, device: str | torch.device = "auto", recipe: str | None = None
) -> Model:
    """Read weights alone into the recipe that fits them, or into the one asked for.

    Raises
    ------
    CheckpointError
        If the file would run code, holds no weights, or fits no recipe.
    """
    if recipe is not None and recipe not in RECIPES:
        raise UnknownNameError.among("recipe", recipe, RECIPES)
    weights = read_weights(path)
    fitting = [g for g in guess(weights) if g.exact and recipe in (None, g.recipe)]
    if not fitting:
        which = f"do not fit the recipe {recipe!r}" if recipe else "fit no recipe"
        raise CheckpointError(
            f"{path.name}: its weights {which}{nearest(weights)}",
            f"weights of {recipe or 'one of ' + ', '.join(RECIPES)}",
            "train it here with `cihm train`, which stores the recipe with the weights",
        )
    if len(fitting) > 1:
        names = ", ".join(g.recipe for g in fitting)
        raise CheckpointError(
            f"{path.name}: its weights fit several recipes ({names})",
            "one recipe",
            "name the one that they were trained with: --recipe on the command line, "
            "load_model(file, recipe=...) in Python, whose save() writes it down",
        )
    config = config_of(fitting[0])
    network = fill(outline(config), weights, path.name)
    model = Model(network, config, device, path.stem)
    if config.task == "instance":
        model.note = (
            f"{path.name} does not say what its {config.classes} maps are: they are "
            "taken for the insides, borders and middles of single objects; if they "
            "are classes, set model.config = model.config.but(task='semantic')"
        )
    return model


def read_weights(path: Path) -> Weights:
    """Read the tensors of a file by name, running none of its code.

    Raises
    ------
    CheckpointError
        Saying what the file holds instead.
    """
    content = read_tensors(path)[1] if _is_safetensors(path) else _unpickle(path)
    weights = find_weights(content)
    if not weights:
        raise CheckpointError(
            f"{path.name} holds a {type(content).__name__} without weights",
            "a state_dict: tensors by name",
        )
    return without_prefix(weights)


def find_weights(content: Any) -> Weights:
    """Find the tensors by name in what a training script saved."""
    if not isinstance(content, Mapping):
        return {}
    for home in HOMES:
        if isinstance(content.get(home), Mapping):
            inner = find_weights(content[home])
            if inner:
                return inner
    return {str(k): v for k, v in content.items() if isinstance(v, Tensor)}


def without_prefix(weights: Weights) -> Weights:
    """Take away what wrappers put before every name, such as ``module.``."""
    while weights and all("." in key for key in weights):
        first = {key.partition(".")[0] for key in weights}
        if len(first) > 1:
            break
        weights = {key.partition(".")[2]: t for key, t in weights.items()}
    return weights


def _unpickle(path: Path) -> Any:
    if _is_script(path):
        raise CheckpointError(
            f"{path.name} is TorchScript, a program with its weights",
            "weights alone: torch.save(model.state_dict(), file)",
            "save its state_dict where it was made, and load that file",
        )
    try:
        with warnings.catch_warnings(), path.open("rb") as file:
            warnings.simplefilter("ignore")  # on old pickles, for their makers
            return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises whatever its readers meet
        asked = re.search(r"GLOBAL (\S+)", str(error))
        if asked:
            raise CheckpointError(
                f"{path.name} was not opened: it asks to run {asked[1]}",
                "weights alone: torch.save(model.state_dict(), file)",
                "save its state_dict where it was made, and load that file",
            ) from None
        raise CheckpointError(
            f"{path.name} cannot be read as weights",
            "a file of torch.save, or a .safetensors file",
            "copy it again; a download that was cut short looks like this",
        ) from error


def _is_safetensors(path: Path) -> bool:
    """Tell by its first bytes: the length of a header, and the brace it begins with."""
    with path.open("rb") as file:
        return file.read(9)[8:] == b"{"


def _is_script(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(PurePosixPath(n).name == "constants.pkl" for n in archive.namelist())
