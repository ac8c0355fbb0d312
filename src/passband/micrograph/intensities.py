"""From the values of a file to intensities that can be computed with: grey, finite, float32."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from passband.errors import UserError
from passband.micrograph.signals import Pixels

LARGEST_BROKEN: Final = 0.01
"""Fraction of pixels that may be without a number."""
LARGEST_VALUE: Final = 1e30
"""No camera counts as far; squares of more do not fit float32."""


@dataclass(frozen=True)
class Intensities:
    """An image float32 (ny, nx), and what was done to get it."""

    image: NDArray[np.float32]
    notes: tuple[str, ...] = ()


def grey_values(pixels: Pixels, name: str) -> Intensities:
    """The intensities of an image (ny, nx), or of one with colours that are all grey.

    Raises UserError where colours are real, more than 1 % of the values are not finite, or all of them are
    equal.
    """
    with np.errstate(all="ignore"):
        image = np.array(_one_channel(pixels, name), np.float32)
    broken = ~(np.abs(image) < LARGEST_VALUE)
    count = int(np.count_nonzero(broken))
    if count > LARGEST_BROKEN * image.size:
        raise UserError(
            f"{name}: {count} of {image.size} pixels are not numbers; the file is damaged or no image"
        )
    image[broken] = np.median(image[~broken])
    if image.min() == image.max():
        raise UserError(f"{name}: every pixel has the value {image.flat[0]:g}; there is nothing to segment")
    return Intensities(image, (f"pixels without a number, set to the median: {count}",) if count else ())


def _one_channel(pixels: Pixels, name: str) -> Pixels:
    if pixels.ndim == 2:
        return pixels
    colours = pixels[..., : 3 if pixels.shape[-1] >= 3 else 1]
    if bool(np.any(colours != colours[..., :1])):
        raise UserError(f"{name} is a colour image: export the grey values instead")
    return np.asarray(pixels[..., 0])
