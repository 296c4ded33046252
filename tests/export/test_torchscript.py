"""TorchScript gives what the network gives, at sizes it was not recorded with."""

import pytest
import torch

from napari_cihm.export.network import portable
from napari_cihm.export.torchscript import traced
from napari_cihm.models import model_names


@pytest.mark.parametrize("name", model_names())
def test_a_recording_gives_what_the_network_gives(name, small):
    # In float32 weights nobody trained make a large number of every rounding.
    network = portable(small(name)).double()
    recorded = traced(network, 2)
    for shape in [(1, 2, network.stride + 5, 33), (2, 2, 9, 2)]:
        image = torch.rand(shape, dtype=torch.float64)
        with torch.jit.optimized_execution(False):  # torch's, and it takes seconds
            wanted, found = network(image), recorded(image)
        assert found.shape == wanted.shape
        allowed = 1e-8 * max(1.0, wanted.abs().max().item())
        assert (found - wanted).abs().max().item() < allowed
