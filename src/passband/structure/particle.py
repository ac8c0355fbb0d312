"""One particle: a crystal, faulted, cut to shape and turned, with the centre of its shape at the origin.

The crystal's origin is uniform over the unit cell and the orientation uniform over all rotations, so that
neither an atom at the centre nor a zone axis along the beam is favoured. Fault planes are drawn without
repetition from those with at least one nearest-neighbour distance of particle on either side.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from passband.errors import UserError
from passband.structure.cell import UnitCell, nearest_neighbour_A, unit_cell
from passband.structure.crystals import Crystal
from passband.structure.shape import Shape
from passband.structure.stacking import Stacking, faulted, stacking_of


@dataclass(frozen=True, eq=False)
class Particle:
    """positions_A: (n, 3) [Å] around the centre of the shape; numbers: int64 (n,), atomic numbers."""

    positions_A: NDArray[np.float64]
    numbers: NDArray[np.int64]


def draw_particle(crystal: Crystal, shape: Shape, n_faults: int, rng: np.random.Generator) -> Particle:
    """A particle of this shape with this many stacking faults, cut from the crystal and turned at random.

    Raises UserError where the shape holds no atom or not so many faults, or where the crystal has no fault
    planes.
    """
    cell = unit_cell(crystal)
    nearest_A = nearest_neighbour_A(cell)
    offset_A = rng.random(3) @ cell.vectors_A
    whole = _crystal_around(cell, shape.radius_A + n_faults * nearest_A, offset_A)
    if n_faults:
        stacking = fault_planes(crystal).moved(offset_A)
        heights_A = whole.positions_A[shape.contains(whole.positions_A)] @ stacking.axis
        planes = _draw_planes(heights_A, stacking, nearest_A, n_faults, rng)
        whole = Particle(faulted(whole.positions_A, stacking, planes), whole.numbers)
    inside = shape.contains(whole.positions_A)
    if not inside.any():
        raise UserError(f"particles.diameter_nm: too small for {crystal.name}; a particle came out empty")
    rotation = Rotation.random(None, rng).as_matrix()
    return Particle(whole.positions_A[inside] @ rotation.T, whole.numbers[inside])


def fault_planes(crystal: Crystal) -> Stacking:
    """The planes of a crystal on which a stacking fault can lie, the origin of its cell at the origin.

    Raises UserError where the crystal is neither wurtzite nor fcc in its cubic cell.
    """
    stacking = stacking_of(unit_cell(crystal))
    if stacking is None:
        raise UserError(
            f"particles.stacking_faults: {crystal.name} is neither wurtzite nor fcc in its cubic cell, "
            "so it has no fault planes; set stacking_faults to [0, 0]"
        )
    return stacking


def _draw_planes(
    heights_A: NDArray[np.float64], stacking: Stacking, margin_A: float, n: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Numbers (n,) of different planes with some of these heights at least margin_A beyond, on both sides."""
    low_A, high_A = heights_A.min(initial=np.inf) + margin_A, heights_A.max(initial=-np.inf) - margin_A
    planes = stacking.planes_between(low_A, high_A) if low_A < high_A else np.empty(0, dtype=np.int64)
    if len(planes) < n:
        raise UserError(
            f"particles.stacking_faults: a particle was too small for {n}; "
            "raise diameter_nm or lower stacking_faults"
        )
    return rng.choice(planes, n, replace=False)


def _crystal_around(cell: UnitCell, radius_A: float, offset_A: NDArray[np.float64]) -> Particle:
    """All atoms of the crystal, moved by offset_A (less than one cell), within a sphere around the origin."""
    reach = np.ceil(radius_A * np.linalg.norm(cell.reciprocal_per_A, axis=1)).astype(int) + 1
    steps = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in reach), indexing="ij"), axis=-1).reshape(
        -1, 3
    )
    corners_A = steps @ cell.vectors_A + offset_A
    positions_A = (corners_A[:, None] + cell.positions_A).reshape(-1, 3)
    numbers = np.tile(cell.numbers, len(steps))
    near = (positions_A**2).sum(axis=1) <= (radius_A + 1e-6) ** 2
    return Particle(positions_A[near], numbers[near])
