"""The two waves of a scene, their planes, and frozen phonons."""

from math import pi, sqrt

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from passband.electron import wavelength_A
from passband.errors import UserError
from passband.scattering.calculation import Numerics
from passband.scattering.form_factors import form_factor_A
from passband.scattering.memory import Machine
from passband.scattering.simulate import scene_waves
from passband.scattering.spec import SimulationSpec
from passband.structure.atoms import Atoms, Role, joined, particle_atoms, support_atoms

FIELD_A = 12.8
SPEC = SimulationSpec()
seeds = st.integers(0, 2**32 - 1)


def small_scene(first: str = "particles", seed: int = 0) -> Atoms:
    """A cluster of Cd and Se, 6 Å, and a film of carbon, 5 Å, with a gap of 1 Å between."""
    rng = np.random.default_rng(seed)
    cell_A = (FIELD_A, FIELD_A, 15.0)
    cluster_A = rng.random((60, 3)) * 6.0 + (3.0, 3.0, 2.0)
    film_A = rng.random((70, 3)) * (FIELD_A, FIELD_A, 5.0) + (0.0, 0.0, 9.0)
    if first == "support":
        cluster_A[:, 2], film_A[:, 2] = 15.0 - cluster_A[:, 2], 15.0 - film_A[:, 2]
    particle = particle_atoms(cluster_A, rng.choice([34, 48], 60), 0, cell_A)
    return joined([particle, support_atoms(film_A, np.full(70, 6), cell_A)], cell_A)


def without_carbon(number, q_per_A):
    return form_factor_A(number, q_per_A) * (number != 6)


def relative_difference(a, b) -> float:
    """Against the scattered part of b."""
    return float(torch.linalg.norm(a - b) / torch.linalg.norm(b - b.mean()))


def referred(wave) -> torch.Tensor:
    """The field in the plane to which its offset leads: imaged with C10 = focus_offset_A, χ = π λ C10 q²."""
    qy, qx = wave.grid.frequencies_per_A()
    chi = pi * wavelength_A(wave.energy_eV) * wave.focus_offset_A * (qy**2 + qx**2)
    return torch.fft.ifft2(torch.fft.fft2(wave.field) * torch.from_numpy(np.exp(-1j * chi)))


@pytest.mark.parametrize("first", ["particles", "support"])
def test_the_particles_wave_is_that_of_the_particles_alone(first):
    atoms = small_scene(first)
    together = scene_waves(atoms, SPEC, seed=0)
    alone = scene_waves(atoms.only(Role.PARTICLE), SPEC, seed=0)
    assert relative_difference(together.particles.field, alone.full.field) < 1e-6
    assert together.particles.focus_offset_A == 0


@pytest.mark.parametrize("first", ["particles", "support"])
def test_offsets_lead_both_waves_to_one_plane(first):
    """Carbon that does not scatter leaves the particles' wave, wherever the film is."""
    spec = SimulationSpec(slice_thickness_A=2.2)  # both waves then leave well behind their last plane
    waves = scene_waves(small_scene(first), spec, seed=0, numerics=Numerics(form_factor=without_carbon))
    assert relative_difference(referred(waves.full), referred(waves.particles)) < 1e-4


def test_the_full_waves_offset_is_the_way_back_to_the_last_particle_atom():
    atoms = small_scene()
    z_A = atoms.positions_A[:, 2]
    back_A = z_A[atoms.roles == Role.PARTICLE].max() - z_A.max()
    assert scene_waves(atoms, SPEC, seed=0).full.focus_offset_A == pytest.approx(back_A, abs=1e-9)
    assert back_A < -4
    assert scene_waves(small_scene("support"), SPEC, seed=0).full.focus_offset_A == 0


def test_running_on_from_the_particles_is_running_through_everything_at_once():
    """Roles only say where the run is interrupted: without them the planes lie elsewhere, and nothing else changes."""
    atoms = small_scene()
    one_part = Atoms(atoms.positions_A, atoms.numbers, np.zeros(130, np.int8), atoms.particle, atoms.cell_A)
    spec = SimulationSpec(slice_thickness_A=0.5)
    interrupted, whole = (scene_waves(a, spec, seed=0).full.field for a in (atoms, one_part))
    assert relative_difference(interrupted, whole) < 5e-3


def test_particles_that_reach_into_the_film_are_run_through_alone():
    atoms = small_scene()
    positions_A = atoms.positions_A.copy()
    positions_A[atoms.roles == Role.PARTICLE, 2] += 3.0
    mixed = Atoms(positions_A, atoms.numbers, atoms.roles, atoms.particle, atoms.cell_A)
    waves, before = scene_waves(mixed, SPEC, seed=0), scene_waves(atoms, SPEC, seed=0)
    assert relative_difference(waves.particles.field, before.particles.field) < 1e-4  # a shift along the beam
    assert waves.full.focus_offset_A == pytest.approx(before.full.focus_offset_A + 3.0)


def test_a_scene_without_support_has_one_wave_and_one_without_particles_has_vacuum():
    atoms = small_scene()
    particles = scene_waves(atoms.only(Role.PARTICLE), SPEC, seed=0)
    assert torch.equal(particles.full.field, particles.particles.field)
    support = scene_waves(atoms.only(Role.SUPPORT), SPEC, seed=0)
    assert torch.allclose(support.particles.field, torch.ones(1, dtype=torch.complex64))
    assert support.full.focus_offset_A == 0
    empty = scene_waves(atoms.selected(np.zeros(130, dtype=bool)), SPEC, seed=0)
    assert torch.allclose(empty.full.field, torch.ones(1, dtype=torch.complex64))


def test_stored_waves_carry_their_grid_and_energy():
    waves = scene_waves(small_scene(), SimulationSpec(energy_kV=200.0), seed=0)
    for wave in (waves.full, waves.particles):
        assert wave.field.shape == (1, 32, 32)
        assert wave.field.dtype == torch.complex64
        assert wave.grid.shape == (32, 32)
        assert wave.grid.sampling_A == pytest.approx(0.4)
        assert wave.energy_eV == 200e3


def test_a_stored_wave_keeps_the_electrons_of_the_band_it_holds():
    """Carbon scatters little beyond 1.25 1/Å: of each electron less than 1 % is cropped away, and none is gained."""
    intensity = (
        scene_waves(small_scene().only(Role.SUPPORT), SPEC, seed=0).full.field.abs().square().mean().item()
    )
    assert 0.99 < intensity < 1


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (SimulationSpec(sampling_A=0.21), "sampling_A: a field of 12.8 x 12.8 Å"),
        (SimulationSpec(stored_sampling_A=0.41), "stored_sampling_A: a field of 12.8 x 12.8 Å"),
    ],
)
def test_pixels_that_do_not_fit_the_field_are_refused(spec, message):
    with pytest.raises(UserError) as refusal:
        scene_waves(small_scene(), spec, seed=0)
    assert str(refusal.value).startswith(message)


def test_an_element_without_a_form_factor_is_refused():
    atoms = particle_atoms(np.full((1, 3), 5.0), np.array([99]), 0, (FIELD_A, FIELD_A, 10.0))
    with pytest.raises(UserError, match="atomic number 99"):
        scene_waves(atoms, SPEC, seed=0)


def test_the_same_seed_gives_the_same_waves_bit_for_bit_and_another_seed_others():
    spec = SimulationSpec(frozen_phonons=2)
    a, b, c = (scene_waves(small_scene(), spec, seed) for seed in (1, 1, 2))
    assert torch.equal(a.full.field, b.full.field)
    assert not torch.equal(a.full.field, c.full.field)
    assert not torch.equal(a.full.field[0], a.full.field[1])


def test_configurations_that_are_computed_together_are_those_computed_one_by_one():
    """A device that is not called "cpu" takes them in batches: all at once, or as many as the memory holds."""
    spec = SimulationSpec(frozen_phonons=3)
    one_by_one = scene_waves(small_scene(), spec, 1)
    two_fields_bytes = 2 * 12 * 8 * 64 * 64
    for machine in (Machine("cpu:0"), Machine("cpu:0", two_fields_bytes)):
        together = scene_waves(small_scene(), spec, 1, machine)
        assert together.full.field.shape == (3, 32, 32)
        assert relative_difference(together.full.field, one_by_one.full.field) < 1e-5
        assert relative_difference(together.particles.field, one_by_one.particles.field) < 1e-5


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("phonons", [0, 3])
def test_a_gpu_gives_the_waves_of_the_cpu(phonons):
    spec = SimulationSpec(frozen_phonons=phonons)
    there, here = (scene_waves(small_scene(), spec, 1, Machine(device)) for device in ("cuda", "cpu"))
    for one, other in ((there.full, here.full), (there.particles, here.particles)):
        assert relative_difference(one.field.cpu(), other.field) < 1e-4


def test_a_configuration_does_not_depend_on_how_many_there_are():
    few, many = (
        scene_waves(small_scene(), SimulationSpec(frozen_phonons=n), seed=1).full.field for n in (2, 3)
    )
    assert torch.equal(few, many[:2])


def test_both_waves_have_the_same_displacements():
    spec = SimulationSpec(slice_thickness_A=2.2, frozen_phonons=1)
    waves = scene_waves(small_scene(), spec, seed=1, numerics=Numerics(form_factor=without_carbon))
    assert relative_difference(referred(waves.full), referred(waves.particles)) < 1e-4


def test_atoms_without_vibration_make_frozen_phonons_that_are_all_alike():
    still = {"C": 0.0, "Se": 0.0, "Cd": 0.0}
    frozen = scene_waves(
        small_scene(), SimulationSpec(frozen_phonons=2, debye_waller_A2=still), seed=1
    ).full.field
    rest = scene_waves(small_scene(), SimulationSpec(debye_waller_A2=still), seed=1).full.field
    assert torch.equal(frozen[0], frozen[1])
    assert torch.equal(frozen[:1], rest)


@settings(max_examples=3)
@given(seeds)
def test_the_mean_over_frozen_phonons_approaches_the_debye_waller_factor(seed):
    """Of a thin weak object: the mean of σV is that with the factor, and the rest falls as 1/sqrt(n)."""
    rng = np.random.default_rng(seed)
    film_A = rng.random((20, 3)) * (FIELD_A, FIELD_A, 0.0) + (0, 0, 1.0)
    atoms = support_atoms(film_A, np.full(20, 6), (FIELD_A, FIELD_A, 2.0))
    vibration = {"C": 0.6}
    smooth = scene_waves(atoms, SimulationSpec(debye_waller_A2=vibration), seed=0).full.field
    still = scene_waves(atoms, SimulationSpec(debye_waller_A2={"C": 0.0}), seed=0).full.field
    frozen = scene_waves(
        atoms, SimulationSpec(debye_waller_A2=vibration, frozen_phonons=256), seed
    ).full.field
    single = np.mean([relative_difference(wave, smooth) for wave in frozen])
    mean = relative_difference(frozen.mean(0, keepdim=True), smooth)
    # independent deviations: 1/sqrt(256) of a single one's, and the second order of σV, which is about 2 % of it
    assert mean < 1.3 * single / sqrt(256) + 0.03 * single
    assert relative_difference(still, smooth) > 3 * mean


def test_a_frozen_phonon_displaces_by_the_root_of_b_over_8_pi_squared():
    """One heavy atom at rest in the middle: the centre of its phase is where it was moved to."""
    atoms = particle_atoms(np.full((1, 3), FIELD_A / 2), np.array([79]), 0, (FIELD_A, FIELD_A, FIELD_A))
    spec = SimulationSpec(frozen_phonons=200, debye_waller_A2={"Au": 2.0})
    phase = scene_waves(atoms, spec, seed=3).particles.field.angle().double()
    pixels = torch.arange(32, dtype=torch.float64)
    turn = torch.exp(2j * torch.pi * pixels / 32)
    # the first Fourier coefficient of a peak turns with its place
    moved_px = ((phase.sum(1) * turn).sum(-1).angle().remainder(2 * torch.pi) / (2 * torch.pi) * 32) - 16
    # sqrt(2 / 8π²) = 0.159 Å = 0.398 pixels; 200 draws know it to 5 %
    assert moved_px.std().item() * 0.4 == pytest.approx(sqrt(2.0 / (8 * np.pi**2)), rel=0.15)
    assert abs(moved_px.mean().item()) < 0.1
