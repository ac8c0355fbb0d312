"""Particles found, matched and measured, with numbers counted by hand. Pixels are 1 nm wide unless said."""

from math import isnan, pi, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passband.evaluation.particles import (
    SPECK_AREA_NM2,
    Mask,
    equivalent_diameters_nm,
    particle_regions,
    score_particles,
)

NM = 10.0


def boxes(*corners: tuple[int, int, int, int]) -> Mask:
    mask = np.zeros((20, 40), dtype=bool)
    for top, left, height, width in corners:
        mask[top : top + height, left : left + width] = True
    return mask


def test_a_particle_moved_by_a_quarter_is_matched_and_one_moved_by_a_half_is_not() -> None:
    """4 x 8 boxes: moved by 2 columns IoU = 24/40 = 0.6; moved by 4, 16/48 = 1/3."""
    true = boxes((0, 0, 4, 8), (10, 0, 4, 8))
    found = score_particles(boxes((0, 2, 4, 8), (10, 4, 4, 8)), true, NM)
    assert (found.f1, found.n_true, found.n_found) == (0.5, 2, 2)


def test_an_overlap_of_exactly_one_half_is_no_match() -> None:
    """The true 4 x 8 box holds the found 4 x 4 one: IoU = 16/32."""
    assert score_particles(boxes((0, 0, 4, 4)), boxes((0, 0, 4, 8)), NM).f1 == 0
    assert score_particles(boxes((0, 0, 4, 5)), boxes((0, 0, 4, 8)), NM).f1 == 1


def test_two_particles_merged_into_one_are_at_most_one_match() -> None:
    """Two 4 x 4 boxes 1 apart, found as one 4 x 9 box: IoU 16/36 with either, so 0 of 2 and 1 match."""
    true = boxes((0, 0, 4, 4), (0, 5, 4, 4))
    found = score_particles(boxes((0, 0, 4, 9)), true, NM)
    assert (found.f1, found.n_true, found.n_found) == (0, 2, 1)


def test_f1_counts_missed_and_invented_particles_alike() -> None:
    one, two = boxes((0, 0, 4, 4)), boxes((0, 0, 4, 4), (10, 10, 4, 4))
    assert score_particles(one, two, NM).f1 == pytest.approx(2 / 3)
    assert score_particles(two, one, NM).f1 == pytest.approx(2 / 3)


def test_size_error_is_the_difference_of_the_mean_diameters() -> None:
    """Areas 16 nm² found against 36 and 16 nm² true: diameters 2 sqrt(A/π)."""
    found = score_particles(boxes((0, 0, 4, 4)), boxes((0, 0, 6, 6), (10, 10, 4, 4)), NM)
    expected = 2 / sqrt(pi) * (4 - (6 + 4) / 2)
    assert found.size_error_nm == pytest.approx(expected)


def test_an_empty_image_found_empty_is_perfect_and_has_no_size_error() -> None:
    found = score_particles(boxes(), boxes(), NM)
    assert (found.f1, found.n_true, found.n_found) == (1, 0, 0)
    assert isnan(found.size_error_nm)
    assert score_particles(boxes((0, 0, 4, 4)), boxes(), NM).f1 == 0


def test_regions_that_touch_at_a_corner_or_across_the_border_are_two() -> None:
    assert particle_regions(boxes((0, 0, 4, 4), (4, 4, 4, 4)), NM).max() == 2
    assert particle_regions(boxes((0, 0, 4, 4), (0, 36, 4, 4)), NM).max() == 2


def test_specks_are_dropped_below_one_square_nanometre_and_kept_at_it() -> None:
    """Pixels of 0.5 nm: 2 x 2 of them are 1 nm², 3 are 0.75 nm²."""
    assert SPECK_AREA_NM2 == 1.0
    mask = boxes((0, 0, 2, 2), (10, 10, 1, 3))
    assert particle_regions(mask, 5.0).max() == 1
    assert particle_regions(mask, 5.0)[0, 0] == 1


def test_the_equivalent_diameter_of_a_disc_is_its_diameter() -> None:
    """A disc of 30 px of 0.4 Å: 2.4 nm across; its pixels miss the circle by less than half a pixel."""
    y, x = np.ogrid[:128, :128]
    disc = (y - 63.5) ** 2 + (x - 63.5) ** 2 < 30**2
    diameter = equivalent_diameters_nm(particle_regions(disc, 0.4), 0.4)
    assert diameter.shape == (1,)
    assert diameter[0] == pytest.approx(2.4, abs=0.02)


@given(st.integers(0, 2**32 - 1))
def test_scores_change_their_sign_and_their_counts_when_truth_and_prediction_change_places(seed: int) -> None:
    random = np.random.default_rng(seed)
    one, other = (random.random((16, 16)) < 0.45 for _ in range(2))
    there, back = score_particles(one, other, NM), score_particles(other, one, NM)
    assert there.f1 == back.f1
    assert (there.n_true, there.n_found) == (back.n_found, back.n_true)
    assert there.size_error_nm == pytest.approx(-back.size_error_nm, nan_ok=True)
    assert 0 <= there.f1 <= 1
    assert score_particles(one, one, NM).f1 == 1
