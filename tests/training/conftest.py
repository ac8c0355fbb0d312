"""Synthetic scenes for the training loop: dark discs in a bright field, counted with 10 electrons per pixel."""

from collections.abc import Callable

import pytest
import torch

from passband.data.pool import ImagePool

DiscPool = Callable[[int, int], ImagePool]


def draw_disc_pool(n: int, seed: int) -> ImagePool:
    """n scenes of 64 px with one disc of 8 to 16 px radius, of intensity 0.6 in a field of 1."""
    random = torch.Generator().manual_seed(seed)
    radius = 8 + 8 * torch.rand(n, 1, 1, generator=random)
    centre = 64 * torch.rand(2, n, 1, 1, generator=random)
    y, x = torch.arange(64.0)[:, None], torch.arange(64.0)
    masks = ((y - centre[0]) ** 2 + (x - centre[1]) ** 2 < radius**2).to(torch.uint8)
    return ImagePool(1 - 0.4 * masks, torch.full((n,), 10.0), masks, torch.arange(n), 1.0)


@pytest.fixture
def disc_pool() -> DiscPool:
    return draw_disc_pool
