"""The specimen's power spectrum: its unit, its rings, its use as a weight."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from passband.errors import UserError
from passband.grid import Grid
from passband.information.band import Band, polar_grid
from passband.information.spectra import (
    RadialSpectrum,
    SpecimenSpectrum,
    specimen_spectrum,
    spectrum_at,
)
from passband.information.weights import specimen_weight
from passband.wave import ExitWave

GRID = Grid((32, 48), 0.4)


def wave(field: torch.Tensor, grid: Grid = GRID) -> ExitWave:
    return ExitWave(field.to(torch.complex64).reshape(-1, *grid.shape), grid, 300e3)


def random_field(seed: int, configurations: int = 1, grid: Grid = GRID) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 1 + 0.1 * torch.randn(configurations, *grid.shape, dtype=torch.complex64, generator=generator)


@settings(max_examples=20)
@given(seed=st.integers(0, 1000), configurations=st.integers(1, 3))
def test_the_integral_of_the_spectrum_is_the_variance_of_the_wave(seed: int, configurations: int) -> None:
    field = random_field(seed, configurations)
    spectrum = specimen_spectrum([wave(field)])
    element = 1 / (GRID.extent_A[0] * GRID.extent_A[1])
    variance = np.mean([np.var(each) for each in field.numpy()])
    assert spectrum.power_A2.sum() * element == pytest.approx(variance, rel=1e-4)


def test_a_plane_wave_stands_at_its_frequency_with_its_amplitude_squared_times_the_area() -> None:
    # ψ = 1 + 0.01 exp(2πi 3x/X): the integral of the wave part over the field is 0.01 · area, so S = 1e-4 · area
    x = torch.arange(48) / 48
    field = 1 + 0.01 * torch.exp(2j * np.pi * 3 * x).expand(32, 48)
    power = specimen_spectrum([wave(field)]).power_A2
    assert power[0, 3] == pytest.approx(1e-4 * 12.8 * 19.2, rel=1e-4)
    assert power.sum() == pytest.approx(power[0, 3], rel=1e-4)


def test_scenes_are_averaged_and_the_mean_wave_counts_for_nothing() -> None:
    first, second = (specimen_spectrum([wave(random_field(seed))]).power_A2 for seed in (1, 2))
    both = specimen_spectrum([wave(random_field(1)), wave(random_field(2) + 3)]).power_A2
    np.testing.assert_allclose(both, (first + second) / 2, rtol=1e-2, atol=1e-6)


def test_rings_keep_a_radial_function_and_end_at_the_nyquist_limit() -> None:
    q = np.hypot(*GRID.frequencies_per_A())
    radial = SpecimenSpectrum(2 + 3 * q, GRID).radial()
    np.testing.assert_allclose(radial.power_A2, 2 + 3 * radial.q_per_A)
    assert radial.q_per_A[-1] <= GRID.nyquist_per_A < radial.q_per_A[-1] + 1 / 12.8
    assert (np.diff(radial.q_per_A) > 0).all()


def test_a_spectrum_in_two_dimensions_is_read_along_its_azimuth() -> None:
    qy, qx = GRID.frequencies_per_A()
    spectrum = SpecimenSpectrum(np.abs(qy) + 0 * qx, GRID)
    q, phi = np.array([[0.3, 0.9]]), np.array([[0.0], [np.pi / 6], [np.pi / 2]])
    # |q_y| = q sin φ, and |·| is linear between the lines of the grid
    np.testing.assert_allclose(spectrum_at(spectrum, q, phi), q * np.sin(phi), atol=1e-12)


def test_a_round_spectrum_gives_one_weight_whether_read_in_one_dimension_or_two() -> None:
    q = np.hypot(*GRID.frequencies_per_A())
    spectrum = SpecimenSpectrum(np.exp(-2 * q), GRID)
    grid = polar_grid(Band(q_max_per_A=1.2), 64, 16)
    directional, radial = specimen_weight(spectrum), specimen_weight(spectrum.radial())
    assert (directional.name, directional.directional, radial.directional) == ("specimen", True, False)
    assert directional.on(grid).sum() == pytest.approx(radial.on(grid).sum(), rel=0.01)
    np.testing.assert_allclose(directional.on(grid), radial.on(grid), rtol=0.1, atol=1e-5)


def test_a_band_beyond_the_pixels_is_a_users_mistake() -> None:
    spectrum = specimen_spectrum([wave(random_field(1))])
    inside, beyond = polar_grid(Band(), 8, 2), polar_grid(Band(q_max_per_A=1.4), 8, 2)
    for each in (spectrum, spectrum.radial()):
        specimen_weight(each).on(inside)
        with pytest.raises(
            UserError, match=r"spectrum ends at 1\.\d+ 1/Å, below the band's 1\.4 1/Å; lower q_max"
        ):
            specimen_weight(each).on(beyond)


def test_waves_on_two_grids_or_none_are_refused() -> None:
    other = Grid((32, 32), 0.4)
    for waves in ([], [wave(random_field(1)), wave(random_field(1, grid=other), other)]):
        with pytest.raises(ValueError, match="all of them on one grid"):
            specimen_spectrum(waves)


def test_a_radial_spectrum_is_interpolated_between_its_rings() -> None:
    spectrum = RadialSpectrum(np.array([0.0, 1.0]), np.array([4.0, 2.0]))
    np.testing.assert_allclose(spectrum_at(spectrum, np.array([[0.5]]), np.array([[0.0]])), [[3.0]])
