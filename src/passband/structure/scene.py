"""Scenes: particles that rest on a support, as the beam meets them.

A scene is built in heights above the surface on which the particles rest, with the film below zero, and put
in the direction of the beam at the end. Each particle comes down until its first atom is the film's contact
distance away from one of the film (in vacuum: until it touches a common plane). The box ends at the content: z
runs from the entrance to the exit of particles and film together. What a distribution means where particles do
not always fit is said in placement.py.
"""

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from passband.seeds import random_stream, seed_for
from passband.structure.atoms import Atoms, joined, particle_atoms, support_atoms
from passband.structure.composition import check_composition, check_core
from passband.structure.crystals import crystal_of
from passband.structure.defects import check_defects
from passband.structure.distribution import Graphene, SceneDistribution
from passband.structure.graphene import closing_sheets
from passband.structure.orientation import draw_rotation
from passband.structure.particle import Particle, draw_particle
from passband.structure.periodic import wrapped
from passband.structure.placement import Layout, check_layouts, draw_layout
from passband.structure.shape import particle_shape
from passband.structure.support import BlockPlacement, Film, draw_film
from passband.units import nm_to_A

_ROUGHNESS_A = 10.0
"""Depth of film below its surface within which a particle finds its first contact [Å]."""


def draw_scene(distribution: SceneDistribution, seed: int, library: int = 0) -> Atoms:
    """One scene: the same distribution, seed and library give the same atoms, bit for bit.

    library: the seed of the library of supports, where the support has `blocks`; each split has its own.
    The support, the layout and each particle have their own random stream, so that a change of one leaves the
    others.
    Raises UserError where the distribution is impossible, see check_geometry.
    """
    check_geometry(distribution)
    film = draw_film(distribution.support, nm_to_A(distribution.field_nm), seed, library)
    layout = draw_layout(distribution, random_stream(seed, "layout"))
    particles = [
        _draw_resting(distribution, layout, film, index, seed) for index in range(len(layout.shapes))
    ]
    return _boxed(distribution, film, particles)


@lru_cache(maxsize=64)
def check_geometry(distribution: SceneDistribution) -> None:
    """That the distribution can be drawn from.

    Raises UserError where particles cannot fit the field, where the crystal has no planes for the stacking
    faults or twins that are asked for or cannot be multiply twinned, where a second crystal does not fit the
    first, where Wulff facets do not enclose a volume, where graphene does not close, or where a crystal itself is
    not possible.
    """
    crystal, particles, support = (
        crystal_of(distribution.crystal),
        distribution.particles,
        distribution.support,
    )
    check_defects(crystal, particles)
    check_composition(crystal, particles.shell, particles.alloy)
    check_core(particle_shape(crystal, particles, nm_to_A(particles.diameter_nm[0])), particles.shell)
    if isinstance(support, Graphene):
        closing_sheets(nm_to_A(distribution.field_nm), support.largest_strain)
    check_layouts(distribution)


def resting_height_A(positions_A: NDArray[np.float64], film: Film, field_A: float) -> float:
    """How far to lift atoms (n, 3) [Å] so that they just touch a film in the same field.

    Third coordinates are heights of the atoms above its surface. Nearest distance after the lift: the contact of
    the film. Where no atom of the film lies below: the lowest atom comes to height 0.
    """
    film_A = film.places_A
    top_A = film_A[film_A[:, 2] < film_A[:, 2].min(initial=np.inf) + _ROUGHNESS_A]
    periods_A = np.array([field_A, field_A])
    above = cKDTree(wrapped(positions_A[:, :2], field_A), boxsize=periods_A)
    below = cKDTree(wrapped(top_A[:, :2], field_A), boxsize=periods_A)
    pairs = above.sparse_distance_matrix(below, film.contact_A, output_type="ndarray")
    if len(pairs) == 0:
        return -float(positions_A[:, 2].min())
    clearance_A = np.sqrt(np.maximum(film.contact_A**2 - pairs["v"] ** 2, 0))
    return float((clearance_A - top_A[pairs["j"], 2] - positions_A[pairs["i"], 2]).max())


def _draw_resting(
    distribution: SceneDistribution, layout: Layout, film: Film, index: int, seed: int
) -> Particle:
    """A particle at its place on the film, its third coordinate the height above the film's surface.

    Where the beam meets the particles first, heights grow against the beam, and the particle is turned over
    by a reflection here that _boxed undoes.
    """
    particles, its_seed = distribution.particles, seed_for(seed, "particle", index)
    particle = draw_particle(crystal_of(distribution.crystal), particles, layout.shapes[index], its_seed)
    upwards = -1.0 if distribution.first == "particles" else 1.0
    rotation = draw_rotation(particle.cell, particles, -upwards, random_stream(its_seed, "orientation"))
    places_A = particle.positions_A @ rotation.T * [1.0, 1.0, upwards] + [*layout.centres_A[index], 0.0]
    places_A[:, 2] += resting_height_A(places_A, film, nm_to_A(distribution.field_nm))
    return replace(particle, positions_A=places_A)


def _boxed(distribution: SceneDistribution, film: Film, particles: list[Particle]) -> Atoms:
    """Film and particles (heights) in the direction of the beam, the entrance at z = 0."""
    field_A = nm_to_A(distribution.field_nm)
    top_A = max(float(particle.positions_A[:, 2].max()) for particle in particles)
    cell_A = (field_A, field_A, top_A + film.thickness_A)
    along_beam = distribution.first == "particles"
    surface_z_A = top_A if along_beam else film.thickness_A

    def in_beam(places_A: NDArray[np.float64], depths_A: NDArray[np.float64]) -> NDArray[np.float64]:
        z_A = surface_z_A + depths_A if along_beam else surface_z_A - depths_A
        return np.column_stack([wrapped(places_A[:, :2], field_A), np.clip(z_A, 0.0, cell_A[2])])

    parts = [support_atoms(in_beam(film.places_A, film.places_A[:, 2]), film.numbers, cell_A)]
    for index, particle in enumerate(particles):
        places_A = in_beam(particle.positions_A, -particle.positions_A[:, 2])
        parts.append(particle_atoms(places_A, particle.numbers, index, cell_A))
    return replace(joined(parts, cell_A), block=_placement(film, surface_z_A, along_beam))


def _placement(film: Film, surface_z_A: float, along_beam: bool) -> BlockPlacement | None:
    cut = film.cut
    if cut is None:
        return None
    return BlockPlacement(cut.block, cut.steps_yx, cut.mirrored, cut.thickness_A, surface_z_A, along_beam)
