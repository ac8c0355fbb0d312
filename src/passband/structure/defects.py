"""Which steps of a particle's stacking are turned over: faults, twin planes, or a random mixture.

Fault and twin planes are drawn without repetition from those with at least one nearest-neighbour distance of
particle on either side. The numbers of both, and the planes, have random streams of their own.
"""

import numpy as np
from numpy.typing import NDArray

from passband.errors import UserError
from passband.seeds import random_stream
from passband.structure.cell import UnitCell, unit_cell
from passband.structure.crystals import Crystal
from passband.structure.distribution import MULTIPLY_TWINNED, ParticleDistribution
from passband.structure.stacking import Stacking, draw_mixture, stacking_of, twinned_beyond
from passband.structure.twinned import check_fcc


def check_defects(crystal: Crystal, particles: ParticleDistribution) -> None:
    """That the crystal has the planes that faults, twins or a mixed stacking need. Raises UserError."""
    if particles.shape in MULTIPLY_TWINNED:
        check_fcc(crystal, particles.shape)
    if has_planes(particles) and particles.twins[1] > 0 and not fault_planes(crystal).is_cubic:
        raise UserError(
            f"particles.twins: {crystal.name} is not cubic; set twins to [0, 0], or use hexagonal_share for a "
            "random stacking"
        )
    if has_planes(particles):
        fault_planes(crystal)


def has_planes(particles: ParticleDistribution) -> bool:
    """Whether faults, twins or a mixed stacking are asked for."""
    return max(*particles.stacking_faults, *particles.twins) > 0 or particles.hexagonal_share is not None


def fault_planes(crystal: Crystal, cell: UnitCell | None = None) -> Stacking:
    """The planes of a crystal on which a fault can lie, the origin of its cell at the origin.

    cell: where it differs from the crystal's own, as in an alloy.
    Raises UserError where the crystal is neither wurtzite, nor fcc, zincblende or diamond in its cubic cell.
    """
    stacking = stacking_of(cell or unit_cell(crystal))
    if stacking is None:
        raise UserError(
            f"particles.stacking_faults: {crystal.name} is neither wurtzite nor fcc, zincblende or diamond in its "
            "cubic cell, so it has no fault planes; set stacking_faults to [0, 0], and leave out twins and "
            "hexagonal_share"
        )
    return stacking


def draw_turned(
    heights_A: NDArray[np.float64],
    stacking: Stacking,
    particles: ParticleDistribution,
    margin_A: float,
    seed: int,
) -> NDArray[np.int64]:
    """The planes, by number, across which the step of the stacking is turned over.

    heights_A: of the particle's atoms along the axis of the stacking; margin_A: particle on either side of a plane.
    Raises UserError where the particle is too small for its faults and twins.
    """
    if len(heights_A) == 0:
        return np.empty(0, dtype=np.int64)
    low_A, high_A = float(heights_A.min()), float(heights_A.max())
    every = stacking.planes_between(low_A - margin_A, high_A + margin_A)
    if particles.hexagonal_share is not None:
        return draw_mixture(stacking, every, particles.hexagonal_share, random_stream(seed, "stacking"))
    n_faults = int(random_stream(seed, "faults").integers(*particles.stacking_faults, endpoint=True))
    n_twins = int(random_stream(seed, "twins").integers(*particles.twins, endpoint=True))
    heights = stacking.plane_heights_A(every)
    free = every[(heights > low_A + margin_A) & (heights < high_A - margin_A)]
    if len(free) < n_faults + n_twins:
        raise UserError(
            f"particles.stacking_faults, particles.twins: a particle was too small for {n_faults + n_twins}; "
            "raise diameter_nm or lower them"
        )
    shuffled = random_stream(seed, "planes").permutation(free)
    faults, twins = shuffled[:n_faults], shuffled[len(free) - n_twins :]
    return np.setxor1d(faults, twinned_beyond(every, twins))
