"""Which derivatives the scans have: the first."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import torch

from napari_cihm.errors import UnavailableError

_P = ParamSpec("_P")
_R = TypeVar("_R")


def first_only(backward: Callable[_P, _R]) -> Callable[_P, _R]:
    """Have a backward pass refuse to be part of a graph itself.

    torch's ``once_differentiable`` lets a second derivative pass in silence where the
    scan is one of several ways to it, and leaves the scan's share out.
    """

    @functools.wraps(backward)
    def checked(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        if torch.is_grad_enabled():
            raise UnavailableError(
                "a second derivative of the scan was asked for (create_graph=True)",
                "first derivatives alone",
                "set CIHM_SCAN=reference, which has them all but is slow",
            )
        return backward(*args, **kwargs)

    return checked
