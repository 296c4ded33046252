"""The weights that come with the package, and models by name or by file."""

from importlib import resources
from pathlib import Path

import torch

from napari_cihm.config.model import DEFAULT_MODEL
from napari_cihm.errors import UnknownNameError
from napari_cihm.models.checkpoint import read_checkpoint
from napari_cihm.models.foreign import is_foreign, read_foreign
from napari_cihm.models.model import Model


def bundled_names() -> tuple[str, ...]:
    """Return the names of the weights that come with the package."""
    return tuple(sorted(path.stem for path in _folder().glob("*.safetensors")))


def load_model(
    name_or_path: str | Path = DEFAULT_MODEL, device: str | torch.device = "auto"
) -> Model:
    """Load a model that comes with the package by its name, or one from a file.

    Parameters
    ----------
    name_or_path : str or Path
        A name such as ``"cihm-dsb18"``, or a checkpoint's path; the recipe of
        weights alone (``.pt``, ``.pth``) is told from their names and shapes.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.

    Returns
    -------
    Model
        Ready to segment.
    """
    path = find_model(name_or_path)
    if is_foreign(path):
        return read_foreign(path, device)
    return read_checkpoint(path, device)


def find_model(name_or_path: str | Path) -> Path:
    """Return the file of a model that is named, or that is given by its path.

    Raises
    ------
    UnknownNameError
        If it is neither a bundled name nor looks like a file.
    """
    names = bundled_names()
    if str(name_or_path) in names:
        return _folder() / f"{name_or_path}.safetensors"
    path = Path(name_or_path).expanduser()
    if not path.suffix and not path.exists():
        raise UnknownNameError.among("model", str(name_or_path), names)
    return path


def _folder() -> Path:
    with resources.as_file(resources.files("napari_cihm.models")) as folder:
        return folder / "weights"
