"""Waves on oblong pixels, brought to square ones without losing any of their band."""

from typing import Final

from torch import Tensor

from passband.errors import UserError
from passband.fourier import resample
from passband.grid import Grid

SQUARE: Final = 1e-5
"""Pixels whose sides differ by less than this part are square."""


def on_square_pixels(field: Tensor, sampling_A: tuple[float, float], name: str) -> tuple[Tensor, Grid]:
    """A field (..., ny, nx) with pixels of (y, x) [Å] on square pixels, at most half as large on either side.

    The field keeps its size; it is resampled in Fourier space to the smallest numbers of pixels, none of them fewer
    than before, that make them square to 1e-5. Raises UserError where there are none.
    """
    ny, nx = field.shape[-2:]
    size_y, size_x = ny * sampling_A[0], nx * sampling_A[1]
    for rows in range(ny, 2 * ny + 1):
        columns = round(rows * size_x / size_y)
        if columns >= nx and abs(columns * size_y / (rows * size_x) - 1) < SQUARE:
            return resample(field, (rows, columns)), Grid((rows, columns), size_x / columns)
    raise UserError(
        f"{name}: pixels of {sampling_A[1]:g} x {sampling_A[0]:g} Å (x, y) cannot be made square; "
        "simulate with the same sampling along x and y"
    )
