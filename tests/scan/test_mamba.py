"""The road to mamba-ssm, paved here with a stand-in, and driven where it is built."""

import importlib
import sys
from types import ModuleType

import pytest
import torch

from napari_cihm.scan import backends, choice, reference, selective_scan
from napari_cihm.scan.inputs import Inputs


@pytest.fixture
def calls(monkeypatch):
    """Put a stand-in in the package's place; give the arguments it was called with."""
    seen = []

    def selective_scan_fn(u, delta, A, B, C, **rest):
        seen.append({"u": u, "delta": delta, "A": A, "B": B, "C": C, **rest})
        given = (rest["D"], rest["z"], rest["delta_bias"], rest["delta_softplus"])
        out, last = reference.scan(Inputs(u, delta, A, B, C, *given))
        # As the real one does: gradients end at the last state.
        return out, last.detach()

    interface = ModuleType("selective_scan_interface")
    interface.selective_scan_fn = selective_scan_fn
    names = ("mamba_ssm", "mamba_ssm.ops")
    for name in names:
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(
        sys.modules, "mamba_ssm.ops.selective_scan_interface", interface
    )
    monkeypatch.delitem(sys.modules, "napari_cihm.scan.mamba_scan", raising=False)
    choice.load.cache_clear()
    module = importlib.import_module("napari_cihm.scan.mamba_scan")
    monkeypatch.setattr(module, "available", lambda: True)
    monkeypatch.setattr(module, "serves", lambda device: True)
    yield seen
    sys.modules.pop("napari_cihm.scan.mamba_scan", None)
    choice.load.cache_clear()


@pytest.mark.parametrize("shape", [{}, {"groups": 2}, {"constant": "BC"}])
def test_agrees_with_the_reference(calls, case, scanned, check_close, shape):
    tensors = case(**shape)
    check_close(scanned("mamba_ssm", tensors), scanned("reference", tensors))
    assert len(calls) == 1


def test_gradients_of_the_last_state_alone(calls, case, monkeypatch):
    tensors = case()
    grads = {}
    for backend in ("mamba_ssm", "reference"):
        monkeypatch.setenv("CIHM_SCAN", backend)
        _, last = selective_scan(**tensors, delta_softplus=True, return_last_state=True)
        wanted = [tensors[name] for name in ("u", "delta", "A", "B")]
        grads[backend] = torch.autograd.grad(last.square().sum(), wanted)
    for one, other in zip(*grads.values(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_half_precision_is_given_as_the_kernel_wants_it(calls, case, scanned):
    tensors = case(constant="C", dtype=torch.bfloat16)
    scanned("mamba_ssm", tensors)
    (call,) = calls
    for name in ("u", "delta", "B", "z"):
        assert call[name].dtype == torch.bfloat16
    for name in ("A", "C", "D", "delta_bias"):
        assert call[name].dtype == torch.float32


@pytest.mark.parametrize(
    "shape", [{"dtype": torch.float64}, {"n": 300}, {"b": 0}, {"length": 0}]
)
def test_what_the_kernel_cannot_do_is_done_elsewhere(
    calls, case, scanned, check_close, shape
):
    tensors = case(**shape)
    check_close(scanned("mamba_ssm", tensors), scanned("torch", tensors))
    assert not calls


@pytest.mark.cuda
@pytest.mark.parametrize("backend", ["mamba_ssm", "triton", "torch"])
@pytest.mark.parametrize("shape", [{}, {"groups": 2}, {"constant": "BC"}])
def test_cuda_agrees_with_the_cpu(
    case, scanned, check_close, monkeypatch, backend, shape
):
    if (found := backends()[backend]) is not True:
        pytest.skip(f"{backend}: {found}")
    tensors = case(b=4, d=64, length=500, n=16, **shape)
    wanted = scanned("torch", tensors)
    there = {k: t.detach().cuda().requires_grad_() for k, t in tensors.items()}
    found = [result.cpu() for result in scanned(backend, there)]
    # Triton's and nvcc's fast exponentials are good to about 1e-6.
    check_close(found, wanted, tolerance=5e-5)
