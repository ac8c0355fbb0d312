"""The values of the field's conventions, and what each landmark has to do with χ."""

from itertools import pairwise
from math import exp, sin, sqrt

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from passband.electron import wavelength_A
from passband.imaging.condition import symmetric_condition
from passband.imaging.envelopes import temporal_envelope
from passband.imaging.landmarks import (
    SCHERZER_CONSTANTS,
    corrected_optimum,
    focal_spread_A,
    information_limit_A,
    point_resolution_A,
    scherzer_defocus_A,
    transfer_zeros_per_A,
)
from passband.imaging.phase import chi
from passband.units import FWHM_PER_STD

ORIGIN = torch.zeros(1, 1, dtype=torch.float64)


def chi_at(q: float, energy_eV: float, C10_A: float, C30_A: float) -> float:
    return float(chi(symmetric_condition(energy_eV, C10_A, C30_A), ORIGIN, ORIGIN + q))


@pytest.mark.parametrize(
    ("energy_eV", "in_nm"), [(200e3, (54.86, 63.35, 65.83, 67.19)), (300e3, (48.61, 56.12, 58.33, 59.53))]
)
def test_scherzer_defocus_for_every_constant_of_the_literature(
    energy_eV: float, in_nm: tuple[float, ...]
) -> None:
    # Cs 1.2 mm; c √(Cs λ)
    got = [scherzer_defocus_A(1.2e7, energy_eV, c) / 10 for c in SCHERZER_CONSTANTS.values()]
    assert got == pytest.approx(in_nm, abs=0.006)


def test_point_resolutions_as_published() -> None:
    assert point_resolution_A(1.0e7, 200e3) == pytest.approx(2.264, abs=6e-4)
    assert point_resolution_A(1.2e7, 300e3) == pytest.approx(1.977, abs=6e-4)
    # Tecnai F20 S-TWIN: 0.24 nm
    assert point_resolution_A(1.2e7, 200e3, sqrt(4 / 3)) == pytest.approx(2.441, abs=6e-4)


@pytest.mark.parametrize("constant", SCHERZER_CONSTANTS.values())
@given(Cs_mm=st.floats(1e-3, 5), energy_kV=st.floats(60, 1000))
def test_chi_vanishes_at_the_point_resolution_of_scherzer_defocus(
    constant: float, Cs_mm: float, energy_kV: float
) -> None:
    energy_eV, Cs_A = energy_kV * 1e3, Cs_mm * 1e7
    C10_A = -scherzer_defocus_A(Cs_A, energy_eV, constant)
    q = 1 / point_resolution_A(Cs_A, energy_eV, constant)
    assert chi_at(q, energy_eV, C10_A, Cs_A) == pytest.approx(0, abs=1e-9)
    # and its minimum, at q/√2, is -π c²/2
    assert chi_at(q / sqrt(2), energy_eV, C10_A, Cs_A) == pytest.approx(-torch.pi * constant**2 / 2)


def test_optimum_of_a_corrected_microscope() -> None:
    # 300 kV, 0.8 Å: 12.72 µm and 5.78 nm (Lentzen 2006)
    best = corrected_optimum(300e3, 1 / 0.8)
    assert best.Cs_A / 1e4 == pytest.approx(12.72, abs=0.006)
    assert best.defocus_A / 10 == pytest.approx(5.78, abs=0.006)


def test_focal_spread_and_information_limit_of_a_known_microscope() -> None:
    # 200 kV, Cc 1.2 mm, 0.7 eV full width at half maximum
    spread = focal_spread_A(1.2e7, 200e3, 0.7 / FWHM_PER_STD)
    assert spread == pytest.approx(20.76, abs=0.006)
    assert information_limit_A(spread, 200e3) == pytest.approx(0.904, abs=6e-4)


def test_the_current_counts_twice_in_the_focal_spread() -> None:
    assert focal_spread_A(1e7, 300e3, 0.0, 1e-6, 0.0) == pytest.approx(10)
    assert focal_spread_A(1e7, 300e3, 0.0, 0.0, 1e-6) == pytest.approx(20)


@given(st.floats(1, 100), st.floats(60, 1000))
def test_the_information_limit_is_where_the_envelope_is_e_to_the_minus_two(
    spread_A: float, energy_kV: float
) -> None:
    q = 1 / information_limit_A(spread_A, energy_kV * 1e3)
    condition = symmetric_condition(energy_kV * 1e3, 0.0, focal_spread_A=spread_A)
    assert float(temporal_envelope(condition, ORIGIN, ORIGIN + q)) == pytest.approx(exp(-2))


def test_first_zero_of_ten_nanometres_of_defocus() -> None:
    # 300 kV: 1/√(λ 100 Å) = 0.713 1/Å; then √2, √3 times that
    zeros = transfer_zeros_per_A(-100.0, 0.0, 300e3, 1.25)
    assert zeros[0] == pytest.approx(0.713, abs=6e-4)
    assert zeros == pytest.approx([sqrt(n / (wavelength_A(300e3) * 100)) for n in (1, 2, 3)])


@given(st.floats(-2000, 2000), st.floats(-3, 3), st.sampled_from([80e3, 200e3, 300e3]))
def test_sin_chi_changes_sign_only_at_the_zeros(C10_A: float, Cs_mm: float, energy_eV: float) -> None:
    zeros = transfer_zeros_per_A(C10_A, Cs_mm * 1e7, energy_eV, 1.0)
    assert all(abs(sin(chi_at(q, energy_eV, C10_A, Cs_mm * 1e7))) < 1e-6 for q in zeros)
    assert all(a < b for a, b in pairwise(zeros))
    fine = torch.linspace(1e-3, 1.0, 10_000, dtype=torch.float64)[None]
    sine = chi(symmetric_condition(energy_eV, C10_A, Cs_mm * 1e7), ORIGIN, fine).sin().flatten()
    flips = fine.flatten()[1:][(sine[1:] * sine[:-1]) < 0]
    if len(flips):
        assert (flips[:, None] - torch.tensor(zeros, dtype=torch.float64)).abs().amin(1).max() < 1.1e-4


def test_zeros_without_end_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        transfer_zeros_per_A(-100.0, 0.0, 300e3, float("inf"))
