"""Laws of imaging, over random aberrations of every kind."""

from dataclasses import replace
from math import pi

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from passband.electron import wavelength_A
from passband.grid import Grid
from passband.imaging.aberrations import ABERRATIONS
from passband.imaging.condition import ImagingCondition, symmetric_condition, with_aberrations
from passband.imaging.detector import Detector
from passband.imaging.distribution import ImagingDistribution
from passband.imaging.draw import mean_condition
from passband.imaging.envelopes import spatial_envelope, temporal_envelope
from passband.imaging.image import intensity
from passband.imaging.landmarks import corrected_optimum, scherzer_defocus_A
from passband.imaging.phase import chi, chi_slope
from passband.imaging.recording import Recording
from passband.imaging.transfer import frequency_axes, phase_transfer, wave_transfer
from passband.wave import ExitWave

Q_MAX = 1.25
DOUBLE = torch.complex128
GRID = Grid((32, 32), 0.4)
WIDE = Grid((128, 128), 0.4)  # holds the delocalisation of an uncorrected microscope
ANGLES = torch.linspace(0, 2 * pi, 25, dtype=torch.float64)[:-1, None]
LENGTHS = torch.linspace(0, Q_MAX, 26, dtype=torch.float64)[None]
POINTS = LENGTHS * ANGLES.sin(), LENGTHS * ANGLES.cos()


def largest_A(order: int, energy_eV: float, turns: float) -> float:
    """The coefficient that adds a phase of so many turns at Q_MAX."""
    wavelength = wavelength_A(energy_eV)
    return turns * wavelength * (order + 1) / (wavelength * Q_MAX) ** (order + 1)


@st.composite
def conditions(draw: st.DrawFn, symmetries: tuple[int, ...] = tuple(range(7))) -> ImagingCondition:
    """One condition at 60-300 kV with up to three turns of every aberration of the given symmetries."""
    energy_eV = draw(st.sampled_from([60e3, 80e3, 200e3, 300e3]))
    numbers = st.lists(st.floats(-1, 1), min_size=14, max_size=14)
    turns, azimuths = draw(numbers), draw(numbers)
    sizes = [
        t * largest_A(a.order, energy_eV, 3.0) if a.symmetry in symmetries else 0.0
        for t, a in zip(turns, ABERRATIONS, strict=True)
    ]
    return ImagingCondition(
        energy_eV,
        torch.tensor(sizes, dtype=torch.float64),
        pi * torch.tensor(azimuths, dtype=torch.float64),
        torch.tensor(draw(st.floats(0, 40)), dtype=torch.float64),
        torch.tensor(draw(st.floats(0, 1e-3)), dtype=torch.float64),
        torch.tensor(torch.inf, dtype=torch.float64),
    )


def weak_atom(strength_rad: float, grid: Grid = GRID) -> Tensor:
    """The phase (ny, nx) of one atom at pixel (0, 0): a Gaussian of 0.35 Å, in the band and without a mean."""
    qy, qx = frequency_axes(grid)
    band = torch.exp(-2 * (pi * 0.35) ** 2 * (qy**2 + qx**2)) * (
        torch.hypot(qy, qx) < grid.nyquist_per_A * 0.95
    )
    band[0, 0] = 0
    peak = torch.fft.ifft2(band).real
    return strength_rad * peak / peak.max()


def wave_of(phase_rad: Tensor, energy_eV: float, grid: Grid = GRID) -> ExitWave:
    return ExitWave(torch.exp(1j * phase_rad)[None].to(torch.complex64), grid, energy_eV)


@given(conditions(symmetries=(0,)))
def test_turning_the_sign_of_every_round_aberration_leaves_the_size_of_the_transfer(
    one: ImagingCondition,
) -> None:
    turned = replace(one, coefficients_A=-one.coefficients_A)
    here, there = (phase_transfer(c, *POINTS, dtype=DOUBLE) for c in (one, turned))
    assert torch.allclose(here.abs(), there.abs(), atol=1e-9)
    assert torch.allclose(here, -there, atol=1e-9)


@given(conditions(symmetries=(0, 2, 4, 6)))
def test_even_aberrations_transfer_q_and_minus_q_alike_and_really(one: ImagingCondition) -> None:
    here = phase_transfer(one, *POINTS, dtype=DOUBLE)
    assert torch.allclose(here, phase_transfer(one, -POINTS[0], -POINTS[1], dtype=DOUBLE), atol=1e-9)
    assert here.imag.abs().max() < 1e-9


@given(conditions())
def test_the_image_of_a_phase_is_real_whatever_the_aberrations(one: ImagingCondition) -> None:
    here = phase_transfer(one, *POINTS, dtype=DOUBLE)
    assert torch.allclose(phase_transfer(one, -POINTS[0], -POINTS[1], dtype=DOUBLE), here.conj(), atol=1e-9)
    assert here.abs().max() <= 1 + 1e-12


@given(conditions(), st.floats(-pi, pi))
def test_turning_the_azimuths_turns_the_transfer(one: ImagingCondition, angle: float) -> None:
    turned = replace(one, azimuths_rad=one.azimuths_rad + angle)
    there = LENGTHS * (ANGLES + angle).sin(), LENGTHS * (ANGLES + angle).cos()
    assert torch.allclose(
        wave_transfer(turned, *there, dtype=DOUBLE), wave_transfer(one, *POINTS, dtype=DOUBLE), atol=1e-8
    )


@given(conditions())
def test_the_slope_along_a_direction_is_the_derivative_along_it(one: ImagingCondition) -> None:
    # q dχ/dq by the sum over orders: each aberration counts n + 1 times itself (Euler)
    slope_y, slope_x = chi_slope(one, *POINTS)
    along = wavelength_A(one.energy_eV) * (POINTS[0] * slope_y + POINTS[1] * slope_x)
    expected = torch.zeros_like(along)
    for index, aberration in enumerate(ABERRATIONS):
        alone = replace(one, coefficients_A=one.coefficients_A * (torch.arange(14) == index))
        expected = expected + (aberration.order + 1) * chi(alone, *POINTS)
    assert torch.allclose(along, expected, atol=1e-8)


@given(conditions(), st.floats(1.01, 3))
def test_envelopes_lie_between_zero_and_one_and_fall_as_they_widen(
    one: ImagingCondition, factor: float
) -> None:
    wider = replace(
        one, focal_spread_A=factor * one.focal_spread_A, convergence_rad=factor * one.convergence_rad
    )
    for envelope in (temporal_envelope, spatial_envelope):
        narrow, wide = envelope(one, *POINTS), envelope(wider, *POINTS)
        assert (wide <= narrow).all()
        assert (narrow <= 1).all()
        assert (wide >= 0).all()
        assert (narrow[:, 0] == 1).all()


@given(conditions())
def test_without_width_the_envelopes_are_one(one: ImagingCondition) -> None:
    steady = replace(one, focal_spread_A=0 * one.focal_spread_A, convergence_rad=0 * one.convergence_rad)
    assert (temporal_envelope(steady, *POINTS) == 1).all()
    assert (spatial_envelope(steady, *POINTS) == 1).all()


@given(st.floats(-2000, -1), st.floats(0, 1e-3))
def test_the_spatial_envelope_is_one_where_chi_has_no_slope(C10_A: float, convergence_rad: float) -> None:
    # with C30 = -C10 / α² the slope C10 α + C30 α³ vanishes at α = λ q
    q = 0.8
    C30_A = -C10_A / (wavelength_A(300e3) * q) ** 2
    condition = symmetric_condition(300e3, C10_A, C30_A, 0.0, convergence_rad)
    here = torch.zeros(1, 1, dtype=torch.float64), torch.full((1, 1), q, dtype=torch.float64)
    assert float(spatial_envelope(condition, *here)) == pytest.approx(1, abs=1e-12)


@given(st.floats(-100, 100), st.floats(-2, 2), st.floats(0, 5), st.floats(-20, 20))
def test_nanometres_at_the_door_and_angstroms_inside_are_the_same(
    defocus: float, Cs: float, spread: float, C12: float
) -> None:
    written = ImagingDistribution(
        defocus_nm=defocus, Cs_mm=Cs, focal_spread_nm=spread, C12_nm=C12, phi12_deg=20
    )
    round_ones = symmetric_condition(300e3, -10 * defocus, 1e7 * Cs, 10 * spread)
    inside = with_aberrations(round_ones, {"C12": 10 * C12}, {"C12": pi / 9})
    assert torch.allclose(
        wave_transfer(mean_condition(written), *POINTS), wave_transfer(inside, *POINTS), atol=1e-6
    )


@given(conditions(), st.floats(-300, 300))
def test_a_change_of_focus_is_a_propagation_and_taking_it_back_the_identity(
    one: ImagingCondition, step_A: float
) -> None:
    # E_s sees the slope of the whole χ, so the law is about a steady beam
    steady = replace(one, convergence_rad=0 * one.convergence_rad)
    here = wave_transfer(steady, *POINTS, dtype=DOUBLE)
    back = wave_transfer(steady.refocused(step_A).refocused(-step_A), *POINTS, dtype=DOUBLE)
    assert torch.allclose(back, here, atol=1e-7)
    # and what a change of focus adds is a propagation: exp(-iπλ z q²), as between slices of a specimen
    propagation = torch.exp(
        -1j * pi * wavelength_A(one.energy_eV) * step_A * (POINTS[0] ** 2 + POINTS[1] ** 2)
    )
    assert torch.allclose(
        wave_transfer(steady.refocused(step_A), *POINTS, dtype=DOUBLE), here * propagation, atol=1e-7
    )


@given(conditions())
def test_vacuum_gives_intensity_one(one: ImagingCondition) -> None:
    vacuum = ExitWave(torch.ones(1, *GRID.shape, dtype=torch.complex64), GRID, one.energy_eV)
    assert torch.allclose(intensity(vacuum, one), torch.ones(GRID.shape), atol=1e-6)


@given(conditions(), st.floats(0, 0.1), st.floats(0, 0.2))
def test_vacuum_gives_intensity_one_however_it_is_recorded(
    one: ImagingCondition, vibration_nm: float, drift_nm: float
) -> None:
    vacuum = ExitWave(torch.ones(1, *GRID.shape, dtype=torch.complex64), GRID, one.energy_eV)
    moved = mean_condition(
        ImagingDistribution(defocus_nm=0, vibration_nm=vibration_nm, drift_nm=drift_nm, drift_deg=40)
    )
    moving = replace(one, vibration_A=moved.vibration_A, drift_A=moved.drift_A)
    detector = Detector(mtf=((0.0, 1.0), (1.0, 0.2)), pixel_integration=True)
    for coherence in ("quasi-coherent", "explicit"):
        image = intensity(vacuum, moving, Recording(coherence, detector, most_points=16))
        assert torch.allclose(image, torch.ones(GRID.shape), atol=1e-5)


@given(st.floats(-300, 300), st.floats(0, 100), st.floats(0.1, 3))
def test_averaging_over_focus_conserves_electrons_of_any_phase(
    C10_A: float, spread_A: float, strength_rad: float
) -> None:
    y, x = torch.arange(32)[:, None] * (2 * pi / 32), torch.arange(32)[None] * (2 * pi / 32)
    wave = wave_of(strength_rad * torch.cos(y + 0.3) * torch.sin(x), 300e3)
    image = intensity(wave, symmetric_condition(300e3, C10_A, 0.0, spread_A), Recording("explicit"))
    assert float(image.double().mean()) == pytest.approx(1, abs=1e-5)


@given(conditions(), st.floats(0.1, 3))
def test_a_pure_phase_conserves_electrons_without_envelopes(
    one: ImagingCondition, strength_rad: float
) -> None:
    steady = replace(one, focal_spread_A=0 * one.focal_spread_A, convergence_rad=0 * one.convergence_rad)
    # a broad phase, so that nothing of the wave lies beyond the stored band
    y, x = torch.arange(32)[:, None] * (2 * pi / 32), torch.arange(32)[None] * (2 * pi / 32)
    wave = wave_of(strength_rad * torch.cos(y + 0.3) * torch.sin(x), one.energy_eV)
    assert float(intensity(wave, steady).double().mean()) == pytest.approx(1, abs=1e-5)


@given(conditions())
def test_weak_objects_are_imaged_linearly_with_an_error_of_second_order(one: ImagingCondition) -> None:
    T = phase_transfer(one, *frequency_axes(GRID), dtype=DOUBLE)
    T[16], T[:, 16] = 0, 0
    errors = []
    for strength in (0.04, 0.02):
        phase = weak_atom(strength)
        linear = 1 + 2 * torch.fft.ifft2(T * torch.fft.fft2(phase)).real
        errors.append(float((intensity(wave_of(phase, one.energy_eV), one) - linear).abs().max()))
    assert errors[0] < 3 * 0.04**2
    assert errors[1] < 0.26 * errors[0] + 2e-6


@given(st.sampled_from([200e3, 300e3]), st.floats(0.3, 2), st.floats(1.0, 1.22))
def test_an_atom_is_dark_at_scherzer_underfocus(energy_eV: float, Cs_mm: float, constant: float) -> None:
    # Cs > 0, underfocus: C10 = -defocus < 0; sin χ < 0 over the passed band. A cone of 0.7 mrad keeps the
    # delocalisation, λ √(ln 100) / (π β) at most, within the 25.6 Å to the edge of the field
    C10_A = -scherzer_defocus_A(Cs_mm * 1e7, energy_eV, constant)
    condition = symmetric_condition(energy_eV, C10_A, Cs_mm * 1e7, 30.0, 7e-4)
    image = intensity(wave_of(weak_atom(0.1, WIDE), energy_eV, WIDE), condition)
    assert image.argmin() == 0
    assert 1 - image.min() > 2 * (image.max() - 1)


@given(st.sampled_from([80e3, 200e3, 300e3]), st.floats(0.7, 1.2))
def test_an_atom_is_bright_with_negative_spherical_aberration_and_overfocus(
    energy_eV: float, g: float
) -> None:
    # Lentzen's optimum with Cs < 0: C10 = -defocus > 0, which is overfocus
    best = corrected_optimum(energy_eV, g)
    condition = symmetric_condition(energy_eV, best.defocus_A, -best.Cs_A, 10.0)
    assert float(condition.defocus_A) < 0
    image = intensity(wave_of(weak_atom(0.1, WIDE), energy_eV, WIDE), condition)
    assert image.argmax() == 0
    assert image.max() - 1 > 2 * (1 - image.min())
