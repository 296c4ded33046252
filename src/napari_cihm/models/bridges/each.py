"""The bridge that gives each skip a block of its own."""

from collections.abc import Iterable

from torch import Tensor, nn


class Each(nn.Module):
    """Put each skip through its own block.

    Parameters
    ----------
    blocks : iterable of nn.Module
        One for each skip, shallow to deep.
    """

    def __init__(self, blocks: Iterable[nn.Module]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)

    def forward(self, skips: list[Tensor]) -> list[Tensor]:
        """Return what the blocks make of the skips."""
        return [block(skip) for block, skip in zip(self.blocks, skips, strict=True)]
