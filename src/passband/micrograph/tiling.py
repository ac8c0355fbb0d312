"""A network applied to an image of any size: overlapping tiles, blended.

A convolutional network answers near the edge of a tile as if the world ended there. Each tile therefore
counts nothing within a quarter of the overlap of such an edge, then rises linearly; the weights of the tiles
over a pixel are normalised to 1. Tiles begin at multiples of the network's total stride, so that every tile
sees the pixels on the same coarse grid as the whole image does.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Image = NDArray[np.float32]
Predict = Callable[[Tensor], Tensor]
"""Standardised images (b, 1, ny, nx) to the logits of being particle, (b, 1, ny, nx) or (b, ny, nx)."""
Progress = Callable[[int, int], None]
"""Told the number of tiles done and of all tiles, after each of them."""


@dataclass(frozen=True)
class Tiling:
    """tile_px: side of a tile; overlap_px: of neighbouring tiles; multiple_px: the network's total stride."""

    tile_px: int = 768
    overlap_px: int = 192
    multiple_px: int = 32

    def __post_init__(self) -> None:
        if self.tile_px % self.multiple_px or not 4 <= 2 * self.overlap_px <= self.tile_px:
            raise ValueError(
                f"the tile must be a multiple of the stride, and the overlap 2 px to half of it: {self}"
            )


def tiled_logits(image: Image, predict: Predict, tiling: Tiling, progress: Progress | None = None) -> Image:
    """Logits (ny, nx) of an image (ny, nx), which is continued by its mirror image to a size that fits."""
    padded = _padded(image, tiling.multiple_px)
    rows, columns = (list(_starts(n, tiling)) for n in padded.shape)
    total = np.zeros(padded.shape, np.float32)
    weights = np.zeros(padded.shape, np.float32)
    for done, (y, x) in enumerate(product(rows, columns), start=1):
        window = (slice(y, y + tiling.tile_px), slice(x, x + tiling.tile_px))
        tile = padded[window]
        weight = np.outer(
            _weight(y, tile.shape[0], padded.shape[0], tiling),
            _weight(x, tile.shape[1], padded.shape[1], tiling),
        )
        total[window] += weight * _predicted(tile, predict)
        weights[window] += weight
        if progress is not None:
            progress(done, len(rows) * len(columns))
    return (total / weights)[: image.shape[0], : image.shape[1]]


def _predicted(tile: Image, predict: Predict) -> Image:
    with torch.inference_mode():
        logits = predict(torch.from_numpy(np.ascontiguousarray(tile))[None, None])
    return logits.detach().to("cpu", torch.float32).reshape(tile.shape).numpy()


def _padded(image: Image, multiple: int) -> Image:
    after = [(0, -n % multiple) for n in image.shape]
    return np.pad(image, after, mode="symmetric")


def _starts(n: int, tiling: Tiling) -> Iterator[int]:
    """Where tiles begin along an axis of n px, a multiple of the stride; the last one ends with the image."""
    step = (tiling.tile_px - tiling.overlap_px) // tiling.multiple_px * tiling.multiple_px
    last = max(0, n - tiling.tile_px)
    yield from range(0, last, step)
    yield last


def _weight(start: int, length: int, n: int, tiling: Tiling) -> Image:
    """Weight of a tile along one axis: 1 inside and at the image's edges, rising over half the overlap."""
    distance = np.arange(length) + 0.5
    ramp = tiling.overlap_px / 2
    rising = np.clip((distance - ramp / 2) / ramp, 0, 1) if start > 0 else np.ones(length)
    falling = np.clip((distance[::-1] - ramp / 2) / ramp, 0, 1) if start + length < n else np.ones(length)
    return (rising * falling).astype(np.float32)
