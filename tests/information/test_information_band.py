"""Grids over the band integrate what they should."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from passband.information.band import Band, polar_grid


@given(degree=st.integers(0, 16), q_max=st.floats(0.1, 3))
def test_polynomials_up_to_the_number_of_intervals_are_exact(degree: int, q_max: float) -> None:
    grid = polar_grid(Band(q_max_per_A=q_max), 16, 1)
    integral = (grid.q_per_A**degree * grid.dq_per_A).sum()
    assert integral == pytest.approx(q_max ** (degree + 1) / (degree + 1), rel=1e-12)


@given(n_q=st.sampled_from([4, 8, 64, 512]), n_phi=st.sampled_from([2, 16]), q_max=st.floats(0.1, 3))
def test_every_second_node_is_the_rule_of_half_the_size(n_q: int, n_phi: int, q_max: float) -> None:
    grid, half = (polar_grid(Band(q_max_per_A=q_max), n, n_phi) for n in (n_q, n_q // 2))
    coarser = grid.coarser_q()
    assert coarser.shape == half.shape == (n_phi, n_q // 2 + 1)
    np.testing.assert_allclose(coarser.q_per_A, half.q_per_A, atol=1e-15)
    np.testing.assert_allclose(coarser.dq_per_A, half.dq_per_A, atol=1e-15)


def test_the_rule_of_four_intervals_is_the_textbooks() -> None:
    # Clenshaw-Curtis with n = 4 on [-1, 1] has the weights 1/15, 8/15, 12/15, 8/15, 1/15
    grid = polar_grid(Band(q_max_per_A=2.0), 4, 1)
    np.testing.assert_allclose(grid.dq_per_A, np.array([1, 8, 12, 8, 1]) / 15)
    np.testing.assert_allclose(grid.q_per_A, [0, 1 - np.sqrt(0.5), 1, 1 + np.sqrt(0.5), 2], atol=1e-15)


def test_azimuths_cover_half_a_turn_and_the_elements_sum_to_the_band() -> None:
    grid = polar_grid(Band(), 8, 4)
    np.testing.assert_allclose(grid.phi_rad, [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4])
    assert grid.element().shape == (4, 9)
    assert grid.element().sum() == pytest.approx(1.25)


def test_a_band_needs_an_end_and_a_rule_an_even_number_of_intervals() -> None:
    with pytest.raises(ValidationError, match="greater than 0"):
        Band(q_max_per_A=0.0)
    with pytest.raises(ValueError, match="even number of intervals"):
        polar_grid(Band(), 7, 1)
