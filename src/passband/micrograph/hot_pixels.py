"""Hot and dead pixels: single values far outside the noise, from X-rays and defects of the camera.

Resampling would spread one into a ring, and standardising would let it set the contrast. The noise is
measured on the difference of each pixel to its neighbours, with both tails cut off, so that a few outliers do
not hide themselves.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

Image = NDArray[np.float32]
TAIL_PERCENT: Final = 1.0
STANDARD_DEVIATIONS: Final = 10.0
"""Far outside shot noise (5 at most, in a large image), and below any X-ray that matters."""
REACH: Final = 2
"""Half width of the neighbourhood whose median replaces a hot pixel."""


def without_hot_pixels(image: Image) -> tuple[Image, int]:
    """A copy (ny, nx) where hot pixels have the median of the 5 x 5 around them, and how many there were.

    An image whose noise cannot be measured, because nearly all pixels are equal, is returned as it is.
    """
    around = (9 * uniform_filter(image, 3, mode="nearest") - image) / 8
    difference = image - around
    low, high = np.percentile(difference, [TAIL_PERCENT, 100 - TAIL_PERCENT])
    limit = STANDARD_DEVIATIONS * float(np.std(np.clip(difference, low, high)))
    if limit == 0:
        return image, 0
    suspects = np.argwhere(np.abs(difference) > limit)
    medians = _medians_around(image, suspects)
    is_hot = np.abs(image[tuple(suspects.T)] - medians) > limit
    cleaned = image.copy()
    cleaned[tuple(suspects[is_hot].T)] = medians[is_hot]
    return cleaned, int(np.count_nonzero(is_hot))


def _medians_around(image: Image, places: NDArray[np.intp]) -> Image:
    """Median of the neighbourhood of each place (n, 2); the image's edge pixels are repeated beyond it."""
    offsets = np.arange(-REACH, REACH + 1)
    rows = np.clip(places[:, 0, None] + offsets, 0, image.shape[0] - 1)
    columns = np.clip(places[:, 1, None] + offsets, 0, image.shape[1] - 1)
    around = image[rows[:, :, None], columns[:, None, :]].reshape(len(places), offsets.size**2)
    medians: Image = np.median(around, axis=1)
    return medians
