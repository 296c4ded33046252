"""Which pixels lie near a mask's, against Euclid's distance from every one of them."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays

from napari_cihm.correction.marking import around


@pytest.mark.parametrize("axes", [(0, 1, 2), (1, 2), (2, 0), (1,)])
@settings(max_examples=25)
@given(seen=arrays(np.bool_, (3, 7, 11)), margin=st.integers(0, 14))
def test_what_is_near_is_within_the_margin_along_the_axes(axes, seen, margin):
    seen[1, 3, 5] = True
    places = np.argwhere(seen)
    every = np.stack(np.indices(seen.shape), axis=-1)
    apart = every[..., None, :] - places
    others = [axis for axis in range(3) if axis not in axes]
    level = (apart[..., others] == 0).all(axis=-1)
    near = level & ((apart**2).sum(axis=-1) <= margin**2)
    assert np.array_equal(around(seen, margin, axes), near.any(axis=-1))
