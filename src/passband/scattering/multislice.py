"""Multislice: the wave goes through the planes of the potential, with free space between.

    ψ(z + Δz) = IFT{ exp(-iπ λ q² Δz) · FT{ exp(iσV) ψ(z) } },

J. M. Cowley, A. F. Moodie, Acta Cryst. 10 (1957) 609; E. J. Kirkland, Advanced Computing in Electron Microscopy (2010),
ch. 6. Any number of configurations at once, on any device. Gradients flow through the wave and, in ``transmission``,
through the phase; atoms have none, because they are gathered on the pixels before.

Signs. A plane wave travels as exp(+2πi z/λ) towards +z, a positive potential advances the phase, and free propagation
by +Δz is exp(-iπ λ q² Δz). The wave transfer of imaging is exp(-iχ) with χ = π λ C10 q² + ..., so propagating a wave by
Δz is the same as imaging it with C10 = Δz, that is with a defocus of -Δz (positive defocus = underfocus = -C10). A wave
that stands at z is therefore brought to the plane z0 by C10 = z0 - z. abTEM's propagation and its C10 agree with this
(tests/agreement/test_agreement_multislice.py).
"""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from passband.scattering.calculation import Calculation, aperture, propagator
from passband.scattering.potential import Layers, plane_phases

PlaneTransmissions = Iterator[tuple[int, Tensor]]
"""Planes as the beam meets them: number on the lattice, and exp(iσV), complex64 (c, ny, nx)."""


def propagated(wave: Tensor, calculation: Calculation, distance_A: float) -> Tensor:
    """The wave (..., ny, nx) after free space of this length [Å], of either sign; nothing is done over none."""
    distance_A = round(distance_A, 9)
    if distance_A == 0:
        return wave
    return _filtered(wave, propagator(calculation, distance_A))


def transmission(phase_rad: Tensor, calculation: Calculation) -> Tensor:
    """exp(i phase), band-limited where the calculation's numerics say so; complex64 (..., ny, nx)."""
    passed = torch.complex(*_cosine_and_sine(phase_rad))
    limit = calculation.numerics.transmission_aperture
    if limit is None:
        return passed
    return _filtered(passed, aperture(calculation, limit))


def plane_transmissions(
    layers: Layers, calculation: Calculation, wanted: NDArray[np.int64] | None = None
) -> PlaneTransmissions:
    """The planes of the layers in turn; where numbers of planes are wanted (rising), only these."""
    for plane, phase_rad in plane_phases(layers, calculation, wanted):
        yield plane, transmission(phase_rad, calculation)


def _cosine_and_sine(phase_rad: Tensor) -> tuple[Tensor, Tensor]:
    """Of float32 on the CPU by numpy, three times as fast as torch and right to 7e-8; it has no gradient."""
    if phase_rad.device.type != "cpu" or phase_rad.requires_grad:
        return phase_rad.cos(), phase_rad.sin()
    values = phase_rad.numpy()
    return torch.from_numpy(np.cos(values)), torch.from_numpy(np.sin(values))


def _filtered(field: Tensor, spectral_filter: Tensor) -> Tensor:
    spectrum: Tensor = torch.fft.fft2(field)
    spectrum *= spectral_filter
    filtered: Tensor = torch.fft.ifft2(spectrum)
    return filtered
