"""The specimen's power spectrum S(q): what there is to be transferred.

S(q) = <|F[ψ - <ψ>]|²> / area [Å²], with ψ the exit wave of the particles alone, <ψ> its mean over the field
and F the Fourier integral, averaged over scenes and configurations. ∫ S d²q is the variance of ψ. The plane
that the waves refer to does not matter, since propagation only turns phases.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from passband.errors import UserError
from passband.grid import Grid
from passband.wave import ExitWave


@dataclass(frozen=True)
class RadialSpectrum:
    """S averaged over azimuth: power_A2 (n,) [Å²] at increasing frequencies q_per_A (n,) [1/Å]."""

    q_per_A: NDArray[np.float64]
    power_A2: NDArray[np.float64]


@dataclass(frozen=True)
class SpecimenSpectrum:
    """S over the frequencies of a grid: power_A2 (ny, nx) [Å²] in FFT order, 0 at q = 0."""

    power_A2: NDArray[np.float64]
    grid: Grid

    def radial(self) -> RadialSpectrum:
        """Means over rings as wide as one step of the coarser frequency axis, up to the Nyquist limit."""
        q = np.hypot(*self.grid.frequencies_per_A())
        ring = np.rint(q * min(self.grid.extent_A)).astype(np.int64)
        inside = q <= self.grid.nyquist_per_A
        counts = np.bincount(ring[inside])
        return RadialSpectrum(
            q_per_A=np.bincount(ring[inside], q[inside]) / counts,
            power_A2=np.bincount(ring[inside], self.power_A2[inside]) / counts,
        )


def specimen_spectrum(waves: Sequence[ExitWave]) -> SpecimenSpectrum:
    """S of the particles-only exit waves of some scenes, all on one grid.

    Raises ValueError for no waves, or for waves on different grids.
    """
    if not waves or any(wave.grid != waves[0].grid for wave in waves):
        raise ValueError("a specimen spectrum needs at least one wave, and all of them on one grid")
    grid = waves[0].grid
    power = np.mean([_power(wave) for wave in waves], axis=0)
    area_A2 = grid.extent_A[0] * grid.extent_A[1]
    return SpecimenSpectrum(power * grid.sampling_A**4 / area_A2, grid)


def spectrum_at(
    spectrum: RadialSpectrum | SpecimenSpectrum, q_per_A: NDArray[np.float64], phi_rad: NDArray[np.float64]
) -> NDArray[np.float64]:
    """S [Å²] at q (1, n_q) [1/Å] and phi (n_phi, 1) [rad], interpolated linearly.

    Raises UserError for frequencies beyond those of the spectrum.
    """
    if q_per_A.max() > _end_per_A(spectrum) * (1 + 1e-9):
        raise UserError(
            f"the specimen's spectrum ends at {_end_per_A(spectrum):.3g} 1/Å, below the band's "
            f"{q_per_A.max():.3g} 1/Å; "
            "lower q_max or store the waves with smaller pixels"
        )
    if isinstance(spectrum, RadialSpectrum):
        return np.interp(q_per_A, spectrum.q_per_A, spectrum.power_A2)
    return _bilinear(spectrum, q_per_A * np.sin(phi_rad), q_per_A * np.cos(phi_rad))


def _end_per_A(spectrum: RadialSpectrum | SpecimenSpectrum) -> float:
    """Highest frequency that the spectrum speaks for: a last ring stands a fraction of a ring inside it."""
    if isinstance(spectrum, SpecimenSpectrum):
        return spectrum.grid.nyquist_per_A
    return float(2 * spectrum.q_per_A[-1] - spectrum.q_per_A[-2])


def _bilinear(
    spectrum: SpecimenSpectrum, qy: NDArray[np.float64], qx: NDArray[np.float64]
) -> NDArray[np.float64]:
    extent = spectrum.grid.extent_A
    indices = np.stack([qy * extent[0], qx * extent[1]])
    return np.asarray(map_coordinates(spectrum.power_A2, indices, order=1, mode="grid-wrap"))


def _power(wave: ExitWave) -> NDArray[np.float64]:
    """|FFT|² of the wave less its mean, mean over configurations: float64 (ny, nx), on the CPU."""
    field = wave.field.detach().to("cpu", torch.complex128)
    centred = field - field.mean(dim=(-2, -1), keepdim=True)
    return np.asarray(torch.fft.fft2(centred).abs().square().mean(0).numpy(), dtype=np.float64)
