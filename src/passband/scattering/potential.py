"""Projected potential: the phase that the electrons gain on each plane of a set of slices.

For every plane, σ V(r) = σ h²/(2πme) · IFT{ Σ_elements f_e(q) Σ_atoms share · exp(-2πi q·r) }, periodic in x and y. The
phases are real, so two planes go through one complex FFT: one in the real part, the next in the imaginary part. Form
factor and response are real and even and keep them apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from passband.scattering.calculation import Calculation, phase_kernel
from passband.scattering.slicing import Slices


@dataclass(frozen=True, eq=False)
class Layers:
    """Atoms and the slices they are gathered on.

    places_A: float64 (c, n, 2), x and y [Å] of the n atoms in c configurations (of frozen phonons).
    numbers: int64 (n,), atomic numbers; thermal_A2: B [Å²] of each of these numbers.
    slices: one and the same for all configurations.
    """

    places_A: NDArray[np.float64]
    numbers: NDArray[np.int64]
    thermal_A2: dict[int, float]
    slices: Slices


def plane_phases(layers: Layers, calculation: Calculation) -> Iterator[tuple[float, Tensor]]:
    """For each plane in turn: its height z [Å], and the phase σV [rad], float32 (c, ny, nx)."""
    planes_A = layers.slices.planes_A.tolist()
    entries = _entries_by_pair(layers)
    for first in range(0, len(planes_A), 2):
        packed = torch.fft.ifft2(_packed_spectrum(layers, calculation, entries[first // 2]))
        for height_A, phase in zip(planes_A[first:], (packed.real, packed.imag), strict=False):
            yield height_A, phase.contiguous()


def _entries_by_pair(layers: Layers) -> list[NDArray[np.int64]]:
    """Indices into the slices' entries, for each pair of planes."""
    pair = layers.slices.plane // 2
    order = np.argsort(pair, kind="stable")
    n_pairs = (len(layers.slices.planes_A) + 1) // 2
    return np.split(order, np.searchsorted(pair[order], np.arange(1, n_pairs)))


def _packed_spectrum(layers: Layers, calculation: Calculation, entries: NDArray[np.int64]) -> Tensor:
    """Spectrum of the phases of two planes, the second as imaginary part, complex64 (c, ny, nx)."""
    grid, numbers = calculation.grid, layers.numbers[layers.slices.atom[entries]]
    spectrum = torch.zeros((), dtype=torch.complex64)
    for number in np.unique(numbers).tolist():
        chosen = entries[numbers == number]
        atom, weights = _packed_weights(layers.slices, chosen)
        density = calculation.numerics.gridding.spread(
            torch.from_numpy(layers.places_A[:, atom, ::-1] / grid.sampling_A).to(calculation.device),
            torch.from_numpy(weights).to(calculation.device),
            grid.shape,
        )
        kernel = phase_kernel(calculation, number, layers.thermal_A2[number])
        part = torch.fft.fft2(density)
        part *= kernel
        spectrum = part + spectrum
    return spectrum


def _packed_weights(
    slices: Slices, entries: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.complex64]]:
    """Each atom once, and its shares of an even plane (real part) and the odd plane behind it (imaginary part)."""
    atom, position = np.unique(slices.atom[entries], return_inverse=True)
    odd = slices.plane[entries] % 2
    even_share, odd_share = (
        np.bincount(position, slices.share[entries] * chosen, len(atom)) for chosen in (1 - odd, odd)
    )
    return atom, (even_share + 1j * odd_share).astype(np.complex64)
