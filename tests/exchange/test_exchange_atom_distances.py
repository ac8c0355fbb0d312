"""Atoms nearer than any bond are told with their numbers, across every periodic boundary; no crystal is accused."""

import time
from pathlib import Path

import ase
import ase.build
import ase.io
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passband.errors import UserError
from passband.exchange.atom_distances import check_distances
from passband.exchange.atoms import AtomsOptions, load_atoms, place_structure


def test_coordinates_in_nm_are_refused_with_the_atoms_and_their_distance(tmp_path: Path) -> None:
    # neighbours of gold are 4.0782 Å / √2 = 2.88 Å apart; in nm that is 0.288
    cluster = ase.build.bulk("Au", cubic=True, a=4.0782).repeat(2)
    cluster.positions /= 10
    cluster.pbc, cluster.cell = False, None
    ase.io.write(tmp_path / "nm.xyz", cluster, format="xyz")
    with pytest.raises(UserError, match=r"nm\.xyz: atoms 1 and \d+ are 0\.29 Å apart; .*must be in Å"):
        load_atoms(tmp_path / "nm.xyz")


@pytest.mark.parametrize("times", [2, 3])
def test_atoms_listed_more_than_once_are_found(times: int) -> None:
    molecule = ase.Atoms("AuC", positions=[(0, 0, 0), (2, 0, 0)])
    doubled = sum((molecule.copy() for _ in range(times)), ase.Atoms())
    with pytest.raises(UserError, match=r"atoms 1 and [35] are 0\.00 Å apart"):
        place_structure(doubled)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_periodic_boundary_is_looked_across_and_an_open_one_is_not(axis: int) -> None:
    low, high = np.full(3, 5.0), np.full(3, 5.0)
    low[axis], high[axis] = 0.1, 29.9  # 0.2 Å apart across the boundary
    atoms = ase.Atoms("C2", positions=[low, high], cell=(30, 30, 30), pbc=True)
    with pytest.raises(UserError, match=r"atoms 1 and 2 are 0\.20 Å apart"):
        check_distances(atoms, "atoms")
    atoms.pbc[axis] = False
    check_distances(atoms, "atoms")


def test_a_cell_in_nm_brings_an_atom_too_near_to_its_own_image() -> None:
    cell = ase.Atoms("Po", positions=[(0, 0, 0)], cell=(0.335, 0.335, 0.335), pbc=True)
    with pytest.raises(UserError, match=r"atom 1 and its periodic image are 0\.3[34] Å apart"):
        place_structure(cell, AtomsOptions(field_nm=2.0))


@settings(max_examples=60)
@given(
    st.tuples(*(st.floats(3, 9) for _ in range(3))),
    st.tuples(*(st.floats(70, 115) for _ in range(3))),
    st.lists(st.tuples(*(st.floats(-1, 2) for _ in range(3))), min_size=2, max_size=4),
)
def test_in_any_cell_the_verdict_is_that_of_all_images_by_brute_force(
    lengths: tuple[float, ...], angles: tuple[float, ...], places: list[tuple[float, float, float]]
) -> None:
    atoms = ase.Atoms("C" * len(places), scaled_positions=places, cell=[*lengths, *angles], pbc=True)
    if abs(atoms.cell.volume) < 20:
        return
    distances_A = atoms.get_all_distances(mic=True)[np.triu_indices(len(places), 1)]
    if abs(distances_A.min() - 0.5) < 1e-6:
        return
    if distances_A.min() < 0.5:
        with pytest.raises(UserError, match="apart"):
            check_distances(atoms, "atoms")
    else:
        check_distances(atoms, "atoms")


def test_a_site_that_two_elements_share_is_called_partly_occupied(tmp_path: Path) -> None:
    line = "ATOM  {:5d} {:<4s} MOL     1    {:8.3f}{:8.3f}{:8.3f}{:6.2f}  0.00          {:>2s}\n"
    text = line.format(1, "AU", 1, 1, 1, 0.6, "AU") + line.format(2, "PT", 1, 1, 1.1, 0.4, "PT")
    (tmp_path / "alloy.pdb").write_text(text, encoding="utf-8")
    with pytest.raises(
        UserError, match=r"alloy\.pdb: atoms 1 and 2 are 0\.10 Å apart on a partly occupied site"
    ):
        load_atoms(tmp_path / "alloy.pdb")
    shared = ase.Atoms("AuPt", positions=[(0, 0, 0), (0, 0, 0)], cell=(4, 4, 4), pbc=True)
    shared.info["occupancy"] = {"0": {"Au": 0.5, "Pt": 0.5}}
    with pytest.raises(UserError, match="partly occupied site; give an ordered structure"):
        place_structure(shared, AtomsOptions(field_nm=2.0))


def test_ten_thousands_of_atoms_in_one_place_are_refused_at_once() -> None:
    # all pairs would take minutes: the first thousand against a million is 10⁹ distances at most, some seconds
    crowd = ase.Atoms("C" * 200_000, positions=np.zeros((200_000, 3)))
    started = time.process_time()
    with pytest.raises(UserError, match=r"atoms 1 and \d+ are 0\.00 Å apart"):
        check_distances(crowd, "crowd")
    assert time.process_time() - started < 10


def test_the_shortest_bond_that_there_is_passes() -> None:
    hydrogen = ase.Atoms("H2", positions=[(0, 0, 0), (0, 0, 0.74)])
    assert len(place_structure(hydrogen).atoms) == 2
