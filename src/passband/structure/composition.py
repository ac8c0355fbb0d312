"""Two crystals in one particle: alloys and core-shell.

Sites belong together where both crystals have the same number of them in the same places of their cells. An
alloy's cell is interpolated between the two (L. Vegard, Z. Phys. 5 (1921) 17), for cells that differ by at most 15
%, the rule of thumb of Hume-Rothery for solid solutions. A coherent shell continues the core's lattice, strained
onto it throughout, up to a mismatch of 8 % (ours). A parallel shell keeps its own lattice, and its atoms within 0.85
of the shorter of the two bonds from an atom of the core (ours) are left out, so the interface is not relaxed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from passband.errors import UserError
from passband.structure.cell import UnitCell, nearest_neighbour_A, unit_cell
from passband.structure.crystals import Crystal, crystal_of
from passband.structure.distribution import Alloy, Shell
from passband.structure.lattice import Lattice, lattice_around
from passband.structure.periodic import shortest
from passband.structure.shape import Shape
from passband.units import A_to_nm, nm_to_A

LARGEST_MISMATCH_OF_ALLOY = 0.15
LARGEST_MISMATCH_OF_SHELL = 0.08
_LEAST_OF_BOND = 0.85
_SAME_SITE_A = 0.3


@dataclass(frozen=True, eq=False)
class Composed:
    """positions_A: (n, 3) [Å]; sites: (n,), equal for atoms with equal surroundings; numbers: (n,), atomic."""

    positions_A: NDArray[np.float64]
    sites: NDArray[np.int64]
    numbers: NDArray[np.int64]


def check_composition(crystal: Crystal, shell: Shell | None, alloy: Alloy | None) -> None:
    """That the second crystal fits the first. Raises UserError, naming what does not."""
    if alloy is not None:
        _check_match(crystal, crystal_of(alloy.crystal), "particles.alloy", LARGEST_MISMATCH_OF_ALLOY)
    if shell is not None and shell.interface == "coherent":
        _check_match(crystal, crystal_of(shell.crystal), "particles.shell", LARGEST_MISMATCH_OF_SHELL)


def check_core(shape: Shape, shell: Shell | None) -> None:
    """That the smallest particle of this shape keeps a core. Raises UserError where its shell fills it."""
    if shell is None:
        return
    core = shape.inset(nm_to_A(shell.thickness_nm[1]))
    if core.distances_A.min(initial=core.radius_A) <= 0:
        depth_nm = A_to_nm(shape.distances_A.min(initial=shape.radius_A))
        raise UserError(
            f"particles.shell.thickness_nm: must stay below {depth_nm:.2f} nm, the distance from the centre "
            "of the smallest particle to its nearest facet, so that a core is left"
        )


def mixed_cell(host: UnitCell, guest: UnitCell, share: float) -> UnitCell:
    """The host's cell, its vectors and places moved towards the guest's by the share."""
    step = shortest(guest.fractional[_partners(host, guest)] - host.fractional, 1.0)
    vectors_A = host.vectors_A + share * (guest.vectors_A - host.vectors_A)
    return UnitCell(vectors_A, host.fractional + share * step, host.numbers)


def alloyed(lattice: Lattice, alloy: Alloy, share: float, rng: np.random.Generator) -> Composed:
    """The lattice with each atom replaced by the alloy's on its site with this probability."""
    replaced = rng.random(len(lattice.sites)) < share
    return Composed(
        lattice.positions_A,
        lattice.sites,
        np.where(replaced, _guest_numbers(lattice, alloy.crystal), lattice.numbers),
    )


def with_shell(lattice: Lattice, shell: Shell, shape: Shape, rng: np.random.Generator) -> Composed:
    """The lattice, which fills the shape, with a shell of a thickness that is drawn.

    Raises UserError where no core is left.
    """
    core_shape = shape.inset(nm_to_A(rng.uniform(*shell.thickness_nm)))
    in_core = core_shape.contains(lattice.positions_A)
    if not in_core.any():
        raise UserError("particles.shell.thickness_nm: a particle was too small to keep a core; lower it")
    if shell.interface == "coherent":
        numbers = np.where(in_core, lattice.numbers, _guest_numbers(lattice, shell.crystal))
        return Composed(lattice.positions_A, lattice.sites, numbers)
    core, around = lattice.selected(in_core), _parallel(lattice, in_core, shell, shape, rng)
    return Composed(
        np.concatenate([core.positions_A, around.positions_A]),
        np.concatenate([core.sites, around.sites + len(lattice.cell.numbers)]),
        np.concatenate([core.numbers, around.numbers]),
    )


def _parallel(
    lattice: Lattice, in_core: NDArray[np.bool_], shell: Shell, shape: Shape, rng: np.random.Generator
) -> Lattice:
    """The shell's own lattice in the shape, at any offset, without atoms too near to the core's."""
    cell = unit_cell(crystal_of(shell.crystal))
    around = lattice_around(cell, shape.radius_A, rng.random(3) @ cell.vectors_A)
    around = around.selected(shape.contains(around.positions_A))
    least_A = _LEAST_OF_BOND * min(nearest_neighbour_A(cell), nearest_neighbour_A(lattice.cell))
    apart_A = cKDTree(lattice.positions_A[in_core]).query(around.positions_A)[0]
    return around.selected(np.asarray(apart_A) >= least_A)


def _guest_numbers(lattice: Lattice, guest: str | Crystal) -> NDArray[np.int64]:
    """The guest's atomic number for each atom of the lattice (n,)."""
    cell = unit_cell(crystal_of(guest))
    return cell.numbers[_partners(lattice.cell, cell)][lattice.sites]


def _partners(host: UnitCell, guest: UnitCell) -> NDArray[np.intp]:
    """For each site of the host (n,), the site of the guest in the same place, which must exist."""
    return np.asarray(_steps_A(host, guest).argmin(axis=1))


def _check_match(crystal: Crystal, other: Crystal, where: str, largest: float) -> None:
    host, guest = unit_cell(crystal), unit_cell(other)
    same = len(host.numbers) == len(guest.numbers)
    if not same or _steps_A(host, guest).min(axis=1).max() > _SAME_SITE_A:
        raise UserError(
            f"{where}.crystal: {other.name} has its atoms in other places of its cell than {crystal.name}; "
            "give a crystal of the same structure in the same setting"
            + (", or interface: parallel" if where.endswith("shell") else "")
        )
    mismatch = float(np.abs(np.linalg.svd(np.linalg.solve(host.vectors_A, guest.vectors_A))[1] - 1).max())
    if mismatch > largest:
        raise UserError(
            f"{where}.crystal: the cells of {other.name} and {crystal.name} differ by {100 * mismatch:.1f} %, "
            f"at most {100 * largest:g} % can be joined; give another crystal"
            + (", or interface: parallel" if where.endswith("shell") else "")
        )


def _steps_A(host: UnitCell, guest: UnitCell) -> NDArray[np.float64]:
    """Distances [Å] in the host's cell between each of its sites and each of the guest's: (n, n)."""
    steps = shortest(guest.fractional - host.fractional[:, None], 1.0)
    return np.asarray(np.linalg.norm(steps @ host.vectors_A, axis=-1))
