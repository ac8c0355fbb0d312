from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from passband.electron import wavelength_A
from passband.grid import Grid
from passband.imaging.coherence import TOLERANCE, interference, source_points
from passband.imaging.condition import ImagingCondition, symmetric_condition, with_aberrations
from passband.imaging.image import form_intensity, intensity, spectrum, stacked_spectra
from passband.imaging.recording import Recording
from passband.imaging.transfer import wave_transfer
from passband.wave import ExitWave

Phase = Callable[[Grid, int, float], Tensor]
GRID = Grid((48, 48), 0.4)
EXPLICIT = Recording(coherence="explicit", most_points=4096)
SETTINGS = {
    "focus": symmetric_condition(300e3, -80.0, 0.0, 30.0),
    "tilt": symmetric_condition(300e3, -300.0, 0.0, 0.0, 2e-4),
    "both": symmetric_condition(300e3, -300.0, 1e5, 20.0, 1e-4),
}


def wave_of(*phases_rad: Tensor) -> ExitWave:
    return ExitWave(torch.exp(1j * torch.stack(phases_rad)).to(torch.complex64), GRID, 300e3)


@pytest.mark.parametrize("name", SETTINGS)
def test_envelopes_and_explicit_averaging_agree_for_weak_objects_to_second_order(
    name: str, phase: Phase
) -> None:
    differences = []
    for strength in (0.1, 0.05):
        wave = wave_of(phase(GRID, 1, strength))
        explicit = intensity(wave, SETTINGS[name], EXPLICIT)
        assert explicit.std() > 0.02 * strength
        differences.append(float((explicit - intensity(wave, SETTINGS[name])).abs().max()))
    # halving a weak phase halves what both agree on and quarters what they do not
    assert differences[0] < 0.1**2
    assert differences[1] < 0.3 * differences[0] + 2e-6


def test_for_strong_objects_envelopes_and_explicit_averaging_differ(phase: Phase) -> None:
    wave = wave_of(phase(GRID, 1, 2.0))
    explicit, damped = intensity(wave, SETTINGS["focus"], EXPLICIT), intensity(wave, SETTINGS["focus"])
    assert (explicit - damped).std() > 0.02 * explicit.std()
    # averaging intensities conserves electrons; a damped wave loses those that it damped
    assert float(explicit.mean()) == pytest.approx(1, abs=1e-3)
    assert float(damped.mean()) < 0.999


def test_without_spread_and_tilt_both_are_the_same(phase: Phase) -> None:
    wave = wave_of(phase(GRID, 2, 1.5))
    coherent = symmetric_condition(300e3, -100.0, 1e6)
    assert torch.allclose(intensity(wave, coherent, EXPLICIT), intensity(wave, coherent), atol=2e-6)


@pytest.mark.parametrize("spread_A", [3.0, 10.0, 40.0, 150.0])
def test_two_waves_interfere_by_the_characteristic_function_of_the_focus(spread_A: float) -> None:
    # |1 + a exp(2πi q x)|² has the one fringe 2a cos 2πqx; a mean over a normal focus damps it by exp(-κ²/2) with
    # κ = π λ σ q², whatever its strength; in envelopes, too, since the other wave is the unscattered one
    cycles, a = 15, 0.5
    x = torch.arange(48) / 48
    field = 1 + a * torch.exp(2j * torch.pi * cycles * x)
    wave = ExitWave(field.expand(1, 48, 48).to(torch.complex64).contiguous(), GRID, 300e3)
    kappa = np.pi * wavelength_A(300e3) * spread_A * (cycles / 19.2) ** 2
    image = intensity(wave, symmetric_condition(300e3, 0.0, 0.0, spread_A), EXPLICIT)
    fringe = torch.fft.rfft(image[0], norm="forward")[cycles].abs()
    assert float(fringe) == pytest.approx(a * np.exp(-(kappa**2) / 2), abs=TOLERANCE)


def test_the_wave_beyond_the_envelopes_keeps_its_electrons_in_explicit_averaging() -> None:
    # at σ_f = 150 Å the envelope is below 1e-9 at 1.25 1/Å, so quasi-coherently this wave is gone
    x = torch.arange(48) / 48
    field = (1 + 0.5 * torch.exp(2j * torch.pi * 23 * x)).expand(1, 48, 48).to(torch.complex64).contiguous()
    wave, condition = ExitWave(field, GRID, 300e3), symmetric_condition(300e3, 0.0, 0.0, 150.0)
    assert float(intensity(wave, condition, EXPLICIT).mean()) == pytest.approx(1.25, abs=1e-4)
    assert float(intensity(wave, condition).mean()) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(
    "condition",
    [
        symmetric_condition(300e3, -100.0, 0.0, 10.0),
        symmetric_condition(300e3, -100.0, 0.0, 200.0),
        symmetric_condition(80e3, -100.0, 0.0, 30.0, 1e-4),
        with_aberrations(symmetric_condition(300e3, -200.0, 0.0, 10.0, 1e-4), {"C21": 500.0}),
    ],
)
def test_points_stand_for_the_source_within_their_error(condition: ImagingCondition) -> None:
    points = source_points(condition, Grid((256, 256), 0.4), 4096)
    assert points.error < 3 * TOLERANCE
    assert points.weight.sum() == pytest.approx(1)
    assert points.weight.min() > 0
    assert points.weight @ points.focus_A**2 == pytest.approx(float(condition.focal_spread_A) ** 2, rel=2e-3)
    tilt = float(condition.convergence_rad) / wavelength_A(condition.energy_eV)
    # β is the 1/e half width: the variance in each direction is β²/2λ²
    assert np.allclose(points.weight @ points.tilt_per_A**2, tilt**2 / 2, rtol=2e-3)


def test_the_number_of_points_grows_with_the_phase_and_no_faster() -> None:
    counts = [
        len(source_points(symmetric_condition(300e3, 0.0, 0.0, spread), GRID, 4096).weight)
        for spread in (0.0, 1.0, 10.0, 30.0, 100.0, 300.0)
    ]
    assert counts == sorted(counts)
    assert counts[0] == 1
    # κ = 2 π λ σ q_Nyquist² = 58 rad at 300 Å; even steps need about 1.6 (κ + 5)
    assert counts[-1] < 110


def test_too_many_points_give_way_to_a_sequence_that_tells_its_error(phase: Phase) -> None:
    uncorrected = symmetric_condition(300e3, -500.0, 1.2e7, 20.0, 5e-4)
    points = source_points(uncorrected, GRID, 300)
    assert len(points.weight) == 256
    assert TOLERANCE < points.error < 0.3
    assert points.weight @ points.focus_A**2 == pytest.approx(20.0**2, rel=0.05)
    wave = wave_of(phase(GRID, 1, 0.3))
    rough, fine = (intensity(wave, uncorrected, replace(EXPLICIT, most_points=n)) for n in (64, 2048))
    assert float((rough - fine).std()) < 0.05 * float(fine.std())


def test_a_sequence_images_weak_objects_as_the_envelopes_do(phase: Phase) -> None:
    # what interferes with the unscattered beam is taken from the mean over the source, not from the points
    uncorrected = symmetric_condition(300e3, -500.0, 1.2e7, 20.0, 5e-4)
    wave = wave_of(phase(GRID, 1, 0.02))
    linear = intensity(wave, uncorrected)
    few = intensity(wave, uncorrected, replace(EXPLICIT, most_points=16))
    assert float((few - linear).std()) < 0.03 * float(linear.std())


@pytest.mark.parametrize("most_points", [100, 256, 2048])
@pytest.mark.parametrize("convergence_rad", [1e-4, 2e-4, 3e-4])
def test_two_waves_interfere_within_the_error_told(convergence_rad: float, most_points: int) -> None:
    # cos 2πqx has one fringe, of 2q. With q along x, χ(k + q) - χ(k - q) =
    # 4πλ C10 q k_x + 4π C30 λ³ q k_x (q² + k²): twice what parts each beam from the unscattered one
    q, wavelength, lens = 0.6, wavelength_A(300e3), symmetric_condition(300e3, -5023.0, 1.2e7)
    condition = replace(lens, convergence_rad=torch.tensor(convergence_rad, dtype=torch.float64))
    k = torch.linspace(-5, 5, 401, dtype=torch.float64)
    weights = torch.exp(-k.square() / 2) / torch.exp(-k.square() / 2).sum()
    kx = k * convergence_rad / 2**0.5 / wavelength
    parting = wavelength * -5023 + 1.2e7 * wavelength**3 * (q**2 + kx[:, None] ** 2 + kx**2)
    exact = weights @ torch.cos(4 * torch.pi * q * kx * parting) @ weights
    grid = Grid((50, 50), 0.4)  # 20 Å: 12 periods are 0.6 1/Å
    field = 2 * torch.cos(2 * torch.pi * 12 * torch.arange(50) / 50) * torch.ones(1, 50, 50)
    wave = ExitWave(field.to(torch.complex64), grid, 300e3)
    image = intensity(wave, condition, replace(EXPLICIT, most_points=most_points))
    fringe = torch.fft.rfft(image[0], norm="forward")[24].real
    points = source_points(condition, grid, most_points)
    assert abs(float(fringe - exact)) <= points.error + 1e-6
    assert points.error < (0.5 if points.is_sequence else 3 * TOLERANCE)


@pytest.mark.parametrize("C21_A", [0.0, 300.0])
def test_the_mean_interference_with_the_unscattered_beam_is_that_over_the_source(C21_A: float) -> None:
    # 60 x 60 tilts on even steps of ±5 standard deviations; no focal spread, so that tilt alone is tested
    lens = symmetric_condition(300e3, -300.0, 4e6, 0.0, 3e-4)
    condition = with_aberrations(lens, {"C21": C21_A, "C12": C21_A / 10}, {"C12": 0.3})
    steady = replace(condition, convergence_rad=torch.zeros((), dtype=torch.float64))
    qy, qx = (torch.linspace(-0.8, 0.8, 21, dtype=torch.float64) for _ in range(2))
    axes = qy[:, None], qx[None]
    deviation = 3e-4 / 2**0.5 / wavelength_A(300e3)
    steps = torch.linspace(-5, 5, 60, dtype=torch.float64)
    weights = torch.exp(-steps.square() / 2) / torch.exp(-steps.square() / 2).sum()
    mean = torch.zeros(21, 21, dtype=torch.complex128)
    for y, wy in zip(deviation * steps, weights, strict=True):
        for x, wx in zip(deviation * steps, weights, strict=True):
            t = wave_transfer(steady, axes[0] + y, axes[1] + x, torch.complex128)
            mean += wy * wx * t * t[10, 10].conj()
    error = (interference(condition, *axes) - mean).abs().max()
    assert error < 2e-3
    first_order = wave_transfer(condition, *axes, dtype=torch.complex128)
    assert error < 0.1 * (first_order - mean).abs().max()


def test_batches_stacks_and_configurations_are_what_their_members_are(phase: Phase) -> None:
    waves = [wave_of(phase(GRID, 3 + i, 0.5), phase(GRID, 8 + i, 0.5)) for i in range(2)]
    spread = torch.tensor([5.0, 10.0, 40.0])
    batch = symmetric_condition(300e3, torch.tensor([[-50.0], [50.0]]), 0.0, spread)
    images = form_intensity(stacked_spectra(waves)[:, None], batch, EXPLICIT)
    assert images.shape == (2, 3, 48, 48)
    halves = [
        intensity(replace(waves[1], field=waves[1].field[i : i + 1]), batch[1, 2], EXPLICIT) for i in (0, 1)
    ]
    assert torch.allclose(images[1, 2], (halves[0] + halves[1]) / 2, atol=2e-6)
    one = form_intensity(spectrum(waves[0]), batch[0, 0], EXPLICIT)
    assert torch.allclose(images[0, 0], one, atol=2e-6)
