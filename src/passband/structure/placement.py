"""Where the particles of a field stand: a random layout of discs on a torus.

A layout is a number of particles, their diameters and their centres. The stated ranges do not always fit the
field: five particles of 5 nm, 1 nm apart, fit 12.8 nm but not 10.24 nm. So layouts follow the stated
distribution *on condition that they fit*: number and diameters are drawn together, the centres start anywhere
and push each other apart, and where they do not come free, number and diameters are drawn anew. Metropolis
moves of hard discs then spread the centres over the arrangements that keep the gaps, so that the pushing leaves
no trace (N. Metropolis et al., J. Chem. Phys. 21 (1953) 1087).

The condition favours few and small particles. For 1-5 spheres of 3-5 nm, 1 nm apart, a field of 10.24 nm takes
1.00, 1.00, 0.83, 0.55 and 0.07 of the draws of 1 to 5 particles, and the mean diameter falls from 4.0 nm to
3.5 nm where there are five; a field of 12.8 nm takes 0.99 of the draws of five, and nothing is biased.
"""

from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from passband.errors import UserError
from passband.seeds import random_stream
from passband.structure.crystals import crystal_of
from passband.structure.distribution import ParticleDistribution, SceneDistribution
from passband.structure.periodic import shortest, wrapped
from passband.structure.shape import Shape, particle_shape
from passband.units import nm_to_A

DENSEST_DISCS = 0.9069
"""Largest fraction of the plane that equal discs can cover, pi / sqrt(12)."""
MOST_LAYOUTS = 2000
_PUSHES = 200
_SLACK_A = 0.02
_MOVES_PER_PARTICLE = 100
_TRIAL_STARTS = 20
_TRIAL_DRAWS = 300
_TRIAL_FITS = 3
_REMEDY = "lower count, diameter_nm or separation_nm, or raise field_nm"


@dataclass(frozen=True, eq=False)
class Layout:
    """The shapes of the particles, and centres_A: (n, 2), x y of their centres [Å]."""

    shapes: tuple[Shape, ...]
    centres_A: NDArray[np.float64]


def draw_layout(distribution: SceneDistribution, rng: np.random.Generator) -> Layout:
    """Number, diameters and places of the particles of one field.

    Raises UserError where MOST_LAYOUTS drawn layouts did not fit the field.
    """
    for _ in range(MOST_LAYOUTS):
        layout = _draw_attempt(distribution, rng)
        if layout is not None:
            return layout
    raise UserError(f"particles: none of {MOST_LAYOUTS} draws fitted the field; {_REMEDY}")


def check_layouts(distribution: SceneDistribution) -> None:
    """That both ends of the ranges can occur, and that draws fit the field often enough.

    The most particles must fit at the smallest diameter, and the fewest with one of them at the largest, and
    about one draw in a hundred. Decided by trial layouts from fixed seeds: the answer is always the same.
    Raises UserError otherwise.
    """
    particles, field_nm = distribution.particles, distribution.field_nm
    (fewest, most), (smallest_nm, largest_nm) = particles.count, particles.diameter_nm
    extremes = {most: [smallest_nm] * most, fewest: [largest_nm] + [smallest_nm] * (fewest - 1)}
    for n, diameters_nm in extremes.items():
        if not _can_fit(distribution, diameters_nm):
            raise UserError(
                f"particles: count {n} with diameter_nm {diameters_nm[0]:g} and separation_nm "
                f"{particles.separation_nm:g} does not fit field_nm {field_nm:g}; {_REMEDY}"
            )
    rng = random_stream(0, "trial draws")
    fitted = (_draw_attempt(distribution, rng) is not None for _ in range(_TRIAL_DRAWS))
    if len(list(islice(filter(None, fitted), _TRIAL_FITS))) < _TRIAL_FITS:
        raise UserError(
            f"particles: fewer than {_TRIAL_FITS} of {_TRIAL_DRAWS} draws of count and diameter_nm fit "
            f"field_nm {field_nm:g}; {_REMEDY}"
        )


def _draw_attempt(distribution: SceneDistribution, rng: np.random.Generator) -> Layout | None:
    particles, field_A = distribution.particles, nm_to_A(distribution.field_nm)
    n = int(rng.integers(particles.count[0], particles.count[1], endpoint=True))
    shapes = _shapes(distribution, draw_diameters_nm(particles, n, rng).tolist())
    least_A = least_distances_A(shapes, nm_to_A(particles.separation_nm))
    centres_A = separated(rng.uniform(0, field_A, (n, 2)), least_A, field_A)
    return None if centres_A is None else Layout(shapes, _shuffled(centres_A, least_A, field_A, rng))


def draw_diameters_nm(
    particles: ParticleDistribution, n: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """n diameters [nm] in the range of the distribution: uniform, or log-normal and cut at its ends."""
    law = particles.log_normal
    if law is None:
        return rng.uniform(*particles.diameter_nm, n)
    deviations = np.log(np.array(particles.diameter_nm) / law.geometric_mean_nm) / np.log(law.geometric_std)
    low, high = np.asarray(ndtr(deviations)).tolist()
    drawn = np.asarray(ndtri(rng.uniform(low, high, n)), dtype=np.float64)
    return np.clip(law.geometric_mean_nm * law.geometric_std**drawn, *particles.diameter_nm)


def _can_fit(distribution: SceneDistribution, diameters_nm: list[float]) -> bool:
    rng, field_A = random_stream(0, "trial layouts"), nm_to_A(distribution.field_nm)
    least_A = least_distances_A(
        _shapes(distribution, diameters_nm), nm_to_A(distribution.particles.separation_nm)
    )
    starts = (rng.uniform(0, field_A, (len(diameters_nm), 2)) for _ in range(_TRIAL_STARTS))
    return any(separated(start, least_A, field_A) is not None for start in starts)


def _shapes(distribution: SceneDistribution, diameters_nm: list[float]) -> tuple[Shape, ...]:
    crystal = crystal_of(distribution.crystal)
    return tuple(particle_shape(crystal, distribution.particles, nm_to_A(d_nm)) for d_nm in diameters_nm)


def least_distances_A(shapes: tuple[Shape, ...], separation_A: float) -> NDArray[np.float64]:
    """Least distances (n, n) [Å] between the centres of particles with surfaces separation_A [Å] apart."""
    radii_A = np.array([shape.radius_A for shape in shapes])
    return np.asarray(radii_A[:, None] + radii_A + separation_A)


def distances_A(steps_A: NDArray[np.float64], field_A: float) -> NDArray[np.float64]:
    """Lengths (...) [Å] of steps (..., 2) [Å] in a field that is periodic in x and y."""
    return np.asarray(np.linalg.norm(shortest(steps_A, field_A), axis=-1))


def separated(
    centres_A: NDArray[np.float64], least_A: NDArray[np.float64], field_A: float
) -> NDArray[np.float64] | None:
    """Centres (n, 2) [Å] pushed apart to at least the distances least_A (n, n) [Å]; None where it failed.

    A particle must also keep its distance from its own periodic images, so least_A[i, i] <= field_A.
    """
    if np.diag(least_A).max() > field_A or not _area_suffices(least_A, field_A):
        return None
    itself = np.eye(len(centres_A), dtype=bool)
    for _ in range(_PUSHES):
        steps_A = shortest(centres_A[:, None] - centres_A, field_A)
        apart_A = np.where(itself, np.inf, np.linalg.norm(steps_A, axis=-1))
        if (apart_A >= least_A).all():
            return wrapped(centres_A, field_A)
        push_A = np.maximum(least_A + _SLACK_A - apart_A, 0) / 2
        centres_A = centres_A + (steps_A * (push_A / apart_A)[..., None]).sum(axis=1)
    return None


def _area_suffices(least_A: NDArray[np.float64], field_A: float) -> bool:
    """Whether discs, half a separation wider than the particles all round, have room in the field's area."""
    discs_A2 = np.pi / 4 * (np.diag(least_A) ** 2).sum()
    unequal = np.ptp(np.diag(least_A)) > 0
    return bool(discs_A2 <= (1.0 if unequal else DENSEST_DISCS) * field_A**2)


def _shuffled(
    centres_A: NDArray[np.float64], least_A: NDArray[np.float64], field_A: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Centres after Metropolis moves of hard discs, short and long; a move into an overlap is refused."""
    centres_A, n = centres_A.copy(), len(centres_A)
    least_A2 = np.where(np.eye(n, dtype=bool), 0.0, least_A) ** 2
    n_moves = n * _MOVES_PER_PARTICLE
    longest_A = field_A / 2 * 10 ** (-2 * rng.random((n_moves, 1)))
    for move, step_A in enumerate(rng.uniform(-1, 1, (n_moves, 2)) * longest_A):
        which = move % n
        moved_A = centres_A[which] + step_A
        apart_A = shortest(centres_A - moved_A, field_A)
        if ((apart_A * apart_A).sum(axis=1) >= least_A2[which]).all():
            centres_A[which] = moved_A
    return wrapped(centres_A, field_A)
