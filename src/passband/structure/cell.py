"""The unit cell: all atoms of a crystal in Cartesian space, and the point group that they have.

The point group is found from the atoms themselves, so that a crystal read as a full cell in space group 1 has
the symmetry that it has, not the one that its record states. An integer matrix W is an operation of the
lattice where it keeps the metric tensor, W^T G W = G; it is one of the crystal where some translation then
maps atoms onto atoms of the same element (International Tables for Crystallography A, 2016, section 1.5).
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from ase.data import atomic_numbers
from ase.geometry import cellpar_to_cell
from ase.spacegroup import Spacegroup
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from passband.errors import UserError
from passband.structure.crystals import Crystal
from passband.structure.periodic import wrapped

CLOSEST_A = 0.5
"""Atoms nearer than this in a cell are a mistake in the sites (the shortest bond, H-H, has 0.74 Å)."""
_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False)
class UnitCell:
    """vectors_A: (3, 3), rows a, b, c [Å]; fractional: (n, 3) in [0, 1); numbers: int64 (n,), atomic."""

    vectors_A: NDArray[np.float64]
    fractional: NDArray[np.float64]
    numbers: NDArray[np.int64]

    @property
    def positions_A(self) -> NDArray[np.float64]:
        """Cartesian positions (n, 3) [Å]."""
        return self.fractional @ self.vectors_A

    @property
    def reciprocal_per_A(self) -> NDArray[np.float64]:
        """(3, 3), rows a*, b*, c* [1/Å] with a · a* = 1."""
        return np.asarray(np.linalg.inv(self.vectors_A).T)


@lru_cache(maxsize=64)
def unit_cell(crystal: Crystal) -> UnitCell:
    """The conventional cell of a crystal, its asymmetric unit expanded by the space group.

    Raises UserError for unknown elements, a cell without the symmetry of the group, or atoms on top of each
    other.
    """
    group = _space_group(crystal)
    vectors_A = _vectors_A(crystal)
    _check_symmetry(crystal, vectors_A, np.asarray(group.get_rotations()))
    elements = [atomic_numbers.get(element, 0) for element, _ in crystal.sites]
    if min(elements) < 1:
        raise UserError(f"crystal {crystal.name}: '{crystal.sites[elements.index(0)][0]}' is not an element")
    fractional, kinds = group.equivalent_sites([place for _, place in crystal.sites], onduplicates="keep")
    numbers = np.asarray(elements, dtype=np.int64)[np.asarray(kinds)]
    cell = UnitCell(vectors_A, wrapped(np.asarray(fractional, dtype=np.float64), 1.0), numbers)
    _check_distances(crystal, cell)
    return cell


def nearest_neighbour_A(cell: UnitCell) -> float:
    """The shortest distance between two atoms of the crystal [Å]."""
    shortest_edge_A = np.linalg.norm(cell.vectors_A, axis=1).min()
    # two atoms within it differ by less than this many cells, besides the less than one between their own places
    reach = np.ceil(shortest_edge_A * np.linalg.norm(cell.reciprocal_per_A, axis=1) - 1e-9)
    steps = _steps_within(reach)
    images = (cell.fractional[:, None] + steps).reshape(-1, 3) @ cell.vectors_A
    distances_A = np.asarray(cKDTree(images).query(cell.positions_A, k=2)[0])
    return float(distances_A[:, 1].min())


@lru_cache(maxsize=64)
def point_group(crystal: Crystal) -> NDArray[np.float64]:
    """The rotations and reflections (k, 3, 3) of a crystal: Cartesian matrices that act on columns."""
    cell = unit_cell(crystal)
    operations = np.array([w for w in _lattice_operations(cell) if _maps_atoms_onto_atoms(w, cell)])
    columns = cell.vectors_A.T
    return np.asarray(columns @ operations @ np.linalg.inv(columns))


def _lattice_operations(cell: UnitCell) -> NDArray[np.int64]:
    """All integer W (k, 3, 3) with W^T G W = G. Their columns are lattice vectors as long as a, b and c."""
    metric = cell.vectors_A @ cell.vectors_A.T
    lengths_A = np.sqrt(metric.diagonal())
    allowed = _TOLERANCE * np.outer(lengths_A, lengths_A)
    # a vector v has the components v · a*_j, so none of them exceeds |v| |a*_j|
    reach = lengths_A.max() * np.linalg.norm(cell.reciprocal_per_A, axis=1) * (1 + _TOLERANCE)
    steps = _steps_within(reach)
    squares = np.einsum("ni,ij,nj->n", steps, metric, steps)
    images = [steps[np.abs(squares - metric[i, i]) < allowed[i, i]] for i in range(3)]
    ab, ac, bc = (
        np.abs(images[i] @ metric @ images[j].T - metric[i, j]) < allowed[i, j]
        for i, j in ((0, 1), (0, 2), (1, 2))
    )
    a, b, c = np.nonzero(ab[:, :, None] & ac[:, None, :] & bc)
    return np.stack([images[0][a], images[1][b], images[2][c]], axis=-1)


def _steps_within(reach: NDArray[np.float64]) -> NDArray[np.int64]:
    """All whole steps (n, 3) of up to so many cells along a, b and c (3,)."""
    return np.array(list(product(*(range(-n, n + 1) for n in reach.astype(int).tolist()))))


def _maps_atoms_onto_atoms(operation: NDArray[np.int64], cell: UnitCell) -> bool:
    kinds, counts = np.unique(cell.numbers, return_counts=True)
    rarest = cell.fractional[cell.numbers == kinds[counts.argmin()]]
    turned = cell.fractional @ operation.T
    first = rarest[0] @ operation.T
    return any(_same_atoms(turned + (target - first), cell) for target in rarest)


def _same_atoms(fractional: NDArray[np.float64], cell: UnitCell) -> bool:
    """Whether these places, with the elements of the cell, are the atoms of the cell in any order."""
    tree = cKDTree(cell.fractional, boxsize=np.ones(3))
    distances, nearest = (np.asarray(found) for found in tree.query(wrapped(fractional, 1.0)))
    close = distances.max() < 0.01 / np.linalg.norm(cell.vectors_A, axis=1).max()
    return bool(close and (cell.numbers[nearest] == cell.numbers).all() and len(set(nearest)) == len(nearest))


def _space_group(crystal: Crystal) -> Spacegroup:
    try:
        return Spacegroup(crystal.spacegroup, crystal.origin_choice)
    except Exception:
        raise UserError(
            f"crystal {crystal.name}: space group {crystal.spacegroup} has no "
            f"origin_choice {crystal.origin_choice}; use origin_choice 1"
        ) from None


def _vectors_A(crystal: Crystal) -> NDArray[np.float64]:
    angles_deg = (crystal.alpha, crystal.beta, crystal.gamma)
    cosines = np.cos(np.deg2rad(angles_deg))
    squared_volume_of_unit_edges = 1 - (cosines**2).sum() + 2 * cosines.prod()
    if squared_volume_of_unit_edges < _TOLERANCE:
        raise UserError(f"crystal {crystal.name}: alpha, beta and gamma do not make a cell; check the angles")
    return np.asarray(cellpar_to_cell((crystal.a, crystal.b, crystal.c, *angles_deg)), dtype=np.float64)


def _check_symmetry(crystal: Crystal, vectors_A: NDArray[np.float64], rotations: NDArray[np.float64]) -> None:
    metric = vectors_A @ vectors_A.T
    if np.abs(rotations.transpose(0, 2, 1) @ metric @ rotations - metric).max() > _TOLERANCE * metric.max():
        raise UserError(
            f"crystal {crystal.name}: the cell does not have the symmetry of space group "
            f"{crystal.spacegroup}; check a, b, c and the angles"
        )


def _check_distances(crystal: Crystal, cell: UnitCell) -> None:
    nearest_A = nearest_neighbour_A(cell)
    if nearest_A < CLOSEST_A:
        raise UserError(
            f"crystal {crystal.name}: two atoms are {nearest_A:.2f} Å apart; "
            "check sites, spacegroup and origin_choice"
        )
