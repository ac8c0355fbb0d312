from math import cos, exp, pi, radians, sin

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from passband.imaging.aberrations import POSITION
from passband.imaging.distribution import (
    ImagingDistribution,
    Value,
    choice,
    mean_value,
    normal,
    standard_deviation,
    support,
    uniform,
)
from passband.imaging.draw import LONGEST_PRODUCT, draw_conditions, mean_condition, quadrature

FORMS = [
    normal(-10, 1.5),
    uniform(-25, 25),
    choice(-5, 5),
    choice(normal(3, 1), uniform(8, 9), weights=(1, 3)),
]


def test_users_units_become_ours_at_the_door() -> None:
    one = mean_condition(
        ImagingDistribution(
            energy_kV=200,
            defocus_nm=-10,
            Cs_mm=1.2,
            focal_spread_nm=2,
            convergence_mrad=0.5,
            dose_e_per_A2=400,
            C21_nm=7,
            phi21_deg=30,
        )
    )
    assert one.energy_eV == 200e3
    assert float(one.C10_A) == 100  # overfocus: C10 = -defocus
    assert float(one.defocus_A) == -100
    assert float(one.coefficient_A("C30")) == pytest.approx(1.2e7)
    assert float(one.coefficient_A("C21")) == 70
    assert float(one.azimuths_rad[POSITION["C21"]]) == pytest.approx(radians(30))
    assert (float(one.focal_spread_A), float(one.convergence_rad)) == (20, pytest.approx(5e-4))
    assert float(one.dose_e_per_A2) == 400


def test_one_seed_gives_one_set_of_conditions() -> None:
    domain = ImagingDistribution(defocus_nm=normal(0, 5))
    assert torch.equal(draw_conditions(domain, 50, 7).C10_A, draw_conditions(domain, 50, 7).C10_A)
    assert not torch.equal(draw_conditions(domain, 50, 7).C10_A, draw_conditions(domain, 50, 8).C10_A)


def test_letting_another_setting_vary_leaves_the_draws_of_the_first() -> None:
    narrow = ImagingDistribution(defocus_nm=normal(0, 5))
    wide = ImagingDistribution(defocus_nm=normal(0, 5), Cs_mm=uniform(-1, 1), C12_nm=normal(0, 2))
    assert torch.equal(draw_conditions(narrow, 50, 1).C10_A, draw_conditions(wide, 50, 1).C10_A)


@pytest.mark.parametrize("form", FORMS)
def test_draws_have_the_moments_and_the_range_of_their_distribution(form: Value) -> None:
    n = 40_000
    drawn = draw_conditions(ImagingDistribution(defocus_nm=form), n, 3).defocus_A.numpy() / 10
    lo, hi = support(form)
    assert drawn.min() >= lo - 1e-9
    assert drawn.max() <= hi + 1e-9
    assert abs(drawn.mean() - mean_value(form)) < 5 * standard_deviation(form) / n**0.5
    assert drawn.std() == pytest.approx(standard_deviation(form), rel=0.02)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("order", [2, 3, 8, 25])
def test_the_quadrature_has_the_first_two_moments(form: Value, order: int) -> None:
    nodes, weights = quadrature(ImagingDistribution(defocus_nm=form), order)
    values = nodes.defocus_A / 10
    mean = float((weights * values).sum())
    assert float(weights.sum()) == pytest.approx(1)
    assert mean == pytest.approx(mean_value(form), abs=1e-9)
    # the cut at four standard deviations takes 0.11 % of a variance
    variance = float((weights * (values - mean) ** 2).sum())
    assert variance == pytest.approx(standard_deviation(form) ** 2, rel=2e-3)
    lo, hi = support(form)
    assert lo <= float(values.min())
    assert float(values.max()) <= hi


@given(st.floats(0.0, 2.0))
def test_the_mean_of_a_wave_over_a_normal_focus_is_its_gaussian_envelope(turn: float) -> None:
    # <cos(x t)> over N(0, 1) is exp(-t²/2); the cut at 4 changes it by less than 6.4e-5 x 2
    nodes, weights = quadrature(ImagingDistribution(defocus_nm=normal(0, 1)), 12)
    assert float((weights * torch.cos(nodes.defocus_A / 10 * turn)).sum()) == pytest.approx(
        exp(-(turn**2) / 2), abs=2e-4
    )


def test_the_mean_of_a_wave_over_a_uniform_focus_is_its_sinc() -> None:
    nodes, weights = quadrature(ImagingDistribution(defocus_nm=uniform(-1, 1)), 12)
    got = float((weights * torch.cos(nodes.defocus_A / 10 * 7.5)).sum())
    assert got == pytest.approx(sin(7.5) / 7.5, abs=1e-6)


def test_a_fixed_distribution_is_one_node() -> None:
    nodes, weights = quadrature(ImagingDistribution(defocus_nm=3), 9)
    assert nodes.batch_shape == (1,)
    assert weights.tolist() == [1.0]


def test_a_product_of_rules_integrates_a_product() -> None:
    domain = ImagingDistribution(defocus_nm=uniform(-1, 1), C12_nm=normal(0, 1))
    nodes, weights = quadrature(domain, 10)
    both = torch.cos(nodes.defocus_A / 10) * torch.cos(nodes.coefficient_A("C12") / 10)
    assert nodes.batch_shape == (100,)
    assert float((weights * both).sum()) == pytest.approx(sin(1) * exp(-0.5), abs=2e-4)


def test_many_varying_settings_are_integrated_by_a_sequence_of_fixed_length() -> None:
    domain = ImagingDistribution(
        defocus_nm=uniform(-1, 1),
        Cs_mm=uniform(0, 1),
        C12_nm=normal(0, 1),
        phi12_deg=uniform(0, 180),
        C50_nm=choice(1, 2),
    )
    nodes, weights = quadrature(domain, 8)
    assert nodes.batch_shape == (LONGEST_PRODUCT,)
    value = torch.cos(nodes.defocus_A / 10) * torch.cos(nodes.coefficient_A("C12") / 10)
    value = value * nodes.coefficient_A("C30") / 1e7 * nodes.coefficient_A("C50") / 10
    # the means of the four factors: sin 1, e^-1/2, 1/2, 3/2
    assert float((weights * value).sum()) == pytest.approx(sin(1) * exp(-0.5) * 0.75, abs=1e-3)


def test_a_quadrature_of_order_zero_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="order of 1 or more"):
        quadrature(ImagingDistribution(defocus_nm=uniform(0, 1)), 0)


@given(st.floats(-50, 50), st.floats(-180, 180))
def test_draws_of_fixed_settings_are_the_mean_condition(defocus_nm: float, phi_deg: float) -> None:
    domain = ImagingDistribution(defocus_nm=defocus_nm, C12_nm=1, phi12_deg=phi_deg)
    drawn, mean = draw_conditions(domain, 2, 0), mean_condition(domain)
    assert torch.equal(drawn[0].coefficients_A, mean.coefficients_A)
    assert torch.equal(drawn[1].azimuths_rad, mean.azimuths_rad)
    assert cos(float(mean.azimuths_rad[1])) == pytest.approx(cos(phi_deg * pi / 180))
    assert np.isinf(float(mean.dose_e_per_A2))
