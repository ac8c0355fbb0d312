"""Means over imaging distributions that expected spectra are made of."""

import numpy as np
import pytest

from passband.electron import wavelength_A
from passband.imaging.distribution import ImagingDistribution, choice, normal, uniform
from passband.information.band import Band, polar_grid
from passband.information.moments import transfer_moments
from passband.information.nodes import product_nodes
from passband.information.wave_moments import (
    LEVELS,
    mean_inverse_dose_A2,
    shared_grid,
    wave_modes,
    wave_moments,
)

ROUND = ImagingDistribution(defocus_nm=normal(8, 2), Cs_mm=0.02, focal_spread_nm=2.0)
COMATIC = ImagingDistribution(
    defocus_nm=normal(5, 1), C12_nm=3.0, phi12_deg=20.0, C21_nm=80.0, phi21_deg=-35.0
)
MANY = ImagingDistribution(
    defocus_nm=normal(5, 1),
    Cs_mm=uniform(-0.01, 0.01),
    C12_nm=uniform(0, 2),
    phi12_deg=uniform(-90, 90),
    focal_spread_nm=uniform(1, 2),
)


@pytest.mark.parametrize("imaging", [ROUND, COMATIC])
def test_the_phase_power_is_that_of_weak_phase_objects(imaging: ImagingDistribution) -> None:
    grid = polar_grid(Band(), 64, 8)
    expected = transfer_moments(product_nodes(imaging, {"defocus_nm": 64}), grid)
    found = wave_moments(imaging, grid)
    assert found.phase_power == pytest.approx(expected.mean_power, abs=1e-9)
    assert found.mean_transfer == pytest.approx(expected.mean_transfer, abs=1e-9)


@pytest.mark.parametrize("imaging", [ROUND, MANY])
def test_more_nodes_change_little(imaging: ImagingDistribution) -> None:
    # 256 points of a Sobol sequence in five settings: the error of a mean is of the order log(256)^5/256, here found
    # below 0.03 of the full range at any frequency; one setting converges like a Gauss rule
    grid = polar_grid(Band(), 64, 8)
    some, more = wave_moments(imaging, grid), wave_moments(imaging, grid, most_nodes=2048)
    tolerance = 1e-6 if imaging is ROUND else 0.03
    assert np.abs(some.phase_power - more.phase_power).max() < tolerance


def test_delocalisation_is_the_same_for_lenses_turned_by_half_a_turn() -> None:
    grid = polar_grid(Band(), 64, 8)
    turned = COMATIC.model_copy(update={"phi21_deg": 145.0})
    one, other = (wave_moments(each, grid).delocalisation_A for each in (COMATIC, turned))
    assert one == pytest.approx(other, abs=1e-9)
    assert one[0].max() < one[-1].max()


def test_delocalisation_of_one_condition_is_the_slope_of_chi() -> None:
    # C10 = -80 Å, C30 = 2e5 Å: |λ C10 q + λ³ C30 q³|
    imaging = ImagingDistribution(defocus_nm=8.0, Cs_mm=0.02)
    grid = shared_grid([imaging], Band())
    q, wavelength = grid.q_per_A, wavelength_A(300e3)
    expected = np.abs(-80 * wavelength * q + 2e5 * wavelength**3 * q**3)
    found = wave_moments(imaging, grid).delocalisation_A
    assert found.shape == (LEVELS, 1, len(q))
    assert found == pytest.approx(np.broadcast_to(expected, found.shape), abs=1e-9)


def test_levels_of_delocalisation_are_those_of_the_defocus() -> None:
    # δ = λ q |Δf| at |Δf| uniform in 10-20 nm: level i + ½ of 16 lies at 100 Å (1 + (i + ½)/16)
    imaging = ImagingDistribution(defocus_nm=uniform(10, 20))
    grid = shared_grid([imaging], Band())
    found = wave_moments(imaging, grid).delocalisation_A[:, 0, -1]
    expected = wavelength_A(300e3) * 1.25 * 100 * (1 + (np.arange(16) + 0.5) / 16)
    # 128 Gauss-Legendre nodes stand closest together at the ends: half a spacing is 0.6 % of the width in the middle
    assert found == pytest.approx(expected, abs=0.015 * expected[0])


def test_the_mean_of_the_inverse_dose_counts_faint_images_most() -> None:
    assert mean_inverse_dose_A2(ImagingDistribution(defocus_nm=0.0)) == 0
    assert mean_inverse_dose_A2(ImagingDistribution(defocus_nm=0.0, dose_e_per_A2=50.0)) == pytest.approx(
        0.02
    )
    two = ImagingDistribution(defocus_nm=0.0, dose_e_per_A2=choice(100.0, 25.0))
    assert mean_inverse_dose_A2(two) == pytest.approx(0.025)
    # ∫ dx/x over 100-200, of 100: ln 2 / 100
    broad = ImagingDistribution(defocus_nm=0.0, dose_e_per_A2=uniform(100.0, 200.0))
    assert mean_inverse_dose_A2(broad) == pytest.approx(np.log(2) / 100, rel=1e-4)


def test_modes_are_the_distribution_taken_apart() -> None:
    grid = polar_grid(Band(), 32, 1)
    modes = wave_modes(ROUND, grid, 16)
    whole = wave_moments(ROUND, grid)
    assert sum(weight for weight, _ in modes) == pytest.approx(1)
    mean = sum(weight * mode.phase_power for weight, mode in modes)
    assert mean == pytest.approx(whole.phase_power, abs=1e-3)


def test_one_azimuth_serves_round_transfer_only() -> None:
    assert shared_grid([ROUND], Band()).shape[0] == 1
    assert shared_grid([ROUND, COMATIC], Band()).shape[0] > 1
    assert shared_grid([ROUND], Band(), directional=True).shape[0] > 1


def test_motion_of_the_image_damps_what_is_transferred() -> None:
    # vibration of 0.2 Å: exp(-2 π² v² q²) of T; drift along x of 1 Å: sinc(q d) along x and nothing along y
    grid = polar_grid(Band(), 32, 2)
    still, shaken, drifting = (
        wave_moments(ImagingDistribution(defocus_nm=normal(8, 2), **motion), grid)
        for motion in ({}, {"vibration_nm": 0.02}, {"drift_nm": 0.1})
    )
    q = grid.q_per_A
    assert shaken.phase_power == pytest.approx(
        still.phase_power * np.exp(-4 * (np.pi * 0.2 * q) ** 2), abs=1e-12
    )
    assert drifting.phase_power[0] == pytest.approx(still.phase_power[0] * np.sinc(q) ** 2, abs=1e-12)
    assert drifting.phase_power[1] == pytest.approx(still.phase_power[1], abs=1e-12)
    assert shared_grid([ImagingDistribution(defocus_nm=8.0, drift_nm=0.1)], Band()).shape[0] > 1


def test_motion_that_varies_takes_nodes_of_its_own() -> None:
    # <sinc²(q d cos φ)> over directions φ: at small q 1 - (π q d)²/6, half of it along any direction
    grid = polar_grid(Band(q_max_per_A=0.2), 8, 2)
    still = wave_moments(ImagingDistribution(defocus_nm=8.0), grid)
    any_way = wave_moments(ImagingDistribution(defocus_nm=8.0, drift_nm=0.1, drift_deg=uniform(0, 360)), grid)
    lost = 1 - any_way.phase_power[:, -1] / still.phase_power[:, -1]
    assert lost == pytest.approx((np.pi * 0.2) ** 2 / 6, rel=0.05)
    both = ImagingDistribution(
        defocus_nm=normal(8, 1), drift_nm=uniform(0.05, 0.1), drift_deg=uniform(0, 360)
    )
    nodes = product_nodes(both, {"defocus_nm": 3, "drift_nm": 4, "drift_deg": 4})
    assert nodes.condition.drift_A is not None
    lengths = nodes.condition.drift_A.norm(dim=-1)
    assert len(lengths) == 48
    assert float(lengths.min()) > 0.5
    assert float(lengths.max()) < 1.0
