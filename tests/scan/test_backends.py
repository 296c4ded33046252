"""Every backend that runs here agrees with float64, forwards and backwards."""

import copy
import pickle

import pytest
import torch

from napari_cihm.errors import UnavailableError
from napari_cihm.scan import backends, selective_scan

FAST = [name for name in ("numba", "torch") if backends()[name] is True]

SHAPES = {
    "plain": {},
    "one position": {"length": 1},
    "one state": {"n": 1},
    "sixteen states": {"n": 16},
    "many states": {"n": 35, "length": 20},
    "odd length over a chunk": {"length": 131},
    "grouped": {"groups": 2},
    "a group for each channel": {"groups": 4},
    "constant B": {"constant": "B"},
    "constant C, grouped B": {"constant": "C", "groups": 2},
    "constant B and C": {"constant": "BC", "n": 17},
    "bare": {"without": "D z delta_bias"},
    "gate alone": {"without": "D delta_bias"},
    "long": {"b": 1, "d": 32, "length": 700, "n": 16},
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("backend", FAST)
def test_agrees_with_the_reference(case, scanned, check_close, backend, shape):
    tensors = case(**shape)
    check_close(scanned(backend, tensors), scanned("reference", tensors))


@pytest.mark.parametrize("backend", FAST)
def test_agrees_without_softplus(case, scanned, check_close, backend):
    tensors = case(without="delta_bias", length=60)
    tensors["delta"] = tensors["delta"].detach().abs().requires_grad_()
    results = scanned(backend, tensors, softplus=False)
    check_close(results, scanned("reference", tensors, softplus=False))


@pytest.mark.parametrize("backend", FAST)
@pytest.mark.parametrize("shift", [-30.0, 15.0, 25.0, 200.0])
def test_any_delta(case, scanned, check_close, backend, shift):
    # Around 20 the softplus turns into the identity; at 200 every state is forgotten
    # at once, which must not end in a division by what is left of it.
    tensors = case(length=150, without="delta_bias")
    tensors["delta"] = (tensors["delta"].detach() + shift).requires_grad_()
    check_close(scanned(backend, tensors), scanned("reference", tensors))


@pytest.mark.parametrize("backend", FAST)
def test_rates_near_zero_and_growing(case, scanned, check_close, backend):
    tensors = case(length=90, n=4)
    rates = torch.tensor([0.0, -1e-8, -1e-3, 0.01]).repeat(4, 1)
    tensors["A"] = rates.requires_grad_()
    check_close(scanned(backend, tensors), scanned("reference", tensors))


@pytest.mark.parametrize("backend", FAST)
def test_gradcheck(case, monkeypatch, backend):
    monkeypatch.setenv("CIHM_SCAN", backend)
    tensors = case(b=1, d=4, length=6, n=3, groups=2, dtype=torch.float64)

    def scan(*given):
        named = dict(zip(tensors, given, strict=True))
        return selective_scan(**named, delta_softplus=True, return_last_state=True)

    assert torch.autograd.gradcheck(scan, list(tensors.values()), fast_mode=True)


@pytest.mark.parametrize("backend", FAST)
def test_one_number_in_two_is_as_good_as_all(case, scanned, check_close, backend):
    """Whole lanes of states, lying as the real parts of complex numbers do."""
    plain = case(constant="BC", n=16)
    apart = {
        name: torch.stack([t.detach(), t.detach() + 9], -1)[..., 0].requires_grad_()
        for name, t in plain.items()
    }
    assert not any(tensor.is_contiguous() for tensor in apart.values())
    check_close(scanned(backend, apart), scanned("reference", plain))


@pytest.mark.parametrize("backend", FAST)
def test_the_gradient_of_the_last_state_may_lie_in_any_order(
    case, check_close, monkeypatch, backend
):
    results = []
    for one in (backend, "reference"):
        monkeypatch.setenv("CIHM_SCAN", one)
        tensors = case(n=16)
        _, last = selective_scan(**tensors, delta_softplus=True, return_last_state=True)
        weights = torch.cos(torch.arange(last.numel())).view(2, 16, 4)
        loss = (last.mT * weights).sum()
        wanted = [tensors[name] for name in ("u", "delta", "A", "B")]
        results.append(torch.autograd.grad(loss, wanted))
    check_close(*results)


@pytest.mark.parametrize("constant", ["", "B", "C", "BC"])
@pytest.mark.parametrize("backend", FAST)
def test_an_empty_batch_has_gradients(scanned, case, backend, constant):
    tensors = case(b=0, constant=constant)
    _, _, *grads = scanned(backend, tensors)
    for grad, tensor in zip(grads, tensors.values(), strict=True):
        assert grad.shape == tensor.shape and not grad.any()


@pytest.mark.parametrize("backend", FAST)
def test_strides_do_not_matter(case, scanned, check_close, backend):
    plain = case(length=140, groups=2, n=6)
    wanted = scanned("reference", plain)
    odd = {}
    for name, tensor in plain.items():
        twice = tensor.detach().repeat_interleave(2, dim=-1)
        odd[name] = twice[..., ::2].requires_grad_()
    for name in ("u", "z"):
        odd[name] = plain[name].detach().mT.contiguous().mT.requires_grad_()
    assert not any(tensor.is_contiguous() for tensor in odd.values())
    check_close(scanned(backend, odd), wanted)


@pytest.mark.parametrize("backend", FAST)
def test_expanded_input_and_gradient(case, monkeypatch, backend):
    monkeypatch.setenv("CIHM_SCAN", backend)
    tensors = case(without="z")
    row = tensors["u"].detach()[:1, :, :1].clone().requires_grad_()
    tensors["u"] = row.expand(2, 4, 37)
    selective_scan(**tensors, delta_softplus=True).sum().backward()
    found = row.grad
    tensors["u"] = row.detach().expand(2, 4, 37).contiguous().requires_grad_()
    selective_scan(**tensors, delta_softplus=True).sum().backward()
    wanted = tensors["u"].grad.sum((0, 2), keepdim=True)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("backend", [*FAST, "reference"])
@pytest.mark.parametrize(("b", "length"), [(0, 9), (2, 0), (0, 0)])
def test_nothing_to_scan(case, scanned, backend, b, length):
    tensors = case(b=b, length=length)
    out, last, *grads = scanned(backend, tensors)
    assert out.shape == (b, 4, length)
    assert torch.equal(last, torch.zeros(b, 4, 5))
    for grad, tensor in zip(grads, tensors.values(), strict=True):
        assert torch.equal(grad, torch.zeros_like(tensor))


@pytest.mark.parametrize("backend", [*FAST, "reference"])
@pytest.mark.parametrize("half", [torch.float16, torch.bfloat16])
def test_half_precision_in_single_inside(case, scanned, check_close, backend, half):
    narrow = case(dtype=half, length=200)
    out, last, *grads = scanned(backend, narrow)
    assert out.dtype == half
    assert all(g.dtype == half for g in grads)
    wide = {k: t.detach().double().requires_grad_() for k, t in narrow.items()}
    wanted = scanned("reference", wide)
    # The state never saw half precision; what is handed back is rounded to it once.
    check_close([last], wanted[1:2])
    rounding = torch.finfo(half).eps
    check_close([out, *grads], [wanted[0], *wanted[2:]], tolerance=2 * rounding)


@pytest.mark.parametrize("backend", FAST)
def test_mixed_precision_as_in_training(case, scanned, check_close, backend):
    tensors = case(length=50)
    for name in ("u", "delta", "B", "C", "z"):
        tensors[name] = tensors[name].detach().bfloat16().requires_grad_()
    out, last, *grads = scanned(backend, tensors)
    assert (out.dtype, last.dtype) == (torch.bfloat16, torch.float32)
    kinds = [grad.dtype for grad in grads]
    assert kinds == [tensor.dtype for tensor in tensors.values()]
    wide = {k: t.detach().double().requires_grad_() for k, t in tensors.items()}
    check_close([last], scanned("reference", wide)[1:2])


@pytest.mark.parametrize("backend", FAST)
def test_autocast_leaves_the_scan_alone(case, monkeypatch, backend):
    monkeypatch.setenv("CIHM_SCAN", backend)
    tensors = case(length=300)
    plain = selective_scan(**tensors, delta_softplus=True)
    grads = torch.autograd.grad(plain.sum(), list(tensors.values()))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = selective_scan(**tensors, delta_softplus=True)
        cast_grads = torch.autograd.grad(cast.sum(), list(tensors.values()))
    assert cast.dtype == torch.float32
    assert torch.equal(cast, plain)
    for one, other in zip(cast_grads, grads, strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("backend", FAST)
@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_without_gradients(case, scanned, monkeypatch, backend, mode):
    tensors = case()
    wanted = scanned(backend, tensors)[0]
    with mode():
        out = selective_scan(**tensors, delta_softplus=True)
    assert not out.requires_grad
    assert torch.equal(out, wanted)


@pytest.mark.parametrize("backend", FAST)
def test_second_derivatives_are_refused_not_wrong(case, monkeypatch, backend):
    monkeypatch.setenv("CIHM_SCAN", backend)
    tensors = case()
    out = selective_scan(**tensors)
    with pytest.raises(UnavailableError, match="CIHM_SCAN=reference"):
        torch.autograd.grad(out.sum(), tensors["u"], create_graph=True)


def test_the_reference_has_second_derivatives(case, monkeypatch):
    monkeypatch.setenv("CIHM_SCAN", "reference")
    tensors = case(b=1, d=2, length=3, n=2, dtype=torch.float64)

    def scan(*given):
        named = dict(zip(tensors, given, strict=True))
        return selective_scan(**named, delta_softplus=True)

    assert torch.autograd.gradgradcheck(scan, list(tensors.values()), fast_mode=True)


class _Layer(torch.nn.Module):
    """A module that scans, for copies of it."""

    def __init__(self) -> None:
        super().__init__()
        self.rates = torch.nn.Parameter(-torch.rand(4, 3))
        self.scan = selective_scan

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.scan(x, x.abs(), self.rates, self.rates, self.rates)


def test_modules_that_scan_can_be_copied():
    layer, x = _Layer(), torch.randn(2, 4, 30)
    layer(x).sum().backward()
    assert torch.equal(copy.deepcopy(layer)(x), layer(x))
    assert pickle.loads(pickle.dumps(selective_scan)) is selective_scan
