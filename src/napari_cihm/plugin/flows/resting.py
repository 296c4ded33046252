"""What closed panels left of corrections whose layers may still be open."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from napari_cihm.correction.journal import Claim, ImageIdentity, claim
from napari_cihm.correction.reviewed import Reviewed
from napari_cihm.errors import InputError

if TYPE_CHECKING:
    from napari.layers import Labels


@dataclass(frozen=True, eq=False)
class Rest:
    """A correction that ended while its layer lived on.

    Attributes
    ----------
    reviewed : Reviewed
        Its marks.
    journal : Path, optional
        Where it is kept, if it lies nowhere else.
    identity : ImageIdentity, optional
        What the journal was kept for.
    """

    reviewed: Reviewed
    journal: Path | None = None
    identity: ImageIdentity | None = None

    def claim(self) -> Claim | None:
        """Hold the journal again; None where there is none, or another window's."""
        if self.journal is None or self.identity is None:
            return None
        try:
            return claim(self.journal, self.identity)
        except InputError:
            return None


RESTING: "WeakKeyDictionary[Labels, Rest]" = WeakKeyDictionary()
