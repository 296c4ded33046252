"""Normalisations that behave at batch size one and on maps of a single pixel."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from napari_cihm.scan.graph import is_exporting


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of a (b, c, h, w) map, pixel by pixel."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each pixel's channels."""
        y = F.layer_norm(
            x.movedim(1, -1), self.normalized_shape, self.weight, self.bias, self.eps
        )
        return y.movedim(-1, 1)


class BatchNorm(nn.BatchNorm2d):
    """Batch norm that falls back to its running statistics on too few values.

    Torch refuses a training batch with one value a channel, and a handful of
    values would wreck the running statistics; fewer than `fewest` values are
    therefore normalised as in evaluation.
    """

    fewest = 16

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each channel over the batch and its pixels."""
        if self.training and x.numel() // x.shape[1] < self.fewest:
            return F.batch_norm(
                x, self.running_mean, self.running_var, self.weight, self.bias,
                training=False, eps=self.eps,
            )  # fmt: skip
        return super().forward(x)


class InstanceNorm(nn.InstanceNorm2d):
    """Instance norm with a scale and a shift, which a single pixel survives.

    The variance of one pixel is zero, so torch refuses it in training and erases
    it in evaluation; such a map is normalised over its channels instead.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, affine=True)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each channel of each map over its pixels."""
        pixels = x.shape[2] * x.shape[3]
        if _recording():  # a graph knows no branches: both, and a switch of 0 or 1
            single = F.group_norm(x, 1, self.weight, self.bias, self.eps)
            several = (torch.scalar_tensor(pixels) - 1).clamp(max=1)
            # torch's operation alone: the layer refuses to see a single pixel
            affine = (self.weight, self.bias, None, None)
            normed = torch.instance_norm(x, *affine, True, 0.0, self.eps, False)
            return single + several * (normed - single)
        if pixels == 1:
            return F.group_norm(x, 1, self.weight, self.bias, self.eps)
        return super().forward(x)


def group_norm(channels: int, groups: int = 4) -> nn.GroupNorm:
    """Group norm with at most `groups` groups that divide the channels."""
    while channels % groups:
        groups -= 1
    return nn.GroupNorm(groups, channels)


def _recording() -> bool:
    """Tell whether a graph is recorded that will meet maps of other sizes."""
    return is_exporting() or torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]
