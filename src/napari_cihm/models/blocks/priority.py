"""Priority attention: a filtered map gates itself where filtering raised it most."""

from torch import Tensor, nn


class PriorityAttention(nn.Module):
    """Channels, then pixels, gated by how their mean changed under a filter.

    With m the mean of a filtered channel (or pixel) and r its rise over the mean
    before the filter, turned into shares by a softmax, the gate is
    sigmoid(m (1 + r)).

    Parameters
    ----------
    channels : int
        Of the map.
    kernel : int
        Side of the depthwise filter before the channels' gate.
    """

    def __init__(self, channels: int, kernel: int = 9) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(
            channels, channels, kernel, padding=kernel // 2, groups=channels
        )
        self.pointwise = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, h, w) -> (b, c, h, w)."""
        y = self.depthwise(x)
        y = y * _gate(x.mean((2, 3)), y.mean((2, 3)))[..., None, None]
        z = self.pointwise(y)
        b, _, h, w = z.shape
        gate = _gate(y.mean(1).flatten(1), z.mean(1).flatten(1))  # (b, h * w)
        return z * gate.reshape(b, 1, h, w)


def _gate(before: Tensor, after: Tensor) -> Tensor:
    share = (after - before).softmax(1)
    return (after * (1 + share)).sigmoid()
