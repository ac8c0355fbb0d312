"""Waves that stand for a specimen: a ball of atoms, sliced, and a weak phase."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from passband.electron import wavelength_A
from passband.grid import Grid
from passband.imaging.transfer import frequency_axes
from passband.wave import ExitWave

GRID = Grid((64, 64), 0.4)
ENERGY_EV = 300e3


def smooth_phase(grid: Grid, seed: int, strength_rad: float = 1.0) -> Tensor:
    """A random phase (ny, nx), band-limited to a third of the band so that its square is in the band too."""
    noise = torch.randn(grid.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    qy, qx = frequency_axes(grid)
    kept = torch.fft.ifft2(torch.fft.fft2(noise) * (torch.hypot(qy, qx) < grid.nyquist_per_A / 3)).real
    kept = kept - kept.mean()
    return strength_rad * kept / kept.abs().max()


@pytest.fixture
def phase() -> Callable[[Grid, int, float], Tensor]:
    return smooth_phase


@pytest.fixture
def ball() -> ExitWave:
    """The exit wave of a ball of 24 Å with atoms at random places, 12 slices of 2 Å; its exit plane is its end."""
    generator = torch.Generator().manual_seed(5)
    radius, slices, sheet = 12.0, 12, 2.0
    qy, qx = frequency_axes(GRID)
    step = torch.exp(-1j * torch.pi * wavelength_A(ENERGY_EV) * sheet * (qy**2 + qx**2))
    in_band = torch.hypot(qy, qx) < 1.0
    y, x = torch.arange(64.0)[:, None] * 0.4 - 12.8, torch.arange(64.0)[None] * 0.4 - 12.8
    wave = torch.ones(GRID.shape, dtype=torch.complex128)
    for index in range(slices):
        height = (index + 0.5) * sheet - radius
        places = (torch.rand(40, 2, generator=generator) * 2 - 1) * radius
        places = places[places.square().sum(1) < radius**2 - height**2]
        turn = sum(0.5 * torch.exp(-((y - a) ** 2 + (x - b) ** 2) / (2 * 0.5**2)) for a, b in places)
        wave = torch.fft.ifft2(torch.fft.fft2(wave * torch.exp(1j * turn)) * step * in_band)
    return ExitWave(wave.to(torch.complex64)[None], GRID, ENERGY_EV)
