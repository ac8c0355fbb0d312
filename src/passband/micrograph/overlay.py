"""The picture for the eye: the micrograph in grey, the particles' outlines on it, and a scale bar in nm."""

from math import floor, log10
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import binary_dilation, binary_erosion

from passband.micrograph.image import Micrograph
from passband.micrograph.segmentation import on_pixels

SMALLEST_SIDE, LARGEST_SIDE = 768, 2048
"""Pixels of the longer side of the picture; small images are enlarged, large ones reduced."""
CLIPPED_PERCENT: Final = 0.5
OUTLINE_RGB: Final = (255, 176, 0)
"""Orange: bright on dark and on grey, distinct for the colour-blind."""
OUTLINE_EDGE_RGB: Final = (0, 0, 0)
BAR_PART: Final = 0.25
"""Longest length of the scale bar, as a part of the width."""


def overlay(micrograph: Micrograph, mask: NDArray[np.bool_]) -> Image.Image:
    """The picture (RGB) of a micrograph and a mask (ny, nx), on square pixels."""
    shape, nm_per_px = _picture_size(micrograph)
    grey = on_pixels(_stretched(micrograph.image), shape)
    colours = np.repeat((255 * grey).astype(np.uint8)[..., None], 3, axis=2)
    inside = on_pixels(mask.astype(np.float32), shape) > 0.5
    width = max(2, max(shape) // 700)
    outline = inside & ~binary_erosion(inside, iterations=width, border_value=1)
    colours[binary_dilation(outline) & ~outline & ~inside] = OUTLINE_EDGE_RGB
    colours[outline] = OUTLINE_RGB
    picture = Image.fromarray(colours)
    _draw_scale_bar(picture, nm_per_px)
    return picture


def bar_length_nm(width_nm: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is at most a quarter of the width [nm]."""
    longest = BAR_PART * width_nm
    power = 10.0 ** floor(log10(longest))
    return max(digit * power for digit in (1, 2, 5) if digit * power <= longest * (1 + 1e-9))


def _picture_size(micrograph: Micrograph) -> tuple[tuple[int, int], float]:
    """Shape (ny, nx) of the picture and the size of its pixels [nm]."""
    sides = [n * size for n, size in zip(micrograph.image.shape, micrograph.pixel_size_nm, strict=True)]
    side_px = min(max(SMALLEST_SIDE, *micrograph.image.shape), LARGEST_SIDE)
    nm_per_px = max(sides) / side_px
    ny, nx = (max(1, round(side / nm_per_px)) for side in sides)
    return (ny, nx), nm_per_px


def _stretched(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Grey values 0 to 1, with the darkest and the brightest half per cent clipped."""
    low, high = np.percentile(image, [CLIPPED_PERCENT, 100 - CLIPPED_PERCENT])
    span = high - low if high > low else 1.0
    stretched: NDArray[np.float32] = np.clip((image - low) / span, 0, 1).astype(np.float32)
    return stretched


def _draw_scale_bar(picture: Image.Image, nm_per_px: float) -> None:
    """White with a black rim, in the lower left corner, its length above it."""
    length_nm = bar_length_nm(picture.width * nm_per_px)
    length = round(length_nm / nm_per_px)
    unit = max(picture.size) // 100
    left, bottom = 2 * unit, picture.height - 2 * unit
    draw = ImageDraw.Draw(picture)
    draw.rectangle((left, bottom - unit, left + length, bottom), fill="white", outline="black")
    draw.text(
        (left + length / 2, bottom - 1.5 * unit),
        f"{length_nm:g} nm",
        fill="white",
        stroke_fill="black",
        stroke_width=max(1, unit // 3),
        anchor="ms",
        font=ImageFont.load_default(4 * unit),
    )
