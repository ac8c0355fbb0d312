"""One particle: a lattice with its defects, cut to shape, of one crystal or two, in its own axes.

The crystal's origin is uniform over the unit cell, so that no atom at the centre is favoured; the centre of an
icosahedron is an atom, and that of a decahedron lies on its axis. Each aspect has a random stream of its own, so
that a change of one leaves the others.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from passband.errors import UserError
from passband.seeds import random_stream
from passband.structure.cell import UnitCell, nearest_neighbour_A, unit_cell
from passband.structure.composition import Composed, alloyed, mixed_cell, with_shell
from passband.structure.crystals import Crystal, crystal_of
from passband.structure.defects import draw_turned, fault_planes, has_planes
from passband.structure.distribution import ParticleDistribution
from passband.structure.lattice import Lattice, lattice_around
from passband.structure.shape import Shape
from passband.structure.stacking import faulted
from passband.structure.surface import draw_rough
from passband.structure.twinned import (
    decahedral_cell,
    decahedral_lattice,
    icosahedral_cell,
    icosahedral_lattice,
)


@dataclass(frozen=True, eq=False)
class Particle:
    """positions_A: (n, 3) [Å] around the centre of the shape; numbers: int64 (n,), atomic numbers.

    cell: the crystal's cell in the same axes; of a multiply twinned particle, that of its first crystal.
    """

    positions_A: NDArray[np.float64]
    numbers: NDArray[np.int64]
    cell: UnitCell


def draw_particle(crystal: Crystal, particles: ParticleDistribution, shape: Shape, seed: int) -> Particle:
    """A particle of this shape, in the axes of its crystal; the same seed gives the same one.

    Raises UserError where the shape holds no atom or not so many faults, or where the crystal does not allow
    what is asked for.
    """
    cell, share = unit_cell(crystal), 0.0
    if particles.alloy is not None:
        share = random_stream(seed, "share").uniform(*particles.alloy.share)
        cell = mixed_cell(cell, unit_cell(crystal_of(particles.alloy.crystal)), share)
    lattice = _draw_lattice(crystal, cell, particles, shape, seed)
    lattice = lattice.selected(shape.contains(lattice.positions_A))
    if len(lattice.sites) == 0:
        raise UserError(f"particles.diameter_nm: too small for {crystal.name}; a particle came out empty")
    composed = Composed(lattice.positions_A, lattice.sites, lattice.numbers)
    if particles.alloy is not None:
        composed = alloyed(lattice, particles.alloy, share, random_stream(seed, "alloy"))
    elif particles.shell is not None:
        composed = with_shell(lattice, particles.shell, shape, random_stream(seed, "shell"))
    stays = _draw_staying(composed, particles, nearest_neighbour_A(lattice.cell), seed)
    return Particle(composed.positions_A[stays], composed.numbers[stays], lattice.cell)


def _draw_lattice(
    crystal: Crystal, cell: UnitCell, particles: ParticleDistribution, shape: Shape, seed: int
) -> Lattice:
    """The lattice with its defects, at least as far as the shape reaches."""
    rng = random_stream(seed, "origin")
    if particles.shape == "icosahedron":
        return icosahedral_lattice(icosahedral_cell(cell), shape.radius_A)
    if particles.shape == "decahedron":
        twinned = decahedral_cell(cell)
        period_A = float(np.linalg.norm(twinned.vectors_A[0] + twinned.vectors_A[1])) / 2
        return decahedral_lattice(twinned, shape.radius_A, rng.random() * period_A)
    offset_A = rng.random(3) @ cell.vectors_A
    if not has_planes(particles):
        return lattice_around(cell, shape.radius_A, offset_A)
    stacking = fault_planes(crystal, cell).moved(offset_A)
    reach_A = shape.radius_A + float(np.linalg.norm(stacking.step_A))
    lattice = lattice_around(cell, reach_A, offset_A)
    heights_A = lattice.positions_A[shape.contains(lattice.positions_A)] @ stacking.axis
    turned = draw_turned(heights_A, stacking, particles, nearest_neighbour_A(cell), seed)
    return Lattice(cell, faulted(lattice.positions_A, stacking, turned), lattice.sites)


def _draw_staying(
    composed: Composed, particles: ParticleDistribution, bond_A: float, seed: int
) -> NDArray[np.bool_]:
    """Which atoms (n,) are there, of a surface that may be rough."""
    lowest, highest = particles.missing_surface
    if highest == 0:
        return np.ones(len(composed.numbers), dtype=bool)
    rng = random_stream(seed, "surface")
    share = rng.uniform(lowest, highest)
    return draw_rough(composed.positions_A, composed.sites, bond_A, share, rng)
