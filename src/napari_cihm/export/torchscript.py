"""A network as TorchScript, for any size of image and of batch."""

import warnings

import torch
from torch import nn

from napari_cihm.export.network import stride_of


def traced(network: nn.Module, channels: int) -> torch.jit.ScriptModule:
    """Record a network in TorchScript.

    The image it is recorded with is no multiple of the stride, so that the padding
    is recorded too; scans become loops.
    """
    stride = stride_of(network)
    kind = next(network.parameters()).dtype
    image = torch.rand(1, channels, 2 * stride - 3, 3 * stride - 1, dtype=kind)
    with warnings.catch_warnings():
        # of sizes that are compared, which are those of the layout, not of the image;
        # and of TorchScript's age, which the format of the zoo does not mind
        warnings.simplefilter("ignore")
        script: torch.jit.ScriptModule = torch.jit.trace(
            network, (image,), check_trace=False
        )
    return script
