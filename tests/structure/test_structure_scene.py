"""Scenes: particles that rest on carbon, in a box that ends at its content, the same for the same seed."""

import time
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from passband.errors import UserError
from passband.structure.atoms import Atoms, Role
from passband.structure.crystals import CRYSTALS, Crystal
from passband.structure.distribution import (
    AmorphousCarbon,
    Facet,
    Graphene,
    ParticleDistribution,
    SceneDistribution,
    SiliconNitride,
)
from passband.structure.scene import check_geometry, draw_scene
from passband.structure.support import CONTACT_A, CONTACT_ON_GRAPHENE_A

SMALL = SceneDistribution(
    field_nm=6.0,
    particles=ParticleDistribution(diameter_nm=(1.5, 2.0), count=(1, 3), separation_nm=0.5),
    support=AmorphousCarbon(thickness_nm=(0.8, 2.0)),
)
TURNED = SMALL.model_copy(update={"first": "support"})
VACUUM = SMALL.model_copy(update={"support": None})
SUPPORTS = (
    AmorphousCarbon(thickness_nm=(0.8, 2.0)),
    AmorphousCarbon(thickness_nm=(0.8, 1.2), relaxed=True),
    SiliconNitride(thickness_nm=(0.8, 2.0)),
    Graphene(layers=(1, 3), largest_strain=0.02),
)
seeds = st.integers(0, 2**31)


@lru_cache(maxsize=8)
def scene(distribution: SceneDistribution, seed: int) -> Atoms:
    return draw_scene(distribution, seed)


def images_A(positions_A: NDArray[np.float64], field_A: float) -> NDArray[np.float64]:
    """Positions with those of the eight neighbouring fields."""
    steps_A = [[i, j, 0.0] for i in (-field_A, 0.0, field_A) for j in (-field_A, 0.0, field_A)]
    return (positions_A[:, None] + np.array(steps_A)).reshape(-1, 3)


@settings(max_examples=10)
@given(seeds)
def test_the_same_seed_gives_the_same_atoms_bit_for_bit(seed: int) -> None:
    one, again, other = draw_scene(SMALL, seed), draw_scene(SMALL, seed), draw_scene(SMALL, seed + 1)
    assert one.positions_A.tobytes() == again.positions_A.tobytes()
    assert one.numbers.tobytes() == again.numbers.tobytes()
    assert one.cell_A == again.cell_A
    assert one.positions_A.tobytes() != other.positions_A.tobytes()


@settings(max_examples=30)
@given(seeds, st.sampled_from(["particles", "support"]), st.sampled_from(SUPPORTS))
def test_every_particle_touches_the_support_and_none_enters_it(
    seed: int, first: str, support: AmorphousCarbon | SiliconNitride | Graphene
) -> None:
    """At 2.0 Å from amorphous films, at the distance of two sheets from graphene."""
    atoms = scene(SMALL.model_copy(update={"first": first, "support": support}), seed)
    contact_A = CONTACT_ON_GRAPHENE_A if isinstance(support, Graphene) else CONTACT_A
    carbon = cKDTree(images_A(atoms.only(Role.SUPPORT).positions_A, 60.0))
    for index in range(atoms.particle.max() + 1):
        distances_A, _ = carbon.query(atoms.positions_A[atoms.particle == index])
        assert distances_A.min() == pytest.approx(contact_A, abs=1e-6)


@settings(max_examples=15)
@given(seeds, st.sampled_from([SMALL, TURNED, VACUUM]))
def test_the_box_ends_at_its_content(seed: int, distribution: SceneDistribution) -> None:
    atoms = scene(distribution, seed)
    assert atoms.cell_A[:2] == (60.0, 60.0)
    assert ((atoms.positions_A >= 0) & (atoms.positions_A <= atoms.cell_A)).all()
    assert (atoms.positions_A[:, :2] < 60.0).all()
    particle_z_A = atoms.only(Role.PARTICLE).positions_A[:, 2]
    if distribution.first == "particles":
        assert particle_z_A.min() == 0.0
    else:
        assert particle_z_A.max() == pytest.approx(atoms.cell_A[2], abs=1e-9)
    if distribution.support is None:
        assert np.ptp(particle_z_A) == pytest.approx(atoms.cell_A[2])


@settings(max_examples=10)
@given(seeds)
def test_the_film_lies_behind_the_particles_or_before_them(seed: int) -> None:
    """With 0.1103 atoms/Å³ the film's thickness is its number of atoms over density and area, to the rounding."""
    for distribution in (SMALL, TURNED):
        atoms = scene(distribution, seed)
        film = atoms.only(Role.SUPPORT)
        thickness_A = len(film) / 0.1103 / 60.0**2
        assert 8.0 - 0.01 <= thickness_A <= 20.0 + 0.01
        film_z_A, particle_z_A = film.positions_A[:, 2], atoms.only(Role.PARTICLE).positions_A[:, 2]
        if distribution.first == "particles":
            assert film_z_A.min() >= atoms.cell_A[2] - thickness_A - 0.01
            assert particle_z_A.mean() < film_z_A.min()
        else:
            assert film_z_A.max() <= thickness_A + 0.01
            assert particle_z_A.mean() > film_z_A.max()


@settings(max_examples=10)
@given(seeds)
def test_turning_the_scene_moves_the_particles_and_never_mirrors_them(seed: int) -> None:
    """Atoms of each particle, particles first against support first: one shift along z for all of them."""
    one, other = scene(SMALL, seed), scene(TURNED, seed)
    assert one.particle.max() == other.particle.max()
    for index in range(one.particle.max() + 1):
        moved_A = [atoms.positions_A[atoms.particle == index] for atoms in (one, other)]
        shift_A = moved_A[1] - moved_A[0]
        assert shift_A[:, :2] == pytest.approx(0, abs=1e-9)
        assert np.ptp(shift_A[:, 2]) < 1e-9


@settings(max_examples=10)
@given(seeds)
def test_particles_keep_their_separation_in_the_image_plane(seed: int) -> None:
    atoms = scene(SMALL, seed)
    for index in range(atoms.particle.max() + 1):
        own, others = (atoms.positions_A[atoms.roles == Role.PARTICLE] for _ in range(2))
        is_own = atoms.particle[atoms.roles == Role.PARTICLE] == index
        own, others = own[is_own], others[~is_own]
        if len(others):
            distances_A, _ = cKDTree(images_A(others, 60.0)[:, :2]).query(own[:, :2])
            assert distances_A.min() >= 5.0 - 1e-6


@settings(max_examples=10)
@given(seeds)
def test_no_two_atoms_of_a_scene_are_nearer_than_carbon_allows(seed: int) -> None:
    """1.4 Å within the film; the bonds of CdSe (2.63 Å) and the contact (2.0 Å) are longer."""
    atoms = scene(SMALL, seed)
    distances_A, _ = cKDTree(images_A(atoms.positions_A, 60.0)).query(atoms.positions_A, k=2)
    assert distances_A[:, 1].min() >= 1.4 - 1e-9


@settings(max_examples=10)
@given(seeds)
def test_atoms_come_in_the_order_in_which_the_beam_meets_them(seed: int) -> None:
    atoms = scene(SMALL, seed)
    assert (np.diff(atoms.positions_A[:, 2]) >= 0).all()
    assert set(atoms.numbers[atoms.roles == Role.SUPPORT].tolist()) == {6}
    assert set(atoms.numbers[atoms.roles == Role.PARTICLE].tolist()) == {48, 34}
    assert (atoms.particle[atoms.roles == Role.SUPPORT] == -1).all()
    assert set(atoms.particle.tolist()) == set(range(-1, atoms.particle.max() + 1))


@settings(max_examples=5)
@given(seeds)
def test_one_part_of_a_role_keeps_its_place_in_the_box(seed: int) -> None:
    atoms = scene(SMALL, seed)
    film, particles = atoms.only(Role.SUPPORT), atoms.only(Role.PARTICLE)
    assert len(film) + len(particles) == len(atoms)
    assert film.cell_A == particles.cell_A == atoms.cell_A
    assert set(map(tuple, particles.positions_A)) <= set(map(tuple, atoms.positions_A))


def test_the_film_does_not_depend_on_the_particles() -> None:
    """Streams are named: another crystal leaves the carbon of a seed as it was."""
    other = SMALL.model_copy(update={"crystal": "Ag"})
    one, two = (scene(spread, 3).only(Role.SUPPORT).positions_A for spread in (SMALL, other))
    assert one[:, :2] == pytest.approx(two[:, :2])
    assert np.ptp(one[:, 2] - two[:, 2]) < 1e-9


def test_a_rougher_surface_leaves_place_orientation_and_lattice_as_they_were() -> None:
    """Every atom of the rough particles stands over one of the whole ones."""
    rough = SMALL.particles.model_copy(update={"missing_surface": (0.2, 0.3)})
    whole, fewer = (scene(d, 5) for d in (VACUUM, VACUUM.model_copy(update={"particles": rough})))
    assert 0.6 * len(whole) < len(fewer) < 0.95 * len(whole)
    assert cKDTree(whole.positions_A[:, :2]).query(fewer.positions_A[:, :2])[0].max() < 1e-9


def test_another_number_of_faults_leaves_the_orientation_as_it_was() -> None:
    """The atoms below the fault plane stand where those of the perfect particle do: half of all, on average."""
    ranges = [SMALL.particles.model_copy(update={"stacking_faults": (n, n), "count": (1, 1)}) for n in (0, 1)]
    shares = []
    for seed in range(8):
        whole, faulted = (scene(VACUUM.model_copy(update={"particles": each}), seed) for each in ranges)
        nearest_A, _ = cKDTree(whole.positions_A[:, :2]).query(faulted.positions_A[:, :2])
        shares.append((nearest_A < 1e-9).mean())
    assert np.mean(shares) > 0.25


@pytest.mark.parametrize("crystal", CRYSTALS)
def test_every_lattice_can_be_drawn(crystal: str) -> None:
    without_planes = ("Fe", "Fe3O4", "Co3O4", "W", "MgO", "PbS", "CeO2")
    faults = (0, 0) if crystal in without_planes else (1, 2)
    particles = SMALL.particles.model_copy(update={"stacking_faults": faults})
    atoms = scene(SMALL.model_copy(update={"crystal": crystal, "particles": particles}), 0)
    assert set(atoms.particle.tolist()) >= {-1, 0}


def test_wulff_particles_can_be_drawn() -> None:
    facets = (Facet(hkl=(1, 1, 1), energy_J_per_m2=1.0), Facet(hkl=(1, 0, 0), energy_J_per_m2=1.1))
    particles = ParticleDistribution(shape="wulff", diameter_nm=(2.0, 2.2), count=(2, 2), facets=facets)
    atoms = scene(SMALL.model_copy(update={"crystal": "Cu", "particles": particles}), 0)
    assert atoms.particle.max() == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"crystal": "Fe"}, r"particles.stacking_faults: Fe .* set stacking_faults to \[0, 0\]"),
        ({"field_nm": 3.0}, "particles: count 3 .* does not fit field_nm 3; lower count"),
        (
            {
                "crystal": Crystal(
                    name="bad", spacegroup=225, a=3, b=4, c=5, sites=(("Fe", (0, 0, 0)),), source=""
                )
            },
            "crystal bad: the cell does not have the symmetry",
        ),
    ],
)
def test_an_impossible_distribution_is_refused_before_anything_is_drawn(
    change: dict[str, object], sentence: str
) -> None:
    distribution = SMALL.model_copy(update=change)
    with pytest.raises(UserError, match=sentence):
        check_geometry(distribution)
    with pytest.raises(UserError, match=sentence):
        draw_scene(distribution, 0)


def test_open_facets_are_refused_before_anything_is_drawn() -> None:
    particles = ParticleDistribution(shape="wulff", facets=(Facet(hkl=(0, 0, 1), energy_J_per_m2=1.0),))
    with pytest.raises(UserError, match=r"particles\.facets: .* do not enclose a volume"):
        check_geometry(SMALL.model_copy(update={"particles": particles}))


def test_the_largest_published_scene_takes_less_than_two_seconds_of_cpu() -> None:
    """10.24 nm, 8 nm of carbon (92 500 atoms) and the particles; about 0.6 s on the machine it was written on."""
    thick = SceneDistribution(support=AmorphousCarbon(thickness_nm=(8.0, 8.0)))
    begin_s = time.process_time()
    atoms = draw_scene(thick, 0)
    assert time.process_time() - begin_s < 2.0
    assert (atoms.roles == Role.SUPPORT).sum() == round(0.1103 * 102.4**2 * 80.0)
