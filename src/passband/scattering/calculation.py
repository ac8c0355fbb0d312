"""The setting of one multislice calculation: grid, energy, device, and the approximations it makes.

Band limit. The usual rule limits transmission function and propagator to two thirds of the Nyquist frequency, so that
no product wraps around. That removes electrons which do scatter: at 0.2 Å/px (1.67 1/Å) the wave below 1.25 1/Å of a
3 nm sphere on carbon is then wrong by 3.6 % (Au) and 1.2 % (CdSe); with the whole disc up to the Nyquist frequency,
and no limit of the transmission function, by 0.5 % and 0.1 %; at frozen phonons and on zone axes the gain is smaller,
never a loss. What wraps around is less than what the rule cuts off, because form factors fall steeply. So the band is
used in full, the inner two thirds of it are kept, and each slice costs one pair of FFTs instead of two.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from passband.electron import POTENTIAL_PER_FORM_FACTOR_V_A2, interaction_constant_rad_per_VA, wavelength_A
from passband.grid import Grid
from passband.scattering.form_factors import FormFactor, debye_waller, form_factor_A
from passband.scattering.gridding import EXACT, Gridding
from passband.scattering.slicing import Slicing, shared_slices

Aperture = Callable[[Grid], NDArray[np.float64]]
"""Grid -> float64 (ny, nx) in [0, 1], FFT order: which frequencies a field keeps."""


def nyquist_disc(grid: Grid) -> NDArray[np.float64]:
    """1 up to the Nyquist frequency in every direction, 0 in the corners beyond."""
    return np.asarray(_radius_per_A(grid) <= grid.nyquist_per_A, dtype=np.float64)


@dataclass(frozen=True)
class Numerics:
    """The approximations of a calculation, each a function that may be replaced.

    transmission_aperture: None leaves the transmission functions as they are, at half the FFTs.
    """

    form_factor: FormFactor = form_factor_A
    gridding: Gridding = EXACT
    slicing: Slicing = shared_slices
    propagator_aperture: Aperture = nyquist_disc
    transmission_aperture: Aperture | None = None


STANDARD: Final = Numerics()
"""Exact positions, shared slices, the whole band."""


@dataclass(frozen=True)
class Calculation:
    """Grid, kinetic energy [eV], torch device by name, and numerics of one calculation."""

    grid: Grid
    energy_eV: float
    device: str = "cpu"
    numerics: Numerics = STANDARD


@lru_cache(maxsize=16)
def phase_kernel(calculation: Calculation, number: int, B_A2: float) -> Tensor:
    """Float32 (ny, nx): turns the spectrum of an element's gridded atoms into that of the phase σV [rad].

    σ · h²/(2πme) · f_e(q) exp(-B q²/4) / (pixel area · response of the gridding).
    """
    grid, numerics = calculation.grid, calculation.numerics
    q = _radius_per_A(grid)
    phase_per_A = interaction_constant_rad_per_VA(calculation.energy_eV) * POTENTIAL_PER_FORM_FACTOR_V_A2
    spectrum = phase_per_A * numerics.form_factor(number, q) * debye_waller(B_A2, q)
    return _float32(spectrum / (grid.sampling_A**2 * numerics.gridding.response(grid)), calculation.device)


@lru_cache(maxsize=8)
def propagator(calculation: Calculation, distance_A: float) -> Tensor:
    """Fresnel propagator exp(-iπ λ q² Δz) within the aperture, complex64 (ny, nx); Δz [Å] of either sign."""
    along_y, along_x = (
        torch.from_numpy(
            np.exp(-1j * np.pi * wavelength_A(calculation.energy_eV) * distance_A * q**2).astype(np.complex64)
        ).to(calculation.device)
        for q in calculation.grid.frequencies_per_A()
    )
    return along_y * along_x * aperture(calculation, calculation.numerics.propagator_aperture)


@lru_cache(maxsize=8)
def aperture(calculation: Calculation, function: Aperture) -> Tensor:
    """An aperture on the calculation's grid and device, float32 (ny, nx)."""
    return _float32(function(calculation.grid), calculation.device)


def _radius_per_A(grid: Grid) -> NDArray[np.float64]:
    """|q| in FFT order, (ny, nx) [1/Å]."""
    qy, qx = grid.frequencies_per_A()
    return np.hypot(qy, qx)


def _float32(values: NDArray[np.float64], device: str) -> Tensor:
    return torch.from_numpy(values.astype(np.float32)).to(device)
