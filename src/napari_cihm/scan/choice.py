"""The choice among the scans: what is here, what fits the device, what is forced."""

import importlib
import logging
import os
from collections.abc import Callable
from functools import cache
from typing import Literal, Protocol, cast

import torch
from torch import Tensor

from napari_cihm.errors import UnavailableError, UnknownNameError
from napari_cihm.scan import shapes
from napari_cihm.scan.inputs import Inputs

log = logging.getLogger(__name__)

VARIABLE = "CIHM_SCAN"

_HOME = {
    "numba": "napari_cihm.scan.numba_scan",
    "triton": "napari_cihm.scan.triton_scan",
    "mamba_ssm": "napari_cihm.scan.mamba_scan",
    "torch": "napari_cihm.scan.torch_scan",
    "reference": "napari_cihm.scan.reference",
}
_ORIGIN = {
    "numba": "pip install numba brings it",
    "triton": "torch's CUDA builds bring it",
    "mamba_ssm": 'pip install --no-build-isolation "napari-cihm[cuda]" builds it',
}
_ORDER = {
    "cpu": ("numba", "torch"),
    "cuda": ("mamba_ssm", "triton", "torch"),
}


class Backend(Protocol):
    """What each backend's module offers."""

    available: Callable[[], Literal[True] | str]
    """Whether it can run on this machine, or why not."""
    serves: Callable[[torch.device], Literal[True] | str]
    """Whether it can take tensors of a device, or why not."""
    scan: Callable[[Inputs], tuple[Tensor, Tensor]]
    """Give the output and the last state, both differentiable."""


@cache
def load(name: str) -> Backend | str:
    """Load a backend, or say why it cannot be."""
    try:
        backend = cast("Backend", importlib.import_module(_HOME[name]))
    except Exception as problem:
        # A package built for other versions fails to load in any way it likes.
        return f"{type(problem).__name__}: {problem} ({_ORIGIN.get(name, '')})"
    reason = backend.available()
    return backend if reason is True else reason


def backends() -> dict[str, Literal[True] | str]:
    """Tell which scans can run here.

    Returns
    -------
    dict of str to True or str
        Each backend's name, with True where it can run on this machine, else the
        reason why it cannot.
    """
    return {
        name: found if isinstance(found := load(name), str) else True for name in _HOME
    }


def choose(device: torch.device) -> Backend:
    """Pick the backend for a device: the forced one, else the first that can.

    Raises
    ------
    UnknownNameError
        If ``CIHM_SCAN`` names no backend.
    UnavailableError
        If it names one that this machine or device cannot run.
    """
    if device.type == "meta":
        return cast("Backend", shapes)
    forced = os.environ.get(VARIABLE)
    return _forced(forced, device) if forced else _first(device)


@cache
def _first(device: torch.device) -> Backend:
    for name in _ORDER.get(device.type, ()):
        backend = _serving(name, device)
        if not isinstance(backend, str):
            return backend
        log.info("scans do without %s: %s", name, backend)
    return cast("Backend", load("torch"))


def _forced(name: str, device: torch.device) -> Backend:
    if name not in _HOME:
        raise UnknownNameError.among(f"scan backend ({VARIABLE})", name, _HOME)
    backend = _serving(name, device)
    if isinstance(backend, str):
        ready = [other for other, found in backends().items() if found is True]
        raise UnavailableError(
            f"{VARIABLE}={name} was asked for, but {backend}",
            f"one of {', '.join(ready)} on this machine",
            f"unset {VARIABLE} to let the fastest be chosen",
        )
    return backend


def _serving(name: str, device: torch.device) -> Backend | str:
    """Load a backend for a device, or say why it cannot be used there."""
    backend = load(name)
    if isinstance(backend, str):
        return backend
    reason = backend.serves(device)
    return backend if reason is True else reason
