"""Atoms to ASE and back, through its extended xyz too."""

from io import StringIO

import ase
import ase.build
import ase.io
import numpy as np
import pytest

from passband.errors import UserError
from passband.structure.atoms import Atoms, Role, joined, particle_atoms, support_atoms
from passband.structure.exchange import from_ase, to_ase

CELL_A = (10.0, 12.0, 8.0)
RNG = np.random.default_rng(0)
MIXED = joined(
    [
        support_atoms(RNG.random((20, 3)) * CELL_A, np.full(20, 6), CELL_A),
        particle_atoms(RNG.random((5, 3)) * CELL_A, np.array([48, 34, 48, 34, 48]), 0, CELL_A),
        particle_atoms(RNG.random((3, 3)) * CELL_A, np.array([29, 29, 29]), 1, CELL_A),
    ],
    CELL_A,
)


def assert_same(one: Atoms, other: Atoms, tolerance_A: float) -> None:
    assert one.positions_A == pytest.approx(other.positions_A, abs=tolerance_A)
    assert one.cell_A == pytest.approx(other.cell_A)
    for name in ("numbers", "roles", "particle"):
        mine, theirs = getattr(one, name), getattr(other, name)
        assert (mine == theirs).all()
        assert mine.dtype == theirs.dtype


def test_atoms_come_back_from_ase_as_they_were() -> None:
    assert_same(from_ase(to_ase(MIXED)), MIXED, 0.0)


def test_atoms_come_back_from_an_xyz_file_as_they_were() -> None:
    """Extended xyz keeps 8 decimals."""
    text = StringIO()
    ase.io.write(text, to_ase(MIXED), format="extxyz")
    text.seek(0)
    assert_same(from_ase(ase.io.read(text, format="extxyz")), MIXED, 1e-7)


def test_ase_sees_the_period_the_elements_and_the_particles() -> None:
    converted = to_ase(MIXED)
    assert converted.pbc.tolist() == [True, True, False]
    assert converted.symbols.formula.count() == {"C": 20, "Cd": 3, "Se": 2, "Cu": 3}
    assert (converted.get_tags() == MIXED.particle + 1).all()


def test_foreign_atoms_take_the_role_they_are_given_and_are_wrapped() -> None:
    foreign = ase.build.molecule("H2O", cell=(9.0, 9.0, 9.0))
    foreign.positions += [-3.0, 10.0, 1.0]
    atoms = from_ase(foreign, Role.PARTICLE)
    assert set(atoms.roles.tolist()) == {Role.PARTICLE}
    assert set(atoms.particle.tolist()) == {0}
    assert ((atoms.positions_A >= 0) & (atoms.positions_A < 9.0)).all()
    assert foreign.positions[0, 0] < 0
    assert set(from_ase(foreign, Role.SUPPORT).particle.tolist()) == {-1}


@pytest.mark.parametrize(
    ("foreign", "sentence"),
    [
        (ase.Atoms("C"), "the cell must be right-angled"),
        (ase.Atoms("C", cell=[[5, 0, 0], [1, 5, 0], [0, 0, 5]]), "the cell must be right-angled"),
        (
            ase.Atoms("C", positions=[[0, 0, 7]], cell=(5, 5, 5)),
            "z runs from 0.00 to 7.00 Å, outside the cell's 0 to 5",
        ),
        (ase.Atoms("C", positions=[[0, 0, -1]], cell=(5, 5, 5)), "z runs from -1.00"),
    ],
)
def test_atoms_that_do_not_fit_a_box_are_refused(foreign: ase.Atoms, sentence: str) -> None:
    with pytest.raises(UserError, match=f"^atoms: {sentence}"):
        from_ase(foreign, Role.PARTICLE)


def test_an_atom_that_rounding_put_beyond_the_cell_is_brought_back() -> None:
    rounded = ase.Atoms("Au2", positions=[(1, 1, -2e-8), (1, 1, 5.00000002)], cell=(4, 4, 5))
    assert from_ase(rounded, Role.PARTICLE).positions_A[:, 2].tolist() == [0.0, 5.0]


def test_atoms_without_roles_are_refused_unless_a_role_is_given() -> None:
    foreign = ase.Atoms("C", cell=(5, 5, 5))
    with pytest.raises(UserError, match="no arrays 'role' and 'particle'"):
        from_ase(foreign)
    broken = to_ase(MIXED)
    broken.set_array("role", np.full(len(MIXED), 7))
    with pytest.raises(UserError, match=r"0 \(support\) and 1 \(particle\) only"):
        from_ase(broken)


def test_arrays_that_do_not_belong_together_are_a_programming_mistake() -> None:
    with pytest.raises(ValueError, match="shapes"):
        Atoms(np.zeros((2, 3)), np.zeros(3, int), np.zeros(3, np.int8), np.zeros(3, np.int16), CELL_A)
