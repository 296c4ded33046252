"""What the tests of networks share: a recurrence in numpy, and small recipes."""

from collections.abc import Callable

import numpy as np
import pytest


def selective_recurrence(u, delta, decay, b, c, skip):
    """h[t] = exp(delta A) h[t-1] + delta B u; y[t] = C h[t] + D u, step by step.

    u, delta: (d, l); decay A: (d, n), negative; b, c: (n, l); skip D: (d).
    """
    state = np.zeros_like(decay)
    out = np.zeros_like(u)
    for t in range(u.shape[1]):
        step = delta[:, t, None]
        state = np.exp(step * decay) * state + step * b[:, t] * u[:, t, None]
        out[:, t] = state @ c[:, t] + skip * u[:, t]
    return out


@pytest.fixture(autouse=True)
def _portable_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scan with torch: compiling kernels for tiny maps would take longest of all."""
    monkeypatch.setenv("CIHM_SCAN", "torch")


@pytest.fixture
def recurrence() -> Callable[..., np.ndarray]:
    return selective_recurrence


def weights_of(module):
    """The module's weights as float64 arrays, by their names."""
    return {k: v.detach().double().numpy() for k, v in module.named_parameters()}


@pytest.fixture
def weights() -> Callable[..., dict[str, np.ndarray]]:
    return weights_of
