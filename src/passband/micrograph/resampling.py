"""Band-limited resampling of an image that is not periodic.

The discrete cosine transform is the Fourier transform of the image and its mirror image side by side, which
has no jump at the edges. Cropping it removes exactly what the coarser pixels cannot carry (no aliasing) and
leaves the rest untouched; padding it adds no frequency. The outer edges of the field stay where they are, so
the pixel size follows from the whole number of pixels and differs from the wanted one by less than half a
pixel over the field.
Reference: G. Strang, "The discrete cosine transform", SIAM Review 41, 135 (1999): DCT-II.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct, idct

Image = NDArray[np.float32]
LINES_AT_ONCE: Final = 1024
"""Lines that are transformed together, so that memory holds little more than the image and its result."""


def resampled_shape(
    shape: tuple[int, int], pixel_size: tuple[float, float], wanted_size: float
) -> tuple[int, int]:
    """The whole numbers of pixels (ny, nx), at least 1, closest to square pixels of the wanted size."""
    ny, nx = (max(1, round(n * size / wanted_size)) for n, size in zip(shape, pixel_size, strict=True))
    return ny, nx


def resample(image: Image, shape: tuple[int, int]) -> Image:
    """The image (ny, nx) on (ny', nx') pixels over the same field; float32 in and out, the mean is kept."""
    return _along_lines(_along_lines(image, shape[1]).T, shape[0]).T


def _along_lines(image: Image, n_wanted: int) -> Image:
    """Each line of (lines, n) resampled to n_wanted samples."""
    lines, n = image.shape
    if n == n_wanted:
        return image
    result = np.empty((lines, n_wanted), np.float32)
    kept, gain = min(n, n_wanted), np.float32(np.sqrt(n_wanted / n))
    for start in range(0, lines, LINES_AT_ONCE):
        block = slice(start, start + LINES_AT_ONCE)
        spectrum = dct(image[block], axis=1, norm="ortho")
        cut = np.zeros((spectrum.shape[0], n_wanted), np.float32)
        cut[:, :kept] = gain * spectrum[:, :kept]
        result[block] = idct(cut, axis=1, norm="ortho")
    return result
