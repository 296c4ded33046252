"""Blocks as bytes: small, and exact."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from napari_cihm.correction.edits import changed
from napari_cihm.correction.journal.codec import Target, decode, encode

DTYPES = [np.uint8, np.int32, np.uint32, np.int64, np.dtype(">u2"), np.bool_]


@given(st.sampled_from(DTYPES), st.data())
def test_new_values_come_back(dtype, data) -> None:
    shape = data.draw(st.sampled_from([(7,), (5, 6), (2, 5, 4)]))
    values = st.integers(0, 1) if dtype == np.bool_ else st.integers(0, 3)
    pair = [
        data.draw(arrays(np.int64, shape, elements=values)).astype(dtype)
        for _ in range(2)
    ]
    start = tuple(10**10 + n for n in range(len(shape)))
    block = changed(start, *pair)
    if block is None:
        return
    ((target, back),) = decode(encode([(Target.PERSON, [block])]))
    assert target is Target.PERSON
    assert (back.start, back.shape) == (block.start, block.shape)
    assert np.array_equal(back.where, block.where)
    assert np.array_equal(back.new, block.new)
    assert back.new.dtype == np.dtype(dtype).newbyteorder("=")


def test_several_arrays_in_one(draw) -> None:
    one = changed((3, 4), draw("..", ".."), draw("12", "21"))
    two = changed((0,), np.zeros(2, bool), np.ones(2, bool))
    back = list(decode(encode([(Target.LABELS, [one, one]), (Target.EDITS, [two])])))
    assert [target for target, _ in back] == [0, 0, 2]
    assert back[1][1].new.tolist() == [1, 2, 2, 1]
    assert back[2][1].new.tolist() is True


def test_an_object_of_a_thousand_pixels_takes_little_room() -> None:
    y, x = np.mgrid[:40, :40]
    disc = (y - 20) ** 2 + (x - 20) ** 2 < 320
    before = np.zeros((40, 40), np.int32)
    size = len(encode([(Target.LABELS, [changed((0, 0), before, disc * 7)])]))
    # As two indices and a value of four bytes for each pixel it were 12 kB.
    assert disc.sum() == 997
    assert size < 200


@pytest.mark.parametrize("junk", [b"", b"no blocks", b"\x00" * 64])
def test_junk_is_refused(junk) -> None:
    import zlib

    with pytest.raises(ValueError, match="not a journal's blocks"):
        list(decode(junk))
    if junk:
        with pytest.raises(ValueError, match="not a journal's blocks"):
            list(decode(zlib.compress(b"\xff" + junk)))
