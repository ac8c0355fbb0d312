"""Symmetries of a training image: the 8 of the square and, since scenes are periodic, every shift.

A particle is as likely at any place and in any orientation, so image and mask may be moved together. Where
an imaging condition singles out a direction (astigmatism, coma), turning the image turns the aberration
with it: the network then learns every azimuth.
"""

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

ORIENTATIONS: Final = 8
"""Elements of the dihedral group of the square."""


def oriented(image: Tensor, orientation: int) -> Tensor:
    """A square image (..., n, n) in one of 8 orientations: orientation % 4 quarter turns, mirrored from 4 on.

    Raises ValueError where the orientation is not 0-7, or would change the shape of the image.
    """
    if not 0 <= orientation < ORIENTATIONS:
        raise ValueError(f"an orientation is 0 to 7, not {orientation}")
    if orientation % 2 and image.shape[-2] != image.shape[-1]:
        raise ValueError(f"a quarter turn needs a square image, not {tuple(image.shape[-2:])}")
    turned = torch.rot90(image, orientation % 4, dims=(-2, -1))
    return turned.flip(-1) if orientation >= 4 else turned


def window(image: Tensor, origin: Sequence[int], size: tuple[int, int]) -> Tensor:
    """The part (..., *size) of a periodic image (..., ny, nx) that begins at the pixel ``origin`` (y, x)."""
    rolled = torch.roll(image, (-origin[0], -origin[1]), dims=(-2, -1))
    return rolled[..., : size[0], : size[1]]


def orientation_maps(size: tuple[int, int], orientations: int) -> Tensor:
    """Which pixel of a window stands where, for each orientation: int64 (orientations, *size, 2), y and x."""
    y, x = torch.meshgrid(*(torch.arange(n) for n in size), indexing="ij")
    return torch.stack([torch.stack([oriented(y, o), oriented(x, o)], dim=-1) for o in range(orientations)])


def gathered(pictures: Tensor, rows: Tensor, maps: Tensor, origins: Tensor) -> Tensor:
    """Windows of periodic pictures (n, ny, nx), oriented, all at once: what ``oriented(window(...))`` gives one by one.

    rows: which picture, (b,). maps: one of ``orientation_maps`` for each, (b, *size, 2). origins: y and x, (b, 2).
    A device that starts each operation at a cost, or replays a recorded step, wants no loop over views.
    """
    ny, nx = pictures.shape[1:]
    y = (maps[..., 0] + origins[:, 0, None, None]) % ny
    x = (maps[..., 1] + origins[:, 1, None, None]) % nx
    return pictures[rows[:, None, None], y, x]
