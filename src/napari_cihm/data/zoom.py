"""Resampling that gives the same pixels whether done whole or part by part."""

from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class AxisZoom:
    """Resampling of one axis from `source` to `target` pixels.

    Linear between pixel centres; where pixels are merged, a triangle as wide as
    the reduction averages them, so that nothing aliases. Weights come from a
    pixel's place on the whole axis, never from the part that is read.
    """

    source: int
    target: int

    @property
    def identity(self) -> bool:
        """Whether nothing changes."""
        return self.source == self.target

    def window(self, span: slice) -> slice:
        """Return the source pixels that target pixels `span` are made of."""
        if self.identity:
            return span
        reach = max(self.source / self.target, 1.0)
        first = self._centre(span.start) - reach
        last = self._centre(span.stop - 1) + reach
        return slice(
            max(int(np.floor(first)), 0), min(int(np.ceil(last)) + 1, self.source)
        )

    def apply(self, part: NDArray[Any], span: slice, axis: int) -> NDArray[np.float32]:
        """Make target pixels `span` from `part`, the source pixels of `window`."""
        if self.identity:
            return part.astype(np.float32, copy=False)
        taps, weights = _taps(self, span.start, span.stop)
        along = [1] * part.ndim
        along[axis] = -1
        terms = (
            part.take(tap, axis=axis) * weight.reshape(along)
            for tap, weight in zip(taps, weights, strict=True)
        )
        summed: NDArray[Any] = reduce(np.add, terms)
        return summed.astype(np.float32, copy=False)

    def nearest(self, span: slice) -> NDArray[np.intp]:
        """Return the source pixel nearest to each target pixel of `span`."""
        centres = self._centre(np.arange(span.start, span.stop))
        nearest = np.floor(centres + 0.5).astype(np.intp)
        return np.asarray(nearest.clip(0, self.source - 1))

    def reversed(self) -> "AxisZoom":
        """Return the way back."""
        return AxisZoom(self.target, self.source)

    def _centre(self, pixel: Any) -> Any:
        return (pixel + 0.5) * (self.source / self.target) - 0.5


@lru_cache(maxsize=64)
def _taps(
    zoom: AxisZoom, start: int, stop: int
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    reach = max(zoom.source / zoom.target, 1.0)
    window = zoom.window(slice(start, stop))
    centres = zoom._centre(np.arange(start, stop, dtype=np.float64))
    count = int(np.ceil(2 * reach)) + 1
    pixels = np.floor(centres - reach)[None] + np.arange(count)[:, None]
    weights = np.clip(1 - np.abs(pixels - centres) / reach, 0, None)
    weights[(pixels < 0) | (pixels >= zoom.source)] = 0
    weights /= weights.sum(axis=0)
    inside = pixels.clip(window.start, window.stop - 1) - window.start
    return inside.astype(np.intp), weights.astype(np.float32)


def resample(
    part: NDArray[Any],
    zooms: tuple[AxisZoom, ...],
    spans: tuple[slice, ...],
) -> NDArray[np.float32]:
    """Resample the last axes of `part` to the target pixels `spans`."""
    first = part.ndim - len(zooms)
    for axis, (zoom, span) in enumerate(zip(zooms, spans, strict=True), first):
        part = zoom.apply(part, span, axis)
    return part.astype(np.float32, copy=False)
