"""Boxes: what they share, and how they are seen from one another."""

from napari_cihm.data.boxes import intersection, overlap, shifted


def test_boxes_are_moved_and_intersected() -> None:
    one, other = (slice(2, 9), slice(0, 4)), (slice(5, 20), slice(3, 8))
    assert intersection(one, other) == overlap(one, other) == (slice(5, 9), slice(3, 4))
    assert shifted(one, (slice(2, 9), slice(-1, 8))) == (slice(0, 7), slice(1, 5))


def test_boxes_that_only_touch_share_nothing() -> None:
    assert overlap((slice(0, 5), slice(0, 9)), (slice(5, 9), slice(0, 9))) is None
