"""Atoms of a scene: where they are, what they are, and what part they play."""

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from passband.structure.support import BlockPlacement


class Role(IntEnum):
    """What an atom belongs to."""

    SUPPORT = 0
    PARTICLE = 1


@dataclass(frozen=True, eq=False)
class Atoms:
    """Atoms in a box that is periodic in x and y; the beam travels towards +z and enters at z = 0.

    positions_A: float64 (n, 3), x y z [Å]; 0 <= x, y < cell and 0 <= z <= cell, both ends of z included.
    numbers: int64 (n,), atomic numbers.
    roles: int8 (n,), values of Role.
    particle: int16 (n,), index of the particle, -1 in the support.
    cell_A: size of the box in x, y, z [Å]; z is the height of the content.
    block: where the support was cut from the library, so that what is computed of a block can be used again;
        None where it was not. The atoms are all here in either case, and count where they are no longer the block's.

    Raises ValueError where the arrays do not belong together.
    """

    positions_A: NDArray[np.float64]
    numbers: NDArray[np.int64]
    roles: NDArray[np.int8]
    particle: NDArray[np.int16]
    cell_A: tuple[float, float, float]
    block: BlockPlacement | None = None

    def __post_init__(self) -> None:
        n = len(self.numbers)
        shapes = [self.positions_A.shape, self.numbers.shape, self.roles.shape, self.particle.shape]
        if shapes != [(n, 3), (n,), (n,), (n,)]:
            raise ValueError(f"positions, numbers, roles and particle have shapes {shapes}")

    def __len__(self) -> int:
        return len(self.numbers)

    def only(self, role: Role) -> "Atoms":
        """The atoms of one role, at their places in the same box; the support keeps its block."""
        chosen = self.selected(self.roles == role)
        return replace(chosen, block=self.block) if role == Role.SUPPORT else chosen

    def selected(self, choice: NDArray[np.bool_] | NDArray[np.intp]) -> "Atoms":
        """The atoms of a mask (n,) or in the order of indices (k,), in the same box, of no block."""
        return Atoms(
            positions_A=self.positions_A[choice],
            numbers=self.numbers[choice],
            roles=self.roles[choice],
            particle=self.particle[choice],
            cell_A=self.cell_A,
        )


def support_atoms(
    positions_A: NDArray[np.float64], numbers: NDArray[np.int64] | int, cell_A: tuple[float, float, float]
) -> Atoms:
    """Atoms (positions (n, 3) [Å], numbers (n,) or one for all) in the part of the support."""
    n = len(positions_A)
    return Atoms(
        positions_A=positions_A,
        numbers=np.broadcast_to(np.asarray(numbers, dtype=np.int64), n).copy(),
        roles=np.full(n, Role.SUPPORT, dtype=np.int8),
        particle=np.full(n, -1, dtype=np.int16),
        cell_A=cell_A,
    )


def particle_atoms(
    positions_A: NDArray[np.float64],
    numbers: NDArray[np.int64],
    index: int,
    cell_A: tuple[float, float, float],
) -> Atoms:
    """Atoms (positions (n, 3) [Å], numbers (n,)) of the particle with this index."""
    n = len(numbers)
    return Atoms(
        positions_A=positions_A,
        numbers=numbers,
        roles=np.full(n, Role.PARTICLE, dtype=np.int8),
        particle=np.full(n, index, dtype=np.int16),
        cell_A=cell_A,
    )


def joined(parts: list[Atoms], cell_A: tuple[float, float, float]) -> Atoms:
    """All parts in one box, in the order in which the beam meets them (ties by y, then x), of no block."""
    together = Atoms(
        positions_A=np.concatenate([part.positions_A for part in parts]),
        numbers=np.concatenate([part.numbers for part in parts]),
        roles=np.concatenate([part.roles for part in parts]),
        particle=np.concatenate([part.particle for part in parts]),
        cell_A=cell_A,
    )
    x, y, z = together.positions_A.T
    return together.selected(np.lexsort((x, y, z)))
