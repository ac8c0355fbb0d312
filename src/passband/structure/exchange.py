"""Atoms to and from ASE, which knows the file formats."""

import ase
import numpy as np

from passband.errors import UserError
from passband.structure.atoms import Atoms, Role
from passband.structure.periodic import wrapped

_ROLE, _PARTICLE = "role", "particle"
_ROUNDING_A = 1e-6
"""How far beyond the cell the rounding of a text file may put an atom [Å]."""


def to_ase(atoms: Atoms) -> ase.Atoms:
    """ASE atoms in the same box, periodic in x and y.

    Roles and particle indices are the arrays "role" and "particle"; ASE's tags are the particle index plus
    one: 0 in the support.
    """
    converted = ase.Atoms(
        numbers=atoms.numbers, positions=atoms.positions_A, cell=atoms.cell_A, pbc=(True, True, False)
    )
    converted.set_array(_ROLE, atoms.roles.astype(np.int64))
    converted.set_array(_PARTICLE, atoms.particle.astype(np.int64))
    converted.set_tags(atoms.particle.astype(np.int64) + 1)
    return converted


def from_ase(ase_atoms: ase.Atoms, role: Role | None = None) -> Atoms:
    """Atoms from ASE atoms in a right-angled cell; x and y are wrapped into it.

    role: the role of all atoms, which are one particle or the support; None takes the arrays that to_ase
        wrote.
    Raises UserError where the cell is missing or oblique, atoms lie outside it in z, or the arrays are
    missing.
    """
    lengths_A, angles_deg = ase_atoms.cell.lengths(), ase_atoms.cell.angles()
    if lengths_A.min() <= 0 or np.abs(angles_deg - 90).max() > 1e-6 or not _along_axes(ase_atoms):
        raise UserError(
            "atoms: the cell must be right-angled, along x, y and z, and not empty in any direction"
        )
    positions_A = np.array(ase_atoms.positions, dtype=np.float64)
    positions_A[:, :2] = wrapped(positions_A[:, :2], lengths_A[:2])
    low_A, high_A = positions_A[:, 2].min(initial=0.0), positions_A[:, 2].max(initial=0.0)
    if low_A < -_ROUNDING_A or high_A > lengths_A[2] + _ROUNDING_A:
        raise UserError(
            f"atoms: z runs from {low_A:.2f} to {high_A:.2f} Å, outside the cell's "
            f"0 to {lengths_A[2]:.2f} Å; shift the atoms or raise the cell"
        )
    positions_A[:, 2] = positions_A[:, 2].clip(0.0, lengths_A[2])
    roles, particle = _parts(ase_atoms, role)
    numbers = np.array(ase_atoms.numbers, dtype=np.int64)
    cell_A = (float(lengths_A[0]), float(lengths_A[1]), float(lengths_A[2]))
    return Atoms(positions_A, numbers, roles.astype(np.int8), particle.astype(np.int16), cell_A)


def _along_axes(ase_atoms: ase.Atoms) -> bool:
    return bool(np.allclose(ase_atoms.cell.array, np.diag(ase_atoms.cell.lengths())))


def _parts(ase_atoms: ase.Atoms, role: Role | None) -> tuple[np.ndarray, np.ndarray]:
    """Roles and particle indices (n,)."""
    n = len(ase_atoms)
    if role is not None:
        return np.full(n, role), np.full(n, 0 if role == Role.PARTICLE else -1)
    if not (ase_atoms.has(_ROLE) and ase_atoms.has(_PARTICLE)):
        raise UserError("atoms: no arrays 'role' and 'particle'; say if they are a particle or the support")
    roles = ase_atoms.get_array(_ROLE)
    if not np.isin(roles, list(Role)).all():
        raise UserError("atoms: the array 'role' may hold 0 (support) and 1 (particle) only")
    return roles, ase_atoms.get_array(_PARTICLE)
