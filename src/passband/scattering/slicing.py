"""Slices: on which planes the potential of an atom is gathered.

Multislice replaces the potential by planes with free space between. Assigning each atom to the slab that holds it
moves it by up to half a slab, and the wave it scatters by a phase π λ q² Δz: an error of first order in the thickness.
Here an atom between two planes is shared by both, in proportion to its nearness, so that the first order cancels.
Against slabs that resolve the extent of the atoms along the beam (Gaussians in three dimensions, 0.5 Å), the scattered
wave of a 3 nm sphere on carbon is then wrong, at 2 Å, by 0.5 % (Au) and 0.2 % (CdSe) instead of 1.8 % and 1.6 %.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Slices:
    """Planes, and which share of which atom stands on which plane.

    planes_A: float64 (p,), rising, each with at least one atom.
    atom, plane: int64 (m,), an atom and a plane; share: float64 (m,) in (0, 1], adding up to 1 for each atom.
    exit_A: the plane in which the wave leaves [Å], not before the last plane.
    """

    planes_A: NDArray[np.float64]
    atom: NDArray[np.int64]
    plane: NDArray[np.int64]
    share: NDArray[np.float64]
    exit_A: float


Slicing = Callable[[NDArray[np.float64], float], Slices]
"""Slices of atoms at heights z [Å] (n,), n >= 1, with planes at most so far apart [Å]."""


def shared_slices(z_A: NDArray[np.float64], thickness_A: float) -> Slices:
    """Equidistant planes from the first to the last atom, each atom shared by the two planes it lies between.

    The wave leaves in the plane of the last atom. Planes without atoms are left out.
    """
    first_A, last_A = float(z_A.min()), float(z_A.max())
    n_gaps = max(1, ceil((last_A - first_A) / thickness_A - 1e-9))
    gap_A = (last_A - first_A) / n_gaps or 1.0
    below = np.minimum((z_A - first_A) / gap_A, n_gaps).astype(np.int64)
    beyond = (z_A - first_A) / gap_A - below
    atoms = np.arange(len(z_A))
    atom, plane = np.concatenate([atoms, atoms]), np.concatenate([below, below + 1])
    share = np.concatenate([1 - beyond, beyond])
    kept = share > 0
    used, plane = np.unique(plane[kept], return_inverse=True)
    return Slices(first_A + gap_A * used, atom[kept], plane, share[kept], last_A)
