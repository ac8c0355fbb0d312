"""<|T|²> and <T> against closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passband.electron import wavelength_A
from passband.imaging.distribution import ImagingDistribution, choice, normal, uniform
from passband.information import moments as moments_module
from passband.information.band import Band, polar_grid
from passband.information.moments import TransferMoments, transfer_moments
from passband.information.nodes import product_nodes, refinable

LAMBDA_A = wavelength_A(300e3)
ROUND_GRID = polar_grid(Band(), 64, 1)
Q = ROUND_GRID.q_per_A


def moments_of(distribution: ImagingDistribution, order: int = 24, n_phi: int = 1) -> TransferMoments:
    nodes = product_nodes(distribution, dict.fromkeys(refinable(distribution), order))
    return transfer_moments(nodes, polar_grid(Band(), 64, n_phi))


def envelope(focal_spread_A: float) -> np.ndarray:
    return np.exp(-0.5 * (np.pi * LAMBDA_A * focal_spread_A * Q**2) ** 2)


@given(defocus_nm=st.floats(-50, 50), Cs_mm=st.floats(-1, 1), spread_nm=st.floats(0, 4))
def test_a_fixed_setting_gives_the_sine_of_chi(defocus_nm: float, Cs_mm: float, spread_nm: float) -> None:
    found = moments_of(ImagingDistribution(defocus_nm=defocus_nm, Cs_mm=Cs_mm, focal_spread_nm=spread_nm))
    chi = -np.pi * LAMBDA_A * 10 * defocus_nm * Q**2 + np.pi / 2 * 1e7 * Cs_mm * LAMBDA_A**3 * Q**4
    expected = np.sin(chi) * envelope(10 * spread_nm)
    np.testing.assert_allclose(found.mean_transfer[0], expected, atol=1e-9)
    np.testing.assert_allclose(found.mean_power[0], expected**2, atol=1e-9)
    np.testing.assert_allclose(found.amplitude[0], np.abs(expected), atol=1e-6)


def test_a_normal_spread_of_defocus_damps_the_oscillation_of_the_power() -> None:
    """<sin²χ> = ½ - ½ cos 2χ₀ exp(-2 s²) and <sin χ> = sin χ₀ exp(-½ s²), with s = πλq² times the std."""
    found = moments_of(ImagingDistribution(defocus_nm=normal(-10.0, 1.5), focal_spread_nm=1.0))
    chi, s = np.pi * LAMBDA_A * 100 * Q**2, np.pi * LAMBDA_A * 15 * Q**2
    power = (0.5 - 0.5 * np.cos(2 * chi) * np.exp(-2 * s**2)) * envelope(10) ** 2
    transfer = np.sin(chi) * np.exp(-0.5 * s**2) * envelope(10)
    # the cut at four standard deviations changes the spread by 1e-3, and so these by less
    np.testing.assert_allclose(found.mean_power[0], power, atol=3e-4)
    np.testing.assert_allclose(found.mean_transfer[0], transfer, atol=3e-4)


def test_a_uniform_defocus_gives_the_cardinal_sine() -> None:
    """Over ±D the power is ½ - ½ sinc(2πλDq²) and the mean transfer, odd in defocus, is zero."""
    found = moments_of(ImagingDistribution(defocus_nm=uniform(-25.0, 25.0), focal_spread_nm=0.0), order=64)
    argument = 2 * np.pi * LAMBDA_A * 250 * Q**2
    np.testing.assert_allclose(found.mean_power[0], 0.5 - 0.5 * np.sinc(argument / np.pi), atol=1e-9)
    np.testing.assert_allclose(found.mean_transfer[0], 0, atol=1e-12)


def test_a_mixture_is_the_weighted_mean_of_its_parts() -> None:
    parts = [moments_of(ImagingDistribution(defocus_nm=value)) for value in (-5.0, 8.0)]
    mixed = moments_of(ImagingDistribution(defocus_nm=choice(-5.0, 8.0, weights=(1.0, 3.0))))
    for name in ("mean_power", "mean_transfer"):
        expected = 0.25 * getattr(parts[0], name) + 0.75 * getattr(parts[1], name)
        np.testing.assert_allclose(getattr(mixed, name), expected, atol=1e-12)


@settings(max_examples=20)
@given(
    C12_nm=st.floats(0.5, 10),
    C21_nm=st.floats(0, 300),
    turn=st.integers(0, 7),
    azimuth_deg=st.floats(-100, 100),
)
def test_turning_all_aberrations_turns_the_moments(
    C12_nm: float, C21_nm: float, turn: int, azimuth_deg: float
) -> None:
    """By k steps of the grid's azimuth, π/8; what leaves at π comes back at 0 as T(-q) = T*(q)."""

    def turned_by(angle_deg: float) -> TransferMoments:
        azimuth = azimuth_deg + angle_deg
        lens = {"C12_nm": C12_nm, "C21_nm": C21_nm, "phi12_deg": azimuth, "phi21_deg": azimuth}
        return moments_of(ImagingDistribution(defocus_nm=uniform(4.0, 6.0), **lens), order=4, n_phi=8)

    still, turned = turned_by(0), turned_by(22.5 * turn)
    np.testing.assert_allclose(turned.mean_power, np.roll(still.mean_power, turn, axis=0), atol=1e-9)
    wrapped = np.roll(still.mean_transfer, turn, axis=0)
    wrapped[:turn] = wrapped[:turn].conj()
    np.testing.assert_allclose(turned.mean_transfer, wrapped, atol=1e-9)


def test_astigmatism_along_an_axis_is_a_defocus_of_its_own_there() -> None:
    """χ at azimuth φ holds C10 + C12 cos 2(φ - φ12): along φ12 the two add, across they subtract."""
    found = moments_of(ImagingDistribution(defocus_nm=-10.0, C12_nm=3.0, phi12_deg=0.0), n_phi=2)
    along, across = (moments_of(ImagingDistribution(defocus_nm=-value)) for value in (13.0, 7.0))
    np.testing.assert_allclose(found.mean_power[0], along.mean_power[0], atol=1e-9)
    np.testing.assert_allclose(found.mean_power[1], across.mean_power[0], atol=1e-9)


@settings(max_examples=20)
@given(defocus_nm=st.floats(-30, 30), std_nm=st.floats(0.1, 5), C23_nm=st.floats(0, 200))
def test_the_mean_transfer_never_exceeds_the_amplitude(
    defocus_nm: float, std_nm: float, C23_nm: float
) -> None:
    found = moments_of(ImagingDistribution(defocus_nm=normal(defocus_nm, std_nm), C23_nm=C23_nm), n_phi=4)
    assert (np.abs(found.mean_transfer) <= found.amplitude + 1e-9).all()
    assert (found.mean_power <= 1 + 1e-12).all()


def test_round_transfer_holds_in_every_direction() -> None:
    distribution = ImagingDistribution(defocus_nm=normal(-10.0, 1.5))
    np.testing.assert_array_equal(
        moments_of(distribution, n_phi=4).mean_power, np.tile(moments_of(distribution).mean_power, (4, 1))
    )


def test_coarser_moments_are_every_second_node() -> None:
    found = moments_of(ImagingDistribution(defocus_nm=-10.0, C12_nm=3.0), n_phi=4)
    assert found.coarser_q().mean_power.shape == found.coarser_q().grid.shape == (4, 33)
    assert found.coarser_phi().mean_transfer.shape == found.coarser_phi().grid.shape == (2, 65)
    np.testing.assert_array_equal(found.coarser_q().mean_power, found.mean_power[:, ::2])


def test_chunks_of_nodes_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    distribution = ImagingDistribution(defocus_nm=normal(-10.0, 1.5), C12_nm=2.0)
    whole = moments_of(distribution, n_phi=4)
    monkeypatch.setattr(moments_module, "CHUNK_ELEMENTS", 1000)
    np.testing.assert_allclose(moments_of(distribution, n_phi=4).mean_power, whole.mean_power, atol=1e-14)
