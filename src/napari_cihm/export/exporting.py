"""One function that writes a model in any of the formats for other programs."""

import importlib
import os
import tempfile
from pathlib import Path
from typing import NamedTuple, Protocol, cast

from napari_cihm.config import ExportSettings
from napari_cihm.data.paths import with_home
from napari_cihm.errors import (
    InputError,
    UnavailableError,
    UnknownNameError,
    WriteError,
)
from napari_cihm.models import Model


class Format(NamedTuple):
    """A format: its writer's module, how its files end, what it is written with."""

    module: str
    suffix: str
    packages: tuple[str, ...]


class Writer(Protocol):
    """What the module of a format offers."""

    def write(self, model: Model, path: Path, settings: ExportSettings) -> None:
        """Write a model to a file that is not there yet."""


FORMATS = {
    "bioimageio": Format("model_zoo", ".zip", ("bioimageio.spec",)),
    "onnx": Format("onnx_file", ".onnx", ("onnx", "onnxscript")),
}


def export_model(
    model: Model, path: str | Path, format: str = "bioimageio", **settings: object
) -> Path:
    """Write a model for programs that know nothing of napari-cihm.

    Parameters
    ----------
    model : Model
        The model, on any device.
    path : str or Path
        The file to write, or a folder for a file named after the model.
    format : {"bioimageio", "onnx"}
        A package of the BioImage Model Zoo, or a file for ONNX runtimes.
    **settings
        Fields of `ExportSettings`.

    Returns
    -------
    Path
        The file that was written, replaced whole if it was there.

    Raises
    ------
    UnknownNameError
        For another format.
    UnavailableError
        Where what writes the format is not installed.
    """
    chosen = ExportSettings.of(**settings)
    target = export_path(model, path, format)
    writer = _writer(format)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # beside the target first, so that no half of a file is ever there
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as folder:
            beside = Path(folder) / target.name
            writer.write(model, beside, chosen)
            os.replace(beside, target)
    except OSError as error:
        raise WriteError(
            f"the export could not be written to {target} ({error.strerror or error})",
            remedy="choose another folder or make room",
        ) from error
    return target


def export_path(model: Model, path: str | Path, format: str) -> Path:
    """Name the file, in a folder or as it was asked for.

    Raises
    ------
    InputError
        Where it would be called as what it is not.
    UnknownNameError
        For another format.
    """
    if format not in FORMATS:
        raise UnknownNameError.among("export format", format, FORMATS)
    path, suffix = with_home(path), FORMATS[format].suffix
    if path.is_dir() or not path.suffix:
        return path / f"{model.name}{suffix}"
    if path.suffix != suffix:
        fitting = (name for name, f in FORMATS.items() if f.suffix == path.suffix)
        other = next(fitting, "")
        raise InputError(
            f"the export was to be called {path.name}",
            f"a name that ends in {suffix}, or a folder",
            f"choose the format {other}" if other else "",
        )
    return path


def _writer(format: str) -> Writer:
    """Load a format's writer, where what it needs is there."""
    for package in FORMATS[format].packages:
        try:
            importlib.import_module(package)
        except ImportError as error:
            raise UnavailableError(
                f"{package}, which this format is written with, cannot be imported "
                f"({error})",
                remedy=f'install it with: pip install "napari-cihm[{format}]"',
            ) from error
    module = importlib.import_module(f"napari_cihm.export.{FORMATS[format].module}")
    return cast("Writer", module)
