"""A change of what is reviewed, which can be taken back."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from napari_cihm.correction.edits import Block, Edit
from napari_cihm.data.boxes import Box, overlap, shifted


@dataclass(frozen=True)
class ReviewChange:
    """A change of what is reviewed, by the person and by edits."""

    person: Edit
    edits: Edit

    def __bool__(self) -> bool:
        return bool(self.person) or bool(self.edits)

    @property
    def what(self) -> str:
        """What was done, for the user."""
        return self.person.what or self.edits.what

    def inverse(self) -> "ReviewChange":
        """Return the change that takes this one back."""
        return ReviewChange(self.person.inverse(), self.edits.inverse())

    def without(self, marks: Edit) -> "ReviewChange":
        """Return what it changes beside the pixels of some marks of an edit."""
        rest = (_less(block, marks.blocks) for block in self.edits.blocks)
        kept = tuple(block for block in rest if block.size)
        return replace(self, edits=replace(self.edits, blocks=kept))

    def boxes(self) -> list[Box]:
        """Return where it changes anything."""
        return [block.box for block in (*self.person.blocks, *self.edits.blocks)]


def _less(block: Block, others: Iterable[Block]) -> Block:
    """Return a block that switches marks, less the pixels of others."""
    met = [(o, box) for o in others if (box := overlap(block.box, o.box)) is not None]
    if not met:
        return block
    where = block.where.copy()
    for other, shared in met:
        where[shifted(shared, block.box)] &= ~other.where[shifted(shared, other.box)]
    return replace(block, mask=where)  # all of them held one value, and get one
