"""Slices: on which planes the potential of an atom is gathered.

Multislice replaces the potential by planes with free space between. Assigning each atom to the slab that holds it
moves it by up to half a slab, and the wave it scatters by a phase π λ q² Δz: an error of first order in the thickness.
Here an atom is shared by the four nearest planes with the weights of cubic interpolation (Lagrange's), so that the wave
it scatters, a smooth function of its height, is right up to the fourth order: exp(-iπ λ q² z) between planes h apart to
3/128 (π λ q² h)⁴, which at 300 kV, 1.25 1/Å and 3 Å is 2e-4. Sharing by two planes is right to 1/8 (π λ q² h)², 1 %.
What remains is that a strong atom scatters on several planes in turn, of first order in h and in the potential squared.
Measured on gold: docs/decisions/0010-cubic-slices-and-one-lattice.md.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_POINTS = 4


@dataclass(frozen=True)
class Lattice:
    """Planes perpendicular to the beam: number k stands at z = origin_A + k gap_A, for every whole k."""

    origin_A: float
    gap_A: float

    def height_A(self, plane: int) -> float:
        """z of a plane [Å]."""
        return self.origin_A + plane * self.gap_A


@dataclass(frozen=True, eq=False)
class Slices:
    """Which share of which atom stands on which plane of a lattice.

    first: int64 (n,), the first of the planes that share an atom; share: float64 (n, w), the share of that plane and
        of the w - 1 behind it. They add up to 1; some are negative or 0.
    """

    lattice: Lattice
    first: NDArray[np.int64]
    share: NDArray[np.float64]

    def planes(self, chosen: NDArray[np.bool_] | slice = slice(None)) -> NDArray[np.int64]:
        """Numbers of the planes on which some atom stands, rising; those of a mask of atoms (n,), or of all."""
        share = self.share[chosen]
        plane = self.first[chosen, None] + np.arange(share.shape[1])
        return np.unique(plane[share != 0])


Slicing = Callable[[NDArray[np.float64], Lattice], Slices]
"""Slices of atoms at heights z [Å] (n,), n >= 1, on a lattice."""


def shared_slices(z_A: NDArray[np.float64], lattice: Lattice) -> Slices:
    """Each atom shared by the four nearest planes; no plane stands a gap or more outside of the atoms.

    Near the ends the four planes are those of the end. Atoms within three planes or fewer are shared by these, with
    the lower order that this leaves.
    """
    height = np.round((z_A - lattice.origin_A) / lattice.gap_A, 9)
    first, last = int(np.floor(height.min())), int(np.ceil(height.max()))
    points = min(_POINTS, last - first + 1)
    start = np.clip(np.floor(height).astype(np.int64) - (points - 1) // 2, first, last - points + 1)
    return Slices(lattice, start, _interpolation_weights(height - start, points))


def _interpolation_weights(x: NDArray[np.float64], points: int) -> NDArray[np.float64]:
    """Lagrange's weights (n, points) that take values at 0, 1 ... points - 1 to the one at x (n,)."""
    weights = np.ones((len(x), points))
    for k in range(points):
        for other in set(range(points)) - {k}:
            weights[:, k] *= (x - other) / (k - other)
    return weights
