"""What cannot be scanned is refused with what came, what was wanted and a way out."""

import pytest
import torch

from napari_cihm.errors import CihmError, DtypeError, InputError, ShapeError
from napari_cihm.scan import selective_scan


def _with(tensors, **changes):
    return {**{k: t.detach() for k, t in tensors.items()}, **changes}


WRONG_SHAPES = {
    "u of two axes": ("u", (4, 37)),
    "delta shorter than u": ("delta", (2, 4, 36)),
    "delta with one channel": ("delta", (2, 1, 37)),
    "A of one axis": ("A", (4,)),
    "A for other channels": ("A", (3, 5)),
    "A without states": ("A", (4, 0)),
    "B for other states": ("B", (2, 6, 37)),
    "B of one axis": ("B", (5,)),
    "B for other positions": ("B", (2, 5, 38)),
    "C for other batches": ("C", (3, 5, 37)),
    "three groups for four channels": ("C", (2, 3, 5, 37)),
    "no groups": ("B", (2, 0, 5, 37)),
    "D of two axes": ("D", (4, 1)),
    "z without batch": ("z", (4, 37)),
    "bias for other channels": ("delta_bias", (5,)),
}


@pytest.mark.parametrize(("name", "shape"), WRONG_SHAPES.values(), ids=WRONG_SHAPES)
def test_wrong_shapes(case, name, shape):
    with pytest.raises(ShapeError) as caught:
        selective_scan(**_with(case(), **{name: torch.zeros(shape)}))
    assert caught.value.came.startswith(f"{name} has")
    assert caught.value.wanted


def test_no_channels():
    nothing = torch.zeros(2, 0, 9)
    with pytest.raises(ShapeError, match="A has shape"):
        selective_scan(nothing, nothing, *[torch.zeros(0, 3)] * 3)


@pytest.mark.parametrize("name", ["u", "delta", "A", "B", "C", "D", "z", "delta_bias"])
@pytest.mark.parametrize("kind", [torch.int64, torch.bool, torch.complex64])
def test_wrong_numbers(case, name, kind):
    tensors = case()
    wrong = _with(tensors, **{name: torch.ones(tensors[name].shape).to(kind)})
    with pytest.raises(DtypeError, match=f"{name} has dtype {kind}"):
        selective_scan(**wrong)


def test_a_complex_A_names_what_is_supported(case):
    with pytest.raises(DtypeError, match=r"A has dtype .* Only real numbers"):
        selective_scan(**_with(case(), A=torch.ones(4, 5, dtype=torch.complex64)))


@pytest.mark.parametrize("wrong", [[[1.0]], None, 3.0])
def test_no_tensor(case, wrong):
    with pytest.raises(DtypeError, match=r"B is a \w+; expected a torch tensor"):
        selective_scan(**_with(case(), B=wrong))


@pytest.mark.parametrize("name", ["u", "A", "D"])
def test_sparse_tensors(case, name):
    sparse = case()[name].detach().to_sparse()
    with pytest.raises(InputError, match=rf"{name} is sparse .*{name}\.to_dense\(\)"):
        selective_scan(**_with(case(), **{name: sparse}))


def test_nan_in_A(case):
    rates = -torch.ones(4, 5)
    rates[2, 3] = torch.nan
    with pytest.raises(InputError, match="A holds a NaN"):
        selective_scan(**_with(case(), A=rates))


def test_devices_that_differ(case):
    with pytest.raises(InputError, match="C is on meta while u is on cpu"):
        selective_scan(**_with(case(), C=torch.zeros(2, 5, 37, device="meta")))


@pytest.mark.parametrize("backend", ["numba", "torch", "reference"])
@pytest.mark.parametrize("name", ["u", "delta", "B", "z"])
def test_nan_elsewhere_shows_in_the_output(case, monkeypatch, backend, name):
    monkeypatch.setenv("CIHM_SCAN", backend)
    tensors = _with(case())
    tensors[name][0, 1, 20] = torch.nan
    out = selective_scan(**tensors, delta_softplus=True)
    assert out[0].isnan().any()
    assert not out[1].isnan().any()
    assert not out[0, :, :20].isnan().any()


def test_groups_that_differ_meet_in_a_common_number(case, scanned, check_close):
    tensors = case(d=12, groups=4)
    tensors["C"] = torch.randn(2, 6, 5, 37, requires_grad=True)
    spread = dict(tensors)
    spread["B"] = tensors["B"].repeat_interleave(3, 1)
    spread["C"] = tensors["C"].repeat_interleave(2, 1)
    check_close(scanned("numba", tensors)[:2], scanned("reference", spread)[:2])
    assert scanned("numba", tensors)[5].shape == (2, 4, 5, 37)


def test_every_mistake_is_one_of_ours(case):
    with pytest.raises(CihmError):
        selective_scan(**_with(case(), u=torch.zeros(1)))
