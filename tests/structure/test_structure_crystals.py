"""The lattices, expanded, have the bonds, compositions and densities of the literature."""

from collections import Counter
from math import sqrt

import ase.data
import numpy as np
import pytest
from ase.geometry import cell_to_cellpar
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from passband.errors import UserError
from passband.structure.cell import nearest_neighbour_A, point_group, unit_cell
from passband.structure.crystals import CRYSTALS, PUBLISHED_SERIES, Crystal, crystal_of

SHORTEST_BOND_A = {
    # name: (length, neighbours of the bonded pair's first element at within 3 % of it), from
    "ZnS": (2.342, "Zn", 4),  # Kisi & Elcombe (1989): Zn-S 2.342 and 2.347
    "CdSe": (2.63, "Cd", 4),  # Wyckoff (1963), cadmoselite
    "Cu": (2.556, "Cu", 12),  # Kittel, Introduction to Solid State Physics, table of nearest neighbours
    "Ag": (2.89, "Ag", 12),
    "C": (1.545, "C", 4),
    "Si": (2.352, "Si", 4),
    "Fe3O4": (1.888, "O", 1),  # tetrahedral Fe-O; octahedral Fe-O 2.059 (Fleet, Acta Cryst. B 37 (1981) 917)
    "Co3O4": (1.92, "O", 4),  # octahedral Co-O 1.92, tetrahedral 1.93-1.95 (Knop et al. 1968)
    "Fe": (2.482, "Fe", 8),
    "Au": (2.88, "Au", 12),
    "Pt": (2.77, "Pt", 12),
    "Pd": (2.75, "Pd", 12),
    "W": (2.741, "W", 8),
    "MgO": (2.106, "Mg", 6),  # half of the a of 4.212 Å of periclase
    "PbS": (2.968, "Pb", 6),  # half of the a of 5.936 Å of galena
    "CeO2": (2.343, "Ce", 8),  # √3/4 of the a of 5.411 Å of cerianite
}
CELL_CONTENT = {
    "ZnS": {"Zn": 2, "S": 2},
    "CdSe": {"Cd": 2, "Se": 2},
    "Cu": {"Cu": 4},
    "Ag": {"Ag": 4},
    "C": {"C": 8},
    "Si": {"Si": 8},
    "Fe3O4": {"Fe": 24, "O": 32},
    "Co3O4": {"Co": 24, "O": 32},
    "Fe": {"Fe": 2},
    "Au": {"Au": 4},
    "Pt": {"Pt": 4},
    "Pd": {"Pd": 4},
    "W": {"W": 2},
    "MgO": {"Mg": 4, "O": 4},
    "PbS": {"Pb": 4, "S": 4},
    "CeO2": {"Ce": 4, "O": 8},
}
DENSITY_G_PER_CM3 = {
    # CRC Handbook of Chemistry and Physics, except CdSe: X-ray density of cadmoselite, Wyckoff (1963)
    "ZnS": 4.09,
    "CdSe": 5.66,
    "Cu": 8.96,
    "Ag": 10.50,
    "C": 3.513,
    "Si": 2.329,
    "Fe3O4": 5.17,
    "Co3O4": 6.11,
    "Fe": 7.87,
    "Au": 19.3,
    "Pt": 21.5,
    "Pd": 12.0,
    "W": 19.3,
    "MgO": 3.58,
    "PbS": 7.60,
    "CeO2": 7.22,  # X-ray density of cerianite
}
PUBLISHED_LATTICE = {
    "ZnS": (186, 3.8227, 6.2607),
    "CdSe": (186, 4.2985, 7.0152),
    "Cu": (225, 3.6157, 3.6157),
    "Ag": (225, 4.0782, 4.0782),
    "C": (227, 3.5673, 3.5673),
    "Si": (227, 5.430, 5.430),
    "Fe3O4": (227, 8.394, 8.394),
    "Co3O4": (227, 8.065, 8.065),
    "Fe": (229, 2.866, 2.866),
}
ORTHORHOMBIC = Crystal(
    name="model",
    spacegroup=1,
    a=2.5,
    b=4.0,
    c=4.5,
    sites=(("Fe", (0.1, 0.2, 0.3)),),
    source="made for this test",
)
every_crystal = pytest.mark.parametrize("name", CRYSTALS)


@pytest.mark.parametrize("name", PUBLISHED_SERIES)
def test_the_lattice_is_the_published_one(name: str) -> None:
    crystal = CRYSTALS[name]
    assert (crystal.spacegroup, crystal.a, crystal.c) == PUBLISHED_LATTICE[name]
    assert crystal.source


@every_crystal
def test_the_expanded_cell_has_the_composition_of_the_compound(name: str) -> None:
    numbers = unit_cell(CRYSTALS[name]).numbers
    assert Counter(ase.data.chemical_symbols[z] for z in numbers) == CELL_CONTENT[name]


@every_crystal
def test_the_expanded_cell_has_the_bonds_of_the_literature(name: str) -> None:
    """Within 1 % of the tabulated length, and with as many neighbours at it: a wrong origin choice breaks both."""
    length_A, element, coordination = SHORTEST_BOND_A[name]
    cell = unit_cell(CRYSTALS[name])
    assert nearest_neighbour_A(cell) == pytest.approx(length_A, rel=0.01)
    block = np.stack(np.meshgrid(*[np.arange(-1, 2)] * 3, indexing="ij"), -1).reshape(-1, 3)
    crystal_A = (block[:, None] + cell.fractional).reshape(-1, 3) @ cell.vectors_A
    chosen = cell.numbers == ase.data.atomic_numbers[element]
    near = cKDTree(crystal_A).query_ball_point(cell.positions_A[chosen], 1.03 * nearest_neighbour_A(cell))
    assert {len(found) - 1 for found in near} == {coordination}


@every_crystal
def test_the_expanded_cell_has_the_density_of_the_mineral(name: str) -> None:
    """Mass of the cell over its volume; 1 u/Å³ = 1.66054 g/cm³."""
    cell = unit_cell(CRYSTALS[name])
    mass_u = ase.data.atomic_masses[cell.numbers].sum()
    density = 1.66054 * mass_u / abs(np.linalg.det(cell.vectors_A))
    assert density == pytest.approx(DENSITY_G_PER_CM3[name], rel=0.02)


@every_crystal
def test_the_point_group_found_from_the_atoms_is_that_of_the_space_group(name: str) -> None:
    """6mm (order 12) for 186, m-3m (order 48) for 225, 227 and 229; operations are orthogonal and closed."""
    operations = point_group(CRYSTALS[name])
    assert len(operations) == (12 if CRYSTALS[name].spacegroup == 186 else 48)
    assert operations @ operations.transpose(0, 2, 1) == pytest.approx(
        np.broadcast_to(np.eye(3), operations.shape)
    )
    products = (operations[:, None] @ operations).reshape(-1, 9)
    distances = np.abs(products[:, None] - operations.reshape(-1, 9)).max(axis=-1)
    assert distances.min(axis=1).max() < 1e-9


def test_the_wurtzite_lattices_have_no_inversion_and_keep_the_polar_axis() -> None:
    operations = point_group(CRYSTALS["CdSe"])
    assert operations[:, 2, 2] == pytest.approx(1.0)


def test_atoms_of_two_elements_are_not_taken_for_each_other() -> None:
    """Zinc blende is diamond with two elements: -43m, of order 24, and not the m-3m of diamond, of order 48."""
    sites = (("Zn", (0.0, 0.0, 0.0)), ("S", (0.25, 0.25, 0.25)))
    blende = Crystal(
        name="blende", spacegroup=216, a=5.41, b=5.41, c=5.41, sites=sites, source="made for this test"
    )
    assert len(point_group(blende)) == 24


def test_a_crystal_of_one_atom_in_a_low_cell_has_the_point_group_of_its_lattice() -> None:
    """An orthorhombic lattice has mmm, of order 8, although the record says space group 1."""
    assert len(point_group(ORTHORHOMBIC)) == 8
    assert nearest_neighbour_A(unit_cell(ORTHORHOMBIC)) == pytest.approx(2.5)


CHANGES_OF_CELL = [
    [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    [[1, 0, 0], [0, 1, 0], [1, 1, 1]],
    [[1, 0, 0], [1, 1, 0], [2, 1, 1]],
    [[1, 0, 0], [3, 1, 0], [0, 0, 1]],
    [[2, 1, 0], [3, 2, 0], [0, 0, 1]],
]


@pytest.mark.parametrize("change", CHANGES_OF_CELL)
@pytest.mark.parametrize(
    ("primitive_A", "sites", "order", "bond_A"),
    [
        (2.04 * (1 - np.eye(3)), [("Au", (0, 0, 0))], 48, 2.04 * sqrt(2)),  # fcc, m-3m
        (
            2.705 * (1 - np.eye(3)),
            [("Zn", (0, 0, 0)), ("S", (0.25, 0.25, 0.25))],
            24,
            2.705 * sqrt(3) / 2,
        ),  # zinc blende, -43m
        (np.diag([2.5, 4.0, 4.5]), [("Fe", (0, 0, 0))], 8, 2.5),  # mmm
    ],
)
def test_point_group_and_shortest_bond_do_not_depend_on_the_choice_of_cell(
    primitive_A: NDArray[np.float64],
    sites: list[tuple[str, tuple[float, float, float]]],
    order: int,
    bond_A: float,
    change: list[list[int]],
) -> None:
    """Whole combinations of a, b, c with determinant 1 span the same lattice."""
    assert np.linalg.det(change) == pytest.approx(1)
    vectors_A = np.array(change) @ primitive_A
    a, b, c, alpha, beta, gamma = cell_to_cellpar(vectors_A).tolist()
    places = [np.array(place) @ np.linalg.inv(change) % 1.0 for _, place in sites]
    crystal = Crystal(
        name="skew",
        spacegroup=1,
        a=a,
        b=b,
        c=c,
        alpha=alpha,
        beta=beta,
        gamma=gamma,
        sites=tuple((element, tuple(place)) for (element, _), place in zip(sites, places, strict=True)),
        source="made for this test",
    )
    assert len(point_group(crystal)) == order
    assert nearest_neighbour_A(unit_cell(crystal)) == pytest.approx(bond_A)


def test_a_crystal_may_be_given_by_name_or_by_itself() -> None:
    assert crystal_of("Ag") is CRYSTALS["Ag"]
    assert crystal_of(ORTHORHOMBIC) is ORTHORHOMBIC


@pytest.mark.parametrize(
    ("given", "meant"), [("CdS", "CdSe"), ("cdse", "CdSe"), ("Fe304", "Fe3O4"), ("si", "Si")]
)
def test_an_unknown_name_is_answered_with_the_nearest_one(given: str, meant: str) -> None:
    with pytest.raises(UserError, match=f"'{given}'; did you mean '{meant}'"):
        crystal_of(given)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sites": (("Qq", (0.0, 0.0, 0.0)),)}, "'Qq' is not an element"),
        ({"alpha": 30.0, "beta": 30.0, "gamma": 100.0}, "check the angles"),
        ({"spacegroup": 225}, "symmetry of space group 225"),
        ({"origin_choice": 2}, "use origin_choice 1"),
        ({"sites": (("Fe", (0.0, 0.0, 0.0)), ("O", (0.1, 0.0, 0.0)))}, "0.25 Å apart"),
    ],
)
def test_an_impossible_crystal_is_refused_in_one_sentence(change: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=f"crystal model: .*{message}"):
        unit_cell(ORTHORHOMBIC.model_copy(update=change))
