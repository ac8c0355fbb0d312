"""Graphene: whole sheets that close in the field within the stated strain."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from passband.errors import UserError
from passband.structure.distribution import Graphene
from passband.structure.graphene import closing_sheets, draw_graphene

BOND_A = 2.46 / np.sqrt(3)
FIELD_A = 102.4


@settings(max_examples=25, deadline=None)
@given(st.floats(40.0, 130.0), st.integers(0, 2**31))
def test_every_atom_has_three_bonds_across_the_edges_of_the_field_too(field_A: float, seed: int) -> None:
    """Bonds of 1.42 Å to the stated 2 % of strain, and no other atom within 2.2 Å (the next stand at 2.46)."""
    places_A = draw_graphene(Graphene(largest_strain=0.02), field_A, np.random.default_rng(seed))
    tree = cKDTree(places_A[:, :2], boxsize=field_A)
    distances_A = np.asarray(tree.query(places_A[:, :2], k=5)[0])[:, 1:]
    assert (np.abs(distances_A[:, :3] / BOND_A - 1) <= 0.0201).all()
    assert (distances_A[:, 3] > 2.2).all()
    assert ((places_A[:, :2] >= 0) & (places_A[:, :2] < field_A)).all()


@pytest.mark.parametrize("field_A", [64.0, FIELD_A, 128.0])
def test_a_sheet_has_the_atoms_of_its_area(field_A: float) -> None:
    """Two atoms in 2.46² sqrt(3)/2 = 5.241 Å², to twice the strain of 1 %."""
    for seed in range(5):
        n = len(draw_graphene(Graphene(), field_A, np.random.default_rng(seed)))
        assert n == pytest.approx(2 * field_A**2 / 5.2408, rel=0.02)


def test_the_stated_strain_is_that_of_the_bonds() -> None:
    """The largest principal strain bounds the strain of every bond, and one of its directions comes near it."""
    for seed, closure in enumerate(closing_sheets(FIELD_A, 0.01)):
        sides_A = 2.46 * np.array([closure.x, closure.y]) @ [[1.0, 0.0], [-0.5, np.sqrt(3) / 2]]
        stretch = np.linalg.svd(np.linalg.solve(sides_A, FIELD_A * np.eye(2)))[1]
        assert np.abs(stretch - 1).max() == pytest.approx(abs(closure.strain)), seed
        assert abs(closure.strain) <= 0.01


def test_many_orientations_close_and_one_of_them_is_drawn() -> None:
    angles = [
        np.arctan2(x[1] * np.sqrt(3) / 2, x[0] - x[1] / 2)
        for x in (c.x for c in closing_sheets(FIELD_A, 0.01))
    ]
    assert len(angles) > 10
    assert np.ptp(np.rad2deg(angles)) > 40
    one, other = (draw_graphene(Graphene(), FIELD_A, np.random.default_rng(seed)) for seed in (0, 1))
    assert one.tobytes() != other.tobytes()


def test_sheets_lie_over_each_other_as_bernal_found() -> None:
    """Half of a sheet's atoms stand above an atom of the next, half above the middle of a hexagon; ABA repeats."""
    places_A = draw_graphene(Graphene(layers=(3, 3)), FIELD_A, np.random.default_rng(0))
    depths_A = np.unique(places_A[:, 2])
    assert depths_A == pytest.approx([0.0, 3.35, 6.70])
    first, second, third = (places_A[places_A[:, 2] == depth_A][:, :2] for depth_A in depths_A)
    beside_A = np.asarray(cKDTree(second, boxsize=FIELD_A).query(first)[0])
    assert (beside_A < 0.05).mean() == pytest.approx(0.5, abs=0.01)
    assert beside_A[beside_A > 0.05] == pytest.approx(BOND_A, rel=0.02)
    assert np.asarray(cKDTree(third, boxsize=FIELD_A).query(first)[0]).max() < 1e-6


def test_a_field_in_which_no_sheet_closes_is_refused_with_the_strain_that_would_do() -> None:
    with pytest.raises(
        UserError, match=r"support\.largest_strain: no sheet .* 15 Å within 1e-05; the least is 0\.0"
    ):
        closing_sheets(15.0, 1e-5)
