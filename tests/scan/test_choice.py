"""The choice of a backend."""

import os
import subprocess
import sys

import pytest
import torch

from napari_cihm.errors import UnavailableError, UnknownNameError
from napari_cihm.scan import backends, selective_scan
from napari_cihm.scan.choice import choose


def test_every_backend_runs_or_says_why_not():
    found = backends()
    assert list(found) == ["numba", "triton", "mamba_ssm", "torch", "reference"]
    assert found["torch"] is True
    assert found["reference"] is True
    for reason in found.values():
        assert reason is True or len(reason) > 10


@pytest.mark.skipif(backends()["numba"] is not True, reason=str(backends()["numba"]))
def test_a_cpu_gets_numba(monkeypatch):
    monkeypatch.delenv("CIHM_SCAN", raising=False)
    backend = choose(torch.device("cpu"))
    assert backend.__name__ == "napari_cihm.scan.numba_scan"


@pytest.mark.parametrize("kind", ["mps", "xpu"])
def test_other_devices_get_torch(monkeypatch, kind):
    monkeypatch.delenv("CIHM_SCAN", raising=False)
    assert choose(torch.device(kind)).__name__ == "napari_cihm.scan.torch_scan"


def test_shapes_without_numbers(case, monkeypatch):
    monkeypatch.delenv("CIHM_SCAN", raising=False)
    tensors = {k: t.detach().to("meta") for k, t in case().items()}
    assert selective_scan(**tensors).shape == (2, 4, 37)


def test_an_unknown_name_lists_the_known(case, monkeypatch):
    monkeypatch.setenv("CIHM_SCAN", "nubma")
    with pytest.raises(UnknownNameError, match="Did you mean 'numba'") as caught:
        selective_scan(**case())
    assert "mamba_ssm, numba, reference, torch, triton" in caught.value.wanted


def test_forced_on_a_device_it_does_not_serve(monkeypatch):
    monkeypatch.setenv("CIHM_SCAN", "numba")
    with pytest.raises(UnavailableError, match="not on mps") as caught:
        choose(torch.device("mps"))
    assert "unset CIHM_SCAN" in caught.value.remedy


def test_forced_but_not_to_be_had(monkeypatch):
    missing = [name for name, found in backends().items() if found is not True]
    if not missing:
        pytest.skip("every backend runs here")
    monkeypatch.setenv("CIHM_SCAN", missing[0])
    with pytest.raises(UnavailableError, match=f"CIHM_SCAN={missing[0]}") as caught:
        choose(torch.device("cpu"))
    assert "torch" in caught.value.wanted


def test_a_broken_numba_leaves_torch():
    # A package of that name that fails on import, as a half-installed one does.
    program = (
        "import sys; sys.modules['numba'] = None\n"
        "import torch; from napari_cihm.scan import backends, selective_scan\n"
        "assert 'numba' in backends()['numba'], backends()\n"
        "u = torch.ones(1, 2, 3); A = -torch.ones(2, 1)\n"
        "print(selective_scan(u, u, A, A, A).sum().item())\n"
    )
    environment = {k: v for k, v in os.environ.items() if k != "CIHM_SCAN"}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    # h = 1 * -1, then e^-1 h - 1, ...; y = -h: 1, 1.3679, 1.5032 on two channels.
    assert float(done.stdout) == pytest.approx(2 * (1 + 1.367879 + 1.503215), rel=1e-5)
