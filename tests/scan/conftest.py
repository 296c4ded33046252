"""Scans to compute, and what they are measured against."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from napari_cihm.scan import selective_scan

NAMES = ("u", "delta", "A", "B", "C", "D", "z", "delta_bias")


@pytest.fixture
def case() -> Callable[..., dict[str, Tensor]]:
    """Draw the arguments of a scan."""

    def draw(
        b=2,
        d=4,
        length=37,
        n=5,
        groups=None,
        constant="",
        without="",
        dtype=torch.float32,
        grad=True,
        seed=0,
    ) -> dict[str, Tensor]:
        rng = np.random.default_rng(seed)

        def normal(*shape: int) -> Tensor:
            return torch.from_numpy(rng.standard_normal(shape)).to(dtype)

        varying = (b, n, length) if groups is None else (b, groups, n, length)
        tensors = {
            "u": normal(b, d, length),
            "delta": normal(b, d, length) - 1,
            "A": -torch.from_numpy(rng.uniform(0.1, 4, (d, n))).to(dtype),
            "B": normal(d, n) if "B" in constant else normal(*varying),
            "C": normal(d, n) if "C" in constant else normal(*varying),
            "D": normal(d),
            "z": normal(b, d, length),
            "delta_bias": normal(d),
        }
        kept = {k: t for k, t in tensors.items() if k not in without.split()}
        return {k: t.requires_grad_(grad) for k, t in kept.items()}

    return draw


@pytest.fixture
def scanned(monkeypatch) -> Callable[..., list[Tensor]]:
    """Scan with one backend; give output, last state and every gradient."""

    def run(backend: str, tensors: dict[str, Tensor], softplus=True) -> list[Tensor]:
        monkeypatch.setenv("CIHM_SCAN", backend)
        out, last = selective_scan(
            **tensors, delta_softplus=softplus, return_last_state=True
        )
        # Fixed weights, unlike each other, so that no gradient can hide another.
        loss = (out * _weights(out)).sum() + (last * _weights(last)).sum()
        return [
            out,
            last,
            *torch.autograd.grad(loss, list(tensors.values()), materialize_grads=True),
        ]

    return run


def _weights(tensor: Tensor) -> Tensor:
    steps = torch.arange(tensor.numel(), dtype=torch.float64)
    return torch.cos(steps).view(tensor.shape).to(tensor.dtype)


@pytest.fixture
def check_close() -> Callable[..., None]:
    """Compare results with those of float64, relative to each one's largest value."""

    def check(
        results: list[Tensor], wanted: list[Tensor], tolerance=1e-5, floor=0.0
    ) -> None:
        assert len(results) == len(wanted)
        for index, (result, right) in enumerate(zip(results, wanted, strict=True)):
            assert result.shape == right.shape
            scale = right.abs().max().item() if right.numel() else 0.0
            error = (result.double() - right.double()).abs()
            worst = error.max().item() if error.numel() else 0.0
            allowed = tolerance * scale + floor
            assert worst <= allowed, f"result {index}: {worst} of {scale}"

    return check


@pytest.fixture
def recurrence() -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """The definition, one number at a time, in numpy and independent of the package."""

    def run(tensors: dict[str, Tensor], softplus=True) -> tuple[np.ndarray, np.ndarray]:
        given = {k: t.detach().double().numpy() for k, t in tensors.items()}
        u, delta, A, B, C = (given[k] for k in ("u", "delta", "A", "B", "C"))
        (batch, d, length), n = u.shape, A.shape[1]
        out, last = np.zeros((batch, d, length)), np.zeros((batch, d, n))

        def at(source: np.ndarray, b: int, c: int, t: int) -> np.ndarray:
            if source.ndim == 2:
                return source[c]
            if source.ndim == 3:
                return source[b, :, t]
            return source[b, c // (d // source.shape[1]), :, t]

        for b, c in np.ndindex(batch, d):
            h = np.zeros(n)
            for t in range(length):
                step = delta[b, c, t]
                if "delta_bias" in given:
                    step += given["delta_bias"][c]
                if softplus:
                    step = np.log1p(np.exp(step)) if step <= 20 else step
                h = np.exp(step * A[c]) * h + step * u[b, c, t] * at(B, b, c, t)
                y = h @ at(C, b, c, t)
                if "D" in given:
                    y += given["D"][c] * u[b, c, t]
                if "z" in given:
                    y *= given["z"][b, c, t] / (1 + np.exp(-given["z"][b, c, t]))
                out[b, c, t] = y
            last[b, c] = h
        return out, last

    return run
