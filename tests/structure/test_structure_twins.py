"""Twins and mixed stackings: mirrors, whole bonds, and the stated share of hexagonal layers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from passband.errors import UserError
from passband.structure.cell import nearest_neighbour_A, unit_cell
from passband.structure.crystals import CRYSTALS
from passband.structure.defects import check_defects, fault_planes
from passband.structure.distribution import ParticleDistribution
from passband.structure.lattice import lattice_around
from passband.structure.particle import draw_particle
from passband.structure.shape import sphere
from passband.structure.stacking import Stacking, draw_mixture, faulted, twinned_beyond

CUBIC = ("Cu", "Au", "Si")


def signs(stacking: Stacking, planes: NDArray[np.int64], turned: NDArray[np.int64]) -> NDArray[np.int64]:
    """The signs of the steps across successive planes after some were turned over."""
    perfect = stacking.signs[planes % len(stacking.signs)]
    return np.where(np.isin(planes, turned), -perfect, perfect)


def hexagonal(of_steps: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.asarray(of_steps[1:] != of_steps[:-1])


@pytest.mark.parametrize("name", CUBIC)
def test_a_twin_boundary_is_a_mirror(name: str) -> None:
    """Every atom of a twinned ball has its mirror image there; of the perfect crystal, only a third of the layers
    (those of the boundary's own kind, A) stand over each other."""
    cell, stacking = unit_cell(CRYSTALS[name]), fault_planes(CRYSTALS[name])
    whole = lattice_around(cell, 26.0, np.zeros(3))
    planes = stacking.planes_between(-40.0, 40.0)
    turned = twinned_beyond(planes, np.array([1]))
    # the layer between planes 0 and 1 is the mirror; in diamond, the middle of its vertical bonds
    mirror_A = stacking.plane_heights_A(np.array([0, 1])).mean()

    def share_mirrored(positions_A: NDArray[np.float64]) -> float:
        inner_A = positions_A[np.linalg.norm(positions_A, axis=1) < 15.0]
        image_A = inner_A - 2 * np.outer(inner_A @ stacking.axis - mirror_A, stacking.axis)
        return float((cKDTree(positions_A).query(image_A)[0] < 1e-6).mean())

    assert share_mirrored(faulted(whole.positions_A, stacking, turned)) == 1.0
    assert share_mirrored(whole.positions_A) < 0.5


@settings(max_examples=20)
@given(st.sampled_from(CUBIC), st.integers(1, 4), st.integers(0, 2**31))
def test_each_twin_plane_leaves_one_hexagonal_layer(name: str, n: int, seed: int) -> None:
    stacking = fault_planes(CRYSTALS[name])
    planes = np.arange(30)
    twins = np.random.default_rng(seed).choice(np.arange(2, 28), n, replace=False)
    steps = signs(stacking, planes, twinned_beyond(planes, twins))
    assert hexagonal(steps).sum() == n


@pytest.mark.parametrize("name", ["Cu", "CdSe"])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_mixture_has_the_stated_share_of_hexagonal_layers(name: str, share: float) -> None:
    """20,000 layers: a standard error of at most 0.0033; within 5 of them."""
    stacking, planes = fault_planes(CRYSTALS[name]), np.arange(20_000)
    turned = draw_mixture(stacking, planes, share, np.random.default_rng(1))
    assert hexagonal(signs(stacking, planes, turned)).mean() == pytest.approx(share, abs=0.0165)


def test_the_stacking_of_the_crystal_itself_is_the_end_of_the_scale() -> None:
    planes = np.arange(50)
    for name, share in (("Cu", 0.0), ("CdSe", 1.0)):
        stacking = fault_planes(CRYSTALS[name])
        assert (hexagonal(signs(stacking, planes, planes[:0])) == bool(share)).all()


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from([("Cu", 12), ("Si", 4), ("CdSe", 4)]),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.integers(0, 2**31),
)
def test_no_stacking_breaks_or_shortens_a_bond(kind: tuple[str, int], share: float, seed: int) -> None:
    """Atoms 4 Å below the surface have as many neighbours as in the crystal, at its distance."""
    name, neighbours = kind
    bond_A = nearest_neighbour_A(unit_cell(CRYSTALS[name]))
    mixed = ParticleDistribution(stacking_faults=(0, 0), hexagonal_share=share)
    positions_A = draw_particle(CRYSTALS[name], mixed, sphere(30.0), seed).positions_A
    tree = cKDTree(positions_A)
    assert np.asarray(tree.query(positions_A, k=2)[0])[:, 1].min() > 0.995 * bond_A
    inner_A = positions_A[np.linalg.norm(positions_A, axis=1) < 11.0]
    assert {len(found) - 1 for found in tree.query_ball_point(inner_A, 1.05 * bond_A)} == {neighbours}


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**31))
def test_twins_and_faults_are_drawn_apart_from_each_other(seed: int) -> None:
    """With faults as well, the atoms below the first of all planes stay where they were."""
    only = ParticleDistribution(stacking_faults=(0, 0), twins=(2, 2))
    both = ParticleDistribution(stacking_faults=(1, 1), twins=(2, 2))
    one, two = (draw_particle(CRYSTALS["Cu"], each, sphere(40.0), seed).positions_A for each in (only, both))
    axis = fault_planes(CRYSTALS["Cu"]).axis
    lowest_A = one[one @ axis < (one @ axis).min() + 2.1]
    assert np.asarray(cKDTree(two).query(lowest_A)[0]).max() < 1e-9


def test_twins_need_a_cubic_stacking() -> None:
    twinned = ParticleDistribution(stacking_faults=(0, 0), twins=(1, 1))
    with pytest.raises(UserError, match=r"particles\.twins: CdSe is not cubic; set twins to \[0, 0\]"):
        check_defects(CRYSTALS["CdSe"], twinned)
    with pytest.raises(UserError, match="Fe is neither wurtzite nor fcc"):
        check_defects(CRYSTALS["Fe"], twinned)
