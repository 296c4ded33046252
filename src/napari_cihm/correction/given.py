"""What a tool is given: points and axes, checked."""

from collections.abc import Sequence

from napari_cihm.errors import InputError


def check_point(point: Sequence[float], shape: Sequence[int]) -> tuple[int, ...]:
    """Round a point to its pixel, refusing one outside `shape`."""
    if len(point) != len(shape):
        raise InputError(
            f"a point of {len(point)} coordinates in labels of {len(shape)} dimensions",
            f"{len(shape)} coordinates",
        )
    pixel = tuple(round(float(p)) for p in point)
    if any(not 0 <= p < n for p, n in zip(pixel, shape, strict=True)):
        raise InputError(
            f"the point {pixel} lies outside the labels, shape {tuple(shape)}",
            "a point on the image",
        )
    return pixel


def check_axes_of(axes: Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    """Return the axes a tool works along, ascending; all of them for None."""
    if axes is None:
        return tuple(range(ndim))
    chosen = tuple(sorted({a + ndim if a < 0 else a for a in axes}))
    if not chosen or len(chosen) != len(axes) or chosen[0] < 0 or chosen[-1] >= ndim:
        raise InputError(
            f"axes {tuple(axes)} of labels with {ndim} dimensions",
            f"different axes from 0 to {ndim - 1}",
        )
    return chosen
