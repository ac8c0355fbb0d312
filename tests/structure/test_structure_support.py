"""Supports: the promise of the library of blocks, splits that never share one, and silicon nitride."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from passband.seeds import seed_for
from passband.structure.atoms import Atoms, Role
from passband.structure.distribution import (
    AmorphousCarbon,
    Graphene,
    ParticleDistribution,
    SceneDistribution,
    SiliconNitride,
    Support,
)
from passband.structure.scene import draw_scene
from passband.structure.support import SHIFT_STEPS, Block, block_atoms, draw_film, library_block

CARBON = AmorphousCarbon(thickness_nm=(0.8, 2.0), blocks=3)
NITRIDE = SiliconNitride(thickness_nm=(0.8, 2.0), blocks=3)
SMALL = SceneDistribution(
    field_nm=6.0,
    particles=ParticleDistribution(diameter_nm=(1.5, 2.0), count=(1, 3), separation_nm=0.5),
    support=CARBON,
)
seeds = st.integers(0, 2**31)


def scene(seed: int, library: int = 0, support: Support | None = CARBON, first: str = "particles") -> Atoms:
    return draw_scene(SMALL.model_copy(update={"support": support, "first": first}), seed, library)


@settings(max_examples=30, deadline=None)
@given(seeds, seeds, st.sampled_from([CARBON, NITRIDE]), st.sampled_from(["particles", "support"]))
def test_the_placement_says_where_every_atom_of_the_support_is(
    seed: int, library: int, support: Support, first: str
) -> None:
    """The support is made again from the placement alone: z exactly, x and y to rounding, elements too."""
    film = scene(seed, library, support, first).only(Role.SUPPORT)
    placed = film.block
    assert placed is not None
    assert placed.along_beam == (first == "particles")
    atoms = block_atoms(placed.block)
    kept = atoms.places_A[:, 2] < placed.thickness_A
    x_A, y_A, depth_A = atoms.places_A[kept].T
    step_A = placed.block.field_A / SHIFT_STEPS
    y_steps, x_steps = placed.steps_yx
    x_A = ((-x_A if placed.mirrored else x_A) + x_steps * step_A) % 60.0
    y_A = (y_A + y_steps * step_A) % 60.0
    z_A = placed.surface_z_A + (depth_A if placed.along_beam else -depth_A)
    order = np.lexsort((x_A, y_A, z_A))
    assert film.positions_A[:, 2].tobytes() == z_A[order].tobytes()
    assert film.positions_A[:, :2] == pytest.approx(np.column_stack([x_A, y_A])[order], abs=1e-9)
    assert (film.numbers == atoms.numbers[kept][order]).all()


@settings(max_examples=20, deadline=None)
@given(seeds, seeds)
def test_shifts_and_cuts_stay_within_their_ranges(seed: int, library: int) -> None:
    placed = scene(seed, library).block
    assert placed is not None
    assert all(0 <= step < SHIFT_STEPS for step in placed.steps_yx)
    assert 8.0 <= placed.thickness_A <= 20.0
    assert placed.block in [library_block(CARBON, 60.0, library, index) for index in range(3)]


def test_scenes_use_all_blocks_shifts_and_mirrors() -> None:
    """60 draws: each of 3 blocks (expected 20) and both mirrors (30) at least 8 times, hardly a shift twice."""
    cuts = [draw_film(CARBON, 30.0, seed, 0).cut for seed in range(60)]
    assert all(cut is not None for cut in cuts)
    for drawn in ([cut.block for cut in cuts if cut], [cut.mirrored for cut in cuts if cut]):
        assert min(drawn.count(kind) for kind in set(drawn)) >= 8
    assert len({cut.block for cut in cuts if cut}) == 3
    assert len({cut.steps_yx for cut in cuts if cut}) > 55


@given(st.integers(0, 2**62), st.integers(0, 2**62))
def test_two_libraries_never_hold_the_same_block(one: int, other: int) -> None:
    """Over random pairs of libraries of 1,000 blocks; seeds of 63 bits meet by chance once in 10^13 pairs."""
    seeds_of = [{seed_for(root, "block", index) for index in range(1000)} for root in (one, other)]
    assert len(seeds_of[0]) == 1000
    assert one == other or not seeds_of[0] & seeds_of[1]


def test_no_block_of_any_split_meets_another_over_many_studies() -> None:
    """100,000 libraries as splits of studies would have them, the first block of each: all different."""
    firsts = {library_block(CARBON, 60.0, seed_for(n // 3, "support", n % 3), 0).seed for n in range(100_000)}
    assert len(firsts) == 100_000


def test_scenes_of_different_splits_have_no_texture_in_common() -> None:
    """Nearest atoms of two films, brought to the same shift: as far apart as of two independent packings."""
    one, other = (block_atoms(library_block(CARBON, 60.0, library, 0)).places_A for library in (1, 2))
    assert (np.asarray(cKDTree(one).query(other)[0]) < 1e-6).sum() == 0


def test_equal_blocks_have_equal_atoms_that_nobody_can_change() -> None:
    block = Block(CARBON, 60.0, 7)
    one = block_atoms(block)
    block_atoms.cache_clear()
    again, other = block_atoms(Block(CARBON, 60.0, 7)), block_atoms(Block(CARBON, 60.0, 8))
    assert one.places_A.tobytes() == again.places_A.tobytes() != other.places_A.tobytes()
    assert hash(block) == hash(Block(CARBON, 60.0, 7))
    with pytest.raises(ValueError, match="read-only"):
        again.places_A[0] = 0.0


def test_a_block_is_a_whole_film_of_the_greatest_thickness() -> None:
    atoms = block_atoms(Block(CARBON, 60.0, 0))
    assert len(atoms.numbers) == round(0.1103 * 60.0**2 * 20.0)
    assert (atoms.places_A >= 0).all()
    assert (atoms.places_A < [60.0, 60.0, 20.0]).all()


@pytest.mark.parametrize("support", [CARBON.model_copy(update={"blocks": None}), Graphene(), None])
def test_without_a_library_there_is_no_placement(support: Support | None) -> None:
    one, other = scene(3, 0, support), scene(3, 1, support)
    assert one.block is None
    assert one.positions_A.tobytes() == other.positions_A.tobytes()


def test_another_library_changes_the_support_and_nothing_else() -> None:
    """Each particle stands at its place, turned as it was; only its height follows the film."""
    one, other = (scene(3, library).only(Role.PARTICLE) for library in (0, 1))
    for index in range(one.particle.max() + 1):
        shift_A = other.positions_A[other.particle == index] - one.positions_A[one.particle == index]
        assert shift_A[:, :2] == pytest.approx(0, abs=1e-9)
        assert np.ptp(shift_A[:, 2]) < 1e-9
    assert scene(3, 0).only(Role.SUPPORT).block != scene(3, 1).only(Role.SUPPORT).block


def test_particles_and_mixed_choices_have_no_block() -> None:
    atoms = scene(3)
    assert atoms.only(Role.PARTICLE).block is None
    assert atoms.selected(np.arange(5)).block is None


def test_cut_blocks_keep_the_least_distance_and_the_density() -> None:
    """Cut from a thicker block: the number of atoms is that of the volume within 5 standard deviations of a Poisson
    process, though no longer to the atom."""
    placed = scene(11).block
    film_A = scene(11).only(Role.SUPPORT).positions_A
    assert placed is not None
    expected = 0.1103 * 60.0**2 * placed.thickness_A
    assert abs(len(film_A) - expected) < 5 * np.sqrt(expected)
    depths_A = film_A - [0.0, 0.0, placed.surface_z_A]
    tree = cKDTree(depths_A, boxsize=[60.0, 60.0, 1000.0])
    assert np.asarray(tree.query(depths_A, k=2)[0])[:, 1].min() >= 1.4 - 1e-9


def test_silicon_nitride_weighs_what_it_should_in_its_proportion() -> None:
    """3.1 g/cm³: 0.0932 atoms/Å³ of 140.28 / 7 u, 1 u/Å³ = 1.66054 g/cm³; 3 Si to 4 N to the atom."""
    assert NITRIDE.density_per_A3 * 140.28 / 7 * 1.66054 == pytest.approx(3.1, abs=0.005)
    film = draw_film(SiliconNitride(thickness_nm=(2.0, 2.0)), 40.0, 0, 0)
    assert len(film.numbers) == round(0.0932 * 40.0**2 * 20.0)
    assert (film.numbers == 14).sum() == round(3 / 7 * len(film.numbers))
    assert set(film.numbers.tolist()) == {7, 14}
    tree = cKDTree(film.places_A, boxsize=[40.0, 40.0, 1000.0])
    assert np.asarray(tree.query(film.places_A, k=2)[0])[:, 1].min() >= 1.6
