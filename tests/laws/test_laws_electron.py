"""The electron's wavelength and interaction constant: published values, and the laws behind them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passband.electron import (
    HC_EV_A,
    POTENTIAL_PER_FORM_FACTOR_V_A2,
    REST_ENERGY_EV,
    interaction_constant_rad_per_VA,
    wavelength_A,
)

WAVELENGTHS_PM = {
    60: 4.86606,
    80: 4.175716,
    100: 3.701437,
    120: 3.349215,
    200: 2.507934,
    300: 1.968749,
    400: 1.643943,
    1000: 0.871919,
}
"""kV: pm, as in the tables of E. J. Kirkland (2010) and L. Reimer, H. Kohl (2008), with CODATA constants."""
INTERACTION_CONSTANTS = {80: 1.008707e-3, 100: 0.924396e-3, 200: 0.728840e-3, 300: 0.652616e-3}
"""kV: rad/(V Å)."""
energies_eV = st.floats(1e3, 3e6)


@pytest.mark.parametrize(("energy_kV", "expected_pm"), WAVELENGTHS_PM.items())
def test_wavelengths_have_the_published_values(energy_kV, expected_pm):
    # the last digit that is given
    assert wavelength_A(energy_kV * 1e3) * 100 == pytest.approx(
        expected_pm, abs=5.1e-6 if energy_kV == 60 else 6e-7
    )


@pytest.mark.parametrize(("energy_kV", "expected"), INTERACTION_CONSTANTS.items())
def test_interaction_constants_have_the_published_values(energy_kV, expected):
    assert interaction_constant_rad_per_VA(energy_kV * 1e3) == pytest.approx(expected, abs=6e-10)


@given(energies_eV)
def test_the_momentum_h_over_the_wavelength_obeys_einsteins_energy_relation(energy_eV):
    # (pc)² + (mc²)² = (E + mc²)², with pc = hc/λ
    pc = HC_EV_A / wavelength_A(energy_eV)
    assert pc**2 + REST_ENERGY_EV**2 == pytest.approx((energy_eV + REST_ENERGY_EV) ** 2, rel=1e-12)


@given(energies_eV)
def test_the_phase_per_form_factor_is_the_wavelength_times_the_relativistic_mass_ratio(energy_eV):
    # σ = 2π m_rel e λ / h², and the potential per form factor is h² / (2π m e): the product is λ m_rel / m
    product = interaction_constant_rad_per_VA(energy_eV) * POTENTIAL_PER_FORM_FACTOR_V_A2
    assert product == pytest.approx(wavelength_A(energy_eV) * (1 + energy_eV / REST_ENERGY_EV), rel=1e-6)


@given(energies_eV, st.floats(1.01, 2))
def test_faster_electrons_have_shorter_waves_and_interact_less(energy_eV, factor):
    assert wavelength_A(factor * energy_eV) < wavelength_A(energy_eV)
    assert interaction_constant_rad_per_VA(factor * energy_eV) < interaction_constant_rad_per_VA(energy_eV)
