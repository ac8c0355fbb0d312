"""Scenes: particles that rest on a support, as the beam meets them.

A scene is built in heights above the surface on which the particles rest, with the film below zero, and put
in the direction of the beam at the end. Each particle comes down until its first atom is CONTACT_A away from
a carbon atom (in vacuum: until it touches a common plane). The box ends at the content: z runs from the
entrance to the exit of particles and film together. What a distribution means where particles do not always
fit is said in placement.py.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from passband.seeds import random_stream
from passband.structure.atoms import Atoms, joined, particle_atoms, support_atoms
from passband.structure.carbon import CARBON, draw_carbon
from passband.structure.crystals import crystal_of
from passband.structure.distribution import AmorphousCarbon, SceneDistribution
from passband.structure.particle import Particle, draw_particle, fault_planes
from passband.structure.periodic import wrapped
from passband.structure.placement import Layout, check_layouts, draw_layout
from passband.units import nm_to_A

CONTACT_A = 2.0
"""Least distance between an atom of a particle and one of the support [Å]. Ours, between a bond and a van der
Waals contact; the published study does not state it."""
_ROUGHNESS_A = 10.0
"""Depth of film below its surface within which a particle finds its first contact [Å]."""


@dataclass(frozen=True, eq=False)
class Film:
    """places_A: (n, 3), x, y, height of the carbon atoms [Å], heights in [-thickness_A, 0)."""

    places_A: NDArray[np.float64]
    thickness_A: float


def draw_scene(distribution: SceneDistribution, seed: int) -> Atoms:
    """One scene: the same distribution and seed give the same atoms, bit for bit.

    The support, the layout and each particle have their own random stream, so that a change of one leaves the
    others.
    Raises UserError where the distribution is impossible, see check_geometry.
    """
    check_geometry(distribution)
    film = _draw_film(distribution.support, nm_to_A(distribution.field_nm), random_stream(seed, "support"))
    layout = draw_layout(distribution, random_stream(seed, "layout"))
    particles = [
        _draw_resting(distribution, layout, film, index, seed) for index in range(len(layout.shapes))
    ]
    return _boxed(distribution, film, particles)


@lru_cache(maxsize=64)
def check_geometry(distribution: SceneDistribution) -> None:
    """That the distribution can be drawn from.

    Raises UserError where particles cannot fit the field, where the crystal has no planes for the stacking
    faults that are asked for, where Wulff facets do not enclose a volume, or where the crystal itself is not
    possible.
    """
    if distribution.particles.stacking_faults[1] > 0:
        fault_planes(crystal_of(distribution.crystal))
    check_layouts(distribution)


def resting_height_A(positions_A: NDArray[np.float64], film_A: NDArray[np.float64], field_A: float) -> float:
    """How far to lift atoms (n, 3) [Å] so that they just touch a film, of atoms (m, 3) [Å] in the same field.

    Third coordinates are heights. Nearest distance after the lift: CONTACT_A. Without a film below: the
    lowest atom comes to height 0.
    """
    top_A = film_A[film_A[:, 2] > film_A[:, 2].max(initial=-np.inf) - _ROUGHNESS_A]
    periods_A = np.array([field_A, field_A])
    above = cKDTree(wrapped(positions_A[:, :2], field_A), boxsize=periods_A)
    below = cKDTree(wrapped(top_A[:, :2], field_A), boxsize=periods_A)
    pairs = above.sparse_distance_matrix(below, CONTACT_A, output_type="ndarray")
    if len(pairs) == 0:
        return -float(positions_A[:, 2].min())
    clearance_A = np.sqrt(np.maximum(CONTACT_A**2 - pairs["v"] ** 2, 0))
    return float((top_A[pairs["j"], 2] + clearance_A - positions_A[pairs["i"], 2]).max())


def _draw_film(support: AmorphousCarbon | None, field_A: float, rng: np.random.Generator) -> Film:
    if support is None:
        return Film(np.empty((0, 3)), 0.0)
    thickness_A = nm_to_A(rng.uniform(*support.thickness_nm))
    return Film(draw_carbon(support, field_A, thickness_A, rng) - [0.0, 0.0, thickness_A], thickness_A)


def _draw_resting(
    distribution: SceneDistribution, layout: Layout, film: Film, index: int, seed: int
) -> Particle:
    """A particle at its place on the film, its third coordinate the height above the film's surface.

    Where the beam meets the particles first, heights grow against the beam, and the particle is turned over
    by a reflection here that _boxed undoes.
    """
    rng = random_stream(seed, "particle", index)
    n_faults = int(rng.integers(*distribution.particles.stacking_faults, endpoint=True))
    particle = draw_particle(crystal_of(distribution.crystal), layout.shapes[index], n_faults, rng)
    upwards = -1.0 if distribution.first == "particles" else 1.0
    places_A = particle.positions_A * [1.0, 1.0, upwards] + [*layout.centres_A[index], 0.0]
    places_A[:, 2] += resting_height_A(places_A, film.places_A, nm_to_A(distribution.field_nm))
    return Particle(places_A, particle.numbers)


def _boxed(distribution: SceneDistribution, film: Film, particles: list[Particle]) -> Atoms:
    """Film and particles (heights) in the direction of the beam, the entrance at z = 0."""
    field_A = nm_to_A(distribution.field_nm)
    top_A = max(float(particle.positions_A[:, 2].max()) for particle in particles)
    cell_A = (field_A, field_A, top_A + film.thickness_A)

    def in_beam(places_A: NDArray[np.float64]) -> NDArray[np.float64]:
        heights_A = places_A[:, 2]
        z_A = top_A - heights_A if distribution.first == "particles" else heights_A + film.thickness_A
        return np.column_stack([wrapped(places_A[:, :2], field_A), np.clip(z_A, 0.0, cell_A[2])])

    parts = [support_atoms(in_beam(film.places_A), CARBON, cell_A)]
    for index, particle in enumerate(particles):
        parts.append(particle_atoms(in_beam(particle.positions_A), particle.numbers, index, cell_A))
    return joined(parts, cell_A)
