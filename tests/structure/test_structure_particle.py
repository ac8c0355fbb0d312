"""A particle: the crystal inside the shape, complete, at any orientation alike."""

from math import pi

import ase.data
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from passband.errors import UserError
from passband.structure.cell import nearest_neighbour_A, unit_cell
from passband.structure.crystals import CRYSTALS, Crystal
from passband.structure.distribution import Facet, ParticleDistribution
from passband.structure.orientation import draw_rotation
from passband.structure.particle import Particle, draw_particle
from passband.structure.shape import Shape, sphere, wulff

CHAINS = Crystal(
    name="chains",
    spacegroup=1,
    a=2.5,
    b=4.0,
    c=4.5,
    sites=(("Fe", (0.0, 0.0, 0.0)),),
    source="made for this test",
)
PLAIN = ParticleDistribution(stacking_faults=(0, 0))


def drawn(crystal: Crystal, shape: Shape, seed: int) -> Particle:
    return draw_particle(crystal, PLAIN, shape, seed)


@pytest.mark.parametrize("name", CRYSTALS)
def test_a_particle_holds_as_many_atoms_as_its_volume_of_crystal(name: str) -> None:
    """4 nm sphere: n = V / V_cell * atoms per cell within 3 % (surface of a random cut), in the compound's ratio."""
    cell = unit_cell(CRYSTALS[name])
    particle = drawn(CRYSTALS[name], sphere(40.0), 0)
    expected = pi / 6 * 40.0**3 / abs(np.linalg.det(cell.vectors_A)) * len(cell.numbers)
    assert len(particle.numbers) == pytest.approx(expected, rel=0.03)
    for number in set(cell.numbers.tolist()):
        assert (particle.numbers == number).mean() == pytest.approx((cell.numbers == number).mean(), abs=0.02)


@settings(max_examples=20)
@given(st.sampled_from(sorted(CRYSTALS)), st.floats(12.0, 40.0), st.integers(0, 2**31))
def test_a_particle_is_a_piece_of_crystal_within_its_sphere(name: str, diameter_A: float, seed: int) -> None:
    particle = drawn(CRYSTALS[name], sphere(diameter_A), seed)
    assert np.linalg.norm(particle.positions_A, axis=1).max() <= diameter_A / 2 + 1e-5
    distances_A = cKDTree(particle.positions_A).query(particle.positions_A, k=2)[0][:, 1]
    assert distances_A.min() == pytest.approx(nearest_neighbour_A(unit_cell(CRYSTALS[name])))


def test_a_wulff_particle_fills_its_polyhedron_and_no_more() -> None:
    """A cube of copper: edge (pi/6)^(1/3) 40 Å = 32.24 Å, atoms in 33 509 Å³ of 11.8 Å³ each; turned at random."""
    shape = wulff(CRYSTALS["Cu"], (Facet(hkl=(1, 0, 0), energy_J_per_m2=1.0),)).scaled(40.0)
    particle = drawn(CRYSTALS["Cu"], shape, 0)
    assert len(particle.numbers) == pytest.approx(pi / 6 * 40.0**3 / (3.6157**3 / 4), rel=0.1)
    assert np.linalg.norm(particle.positions_A, axis=1).max() <= shape.radius_A + 1e-5
    _, spread_A, _ = np.linalg.svd(particle.positions_A, full_matrices=False)
    assert spread_A.max() / spread_A.min() == pytest.approx(1, abs=0.1)
    assert (particle.numbers == ase.data.atomic_numbers["Cu"]).all()


def test_orientations_are_uniform() -> None:
    """The chain axis of 400 draws: <x²> = 1/3 and <xy> = 0 within 4 standard errors (0.298/20, 0.258/20)."""
    axes = []
    for seed in range(400):
        particle = drawn(CHAINS, sphere(9.0), seed)
        rotation = draw_rotation(particle.cell, PLAIN, 1.0, np.random.default_rng(seed))
        positions_A = particle.positions_A @ rotation.T
        distances_A, nearest = cKDTree(positions_A).query(positions_A[:1], k=2)
        axes.append((positions_A[nearest[0, 1]] - positions_A[0]) / distances_A[0, 1])
    moments = np.einsum("ni,nj->ij", axes, axes) / len(axes)
    assert moments == pytest.approx(np.eye(3) / 3, abs=4 * 0.298 / 20)


def test_the_centre_favours_no_place_of_the_cell() -> None:
    """Distance from the centre to the nearest atom of simple chains: a median well inside the cell, never all alike."""
    nearest_A = [np.linalg.norm(drawn(CHAINS, sphere(9.0), s).positions_A, axis=1).min() for s in range(100)]
    uniform_A = np.random.default_rng(0).uniform(-0.5, 0.5, (4000, 3)) * [2.5, 4.0, 4.5]
    assert np.median(nearest_A) == pytest.approx(np.median(np.linalg.norm(uniform_A, axis=1)), rel=0.15)


def test_a_sphere_that_holds_no_atom_is_refused() -> None:
    """A sphere of 0.5 Å radius in a cell of 45 Å³ with one atom: 99 % of the cuts are empty, that of seed 0 too."""
    with pytest.raises(UserError, match=r"particles\.diameter_nm: too small for chains"):
        drawn(CHAINS, sphere(1.0), 0)
