"""Laws of multislice: propagation, transmission, and how the approximations converge."""

from dataclasses import replace
from math import log2, pi

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from passband.electron import POTENTIAL_PER_FORM_FACTOR_V_A2, interaction_constant_rad_per_VA, wavelength_A
from passband.fourier import resample
from passband.grid import Grid
from passband.scattering.beam import Beam, beams
from passband.scattering.calculation import STANDARD, Calculation, Numerics
from passband.scattering.form_factors import debye_waller, form_factor_A
from passband.scattering.multislice import plane_transmissions, propagated, transmission
from passband.scattering.potential import Layers, plane_phases
from passband.scattering.slicing import Lattice, Slices, shared_slices

ENERGY_EV = 300e3
FIELD_A = 12.8
DEPTH_A = 8.0
B_A2 = 0.5
CALCULATION = Calculation(Grid((64, 64), 0.2), ENERGY_EV)
seeds = st.integers(0, 2**32 - 1)
distances_A = st.floats(-500, 500)


def band_limited_wave(seed: int) -> torch.Tensor:
    """A random field within the band that propagation keeps."""
    rng = np.random.default_rng(seed)
    spectrum = rng.normal(size=(64, 64)) + 1j * rng.normal(size=(64, 64))
    grid = CALCULATION.grid
    wave = np.fft.ifft2(spectrum * (np.hypot(*grid.frequencies_per_A()) <= grid.nyquist_per_A))
    return torch.from_numpy((64 * wave).astype(np.complex64))


def random_atoms(seed: int, n: int = 60, numbers=(6, 34, 79)) -> tuple[NDArray, NDArray]:
    rng = np.random.default_rng(seed)
    positions_A = rng.random((n, 3)) * (FIELD_A, FIELD_A, DEPTH_A)
    positions_A[:2, 2] = 0.0, DEPTH_A  # the planes are then the same in every draw
    return positions_A, rng.choice(numbers, n)


def layers_of(
    positions_A: NDArray, numbers: NDArray, thickness_A: float = 2.0, vibration_A2: float = B_A2
) -> Layers:
    return Layers(
        places_A=positions_A[None, :, :2],
        numbers=np.asarray(numbers, dtype=np.int64),
        thermal_A2=dict.fromkeys(np.unique(numbers).tolist(), vibration_A2),
        slices=shared_slices(positions_A[:, 2], Lattice(0.0, thickness_A)),
    )


def passed(layers: Layers, calculation: Calculation = CALCULATION) -> Beam:
    """A plane wave behind the last plane."""
    return beams(plane_transmissions(layers, calculation), iter(()), layers.slices.lattice, calculation)[0]


def exit_wave(
    layers: Layers, calculation: Calculation = CALCULATION, exit_A: float = DEPTH_A
) -> torch.Tensor:
    return passed(layers, calculation).stored(exit_A, calculation.grid, calculation)


def weaker(factor: float) -> Numerics:
    """Atoms that scatter less by this factor."""
    return Numerics(form_factor=lambda number, q_per_A: factor * form_factor_A(number, q_per_A))


WEAK = weaker(0.02)


def relative_difference(a, b) -> float:
    """Against the scattered part of b."""
    return float(torch.linalg.norm(a - b) / torch.linalg.norm(b - b.mean()))


@given(seeds, distances_A)
def test_propagating_there_and_back_is_the_identity_in_band(seed, distance_A):
    wave = band_limited_wave(seed)
    there_and_back = propagated(propagated(wave, CALCULATION, distance_A), CALCULATION, -distance_A)
    assert torch.allclose(there_and_back, wave, atol=1e-4)


@given(seeds, distances_A)
def test_two_half_steps_are_one_step(seed, distance_A):
    wave = band_limited_wave(seed)
    halves = propagated(propagated(wave, CALCULATION, distance_A / 2), CALCULATION, distance_A / 2)
    assert torch.allclose(halves, propagated(wave, CALCULATION, distance_A), atol=1e-4)


@given(distances_A)
def test_vacuum_gives_one(distance_A):
    ones = torch.ones(2, 64, 64, dtype=torch.complex64)
    assert torch.allclose(propagated(ones, CALCULATION, distance_A), ones, atol=1e-6)


@given(st.floats(-2, 2), st.floats(-2, 2), distances_A)
def test_propagation_multiplies_a_plane_wave_by_exp_of_minus_i_pi_lambda_q2_z(fy, fx, distance_A):
    # q on the grid's frequencies, within the disc: |q| <= 2.5 1/Å
    cycles = (round(fy * FIELD_A * 0.8), round(fx * FIELD_A * 0.8))
    y, x = np.mgrid[:64, :64] / 64
    wave = torch.from_numpy(np.exp(2j * pi * (cycles[0] * y + cycles[1] * x)))
    q_squared = (cycles[0] ** 2 + cycles[1] ** 2) / FIELD_A**2
    expected = wave * np.exp(-1j * pi * wavelength_A(ENERGY_EV) * q_squared * distance_A)
    assert torch.allclose(propagated(wave, CALCULATION, distance_A), expected, atol=1e-5)


@given(seeds)
def test_a_pure_phase_object_conserves_the_intensity_at_every_point(seed):
    positions_A, numbers = random_atoms(seed)
    flat = layers_of(positions_A * (1, 1, 0), numbers)
    assert torch.allclose(passed(flat).field.abs(), torch.ones(1), atol=1e-6)


@settings(max_examples=10)
@given(seeds)
def test_the_phase_of_a_plane_is_the_direct_sum_over_its_atoms(seed):
    positions_A, numbers = random_atoms(seed, n=20)
    phases = torch.stack([phase for _, phase in plane_phases(layers_of(positions_A, numbers), CALCULATION)])
    grid = CALCULATION.grid
    qy, qx = grid.frequencies_per_A()
    q = np.hypot(qy, qx)
    expected = np.zeros(grid.shape, dtype=complex)
    for (x, y, _), number in zip(positions_A, numbers.tolist(), strict=True):
        factor = form_factor_A(number, q) * debye_waller(B_A2, q)
        expected += factor * np.exp(-2j * pi * (qy * y + qx * x)) / grid.sampling_A**2
    expected *= interaction_constant_rad_per_VA(ENERGY_EV) * POTENTIAL_PER_FORM_FACTOR_V_A2
    kept = q < 2 / 3 * grid.nyquist_per_A
    total = np.fft.fft2(phases.sum(0)[0].double().numpy())
    assert np.linalg.norm((total - expected)[kept]) < 1e-4 * np.linalg.norm(expected[kept])


@settings(max_examples=10)
@given(seeds, st.floats(-3, 3), st.floats(-3, 3))
def test_shifting_all_atoms_by_parts_of_a_pixel_shifts_the_wave(seed, shift_x_A, shift_y_A):
    positions_A, numbers = random_atoms(seed)
    # a weak object: what wraps around at 0.2 Å/px is of second order, and differs with the shift
    calculation = Calculation(CALCULATION.grid, ENERGY_EV, "cpu", WEAK)
    here, there = (
        resample(exit_wave(layers_of(positions_A + shift_A, numbers), calculation), (42, 42))
        for shift_A in ((0, 0, 0), (shift_x_A, shift_y_A, 0))
    )
    qy, qx = (torch.from_numpy(q) for q in Grid((42, 42), FIELD_A / 42).frequencies_per_A())
    shifted = torch.fft.ifft2(torch.fft.fft2(here) * torch.exp(-2j * pi * (qy * shift_y_A + qx * shift_x_A)))
    assert relative_difference(shifted, there) < 1e-3


@settings(max_examples=10)
@given(seeds, st.integers(-70, 70), st.integers(-70, 70))
def test_shifting_all_atoms_by_whole_pixels_rolls_the_wave(seed, columns, rows):
    positions_A, numbers = random_atoms(seed)
    here, there = (
        exit_wave(layers_of(positions_A + shift_A, numbers))
        for shift_A in ((0, 0, 0), (0.2 * columns, 0.2 * rows, 0))
    )
    assert relative_difference(here.roll((rows, columns), (-2, -1)), there) < 1e-4


def test_a_weak_object_converges_to_the_linear_prediction_with_an_error_of_second_order():
    """ψ = 1 + i Σ_atoms exp(-iπ λ q² (z_exit - z)) σV + O(V²): half the potential, a quarter of the error."""
    positions_A, numbers = random_atoms(5)
    layers = layers_of(positions_A, numbers, thickness_A=0.02)
    grid, q = CALCULATION.grid, np.hypot(*CALCULATION.grid.frequencies_per_A())
    qy, qx = grid.frequencies_per_A()
    scattered = np.zeros(grid.shape, dtype=complex)
    for (x, y, z), number in zip(positions_A, numbers.tolist(), strict=True):
        travelled = np.exp(
            -1j * pi * wavelength_A(ENERGY_EV) * q**2 * (DEPTH_A - z) - 2j * pi * (qy * y + qx * x)
        )
        scattered += form_factor_A(number, q) * debye_waller(B_A2, q) * travelled / grid.sampling_A**2
    scattered *= 1j * interaction_constant_rad_per_VA(ENERGY_EV) * POTENTIAL_PER_FORM_FACTOR_V_A2
    linear = resample(torch.from_numpy(np.fft.ifft2(scattered)), (42, 42))
    errors = []
    for factor in (0.04, 0.02):
        wave = exit_wave(layers, Calculation(grid, ENERGY_EV, "cpu", weaker(factor)))[0]
        errors.append(torch.linalg.norm(resample(wave, (42, 42)) - 1 - factor * linear).item())
    assert log2(errors[0] / errors[1]) == pytest.approx(2, abs=0.1)
    assert errors[1] < 0.05 * 0.02 * torch.linalg.norm(linear).item()


def test_slices_converge_with_the_fourth_order_for_a_weak_object():
    """Sharing atoms between four planes cancels the first three orders in the distance of the planes.

    At 300 kV and 1.25 1/Å the phase π λ q² h is 0.1 per Å, so 4 and 8 Å are small enough for the order to show.
    """
    positions_A, numbers = random_atoms(6)
    positions_A[:, 2] *= 6
    # as weak as the rounding of float32 lets it be: the second order in the potential is of first order in h
    calculation = Calculation(CALCULATION.grid, ENERGY_EV, "cpu", weaker(1e-2))
    fine, *coarser = (
        resample(
            exit_wave(layers_of(positions_A, numbers, thickness_A), calculation, exit_A=6 * DEPTH_A), (42, 42)
        )
        for thickness_A in (0.5, 4.0, 8.0)
    )
    error = [relative_difference(wave, fine) for wave in coarser]
    assert log2(error[1] / error[0]) == pytest.approx(4, abs=0.5)
    assert error[0] < 2e-3


def test_slices_converge_with_the_first_order_for_a_strong_object():
    """An atom shared by planes scatters on each in turn: of first order in their distance, and small.

    At 0.08 Å: with coarser pixels what wraps around depends on the planes too, and hides the order.
    """
    positions_A, numbers = random_atoms(7, n=80, numbers=(79,))
    calculation = Calculation(Grid((160, 160), 0.08), ENERGY_EV)
    waves = {
        thickness_A: resample(exit_wave(layers_of(positions_A, numbers, thickness_A), calculation), (42, 42))
        for thickness_A in (0.02, 0.25, 1.0, 2.0)
    }
    error = {t: relative_difference(wave, waves[0.02]) for t, wave in waves.items()}
    assert log2(error[1.0] / error[0.25]) == pytest.approx(2, abs=0.3)
    assert error[2.0] < 0.006


@pytest.mark.parametrize("number", [6, 79])
def test_cubic_sharing_is_more_accurate_than_linear(number):
    """Why it is worth its gathering: planes 2 Å apart, against 0.05 Å."""
    positions_A, numbers = random_atoms(10, n=80, numbers=(number,))
    fine = exit_wave(layers_of(positions_A, numbers, 0.05))
    linear = replace(layers_of(positions_A, numbers), slices=linear_slices(positions_A[:, 2], 2.0))
    shared_by_four, shared_by_two = (
        relative_difference(resample(exit_wave(layers), (42, 42)), resample(fine, (42, 42)))
        for layers in (layers_of(positions_A, numbers), linear)
    )
    assert shared_by_four < 0.6 * shared_by_two


def linear_slices(z_A: NDArray, gap_A: float) -> Slices:
    """Each atom shared by the two nearest planes."""
    below = np.floor(z_A / gap_A).astype(np.int64)
    beyond = z_A / gap_A - below
    return Slices(Lattice(0.0, gap_A), below, np.column_stack([1 - beyond, beyond]))


def test_gradients_flow_through_the_wave_and_the_phase():
    """Of the intensity behind a plane and 20 Å of free space, against finite differences along one direction."""
    grid = Grid((16, 16), 0.4)
    calculation = Calculation(grid, ENERGY_EV)
    generator = torch.Generator().manual_seed(0)
    phase, direction, weight = (torch.randn(16, 16, generator=generator) for _ in range(3))

    def score(wave: torch.Tensor, phase_rad: torch.Tensor) -> torch.Tensor:
        behind = propagated(wave * transmission(phase_rad, calculation), calculation, 20.0)
        return (weight * behind.abs().square()).sum()

    wave = torch.ones(16, 16, dtype=torch.complex64, requires_grad=True)
    phase.requires_grad_()
    score(wave, phase).backward()
    with torch.no_grad():
        along_phase = (score(wave, phase + 1e-2 * direction) - score(wave, phase - 1e-2 * direction)) / 2e-2
        along_wave = (score(wave + 1e-2 * direction, phase) - score(wave - 1e-2 * direction, phase)) / 2e-2
    assert (phase.grad * direction).sum().item() == pytest.approx(along_phase.item(), rel=1e-2)
    assert (wave.grad.real * direction).sum().item() == pytest.approx(along_wave.item(), rel=1e-2)


def test_pixels_converge_with_exact_positions():
    """Gold with Debye-Waller factor, wave below 1.25 1/Å, against 0.05 Å: fast, since the form factor falls steeply."""
    positions_A, numbers = random_atoms(8, n=80, numbers=(79,))
    waves = {}
    for n in (64, 96, 128, 256):
        calculation = Calculation(Grid((n, n), FIELD_A / n), ENERGY_EV)
        waves[n] = resample(exit_wave(layers_of(positions_A, numbers), calculation), (32, 32))
    error = {n: relative_difference(wave, waves[256]) for n, wave in waves.items()}
    assert error[64] < 0.02  # 0.2 Å
    assert error[96] < 0.25 * error[64]  # 0.133 Å
    assert error[128] < 0.25 * error[96]  # 0.1 Å
    assert error[128] < 0.001


def test_the_band_limit_of_two_thirds_costs_accuracy_that_the_whole_band_has():
    """Why the standard numerics use the whole disc: at 0.2 Å, against 0.05 Å, below 1.25 1/Å."""

    def two_thirds(grid):
        return (np.hypot(*grid.frequencies_per_A()) <= 2 / 3 * grid.nyquist_per_A).astype(float)

    positions_A, numbers = random_atoms(9, n=80, numbers=(48,))
    layers = layers_of(positions_A, numbers)
    fine = resample(exit_wave(layers, Calculation(Grid((256, 256), 0.05), ENERGY_EV)), (32, 32))
    rule = Numerics(propagator_aperture=two_thirds, transmission_aperture=two_thirds)
    whole_band, limited = (
        resample(exit_wave(layers, Calculation(CALCULATION.grid, ENERGY_EV, "cpu", numerics)), (32, 32))
        for numerics in (STANDARD, rule)
    )
    assert relative_difference(whole_band, fine) < 0.5 * relative_difference(limited, fine)


def test_transmission_is_limited_to_the_band_that_numerics_ask_for():
    def half(grid):
        return (np.hypot(*grid.frequencies_per_A()) <= 0.5 * grid.nyquist_per_A).astype(float)

    calculation = Calculation(CALCULATION.grid, ENERGY_EV, "cpu", Numerics(transmission_aperture=half))
    phase_rad = torch.from_numpy(np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32))
    spectrum = torch.fft.fft2(transmission(phase_rad, calculation)).abs().numpy()
    assert spectrum[half(calculation.grid) == 0].max() < 1e-4 * spectrum.max()


def test_no_argument_is_changed():
    wave = band_limited_wave(3)
    before = wave.clone()
    propagated(wave, CALCULATION, 10.0)
    Beam(wave[None]).behind(10.0, torch.full_like(wave, 1j)[None], CALCULATION)
    Beam(wave[None]).stored(10.0, CALCULATION.grid, CALCULATION)
    assert torch.equal(wave, before)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_gives_the_wave_of_the_cpu():
    layers = layers_of(*random_atoms(4))
    calculation = Calculation(CALCULATION.grid, ENERGY_EV, "cuda")
    assert relative_difference(exit_wave(layers, calculation).cpu(), exit_wave(layers)) < 1e-5
