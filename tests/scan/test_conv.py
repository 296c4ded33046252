"""The causal depthwise convolution."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from napari_cihm.errors import DtypeError, InputError, ShapeError, UnknownNameError
from napari_cihm.scan import causal_conv1d, conv


def _by_definition(x, weight, bias, activation):
    """y[t] = bias + sum over k of w[k] x[t - (taps - 1) + k]."""
    taps = weight.shape[1]
    out = np.zeros(x.shape)
    for b, d, t in np.ndindex(*x.shape):
        for k in range(taps):
            if (at := t - taps + 1 + k) >= 0:
                out[b, d, t] += weight[d, k] * x[b, d, at]
    if bias is not None:
        out += bias[:, None]
    return out / (1 + np.exp(-out)) if activation else out


@pytest.mark.parametrize("taps", [1, 2, 4, 7])
@pytest.mark.parametrize("activation", [None, "silu", "swish"])
@pytest.mark.parametrize("with_bias", [True, False])
def test_agrees_with_its_definition(taps, activation, with_bias):
    x, weight, bias = torch.randn(2, 3, 11), torch.randn(3, taps), torch.randn(3)
    bias = bias if with_bias else None
    out = causal_conv1d(x, weight, bias, activation)
    wanted = _by_definition(
        *(None if t is None else t.double().numpy() for t in (x, weight, bias)),
        activation,
    )
    np.testing.assert_allclose(out.numpy(), wanted, rtol=1e-5, atol=1e-5)


def test_the_future_does_not_leak():
    x = torch.randn(1, 2, 9)
    later = x.clone()
    later[..., 5:] = 100
    weight = torch.randn(2, 4)
    out, other = causal_conv1d(x, weight), causal_conv1d(later, weight)
    assert torch.equal(out[..., :5], other[..., :5])
    assert not torch.equal(out[..., 5:], other[..., 5:])


def test_gradients():
    tensors = [
        torch.randn(shape, dtype=torch.float64, requires_grad=True)
        for shape in ((2, 3, 6), (3, 4), (3,))
    ]
    assert torch.autograd.gradcheck(
        lambda *given: causal_conv1d(*given, activation="silu"), tensors
    )


@pytest.mark.parametrize("shape", [(0, 3, 6), (2, 3, 0), (2, 3, 1)])
def test_little_or_nothing(shape):
    assert causal_conv1d(torch.ones(shape), torch.ones(3, 4)).shape == shape


def test_bfloat16_stays():
    x, weight = torch.randn(1, 2, 8).bfloat16(), torch.randn(2, 4).bfloat16()
    assert causal_conv1d(x, weight).dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("x", "weight", "bias", "error"),
    [
        (torch.ones(3, 6), torch.ones(3, 4), None, ShapeError),
        (torch.ones(2, 0, 6), torch.ones(0, 4), None, ShapeError),
        (torch.ones(2, 3, 6), torch.ones(2, 4), None, ShapeError),
        (torch.ones(2, 3, 6), torch.ones(3, 0), None, ShapeError),
        (torch.ones(2, 3, 6), torch.ones(3, 1, 4), None, ShapeError),
        (torch.ones(2, 3, 6), torch.ones(3, 4), torch.ones(4), ShapeError),
        (torch.ones(2, 3, 6, dtype=torch.int32), torch.ones(3, 4), None, DtypeError),
        ([[[1.0]]], torch.ones(1, 4), None, DtypeError),
        (torch.ones(2, 3, 6), torch.ones(3, 4, device="meta"), None, InputError),
        (torch.ones(2, 3, 6).to_sparse(), torch.ones(3, 4), None, InputError),
    ],
)
def test_wrong_input(x, weight, bias, error):
    with pytest.raises(error):
        causal_conv1d(x, weight, bias)


def test_unknown_activation():
    with pytest.raises(UnknownNameError, match="Did you mean 'silu'"):
        causal_conv1d(torch.ones(1, 1, 3), torch.ones(1, 2), activation="selu")


def test_the_package_is_found_where_it_is(monkeypatch):
    def fn(x, weight, bias, activation):
        return "computed by causal-conv1d"

    monkeypatch.setitem(
        sys.modules, "causal_conv1d", SimpleNamespace(causal_conv1d_fn=fn)
    )
    conv._fused.cache_clear()
    assert conv._fused() is fn
    monkeypatch.setitem(sys.modules, "causal_conv1d", None)
    conv._fused.cache_clear()
    assert conv._fused() is None
    conv._fused.cache_clear()


@pytest.mark.cuda
@pytest.mark.parametrize("taps", [2, 3, 4])
def test_cuda_agrees_with_the_cpu(taps):
    x, weight, bias = torch.randn(2, 8, 50), torch.randn(8, taps), torch.randn(8)
    wanted = causal_conv1d(x, weight, bias, "silu")
    out = causal_conv1d(x.cuda(), weight.cuda(), bias.cuda(), "silu").cpu()
    torch.testing.assert_close(out, wanted, rtol=1e-5, atol=1e-5)
