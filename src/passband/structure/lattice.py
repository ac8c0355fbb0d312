"""Atoms of a lattice around a point, each with the site of the cell that it came from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from passband.structure.cell import UnitCell


@dataclass(frozen=True, eq=False)
class Lattice:
    """positions_A: (n, 3) [Å]; sites: (n,), for each atom its index in the cell.

    cell: the cell, in the same axes as the positions; in a twinned lattice, that of the first crystal.
    """

    cell: UnitCell
    positions_A: NDArray[np.float64]
    sites: NDArray[np.int64]

    @property
    def numbers(self) -> NDArray[np.int64]:
        """Atomic numbers (n,)."""
        return self.cell.numbers[self.sites]

    def selected(self, choice: NDArray[np.bool_] | NDArray[np.intp]) -> "Lattice":
        """The atoms of a mask (n,) or of indices (k,)."""
        return Lattice(self.cell, self.positions_A[choice], self.sites[choice])


def lattice_around(cell: UnitCell, radius_A: float, offset_A: NDArray[np.float64]) -> Lattice:
    """All atoms of the lattice, moved by offset_A (less than one cell), within a sphere around the origin."""
    reach = np.ceil(radius_A * np.linalg.norm(cell.reciprocal_per_A, axis=1)).astype(int) + 1
    steps = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in reach), indexing="ij"), axis=-1)
    corners_A = steps.reshape(-1, 3) @ cell.vectors_A + offset_A
    positions_A = (corners_A[:, None] + cell.positions_A).reshape(-1, 3)
    sites = np.tile(np.arange(len(cell.numbers)), len(corners_A))
    near = (positions_A**2).sum(axis=1) <= (radius_A + 1e-6) ** 2
    return Lattice(cell, positions_A[near], sites[near])
