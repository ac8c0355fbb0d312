"""Standardising a micrograph as the training images were: mean 0 and variance 1 over a training field.

A micrograph is larger than a training field, and its mean drifts with the illumination and its contrast with
the support. So each pixel is standardised by the mean and the standard deviation of the training field around
it; near an edge, of the nearest field that lies within the image. An image of exactly one field is then
standardised as in training, a gradient is removed on the scale on which the network never saw one, and the
result does not depend on how the image is cut into tiles.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

Image = NDArray[np.float32]
SMALLEST_VARIANCE: Final = 1e-6
"""Relative to the largest mean square; below it there is only the rounding of float32."""


def standardised(image: Image, field_px: int) -> Image:
    """(I - mean) / standard deviation over windows of field_px x field_px, or the image where it is smaller.

    float32 (ny, nx) in and out. Where a whole window is constant the result is 0.
    """
    centred: Image = image - np.float32(image.mean(dtype=np.float64))
    residual: Image = centred - window_mean(centred, field_px)
    variance = window_mean(residual * residual, field_px)
    variance[variance <= SMALLEST_VARIANCE * float(variance.max())] = np.inf
    deviation: Image = np.sqrt(variance).astype(np.float32, copy=False)
    return residual / deviation


def window_mean(image: Image, window_px: int) -> Image:
    """Mean over the window around each pixel, shifted where needed to lie within the image (ny, nx)."""
    mean = image
    for axis in (0, 1):
        mean = _mean_along(mean, min(window_px, image.shape[axis]), axis)
    return mean


def _mean_along(image: Image, window: int, axis: int) -> Image:
    """Means of the windows that lie within the image, repeated where the window would leave it."""
    n = image.shape[axis]
    means = uniform_filter1d(image, window, axis=axis, mode="nearest")
    nearest = np.clip(np.arange(n), window // 2, n - window + window // 2)
    repeated: Image = np.take(means, nearest, axis=axis)
    return repeated
