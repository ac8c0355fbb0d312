"""The two waves of a scene on their way through its planes, sharing what they share.

The particles' wave and the full one are the same beam until a plane holds support. From there the full one meets both
transmissions, the other that of the particles; a plane wave before its first plane stays one, without any FFT.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor

from passband.fourier import resize_spectrum
from passband.grid import Grid
from passband.scattering.calculation import Calculation, propagator
from passband.scattering.multislice import PlaneTransmissions, propagated
from passband.scattering.slicing import Lattice


@dataclass(frozen=True, eq=False)
class Beam:
    """A wave (c, ny, nx) and the z [Å] of the plane behind which it stands.

    None: the plane wave that enters, the same everywhere.
    """

    field: Tensor | None = None
    z_A: float = 0.0

    def behind(self, plane_A: float, passed: Tensor, calculation: Calculation) -> "Beam":
        """The beam behind a plane further on, at this z [Å], with this transmission (c, ny, nx)."""
        if self.field is None:
            return Beam(passed, plane_A)
        arriving = propagated(self.field, calculation, plane_A - self.z_A)
        return Beam(arriving.mul_(passed), plane_A)

    def stored(self, exit_A: float, stored: Grid, calculation: Calculation) -> Tensor:
        """The field at this z [Å], in the band of a grid that is not finer; not for a plane wave.

        The propagator's aperture applies even where the beam stands at this z already.
        """
        assert self.field is not None
        spectrum = torch.fft.fft2(self.field)
        spectrum *= propagator(calculation, round(exit_A - self.z_A, 9))
        field: Tensor = torch.fft.ifft2(resize_spectrum(spectrum, stored.shape))
        return field


def beams(
    particles: PlaneTransmissions, support: PlaneTransmissions, lattice: Lattice, calculation: Calculation
) -> tuple[Beam, Beam]:
    """The full beam and that of the particles alone, each behind its last plane."""
    full = alone = Beam()
    for plane, by_particles, by_support in _merged(particles, support):
        plane_A, together = lattice.height_A(plane), alone is full and by_support is None
        if by_particles is not None:
            alone = alone.behind(plane_A, by_particles, calculation)
        if together:
            full = alone
        else:
            passed = reduce(torch.mul, [one for one in (by_particles, by_support) if one is not None])
            full = full.behind(plane_A, passed, calculation)
    return full, alone


def _merged(
    first: PlaneTransmissions, second: PlaneTransmissions
) -> Iterator[tuple[int, Tensor | None, Tensor | None]]:
    """Planes of two kinds in one order: number, and what each kind holds there."""
    a, b = next(first, None), next(second, None)
    while a or b:
        plane = min(one[0] for one in (a, b) if one)
        in_a, in_b = a is not None and a[0] == plane, b is not None and b[0] == plane
        yield plane, a[1] if a and in_a else None, b[1] if b and in_b else None
        a = next(first, None) if in_a else a
        b = next(second, None) if in_b else b
