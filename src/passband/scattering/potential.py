"""Projected potential: the phase that the electrons gain on each plane of a set of slices.

For every plane, σ V(r) = σ h²/(2πme) · IFT{ Σ_elements f_e(q) Σ_atoms share · exp(-2πi q·r) }, periodic in x and y. The
phases are real, so two planes go through one complex FFT: one in the real part, the next in the imaginary part. Form
factor and response are real and even and keep them apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from passband.scattering.calculation import Calculation, phase_kernel
from passband.scattering.gridding import Footprints, Spread, spread
from passband.scattering.slicing import Slices

_KINDS = 1000
"""More than any atomic number."""

PlanePhases = Iterator[tuple[int, Tensor]]
"""Planes as the beam meets them: number on the lattice, and the phase σV [rad], float32 (c, ny, nx)."""


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


@dataclass(frozen=True, eq=False)
class _Group:
    """Atoms of one element with the same first plane. share: float32 (m, w), see Slices."""

    number: int
    footprints: Footprints
    share: Tensor


def plane_phases(
    layers: Layers, calculation: Calculation, wanted: NDArray[np.int64] | None = None
) -> PlanePhases:
    """The planes of the slices in turn; where numbers of planes are wanted (rising), only these."""
    planes = (layers.slices.planes() if wanted is None else wanted).tolist()
    pairs = [planes[start : start + 2] for start in range(0, len(planes), 2)]
    for pair, densities in zip(pairs, _densities(pairs, layers, calculation), strict=True):
        packed = _packed_spectrum(densities, layers, calculation)
        torch.fft.ifft2(packed, out=packed)
        for plane, phase in zip(pair, (packed.real, packed.imag), strict=False):
            yield plane, phase.contiguous()


def _packed_spectrum(densities: dict[int, Tensor], layers: Layers, calculation: Calculation) -> Tensor:
    """Spectrum of the phases of two planes, the second as imaginary part, complex64 (c, ny, nx)."""
    for number, density in densities.items():
        torch.fft.fft2(density, out=density)
        density *= phase_kernel(calculation, number, layers.thermal_A2[number])
    return reduce(torch.add, densities.values())


def _densities(
    pairs: list[list[int]], layers: Layers, calculation: Calculation
) -> Iterator[dict[int, Tensor]]:
    """Density (c, ny, nx) of each element on each pair of planes, the second as imaginary part.

    A group of atoms is spread once, and kept as long as planes need it.
    """
    shape, width = calculation.grid.shape, layers.slices.share.shape[1]
    groups = _groups(layers, calculation)
    size = 2 * shape[0] * shape[1] * len(layers.places_A)
    spreads: dict[int, list[tuple[_Group, Spread]]] = {}
    for pair in pairs:
        spreads = {first: kept for first, kept in spreads.items() if first + width > pair[0]}
        parts: dict[int, Tensor] = {}
        for layer, plane in enumerate(pair):
            for first in range(plane - width + 1, plane + 1):
                if first not in spreads:
                    spreads[first] = [(one, spread(one.footprints, shape)) for one in groups.get(first, [])]
                for group, points in spreads[first]:
                    if group.number not in parts:
                        parts[group.number] = group.share.new_zeros(size)
                    points.add_to(parts[group.number], layer, group.share[:, plane - first])
        yield {number: torch.view_as_complex(part.view(-1, *shape, 2)) for number, part in parts.items()}


def _groups(layers: Layers, calculation: Calculation) -> dict[int, list[_Group]]:
    """Groups by first plane."""
    slices, device = layers.slices, calculation.device
    kind = slices.first * _KINDS + layers.numbers
    order = np.argsort(kind, kind="stable")
    places_px = layers.places_A[:, order, ::-1] / calculation.grid.sampling_A
    footprints = calculation.numerics.gridding.footprints(
        torch.from_numpy(places_px).to(device), calculation.grid.shape
    )
    share = torch.from_numpy(slices.share[order].astype(np.float32)).to(device)
    kinds, starts = np.unique(kind[order], return_index=True)
    groups: dict[int, list[_Group]] = {}
    for one, (start, stop) in zip(kinds.tolist(), pairwise([*starts.tolist(), len(order)]), strict=True):
        first, number = divmod(one, _KINDS)
        atoms = slice(start, stop)
        groups.setdefault(first, []).append(_Group(number, footprints[atoms], share[atoms]))
    return groups
