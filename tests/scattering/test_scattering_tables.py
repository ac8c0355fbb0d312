"""Form factors, Debye-Waller factors and the spec that chooses them."""

import subprocess
import sys

import gemmi
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passband.errors import UserError
from passband.records import parse_record
from passband.scattering.debye_waller import ASSUMED, DEBYE_WALLER, ELEMENTS, thermal_row
from passband.scattering.form_factors import debye_waller, form_factor_A
from passband.scattering.spec import SimulationSpec

numbers = st.integers(1, 98)


@pytest.mark.parametrize("number", range(2, 99))
def test_form_factors_obey_the_mott_bethe_formula(number):
    # f_e = (Z - f_x) / (8π² a0 s²), with the X-ray form factors f_x of International Tables C 6.1.1.4, another table,
    # which for hydrogen is that of the bonded atom. Largest difference 1.2 %, but 5 and 6 % in the fits of Cs and Rb.
    s = np.array([0.3, 0.5, 0.8, 1.2])
    f_x = np.array([gemmi.Element(number).it92.calculate_sf(x**2) for x in s])
    expected = (number - f_x) / (8 * np.pi**2 * 0.529177 * s**2)
    assert form_factor_A(number, 2 * s) == pytest.approx(expected, rel=0.07 if number in (37, 55) else 0.015)


@given(numbers, st.floats(0, 4), st.floats(0.01, 1))
def test_form_factors_are_positive_and_fall_with_frequency(number, q_per_A, step):
    near, far = form_factor_A(number, np.array([q_per_A, q_per_A + step]))
    assert near > far > 0


def test_form_factors_are_those_of_the_published_table():
    # Gold: the sum of a_1..a_5 of Peng et al. 1996, 0.9674 + 1.8916 + 3.3993 + 3.0524 + 1.2607
    assert form_factor_A(79, np.zeros(1)) == pytest.approx(10.5714, abs=1e-9)


@pytest.mark.parametrize("number", [0, 99])
def test_an_element_outside_the_tables_is_refused(number):
    with pytest.raises(UserError, match="only for 1"):
        form_factor_A(number, np.zeros(1))
    with pytest.raises(UserError, match="atomic number"):
        thermal_row(number)


@given(st.floats(0, 5), st.floats(0, 3))
def test_the_debye_waller_factor_is_the_mean_over_gaussian_displacements(B_A2, q_per_A):
    # <exp(2πi q u)> over u ~ N(0, B/8π²), by Gauss-Hermite quadrature
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    displaced_A = nodes * np.sqrt(B_A2 / (8 * np.pi**2))
    mean = (weights * np.cos(2 * np.pi * q_per_A * displaced_A)).sum() / weights.sum()
    assert debye_waller(B_A2, np.array(q_per_A)) == pytest.approx(mean, abs=1e-9)


def test_every_element_has_a_thermal_factor_with_its_source():
    assert len(ELEMENTS) == 98
    assert [gemmi.Element(number).name for number in range(1, 99)] == list(ELEMENTS)
    assert set(DEBYE_WALLER) <= set(ELEMENTS)
    for number in range(1, 99):
        row = thermal_row(number)
        assert 0 < row.B_A2 < 20
        assert row.source in {"Peng 1996", "Gao 1999", "assumed"}
        assert row.solid
    assert thermal_row(92) == ASSUMED


def test_a_spec_takes_thermal_factors_from_the_table_unless_told_otherwise():
    spec = SimulationSpec(debye_waller_A2={"Cd": 1.7})
    assert spec.thermal_factor_A2(48) == 1.7
    assert spec.thermal_factor_A2(79) == DEBYE_WALLER["Au"].B_A2


@pytest.mark.parametrize(
    ("given_data", "message"),
    [
        ({"sampling_A": 0.3}, "stored_sampling_A: must be at least 1.5 times sampling_A, here 0.45 Å"),
        ({"energy_kV": 5}, "energy_kV"),
        ({"frozen_phonons": -1}, "frozen_phonons"),
        ({"frozen_phonons": 1.5}, "frozen_phonons"),
        ({"slice_thickness_A": 0}, "slice_thickness_A"),
        ({"debye_waller_A2": {"Xx": 1.0}}, "'Xx' is not the symbol of an element"),
        ({"debye_waller_A2": {"Au": -1.0}}, "debye_waller_A2.Au"),
        ({"sampling": 0.1}, "unknown key 'sampling'; did you mean 'sampling_A'?"),
    ],
)
def test_a_spec_that_cannot_be_simulated_is_refused_with_the_key(given_data, message):
    with pytest.raises(UserError) as refusal:
        parse_record(SimulationSpec, given_data, "study.yaml")
    assert message in str(refusal.value)
    assert str(refusal.value).startswith("study.yaml: ")


def test_reading_a_spec_does_not_load_torch():
    code = "import sys, passband.scattering.spec; assert 'torch' not in sys.modules and 'gemmi' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
