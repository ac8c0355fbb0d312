"""The micrograph: a user's image in memory, with the size of its pixels and where that size comes from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Micrograph:
    """One intensity image.

    image: float32 (ny, nx), finite, in the units and on the pixels of the file.
    pixel_size_nm: (y, x) [nm].
    pixel_size_origin: what the size was taken from, in words.
    source: name of the file.
    frame: number of the image within a file that holds several, else None.
    notes: what the user should know about it, one sentence each.
    """

    image: NDArray[np.float32]
    pixel_size_nm: tuple[float, float]
    pixel_size_origin: str
    source: str
    frame: int | None = None
    notes: tuple[str, ...] = ()


def has_square_pixels(pixel_size_nm: tuple[float, float]) -> bool:
    """Whether both sides (y, x) of a pixel agree within 1 %."""
    y, x = pixel_size_nm
    return abs(y / x - 1) <= 0.01


def size_in_words(pixel_size_nm: tuple[float, float]) -> str:
    """A pixel size as the user reads it: ``0.0122 nm``, or both sides where they differ."""
    y, x = pixel_size_nm
    return f"{x:.4g} nm" if abs(y / x - 1) <= 1e-4 else f"{y:.4g} nm (y) x {x:.4g} nm (x)"
