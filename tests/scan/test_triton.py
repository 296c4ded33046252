"""The Triton kernels, run on a CPU by Triton's interpreter and compiled for an H100.

``tox -e triton`` installs Triton and sets TRITON_INTERPRET=1, which must be set before
Triton is imported.
"""

import contextlib
import importlib.util
import os
import subprocess
import sys

import pytest
import torch

from napari_cihm.scan import backends, selective_scan

if importlib.util.find_spec("triton") is None:
    pytest.skip("triton is not installed", allow_module_level=True)
if os.environ.get("TRITON_INTERPRET") != "1":
    pytest.skip("TRITON_INTERPRET=1 is not set", allow_module_level=True)
triton_scan = importlib.import_module("napari_cihm.scan.triton_scan")

SHAPES = {
    "plain": {},
    "one position": {"length": 1},
    "one state": {"n": 1},
    "several tiles": {"length": 131, "n": 16},
    "many states": {"n": 35, "length": 40},
    "channels shared out": {"d": 13, "b": 1},
    "grouped": {"groups": 2},
    "a group for each channel": {"groups": 4},
    "constant B": {"constant": "B"},
    "constant C, grouped B": {"constant": "C", "groups": 2},
    "constant B and C": {"constant": "BC", "n": 17},
    "bare": {"without": "D z delta_bias"},
}


def test_the_interpreter_makes_it_available():
    assert backends()["triton"] is True


def test_where_no_kernel_can_be_launched_no_gpu_is_served(monkeypatch):
    def launch(_):
        raise RuntimeError("Failed to find C compiler")

    triton_scan._launches.cache_clear()
    monkeypatch.setattr(triton_scan, "idle_kernel", {(1,): launch})
    monkeypatch.setattr(triton_scan, "_on", lambda _: contextlib.nullcontext())
    monkeypatch.setattr(torch, "empty", lambda *_, **__: None)
    assert "C compiler" in triton_scan.serves(torch.device("cuda", 0))


def test_a_kernel_can_be_launched_here():
    triton_scan._launches.cache_clear()
    assert triton_scan._launches(torch.device("cpu")) is True


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_agrees_with_the_reference(case, scanned, check_close, shape):
    tensors = case(**shape)
    check_close(scanned("triton", tensors), scanned("reference", tensors))


@pytest.mark.parametrize("shift", [-30.0, 15.0, 25.0, 200.0])
def test_any_delta(case, scanned, check_close, shift):
    tensors = case(length=40, without="delta_bias")
    tensors["delta"] = (tensors["delta"].detach() + shift).requires_grad_()
    results, wanted = scanned("triton", tensors), scanned("reference", tensors)
    # What a decay of 1e-9 leaves of a state cannot be told from rounding.
    check_close(results, wanted, floor=1e-7)


def test_without_softplus_and_rates_near_zero(case, scanned, check_close):
    tensors = case(length=40, n=3, without="delta_bias")
    tensors["delta"] = tensors["delta"].detach().abs().requires_grad_()
    tensors["A"] = torch.tensor([0.0, -1e-8, 0.01]).repeat(4, 1).requires_grad_()
    results = scanned("triton", tensors, softplus=False)
    check_close(results, scanned("reference", tensors, softplus=False))


def test_gradcheck(case, monkeypatch):
    monkeypatch.setenv("CIHM_SCAN", "triton")
    tensors = case(b=1, d=4, length=6, n=3, groups=2, dtype=torch.float64)

    def scan(*given):
        named = dict(zip(tensors, given, strict=True))
        return selective_scan(**named, delta_softplus=True, return_last_state=True)

    assert torch.autograd.gradcheck(scan, list(tensors.values()), fast_mode=True)


@pytest.mark.parametrize("half", [torch.float16, torch.bfloat16])
def test_half_precision_in_single_inside(case, scanned, check_close, half):
    narrow = case(dtype=half, length=40)
    out, last, *grads = scanned("triton", narrow)
    assert {out.dtype, *(grad.dtype for grad in grads)} == {half}
    wide = {k: t.detach().double().requires_grad_() for k, t in narrow.items()}
    wanted = scanned("reference", wide)
    check_close([last], wanted[1:2])
    rounding = torch.finfo(half).eps
    check_close([out, *grads], [wanted[0], *wanted[2:]], tolerance=2 * rounding)


def test_strides_do_not_matter(case, scanned, check_close):
    plain = case(groups=2)
    odd = {}
    for name, tensor in plain.items():
        twice = tensor.detach().repeat_interleave(2, dim=-1)
        odd[name] = twice[..., ::2].requires_grad_()
    check_close(scanned("triton", odd), scanned("reference", plain))


@pytest.mark.parametrize("name", ["u", "delta", "B", "z"])
def test_nan_shows_in_the_output(case, monkeypatch, name):
    monkeypatch.setenv("CIHM_SCAN", "triton")
    tensors = case(grad=False)
    tensors[name][0, 1, 20] = torch.nan
    out = selective_scan(**tensors, delta_softplus=True)
    assert out[0].isnan().any()
    assert not out[1].isnan().any()


@pytest.mark.parametrize(("b", "length"), [(0, 9), (2, 0)])
def test_nothing_to_scan(case, scanned, b, length):
    tensors = case(b=b, length=length)
    out, last, *grads = scanned("triton", tensors)
    assert out.shape == (b, 4, length)
    assert torch.equal(last, torch.zeros(b, 4, 5))
    for grad, tensor in zip(grads, tensors.values(), strict=True):
        assert torch.equal(grad, torch.zeros_like(tensor))


# The interpreter lets pass what the compiler refuses; compiling needs no GPU.
COMPILE = """
import torch, triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from napari_cihm.scan.inputs import Inputs
from napari_cihm.scan.triton_kernels import backward_kernel, forward_kernel
from napari_cihm.scan.triton_launch import launch

SIZES = ("batches", "channels", "length", "states", "groups")
NARROW = ["u", "delta", "B", "C", "z", "out"]
NARROW += ["grad_out", "grad_u", "grad_delta", "grad_z"]

def build(kernel, inputs, **more):
    constants = {**launch(inputs).constants, **more}
    constants.pop("enable_fp_fusion")
    kind = {torch.float32: "fp32", torch.float64: "fp64", torch.bfloat16: "bf16"}
    types = {}
    for name in kernel.arg_names:
        narrow = inputs.u.dtype if name in NARROW else inputs.compute_dtype
        types[name] = "i32" if name in SIZES else "*" + kind[narrow]
    types |= {name: "constexpr" for name in constants}
    places = {(kernel.arg_names.index(k),): v for k, v in constants.items()}
    source = ASTSource(kernel, types, places)
    return triton.compile(source, target=GPUTarget("cuda", 90, 32))

kinds = {torch.float32: True, torch.bfloat16: True, torch.float64: False}
for dtype, varying in kinds.items():
    u = torch.zeros(2, 8, 64, dtype=dtype)
    A = torch.zeros(8, 16)
    B = torch.zeros(2, 2, 16, 64, dtype=dtype) if varying else A
    z, D = (u, A[:, 0]) if varying else (None, None)
    inputs = Inputs(u, u, A, B, B, D, z, D, varying)
    assert build(forward_kernel, inputs, KEEP=True).asm["cubin"]
    assert build(backward_kernel, inputs).asm["cubin"]
print("compiled")
"""


def test_compiles_for_an_h100(tmp_path):
    environment = {**os.environ, "TRITON_CACHE_DIR": str(tmp_path)}
    del environment["TRITON_INTERPRET"]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", COMPILE],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.stdout == "compiled\n", done.stderr
