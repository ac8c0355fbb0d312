"""Spheres and Wulff polyhedra: volumes, symmetry, and refusals."""

from dataclasses import replace
from math import pi, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passband.errors import UserError
from passband.structure.cell import point_group
from passband.structure.crystals import CRYSTALS
from passband.structure.distribution import Facet, ParticleDistribution, RestingFacet
from passband.structure.shape import Shape, decahedron, particle_shape, sphere, wulff


def facet(h: int, k: int, l: int, energy: float = 1.0) -> Facet:  # noqa: E741
    return Facet(hkl=(h, k, l), energy_J_per_m2=energy)


def volume_A3(shape: Shape, seed: int = 0) -> float:
    """By Monte Carlo in the circumscribed cube: standard error below 0.3 % of the cube at 200 000 points."""
    points = np.random.default_rng(seed).uniform(-shape.radius_A, shape.radius_A, (200_000, 3))
    return float(shape.contains(points).mean()) * (2 * shape.radius_A) ** 3


CUBE, OCTAHEDRON = (facet(1, 0, 0),), (facet(1, 1, 1),)
POLAR = (facet(1, 0, 0, 1.0), facet(0, 0, 1, 1.1), facet(0, 0, -1, 1.4))


@pytest.mark.parametrize(
    ("crystal", "facets"),
    [("Cu", CUBE), ("Ag", OCTAHEDRON), ("Si", (*CUBE, *OCTAHEDRON)), ("CdSe", POLAR)],
)
def test_a_wulff_shape_has_the_volume_of_the_sphere_of_its_diameter(
    crystal: str, facets: tuple[Facet, ...]
) -> None:
    shape = wulff(CRYSTALS[crystal], facets).scaled(40.0)
    assert volume_A3(shape) == pytest.approx(pi / 6 * 40.0**3, rel=0.02)


def test_a_sphere_has_the_volume_of_a_sphere() -> None:
    assert volume_A3(sphere(30.0)) == pytest.approx(pi / 6 * 30.0**3, rel=0.02)


def test_cube_facets_make_a_cube_and_octahedron_facets_an_octahedron() -> None:
    """Circumscribed radius of unit-diameter-sphere volume pi/6: cube edge e, radius e sqrt(3)/2 with e³ = pi/6;
    octahedron edge g, volume g³ sqrt(2)/3, radius g/sqrt(2)."""
    edge = (pi / 6) ** (1 / 3)
    assert wulff(CRYSTALS["Cu"], CUBE).radius_A == pytest.approx(edge * sqrt(3) / 2)
    edge = (pi / 6 * 3 / sqrt(2)) ** (1 / 3)
    assert wulff(CRYSTALS["Cu"], OCTAHEDRON).radius_A == pytest.approx(edge / sqrt(2))


@given(st.floats(0.5, 2.0))
def test_distances_of_facets_are_in_the_ratio_of_their_energies(energy: float) -> None:
    shape = wulff(CRYSTALS["Cu"], (facet(1, 0, 0, 1.0), facet(1, 1, 1, energy)))
    is_cube = np.abs(shape.normals).max(axis=1) > 0.99
    assert shape.distances_A[~is_cube].mean() / shape.distances_A[is_cube].mean() == pytest.approx(energy)


@given(st.floats(0.3, 3.0))
def test_only_the_ratio_of_energies_matters(scale: float) -> None:
    small = wulff(CRYSTALS["CdSe"], POLAR)
    large = wulff(CRYSTALS["CdSe"], tuple(facet(*f.hkl, f.energy_J_per_m2 * scale) for f in POLAR))
    assert large.distances_A == pytest.approx(small.distances_A)
    assert large.radius_A == pytest.approx(small.radius_A)


@pytest.mark.parametrize(("crystal", "facets"), [("Cu", (*CUBE, *OCTAHEDRON)), ("CdSe", POLAR)])
def test_a_wulff_shape_has_the_point_group_of_its_crystal(crystal: str, facets: tuple[Facet, ...]) -> None:
    shape = wulff(CRYSTALS[crystal], facets).scaled(10.0)
    points = np.random.default_rng(3).uniform(-shape.radius_A, shape.radius_A, (500, 3))
    inside = shape.contains(points)
    for operation in point_group(CRYSTALS[crystal]):
        assert (shape.contains(points @ operation.T) == inside).all()


def test_the_polar_faces_of_wurtzite_stand_at_their_own_distances() -> None:
    shape = wulff(CRYSTALS["CdSe"], POLAR)
    up = shape.distances_A[shape.normals[:, 2] > 0.99].mean()
    down = shape.distances_A[shape.normals[:, 2] < -0.99].mean()
    assert down / up == pytest.approx(1.4 / 1.1)


@given(st.sampled_from(["sphere", "wulff"]), st.floats(5.0, 80.0))
def test_no_point_of_a_shape_lies_outside_its_circumscribed_sphere(kind: str, diameter_A: float) -> None:
    particles = ParticleDistribution(shape=kind, facets=OCTAHEDRON if kind == "wulff" else ())  # type: ignore[arg-type]
    shape = particle_shape(CRYSTALS["Cu"], particles, diameter_A)
    points = np.random.default_rng(0).uniform(-diameter_A, diameter_A, (3000, 3))
    assert (np.linalg.norm(points[shape.contains(points)], axis=1) <= shape.radius_A + 1e-5).all()
    assert shape.contains(np.zeros((1, 3))).all()


@pytest.mark.parametrize(
    ("crystal", "facets", "listed"),
    [
        ("CdSe", (facet(1, 0, 0), facet(0, 0, 1)), r"\[1, 0, 0\], \[0, 0, 1\]"),  # no bottom: [0001] is polar
        ("CdSe", (facet(1, 0, 0),), r"\[1, 0, 0\]"),  # an endless prism
        ("CdSe", (facet(0, 0, 1),), r"\[0, 0, 1\]"),  # a half-space
    ],
)
def test_facets_that_do_not_close_are_refused(crystal: str, facets: tuple[Facet, ...], listed: str) -> None:
    with pytest.raises(UserError, match=f"particles.facets: {listed} .* do not enclose a volume"):
        wulff(CRYSTALS[crystal], facets)


@pytest.mark.parametrize("rounding", [0.2, 0.6, 1.0])
def test_rounded_corners_lie_on_a_sphere_between_the_corner_and_the_facet(rounding: float) -> None:
    """Of a cube with half edge 1: corner at sqrt(3), facet at 1, so sqrt(3) - rounding (sqrt(3) - 1) over 1."""
    particles = ParticleDistribution(shape="wulff", facets=CUBE, rounding=rounding)
    shape = particle_shape(CRYSTALS["Cu"], particles, 40.0)
    assert shape.radius_A / shape.distances_A.min() == pytest.approx(sqrt(3) - rounding * (sqrt(3) - 1))
    assert volume_A3(shape) == pytest.approx(pi / 6 * 40.0**3, rel=0.02)


def test_a_fully_rounded_shape_is_a_sphere() -> None:
    particles = ParticleDistribution(shape="wulff", facets=CUBE, rounding=1.0)
    assert particle_shape(CRYSTALS["Cu"], particles, 40.0).radius_A == pytest.approx(20.0, rel=1e-3)


@pytest.mark.parametrize("cut", [0.1, 0.5, 0.9])
def test_a_cut_sphere_is_the_cap_of_equal_volume(cut: float) -> None:
    """A sphere of radius R cut at c R: volume pi R³ (2 + 3 c - c³) / 3, equal to that of the stated diameter."""
    particles = ParticleDistribution(resting=RestingFacet(hkl=(1, 1, 1), cut=cut))
    shape = particle_shape(CRYSTALS["Cu"], particles, 40.0)
    radius_A = 20.0 * (4 / (2 + 3 * cut - cut**3)) ** (1 / 3)
    assert shape.radius_A == pytest.approx(radius_A, rel=1e-3)
    assert shape.distances_A == pytest.approx(cut * radius_A, rel=1e-3)
    assert shape.normals @ np.full(3, 1 / sqrt(3)) == pytest.approx(1)


def lying(shape: str, rounding: float) -> Shape:
    facets = CUBE if shape == "wulff" else ()
    resting = RestingFacet(hkl=(1, 1, 1), cut=0.4)
    particles = ParticleDistribution(shape=shape, facets=facets, rounding=rounding, resting=resting)  # type: ignore[arg-type]
    return particle_shape(CRYSTALS["Cu"], particles, 40.0)


@pytest.mark.parametrize("rounding", [0.3, 1.0])
def test_where_a_sphere_is_cut_does_not_depend_on_rounding(rounding: float) -> None:
    shape = lying("sphere", rounding)
    assert shape.distances_A / shape.radius_A == pytest.approx(0.4)


def test_a_fully_rounded_shape_is_cut_as_a_sphere_is() -> None:
    rounded, cut_sphere = lying("wulff", 1.0), lying("sphere", 0.0)
    assert rounded.radius_A == pytest.approx(cut_sphere.radius_A, rel=1e-3)
    assert rounded.distances_A[-1] == pytest.approx(cut_sphere.distances_A[-1], rel=1e-3)
    assert rounded.distances_A[:-1] == pytest.approx(rounded.radius_A)  # the facets only touch


@pytest.mark.parametrize("name", ["wulff", "decahedron", "icosahedron"])
def test_volumes_from_directions_agree_with_counting(name: str) -> None:
    facets = (*OCTAHEDRON, facet(1, 0, 0, 1.1)) if name != "icosahedron" else ()
    particles = ParticleDistribution(shape=name, facets=facets, stacking_faults=(0, 0))  # type: ignore[arg-type]
    shape = particle_shape(CRYSTALS["Cu"], particles, 30.0)
    assert shape.volume_A3() == pytest.approx(pi / 6 * 30.0**3, rel=1e-3)
    assert volume_A3(shape) == pytest.approx(pi / 6 * 30.0**3, rel=0.02)


def test_a_decahedron_lies_in_its_sphere_and_touches_it() -> None:
    shape = decahedron(CRYSTALS["Cu"], ()).scaled(30.0)
    points = np.random.default_rng(0).normal(size=(200_000, 3))
    points *= (
        np.linspace(0.9, 1.0, len(points))[:, None] * shape.radius_A / np.linalg.norm(points, axis=1)[:, None]
    )
    far = np.linalg.norm(points[replace(shape, radius_A=np.inf).contains(points)], axis=1)
    assert 0.97 * shape.radius_A < far.max() <= shape.radius_A
    assert not replace(shape, radius_A=np.inf).contains(points * 1.2).any()


def test_an_inset_shape_is_smaller_by_twice_the_depth() -> None:
    inner = particle_shape(CRYSTALS["Cu"], ParticleDistribution(shape="wulff", facets=CUBE), 40.0).inset(4.0)
    assert 2 * inner.distances_A.min() == pytest.approx((pi / 6) ** (1 / 3) * 40.0 - 8.0)
    assert sphere(40.0).inset(5.0).radius_A == 15.0
