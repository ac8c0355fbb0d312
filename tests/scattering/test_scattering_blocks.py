"""Support blocks: what is kept of them is what their atoms give, and takes no more memory than it may."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from passband.grid import Grid
from passband.scattering import beam
from passband.scattering.blocks import (
    BlockLibrary,
    BlockSpec,
    can_be_kept,
    film_transmissions,
    in_block_frame,
    in_scene_frame,
)
from passband.scattering.calculation import Calculation
from passband.scattering.memory import Machine
from passband.scattering.multislice import plane_transmissions
from passband.scattering.potential import Layers
from passband.scattering.simulate import scene_waves
from passband.scattering.slicing import Lattice, shared_slices
from passband.scattering.spec import SimulationSpec
from passband.structure.atoms import Role
from passband.structure.distribution import AmorphousCarbon, ParticleDistribution, SceneDistribution
from passband.structure.scene import draw_scene
from passband.structure.support import SHIFT_STEPS, Block, BlockPlacement, block_atoms

FIELD_A = 25.6
GRID = Grid((128, 128), 0.2)
CALCULATION = Calculation(GRID, 300e3)
SPEC = SimulationSpec()
GAP_A = SPEC.slice_thickness_A
BLOCK = Block(AmorphousCarbon(thickness_nm=(1.0, 2.0)), FIELD_A, seed=5)
BLOCK_SPEC = BlockSpec(BLOCK, GAP_A, ((6, 0.142),), CALCULATION)
WITHOUT_KEEPING = Machine(memory_budget_bytes=0)

placements = st.builds(
    BlockPlacement,
    block=st.just(BLOCK),
    steps_yx=st.tuples(st.integers(0, SHIFT_STEPS - 1), st.integers(0, SHIFT_STEPS - 1)),
    mirrored=st.booleans(),
    thickness_A=st.floats(10, 20),
    surface_z_A=st.just(0.0),
    along_beam=st.booleans(),
)


def block_scene(thickness_nm=(1.0, 2.0), first="particles", seed=0):
    """A particle of 1 nm on a film from a library of two blocks."""
    return draw_scene(
        SceneDistribution(
            field_nm=FIELD_A / 10,
            particles=ParticleDistribution(diameter_nm=(1.0, 1.0), count=(1, 1), stacking_faults=(0, 0)),
            support=AmorphousCarbon(thickness_nm=thickness_nm, blocks=2),
            first=first,
        ),
        seed,
    )


def relative_difference(a, b) -> float:
    """Against the scattered part of b."""
    return float(torch.linalg.norm(a - b) / torch.linalg.norm(b - b.mean()))


def from_atoms(placement: BlockPlacement) -> dict[int, torch.Tensor]:
    """The film's planes from its atoms at their places in the scene, with the shares of the whole block."""
    atoms = block_atoms(BLOCK)
    x_A, y_A, depth_A = atoms.places_A.T
    shift_y_A, shift_x_A = (steps * FIELD_A / SHIFT_STEPS for steps in placement.steps_yx)
    places_A = np.column_stack([(-x_A if placement.mirrored else x_A) + shift_x_A, y_A + shift_y_A])
    slices = shared_slices(depth_A, Lattice(0.0, GAP_A))
    kept = depth_A < placement.thickness_A
    film = replace(slices, first=slices.first[kept], share=slices.share[kept])
    layers = Layers(places_A[None, kept], atoms.numbers[kept], {6: 0.142}, film)
    return dict(plane_transmissions(layers, CALCULATION))


@settings(max_examples=10)
@given(placements)
def test_the_planes_of_a_block_are_those_of_its_atoms_in_the_scene(placement):
    whole = BlockLibrary().block(BLOCK_SPEC, 2**30)
    planes = list(film_transmissions(placement, whole, CALCULATION))
    expected = from_atoms(placement)
    numbers = [number for number, _ in planes]
    assert numbers == sorted(numbers)
    assert {abs(number) for number in numbers} == set(expected)
    for number, passed in planes:
        assert torch.allclose(in_scene_frame(passed, placement), expected[abs(number)], atol=2e-6)


@given(placements, st.integers(0, 2**32 - 1))
def test_places_in_the_frame_of_a_block_come_back_as_pixels_do(placement, seed):
    """One bright pixel, moved by in_scene_frame, stands where its place was before in_block_frame."""
    row, column = np.random.default_rng(seed).integers(128, size=2).tolist()
    in_block_A = in_block_frame(np.array([column, row]) * GRID.sampling_A, placement)
    x, y = (np.round(in_block_A / GRID.sampling_A).astype(int) % 128).tolist()
    field = torch.zeros(128, 128)
    field[y, x] = 1
    assert in_scene_frame(field, placement).nonzero().tolist() == [[row, column]]


@pytest.mark.parametrize("first", ["particles", "support"])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_scene_with_a_whole_block_has_the_waves_of_its_atoms(first, seed):
    """Uncut, so that the planes are the same: what is left is the rounding of float32 over some ten planes."""
    atoms = block_scene((2.0, 2.0), first, seed)
    assert atoms.block is not None
    kept, direct = (scene_waves(atoms, SPEC, 0, machine) for machine in (Machine(), WITHOUT_KEEPING))
    assert relative_difference(kept.full.field, direct.full.field) < 1e-4
    assert relative_difference(kept.particles.field, direct.particles.field) < 1e-5
    assert kept.full.focus_offset_A == direct.full.focus_offset_A


@pytest.mark.parametrize("first", ["particles", "support"])
def test_where_a_film_is_cut_only_the_interpolation_of_its_last_atoms_differs(first):
    atoms = block_scene(first=first, seed=2)
    kept, direct = (scene_waves(atoms, SPEC, 0, machine) for machine in (Machine(), WITHOUT_KEEPING))
    assert relative_difference(kept.full.field, direct.full.field) < 2e-3
    assert relative_difference(kept.particles.field, direct.particles.field) < 1e-5


def test_waves_do_not_depend_on_what_was_kept_before():
    atoms = block_scene(seed=3)
    first = scene_waves(atoms, SPEC, 0)
    scene_waves(block_scene(seed=4), SPEC, 0)
    assert torch.equal(scene_waves(atoms, SPEC, 0).full.field, first.full.field)


@pytest.mark.parametrize("first", ["particles", "support"])
def test_atoms_that_were_moved_from_their_block_give_the_wave_of_where_they_are(first):
    """All atoms 3.2 Å along x, 8 stored pixels, with the block that they came from: the wave moves with them."""
    atoms = block_scene((2.0, 2.0), first)
    moved = replace(
        atoms, positions_A=(atoms.positions_A + np.array([3.2, 0, 0])) % (FIELD_A, FIELD_A, np.inf)
    )
    here, there = (scene_waves(one, SPEC, 0) for one in (atoms, moved))
    assert relative_difference(there.full.field, here.full.field.roll(8, -1)) < 1e-4
    assert relative_difference(there.particles.field, here.particles.field.roll(8, -1)) < 1e-4


def test_another_element_in_place_of_a_blocks_carbon_is_seen():
    atoms = block_scene((2.0, 2.0))
    numbers = np.where(atoms.roles == Role.SUPPORT, 14, atoms.numbers)
    silicon = replace(atoms, numbers=numbers)
    kept, direct = (scene_waves(silicon, SPEC, 0, machine) for machine in (Machine(), WITHOUT_KEEPING))
    assert torch.equal(kept.full.field, direct.full.field)


def test_frozen_phonons_displace_the_atoms_of_a_block_anew_in_every_configuration():
    atoms = block_scene(seed=3)
    spec = SimulationSpec(frozen_phonons=2)
    with_block, without = (scene_waves(a, spec, seed=0) for a in (atoms, replace(atoms, block=None)))
    assert not torch.equal(with_block.full.field[0], with_block.full.field[1])
    # the same displacements; only the planes lie elsewhere
    assert relative_difference(with_block.full.field, without.full.field) < 5e-3


def test_the_longest_unused_block_makes_room():
    one, two, three = (replace(BLOCK_SPEC, block=replace(BLOCK, seed=seed)) for seed in range(3))
    library = BlockLibrary()
    first = library.block(one, 2**30)
    budget_bytes = int(2.5 * first.nbytes)
    library.block(two, budget_bytes)
    assert library.block(one, budget_bytes) is first
    library.block(three, budget_bytes)  # two was unused for longest
    assert library.block(one, budget_bytes) is first
    assert library.nbytes <= budget_bytes


@pytest.mark.parametrize(
    ("grid", "budget_bytes", "kept"),
    [
        (GRID, 2**30, True),
        (GRID, 2**19, False),  # 2 nm in gaps of 3 Å are 8 planes of 128 KiB
        (Grid((120, 120), FIELD_A / 120), 2**30, False),  # 120 pixels are not 64 whole steps
    ],
)
def test_blocks_are_kept_where_they_fit_pixels_and_memory(grid, budget_bytes, kept):
    spec = replace(BLOCK_SPEC, calculation=replace(CALCULATION, grid=grid))
    assert can_be_kept(spec, budget_bytes) is kept


def test_both_waves_share_their_way_to_the_support(monkeypatch):
    """Where no plane holds both kinds, each gap between planes is crossed once, not once for each wave."""
    atoms = block_scene((2.0, 2.0), seed=0)
    is_support = atoms.roles == Role.SUPPORT
    z_A = atoms.positions_A[:, 2] + np.where(is_support, 2 * GAP_A, 0)
    apart = replace(atoms, positions_A=np.column_stack([atoms.positions_A[:, :2], z_A]), block=None)
    lattice = Lattice(float(z_A[~is_support].min()), GAP_A)
    planes = [
        set(shared_slices(z_A[chosen], lattice).planes().tolist()) for chosen in (is_support, ~is_support)
    ]
    assert planes[0].isdisjoint(planes[1])
    crossed = []
    plain = beam.propagated
    monkeypatch.setattr(beam, "propagated", lambda *given: crossed.append(1) or plain(*given))
    scene_waves(apart, SPEC, 0)
    assert len(crossed) == len(planes[0] | planes[1]) - 1


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_gives_the_waves_of_the_cpu_from_a_block():
    atoms = block_scene(seed=2)
    there, here = (scene_waves(atoms, SPEC, 0, Machine(device)).full.field for device in ("cuda", "cpu"))
    assert relative_difference(there.cpu(), here) < 1e-4
