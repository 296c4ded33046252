"""What closed panels left of corrections whose layers may still be open."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from napari_cihm.correction.journal import Claim, claim, identity_of, wait_for_ends
from napari_cihm.correction.reviewed import Reviewed
from napari_cihm.errors import InputError, ReadError

if TYPE_CHECKING:
    from napari.layers import Labels

PATIENCE = 5.0  # seconds that the window waits for a journal to be ended


@dataclass(frozen=True, eq=False)
class Rest:
    """A correction that ended while its layer lived on.

    Attributes
    ----------
    reviewed : Reviewed
        Its marks.
    journal : Path, optional
        Where it is kept, if it lies nowhere else.
    """

    reviewed: Reviewed
    journal: Path | None = None

    def claim(self) -> Claim | None:
        """Hold the journal again; None where there is none, or another window's."""
        if self.journal is None:
            return None
        wait_for_ends(PATIENCE)
        try:
            return claim(self.journal, identity_of(self.journal))
        except (InputError, ReadError):
            return None


RESTING: "WeakKeyDictionary[Labels, Rest]" = WeakKeyDictionary()
