"""How wide objects are."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def widths(areas: ArrayLike) -> NDArray[np.float64]:
    """Return the diameters of the discs that have such areas, in pixels."""
    return np.asarray(2 * np.sqrt(np.asarray(areas) / np.pi))
