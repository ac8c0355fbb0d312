"""Stacking faults change the stacking and keep the bonds."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from passband.errors import UserError
from passband.structure.cell import UnitCell, nearest_neighbour_A, unit_cell
from passband.structure.crystals import CRYSTALS, Crystal
from passband.structure.defects import fault_planes
from passband.structure.distribution import ParticleDistribution
from passband.structure.particle import draw_particle
from passband.structure.shape import sphere
from passband.structure.stacking import Stacking, faulted, stacking_of

WURTZITE, FCC, ZINCBLENDE = ("CdSe", "ZnS"), ("Cu", "Ag"), ("cubic ZnS",)
faultable = pytest.mark.parametrize("name", WURTZITE + FCC + ZINCBLENDE)
SPHALERITE = Crystal(
    name="cubic ZnS",
    spacegroup=216,
    a=5.41,
    b=5.41,
    c=5.41,
    sites=(("Zn", (0.0, 0.0, 0.0)), ("S", (0.25, 0.25, 0.25))),
    source="made for this test",
)
LATTICES = {**CRYSTALS, SPHALERITE.name: SPHALERITE}
RADIUS_A = 22.0


def with_faults(n: int) -> ParticleDistribution:
    return ParticleDistribution(stacking_faults=(n, n))


def block(cell: UnitCell) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Positions and numbers of 13 x 13 x 13 cells around the origin."""
    steps = np.stack(np.meshgrid(*[np.arange(-6, 7)] * 3, indexing="ij"), -1).reshape(-1, 3)
    positions_A = (steps[:, None] + cell.fractional).reshape(-1, 3) @ cell.vectors_A
    return positions_A, np.tile(cell.numbers, len(steps))


def ball(name: str, planes: list[int]) -> tuple[NDArray[np.float64], NDArray[np.int64], Stacking]:
    """A faulted ball without a rim: all neighbours of its atoms are in the block it was cut from."""
    cell, stacking = unit_cell(LATTICES[name]), fault_planes(LATTICES[name])
    positions_A, numbers = block(cell)
    moved_A = faulted(positions_A, stacking, np.array(planes, dtype=np.int64))
    near = np.linalg.norm(moved_A, axis=1) < RADIUS_A
    return moved_A[near], numbers[near], stacking


def hexagonal_layers(name: str, planes: list[int]) -> dict[float, bool]:
    """Height of each close-packed layer -> whether its stacking is hexagonal (ABA) and not cubic (ABC).

    Of the 12 neighbours within one kind of atom, 6 pairs lie opposite each other in cubic and 3 in hexagonal stacking.
    """
    positions_A, numbers, stacking = ball(name, planes)
    layer_A = positions_A[numbers == numbers.max()]
    distance_A = 1.1 * np.sort(np.linalg.norm(layer_A - layer_A[len(layer_A) // 2], axis=1))[6]
    tree = cKDTree(layer_A)
    found: dict[float, set[bool]] = {}
    for place_A in layer_A[np.linalg.norm(layer_A, axis=1) < RADIUS_A - 2 * distance_A]:
        steps_A = layer_A[tree.query_ball_point(place_A, distance_A)] - place_A
        steps_A = steps_A[np.linalg.norm(steps_A, axis=1) > 0.1]
        assert len(steps_A) == 12
        opposite = np.linalg.norm(steps_A[:, None] + steps_A, axis=-1).min(axis=1) < 0.3
        found.setdefault(round(float(place_A @ stacking.axis), 2), set()).add(int(opposite.sum()) == 6)
    assert all(len(kinds) == 1 for kinds in found.values())
    return {height_A: kinds.pop() for height_A, kinds in sorted(found.items())}


@faultable
@pytest.mark.parametrize("planes", [[0], [1], [0, 1], [-1, 1], [0, 2], [0, 3]])
def test_no_bond_becomes_shorter_and_no_atom_loses_a_neighbour(name: str, planes: list[int]) -> None:
    nearest_A = nearest_neighbour_A(unit_cell(LATTICES[name]))
    positions_A, _, _ = ball(name, planes)
    tree = cKDTree(positions_A)
    distances_A, _ = tree.query(positions_A, k=2)
    assert distances_A[:, 1].min() > 0.995 * nearest_A
    inner_A = positions_A[np.linalg.norm(positions_A, axis=1) < RADIUS_A - 2 * nearest_A]
    bonds = {len(found) - 1 for found in tree.query_ball_point(inner_A, 1.05 * nearest_A)}
    assert bonds == {12 if name in FCC else 4}


@faultable
def test_one_fault_turns_the_two_layers_beside_it_from_one_stacking_to_the_other(name: str) -> None:
    """I2 in wurtzite: two cubic layers among hexagonal ones; the intrinsic fault in fcc: the reverse."""
    perfect, one = hexagonal_layers(name, []), hexagonal_layers(name, [0])
    assert set(perfect.values()) == {name in WURTZITE}
    changed = [height_A for height_A, hexagonal in one.items() if hexagonal != (name in WURTZITE)]
    plane_A = fault_planes(LATTICES[name]).plane_heights_A(np.array([0]))[0]
    nearest_two = sorted(one, key=lambda height_A: abs(height_A - plane_A))[:2]
    assert sorted(changed) == sorted(nearest_two)


@faultable
def test_two_faults_far_apart_change_four_layers(name: str) -> None:
    layers = hexagonal_layers(name, [-1, 2])
    assert sum(hexagonal != (name in WURTZITE) for hexagonal in layers.values()) == 4


@faultable
def test_the_fault_vector_is_the_partial_of_the_lattice(name: str) -> None:
    """In the plane; a/sqrt(6) long in fcc (a/6 <11-2>), a/sqrt(3) in wurtzite (a/3 <1-100>)."""
    crystal, stacking = LATTICES[name], fault_planes(LATTICES[name])
    length_A = crystal.a / np.sqrt(3 if name in WURTZITE else 6)
    assert np.linalg.norm(stacking.shifts_A, axis=1) == pytest.approx(length_A)
    assert stacking.shifts_A @ stacking.axis == pytest.approx(0, abs=1e-9)


@faultable
def test_planes_lie_between_layers_at_equal_steps(name: str) -> None:
    crystal, stacking = LATTICES[name], fault_planes(LATTICES[name])
    planes = stacking.planes_between(-20.0, 20.0)
    heights_A = stacking.plane_heights_A(planes)
    step_A = crystal.c / 2 if name in WURTZITE else crystal.a / np.sqrt(3)
    assert [upper - lower for lower, upper in pairwise(heights_A)] == pytest.approx(
        [step_A] * (len(planes) - 1)
    )
    assert abs(len(planes) - 40.0 / step_A) <= 1
    atoms_A = block(unit_cell(crystal))[0] @ stacking.axis
    assert np.abs(atoms_A[:, None] - heights_A).min() > 0.1


def test_a_moved_crystal_has_its_planes_moved_with_it() -> None:
    stacking, offset_A = fault_planes(LATTICES["Ag"]), np.array([0.3, -1.2, 2.0])
    moved_A = stacking.moved(offset_A).plane_heights_A(np.arange(3))
    assert moved_A - stacking.plane_heights_A(np.arange(3)) == pytest.approx(offset_A @ stacking.axis)


@pytest.mark.parametrize("name", ["Fe3O4", "Co3O4", "Fe"])
def test_other_lattices_have_no_fault_planes_and_say_so(name: str) -> None:
    assert stacking_of(unit_cell(LATTICES[name])) is None
    with pytest.raises(
        UserError, match=rf"particles.stacking_faults: {name} .* set stacking_faults to \[0, 0\]"
    ):
        fault_planes(LATTICES[name])


@faultable
def test_wurtzite_and_fcc_are_recognised_when_given_atom_by_atom(name: str) -> None:
    known, cell = LATTICES[name], unit_cell(LATTICES[name])
    shifted = (cell.fractional + np.array([0.0, 0.0, 0.3])) % 1.0
    symbols = {48: "Cd", 34: "Se", 30: "Zn", 16: "S", 29: "Cu", 47: "Ag"}
    sites = tuple(
        (symbols[int(z)], (x, y, w)) for z, (x, y, w) in zip(cell.numbers, shifted.tolist(), strict=True)
    )
    whole = Crystal(
        name=name, spacegroup=1, a=known.a, b=known.b, c=known.c, gamma=known.gamma, sites=sites, source=""
    )
    assert fault_planes(whole).shifts_A.shape == fault_planes(known).shifts_A.shape


@faultable
@pytest.mark.parametrize("n_faults", [1, 2])
def test_a_drawn_particle_keeps_its_bonds_and_its_shape(name: str, n_faults: int) -> None:
    nearest_A = nearest_neighbour_A(unit_cell(LATTICES[name]))
    for seed in range(5):
        particle = draw_particle(LATTICES[name], with_faults(n_faults), sphere(30.0), seed)
        distances_A, _ = cKDTree(particle.positions_A).query(particle.positions_A, k=2)
        assert distances_A[:, 1].min() > 0.995 * nearest_A
        assert np.linalg.norm(particle.positions_A, axis=1).max() <= 15.0 + 1e-5


def test_a_particle_too_small_for_its_faults_is_refused() -> None:
    with pytest.raises(UserError, match=r"particles\.stacking_faults, particles\.twins: .* too small for 2"):
        draw_particle(LATTICES["Cu"], with_faults(2), sphere(5.0), 0)
