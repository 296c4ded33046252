"""The scan inside compiled, traced and exported graphs."""

import pytest
import torch
from torch import nn

from napari_cihm.scan import selective_scan

# Dynamo and the tracer warn of things that are no concern of the scan.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning"),
    pytest.mark.filterwarnings("ignore:.*torch.jit.*"),
]


class _Mixer(nn.Module):
    """A small state space with everything a scan can take."""

    def __init__(self) -> None:
        super().__init__()
        self.rates = nn.Parameter(torch.rand(4, 3).log())
        self.maps = nn.Linear(4, 6)
        self.skip = nn.Parameter(torch.ones(4))
        self.bias = nn.Parameter(torch.zeros(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        B, C = self.maps(x.mT).mT.chunk(2, dim=1)
        A = -self.rates.exp()
        y, last = selective_scan(
            x, x, A, B, C, self.skip, x, self.bias, True, return_last_state=True
        )
        return y + last.sum(-1, keepdim=True)


def _results(module, function, x):
    module.zero_grad()
    out = function(x)
    out.square().sum().backward()
    return [out.detach(), *(p.grad.clone() for p in module.parameters())]


def test_compiled_whole_with_its_gradient():
    module, x = _Mixer(), torch.randn(2, 4, 30)
    compiled = torch.compile(module, backend="aot_eager", fullgraph=True)
    wanted = _results(module, module, x)
    for found, right in zip(_results(module, compiled, x), wanted, strict=True):
        torch.testing.assert_close(found, right)


def test_compiled_without_gradients():
    module, x = _Mixer(), torch.randn(2, 4, 30)
    compiled = torch.compile(module, backend="aot_eager", fullgraph=True)
    with torch.no_grad():
        torch.testing.assert_close(compiled(x), module(x))


def test_the_operators_keep_their_promises():
    from napari_cihm.scan.graph import graph_scan

    def leaf(*shape: int) -> torch.Tensor:
        return torch.randn(shape, requires_grad=True)

    u, delta, A, B = leaf(2, 4, 6), leaf(2, 4, 6), leaf(4, 3), leaf(2, 1, 3, 6)
    given = (u, delta, A, B, leaf(4, 3), leaf(4), None, leaf(4), True)
    torch.library.opcheck(graph_scan, given)


def test_exported_in_torch_s_own_operations():
    module, x = _Mixer(), torch.randn(2, 4, 30)
    program = torch.export.export(module, (x,))
    calls = {str(n.target) for n in program.graph.nodes if n.op == "call_function"}
    assert calls
    assert not [call for call in calls if "napari_cihm" in call]
    other = torch.randn(2, 4, 30)
    torch.testing.assert_close(program.module()(other), module(other))


def test_traced_without_baking_in_the_result():
    module, x = _Mixer(), torch.randn(2, 4, 30)
    with torch.no_grad():
        traced = torch.jit.trace(module, (x,))
    other = torch.randn(2, 4, 30)
    torch.testing.assert_close(traced(other), module(other))
