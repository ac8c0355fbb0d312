"""The segmentation of a micrograph by a network that was trained at one pixel size.

image -> without hot pixels -> resampled to the network's pixels -> standardised as its training fields were
-> logits, tile by tile -> probability -> back on the pixels of the image. Everything that is done is told in
the notes.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit
from torch.nn.functional import interpolate

from passband.errors import UserError
from passband.micrograph.hot_pixels import without_hot_pixels
from passband.micrograph.image import Micrograph, size_in_words
from passband.micrograph.resampling import resample, resampled_shape
from passband.micrograph.standardising import standardised
from passband.micrograph.tiling import Predict, Progress, Tiling, tiled_logits

SMALLEST_RATIO, LARGEST_RATIO = 0.5, 2.0
"""Pixel sizes, in units of the network's own, between which resampling is offered."""
SAME: Final = 0.01
"""Relative difference of pixel sizes that counts as none."""


@dataclass(frozen=True)
class Segmenter:
    """A trained network, as far as a micrograph needs it.

    predict: standardised images (b, 1, ny, nx) to logits of being particle.
    pixel_size_nm: that of its training images [nm].
    network_id: its content id.
    field_px: side of the field over which its training images were standardised.
    multiple_px: both sides of its images are multiples of this.
    """

    predict: Predict
    pixel_size_nm: float
    network_id: str
    field_px: int = 256
    multiple_px: int = 32


@dataclass(frozen=True)
class Segmentation:
    """probability: float32 (ny, nx) of being particle, on the pixels of the micrograph.

    network_shape: pixels (ny, nx) on which the network worked. notes: one sentence each.
    """

    probability: NDArray[np.float32]
    network_shape: tuple[int, int]
    notes: tuple[str, ...]

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Where the probability is above one half."""
        return self.probability > 0.5


def segment(
    micrograph: Micrograph, segmenter: Segmenter, resampling: bool = True, progress: Progress | None = None
) -> Segmentation:
    """The particles of a micrograph; progress is told the tiles done and all of them.

    Raises UserError where the pixel size is outside 0.5 to 2 times the network's own, or differs from it
    while resampling is switched off.
    """
    check_pixel_size(micrograph, segmenter, resampling)
    image, hot = without_hot_pixels(micrograph.image)
    shape = network_shape(micrograph, segmenter)
    inputs = standardised(resample(image, shape), segmenter.field_px)
    logits = tiled_logits(inputs, segmenter.predict, _tiling(segmenter), progress)
    probability = on_pixels(expit(logits), micrograph.image.shape)
    return Segmentation(probability, shape, _notes(micrograph, segmenter, hot))


def check_pixel_size(micrograph: Micrograph, segmenter: Segmenter, resampling: bool) -> None:
    """Raises UserError, with both sizes and the remedy, where a network does not suit the pixels."""
    own = segmenter.pixel_size_nm
    ratios = [size / own for size in micrograph.pixel_size_nm]
    sizes = f"{micrograph.source} has a pixel size of {size_in_words(micrograph.pixel_size_nm)}"
    if not all(SMALLEST_RATIO <= ratio <= LARGEST_RATIO for ratio in ratios):
        raise UserError(
            f"{sizes}, outside {SMALLEST_RATIO:g} to {LARGEST_RATIO:g} times the {own:.4g} nm of the network "
            f"{segmenter.network_id}: use a network trained near that size, or an image recorded at "
            f"{SMALLEST_RATIO * own:.3g} to {LARGEST_RATIO * own:.3g} nm"
        )
    if not resampling and any(abs(ratio - 1) > SAME for ratio in ratios):
        raise UserError(
            f"{sizes}, the network {segmenter.network_id} one of {own:.4g} nm, and resampling "
            "is switched off: leave out --no-resample, or use a network trained at that size"
        )


def network_shape(micrograph: Micrograph, segmenter: Segmenter) -> tuple[int, int]:
    """Pixels (ny, nx) on which the network works; those of the image where the sizes agree within 1 %."""
    ny, nx = micrograph.image.shape
    own = segmenter.pixel_size_nm
    if all(abs(size / own - 1) <= SAME for size in micrograph.pixel_size_nm):
        return ny, nx
    return resampled_shape((ny, nx), micrograph.pixel_size_nm, own)


def on_pixels(values: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Values moved to (ny, nx) pixels of the same field: interpolated, or averaged onto coarser ones."""
    if values.shape == shape:
        return values
    tensor = torch.from_numpy(np.ascontiguousarray(values, np.float32))[None, None]
    moved = interpolate(tensor, shape, mode="bilinear", align_corners=False, antialias=True)
    return moved[0, 0].clamp(0, 1).numpy()


def _tiling(segmenter: Segmenter) -> Tiling:
    multiple = segmenter.multiple_px
    return Tiling(tile_px=-(-Tiling.tile_px // multiple) * multiple, multiple_px=multiple)


def _notes(micrograph: Micrograph, segmenter: Segmenter, hot: int) -> tuple[str, ...]:
    own, notes = segmenter.pixel_size_nm, []
    coarsest = max(micrograph.pixel_size_nm)
    if hot:
        notes.append(f"hot or dead pixels, set to the median around them: {hot}")
    if coarsest > (1 + SAME) * own:
        notes.append(
            f"the pixels are coarser than the network's {own:.4g} nm: it was trained on spatial frequencies "
            f"up to {0.5 / own:.3g} 1/nm, and the image ends at {0.5 / coarsest:.3g} 1/nm"
        )
    sides = [n * size for n, size in zip(micrograph.image.shape, micrograph.pixel_size_nm, strict=True)]
    field_nm = segmenter.field_px * own
    if min(sides) < (1 - SAME) * field_nm:
        notes.append(
            f"the image is {min(sides):.3g} nm wide, smaller than the training field of {field_nm:.3g} nm"
        )
    return tuple(notes)
