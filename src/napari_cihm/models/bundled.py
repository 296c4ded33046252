"""The weights that come with the package, and models by name or by file."""

import os
from importlib import resources
from pathlib import Path

import torch

from napari_cihm.config.model import DEFAULT_MODEL
from napari_cihm.data.paths import with_home
from napari_cihm.errors import CheckpointError, InputError, UnknownNameError
from napari_cihm.models.checkpoint import read_checkpoint
from napari_cihm.models.foreign import is_foreign, read_foreign
from napari_cihm.models.model import Model

WRAPPED = (
    "wrap a network: cihm.Model(network, napari_cihm.config.ModelConfig("
    "recipe='its name', in_channels=1, classes=3))"
)


def bundled_names() -> tuple[str, ...]:
    """Return the names of the weights that come with the package."""
    return tuple(sorted(path.stem for path in _folder().glob("*.safetensors")))


def load_model(
    name_or_path: str | Path = DEFAULT_MODEL,
    device: str | torch.device = "auto",
    *,
    recipe: str | None = None,
) -> Model:
    """Load a model that comes with the package by its name, or one from a file.

    Parameters
    ----------
    name_or_path : str or Path
        A name such as ``"cihm-dsb18"``, or a checkpoint's path; the recipe of a file
        that holds weights only (``.pt``, ``.pth``) is recognised by their names and
        shapes.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
    recipe : str, optional
        The recipe of a file that holds weights only, when it cannot be recognised.

    Returns
    -------
    Model
        Ready to segment.
    """
    path = find_model(name_or_path)
    if is_foreign(path):
        return read_foreign(path, device, recipe)
    network, config = read_checkpoint(path)
    if recipe not in (None, config.recipe):
        raise CheckpointError(
            f"{path.name} is of the recipe {config.recipe!r}", repr(recipe)
        )
    return Model(network, config, device, path.stem)


def model_on(device: str | torch.device, given: Model | str | Path) -> Model:
    """Load a model, or move one that is loaded; "auto" leaves it where it is."""
    if not isinstance(given, Model):
        return load_model(given, device)
    return given if device == "auto" else given.on(device)


def find_model(name_or_path: str | Path) -> Path:
    """Return the file of a model that is named, or that is given by its path.

    Raises
    ------
    InputError
        If it is no name and no path.
    UnknownNameError
        If it is neither a bundled name nor looks like a file.
    """
    if not isinstance(name_or_path, str | os.PathLike):
        raise InputError(
            f"a model was given as {type(name_or_path).__name__}",
            "a name, a file, or a loaded model",
            WRAPPED if isinstance(name_or_path, torch.nn.Module) else "",
        )
    names = bundled_names()
    if str(name_or_path) in names:
        return _folder() / f"{name_or_path}.safetensors"
    path = with_home(name_or_path) if str(name_or_path) else None
    if path is None or not (path.suffix or path.exists()):
        raise UnknownNameError.among("model", str(name_or_path), names)
    return path


def _folder() -> Path:
    with resources.as_file(resources.files("napari_cihm.models")) as folder:
        return folder / "weights"
