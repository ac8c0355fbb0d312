"""What a file holds, before anything of it is loaded: shape, type and axes of each of its signals.

Every format lists its signals without reading their pixels, so that a spectrum, a stack or an absurd size is
refused before it costs memory.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[Any]


@dataclass(frozen=True)
class Axis:
    """One axis of a signal: how many samples, and the size of one in ``unit``, as the file spells it."""

    size: int
    scale: float = 0.0
    unit: str = ""


@dataclass(frozen=True)
class StoredSignal:
    """A signal that lies in a file.

    axes: slowest first; the last two are y and x of an image, those before them count frames.
    read_frame: the pixels (ny, nx) of one frame, by its number over all the leading axes.
    """

    title: str
    dtype: np.dtype[Any]
    axes: tuple[Axis, ...]
    read_frame: Callable[[int], Pixels]

    @property
    def shape(self) -> tuple[int, ...]:
        """Samples along each axis."""
        return tuple(axis.size for axis in self.axes)

    @property
    def frames(self) -> int:
        """Number of images (ny, nx) that the signal holds."""
        return prod(self.shape[:-2])

    @property
    def declared_bytes(self) -> int:
        """What the signal would take in memory, by its own account."""
        return prod(self.shape) * self.dtype.itemsize


def frame_reader(array: Pixels) -> Callable[[int], Pixels]:
    """Reads single frames of an array (..., ny, nx), which may be mapped from a file."""

    def read_frame(index: int) -> Pixels:
        leading = np.unravel_index(index, array.shape[:-2]) if array.ndim > 2 else ()
        return np.asarray(array[leading])

    return read_frame


def axes_of(shape: Sequence[int], scales: Sequence[float], units: Sequence[str]) -> tuple[Axis, ...]:
    """Axes from the sizes, and from scales and units that may belong to the last axes only."""
    missing = len(shape) - len(scales)
    full_scales, full_units = [0.0] * missing + list(scales), [""] * missing + list(units)
    triples = zip(shape, full_scales, full_units, strict=True)
    return tuple(Axis(int(size), float(scale), str(unit or "")) for size, scale, unit in triples)
