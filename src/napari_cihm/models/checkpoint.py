"""Checkpoints: weights and one JSON document in a ``.safetensors`` file."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import nn

from napari_cihm.config import ModelConfig
from napari_cihm.config.base import explain
from napari_cihm.config.model import FORMAT
from napari_cihm.config.train import BEST
from napari_cihm.data.writing import ready_file, whole_file
from napari_cihm.errors import CheckpointError, CihmError
from napari_cihm.models.filling import Weights, compare, fill, outline

KEY = "cihm"


def write_checkpoint(network: nn.Module, config: ModelConfig, path: Path) -> Path:
    """Write a model whole or not at all."""
    tensors = {
        key: tensor.detach().cpu().contiguous()
        for key, tensor in network.state_dict().items()
    }
    # Whole, so that a default that changes one day changes no model made before.
    content = to_bytes(tensors, {KEY: config.model_dump_json()})
    ready_file(path)
    with whole_file(path) as file:
        file.write(content)
    return path


def read_checkpoint(path: Path) -> tuple[nn.Module, ModelConfig]:
    """Read what a model is made of; no code of the file is run.

    Raises
    ------
    CheckpointError
        Saying what was expected, what came, and how to mend it.
    """
    config, weights = read_parts(path)
    network = _outline(path.name, config)
    missing, extra, misfit = compare(network.state_dict(), weights)
    if missing or extra or misfit:
        raise CheckpointError(
            f"{path.name}: its weights do not fit the recipe {config.recipe!r}: "
            f"{len(missing)} missing, {len(extra)} unknown, {len(misfit)} of another "
            f"shape (such as {[*missing, *extra, *misfit][0]})",
            "weights written by the same recipe",
            "update napari-cihm, or see `cihm doctor` for the details",
        )
    return fill(network, weights, path.name), config


def _outline(name: str, config: ModelConfig) -> nn.Module:
    try:
        return outline(config)
    except CihmError as error:
        raise CheckpointError(
            f"{name}: {error.came}",
            error.wanted,
            "update napari-cihm: a newer one may have made this model",
        ) from error


def read_parts(path: Path) -> tuple[ModelConfig, Weights]:
    """Read the configuration and the weights of a checkpoint."""
    metadata, weights = read_tensors(path)
    return _described(path.name, metadata), weights


def read_config(path: Path) -> ModelConfig:
    """Read the configuration of a checkpoint, and not its weights."""
    return _described(path.name, read_metadata(path))


def read_metadata(path: Path) -> dict[str, str]:
    """Read what a safetensors file says beside its tensors."""
    with _opened(path) as file:
        return file.metadata() or {}


def read_tensors(path: Path) -> tuple[dict[str, str], Weights]:
    """Read the metadata and the tensors of a safetensors file."""
    with _opened(path) as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        return file.metadata() or {}, tensors


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    if not path.is_file():
        inside = path / BEST  # of the folder of a run
        raise CheckpointError(
            f"{path} is not a file",
            "a .safetensors model",
            f"give {inside}"
            if inside.is_file()
            else "see `cihm models` for those that come with the package",
        )
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path.name} cannot be read ({error})",
            "a .safetensors model",
            "copy it again, or see `cihm doctor` for what it holds",
        ) from error


def _described(name: str, metadata: Mapping[str, str]) -> ModelConfig:
    """Read the JSON document of a checkpoint."""
    if KEY not in metadata:
        raise CheckpointError(
            f"{name} does not say what its recipe is",
            "a model saved by napari-cihm",
            "see `cihm doctor` for what the file holds",
        )
    try:
        fields = json.loads(metadata[KEY])
        version = fields.get("format", 1)
        if version > FORMAT:
            raise CheckpointError(
                f"{name} has format {version}",
                f"format {FORMAT} or older",
                "update napari-cihm",
            )
        return ModelConfig(**fields)
    except ValidationError as error:
        raise CheckpointError(f"{name}: {explain(error, ModelConfig)}") from error
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(f"{name}: its description is damaged") from error
