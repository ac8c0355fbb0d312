"""Example images: landmarks of the transfer, right and wrong pixels, which conditions are shown."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_synthetic import examples_of, transfer_curve

from passband.report.axis import DomainAxis
from passband.report.plots_examples import landmarks, shown_examples, verdict_image

WAVELENGTH_A = 0.01968749
AXIS = DomainAxis({f"defocus {each} nm": float(each) for each in range(-25, 26, 5)}, None)


@pytest.mark.parametrize("defocus_nm", [-10.0, 10.0])
def test_the_first_zero_is_that_of_pure_defocus(defocus_nm: float) -> None:
    # sin χ = 0 at q = sqrt(1 / (λ |C10|)): 0.713 1/Å at 300 kV and 10 nm
    q = np.linspace(0, 1.25, 251)
    found = landmarks(q, *transfer_curve(defocus_nm))
    assert found.first_zero_per_A == pytest.approx(0.713, abs=5e-4)


def test_the_information_limit_is_where_the_envelope_falls_to_one_over_e_squared() -> None:
    # E_t = exp(-½ (π λ σ q²)²) = e⁻² at q = sqrt(2 / (π λ σ)): 0.804 1/Å at 300 kV and σ = 50 Å
    q = np.linspace(0, 1.25, 2001)
    curve, envelope = np.ones_like(q), np.exp(-0.5 * (np.pi * WAVELENGTH_A * 50 * q**2) ** 2)
    expected = np.sqrt(2 / (np.pi * WAVELENGTH_A * 50))
    assert landmarks(q, curve, envelope).information_limit_per_A == pytest.approx(expected, rel=1e-4)


def test_a_transfer_that_never_turns_has_no_zero_and_an_envelope_that_stays_has_no_limit() -> None:
    q = np.linspace(0, 1.25, 251)
    found = landmarks(q, np.zeros_like(q), np.ones_like(q))
    assert np.isnan(found.first_zero_per_A)
    assert np.isnan(found.information_limit_per_A)


def test_a_zero_beyond_the_information_limit_is_not_told() -> None:
    q = np.linspace(0, 1.25, 251)
    found = landmarks(q, np.cos(np.pi * q / 2), np.exp(-((2.5 * q) ** 2)))
    assert np.isnan(found.first_zero_per_A)


@given(st.integers(0, 2**32 - 1))
def test_light_grey_is_found_dark_is_false_and_white_is_neither_except_for_the_stripes_of_missed_ones(
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    mask, probability = rng.integers(0, 2, (2, 24, 24)).astype(float)
    grey = verdict_image(mask, probability).astype(float) @ [0.299, 0.587, 0.114]
    large = [np.kron(each, np.ones((2, 2))) > 0.5 for each in (mask, probability)]
    found, false, missed = large[0] & large[1], large[1] & ~large[0], large[0] & ~large[1]
    assert (grey[found] > 190).all()
    assert (grey[false] < 90).all()
    assert (grey[~(found | false | missed)] == 255).all()
    assert set(grey[missed].round()) <= {round(grey.min() if grey.min() < 90 else 0), 73, 255}


def test_missed_pixels_are_striped_half_and_half() -> None:
    picture = verdict_image(np.ones((48, 48)), np.zeros((48, 48)))
    assert (picture[..., 0] == 255).mean() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("train_nm", [-25, -15, -5, 5, 20])
def test_the_shown_conditions_are_few_in_order_with_both_ends_and_that_of_training(train_nm: int) -> None:
    rng = np.random.default_rng(0)
    defoci = tuple(float(each) for each in (10, -25, 25, 0, -10, 5, -5, 15, -15, 20, -20))
    shown = shown_examples(examples_of(defoci, train_nm, rng, n=16), AXIS)
    places = [AXIS.places[name] for name in shown.domain_ids]
    assert places == sorted(places)
    assert len(places) == 5
    assert {-25.0, 25.0, float(train_nm)} <= set(places)


def test_images_stay_with_their_conditions_when_some_are_left_out() -> None:
    examples = examples_of((-10.0, 0.0, 10.0), -10, np.random.default_rng(0), n=16)
    few = examples.only([2, 0])
    assert few.domain_ids == ("defocus 10 nm", "defocus -10 nm")
    np.testing.assert_array_equal(few.images[1], examples.images[0])
    np.testing.assert_array_equal(few.transfer[0], examples.transfer[2])
