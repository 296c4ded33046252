"""The weights that come with the package, and models by name or by file."""

from importlib import resources
from pathlib import Path

import torch

from napari_cihm.errors import UnknownNameError
from napari_cihm.models.checkpoint import read_checkpoint
from napari_cihm.models.model import Model

DEFAULT = "cihm-dsb18"


def bundled_names() -> tuple[str, ...]:
    """Return the names of the weights that come with the package."""
    return tuple(sorted(path.stem for path in _folder().glob("*.safetensors")))


def load_model(
    name_or_path: str | Path = DEFAULT, device: str | torch.device = "auto"
) -> Model:
    """Load a model that comes with the package by its name, or one from a file.

    Parameters
    ----------
    name_or_path : str or Path
        A name such as ``"cihm-dsb18"``, or a checkpoint's path.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.

    Returns
    -------
    Model
        Ready to segment.
    """
    names = bundled_names()
    if str(name_or_path) in names:
        path = _folder() / f"{name_or_path}.safetensors"
    else:
        path = Path(name_or_path).expanduser()
        if not path.suffix and not path.exists():
            raise UnknownNameError.among("model", str(name_or_path), names)
    return read_checkpoint(path, device)


def _folder() -> Path:
    with resources.as_file(resources.files("napari_cihm.models")) as folder:
        return folder / "weights"
