"""Decahedra and icosahedra: magic numbers, five-fold axes, one strain for all crystals, no two atoms in one place."""

from math import pi, sqrt

import numpy as np
import pytest
from ase.cluster import Icosahedron
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.spatial.distance import pdist

from passband.errors import UserError
from passband.structure.cell import nearest_neighbour_A, unit_cell
from passband.structure.crystals import CRYSTALS
from passband.structure.distribution import Facet, ParticleDistribution
from passband.structure.particle import Particle, draw_particle
from passband.structure.shape import particle_shape
from passband.structure.twinned import (
    FACES,
    about_z,
    check_fcc,
    decahedral_cell,
    decahedral_lattice,
    icosahedral_cell,
    icosahedral_lattice,
)

CUBE = unit_cell(CRYSTALS["Au"])
BOND_A = 4.08 / sqrt(2)


def drawn(shape: str, diameter_A: float, seed: int = 0, **more: object) -> Particle:
    particles = ParticleDistribution.model_validate({"shape": shape, "stacking_faults": (0, 0), **more})
    whole = particle_shape(CRYSTALS["Au"], particles, diameter_A)
    return draw_particle(CRYSTALS["Au"], particles, whole, seed)


def maps_onto_itself(positions_A: NDArray[np.float64], turn: NDArray[np.float64]) -> bool:
    return bool(np.asarray(cKDTree(positions_A).query(positions_A @ turn.T)[0]).max() < 1e-6)


def about(axis: NDArray[np.float64], angle: float) -> NDArray[np.float64]:
    """Rodrigues's formula."""
    x, y, z = axis / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)


def test_icosahedra_come_in_the_magic_numbers_of_mackay() -> None:
    """(10 n³ + 15 n² + 11 n + 3) / 3 atoms in n shells: 13, 55, 147, 309, 561, 923 (Mackay 1962)."""
    magic = {(10 * n**3 + 15 * n**2 + 11 * n + 3) // 3 for n in range(1, 9)}
    counts = {len(drawn("icosahedron", diameter_A).numbers) for diameter_A in np.linspace(10.0, 40.0, 16)}
    assert {55, 147, 309, 561, 923} <= counts <= magic


def test_icosahedra_agree_with_an_independent_code() -> None:
    """All distances between the 309 atoms of four shells, in units of the shortest: those of ASE's icosahedron."""
    ours_A = pdist(drawn("icosahedron", 20.0).positions_A)
    theirs_A = pdist(Icosahedron("Au", 5).positions)
    assert np.sort(ours_A) / ours_A.min() == pytest.approx(np.sort(theirs_A) / theirs_A.min(), abs=1e-4)


def test_an_icosahedron_has_all_rotations_of_the_icosahedron() -> None:
    positions_A = drawn("icosahedron", 25.0).positions_A
    assert maps_onto_itself(positions_A, about(FACES[0, 0], 2 * pi / 5))
    assert maps_onto_itself(positions_A, about(FACES[0].sum(axis=0), 2 * pi / 3))
    assert maps_onto_itself(positions_A, about(FACES[0, 0] + FACES[0, 1], pi))
    assert maps_onto_itself(positions_A, -np.eye(3))


def test_bonds_around_a_shell_are_5_percent_longer_than_between_shells() -> None:
    """The edge of an icosahedron of radius 1 is 4 / sqrt(10 + 2 sqrt 5) = 1.0515; equal volume of the crystals:
    radial 0.9759 and tangential 1.0261 of the bond of gold."""
    positions_A = drawn("icosahedron", 25.0).positions_A
    centre, *shell_A = positions_A[np.linalg.norm(positions_A, axis=1).argsort()][:13]
    radial_A = np.linalg.norm(np.array(shell_A) - centre, axis=1)
    tangential_A = np.asarray(cKDTree(shell_A).query(shell_A, k=2)[0])[:, 1]
    assert radial_A == pytest.approx(0.9759 * BOND_A, rel=1e-4)
    assert tangential_A == pytest.approx(1.0261 * BOND_A, rel=1e-4)


@pytest.mark.parametrize("cell", [decahedral_cell(CUBE), icosahedral_cell(CUBE)])
def test_the_strain_keeps_the_volume_and_the_handedness(cell: object) -> None:
    assert np.linalg.det(cell.vectors_A) == pytest.approx(4.08**3)  # type: ignore[attr-defined]


def test_the_decahedral_strain_is_what_closes_the_gap() -> None:
    """tan 36° sqrt(2) = 1.02749, half of it (square root) around the axis and half away from it, none along it."""
    strains = np.linalg.svd(np.linalg.solve(CUBE.vectors_A, decahedral_cell(CUBE).vectors_A))[1]
    assert sorted(strains) == pytest.approx([1 / 1.01365, 1.0, 1.01365], abs=1e-5)


@pytest.mark.parametrize("diameter_A", [15.0, 26.0, 40.0])
def test_a_decahedron_has_a_five_fold_axis_with_mirrors(diameter_A: float) -> None:
    positions_A = drawn("decahedron", diameter_A).positions_A
    assert maps_onto_itself(positions_A, about_z(2 * pi / 5))
    assert maps_onto_itself(positions_A, np.diag([1.0, -1.0, 1.0]))
    assert not maps_onto_itself(positions_A, about_z(pi / 5))


@pytest.mark.parametrize("shape", ["decahedron", "icosahedron"])
def test_each_of_the_crystals_is_one_lattice_and_the_boundaries_are_whole(shape: str) -> None:
    """12 neighbours inside, on the twin planes and on the five-fold axes too (two along them, ten around)."""
    positions_A = drawn(shape, 30.0).positions_A
    tree = cKDTree(positions_A)
    nearest_A = np.asarray(tree.query(positions_A, k=2)[0])[:, 1]
    assert nearest_A.min() > 0.97 * BOND_A
    inner_A = positions_A[np.linalg.norm(positions_A, axis=1) < 9.0]
    assert {len(found) - 1 for found in tree.query_ball_point(inner_A, 1.2 * BOND_A)} == {12}


@pytest.mark.parametrize("shape", ["decahedron", "icosahedron"])
def test_a_multiply_twinned_particle_is_as_large_as_a_sphere_of_its_diameter(shape: str) -> None:
    """Over 40 diameters from 38 to 42 Å: the mean of n / (V / V_atom) is 1 within 4 %; icosahedra come in shells."""
    ratios = [
        len(drawn(shape, float(diameter_A), seed).numbers) / (pi / 6 * diameter_A**3 / (4.08**3 / 4))
        for seed, diameter_A in enumerate(np.linspace(38.0, 42.4, 40))
    ]
    assert np.mean(ratios) == pytest.approx(1, abs=0.04)


def test_facets_decide_how_long_a_decahedron_is() -> None:
    def length_A(energy: float) -> float:
        facets = [Facet(hkl=(1, 1, 1), energy_J_per_m2=1.0), Facet(hkl=(1, 0, 0), energy_J_per_m2=energy)]
        return float(np.ptp(drawn("decahedron", 35.0, facets=tuple(facets)).positions_A[:, 2]))

    assert length_A(0.5) > 1.2 * length_A(1.0) > 1.2 * length_A(3.0)


def test_two_lattices_around_a_point_have_the_density_of_the_crystal() -> None:
    """As many atoms within 30 Å as the volume holds, to 3 % (surface of the cut)."""
    expected = 4 / 3 * pi * 30.0**3 / (4.08**3 / 4)
    for lattice in (
        decahedral_lattice(decahedral_cell(CUBE), 30.0, 0.4),
        icosahedral_lattice(icosahedral_cell(CUBE), 30.0),
    ):
        assert len(lattice.sites) == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("name", ["CdSe", "Si", "Fe"])
def test_other_lattices_cannot_be_multiply_twinned_and_say_so(name: str) -> None:
    with pytest.raises(UserError, match=rf"particles\.shape: a decahedron .* {name} is not .* such as Au"):
        check_fcc(CRYSTALS[name], "decahedron")


def test_alloys_can_be_multiply_twinned() -> None:
    particle = drawn("icosahedron", 25.0, alloy={"crystal": "Pd", "share": (0.5, 0.5)})
    assert set(particle.numbers.tolist()) == {46, 79}
    assert nearest_neighbour_A(particle.cell) < 0.98 * BOND_A
