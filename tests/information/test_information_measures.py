"""The measures on transfers that are simple enough to integrate by hand. x = q / q_max throughout."""

from math import pi, sqrt

import numpy as np
import pytest

from passband.information.band import Band, polar_grid
from passband.information.measures import (
    coverage,
    epsilon,
    many_measures,
    sigma,
    sigma_signed,
    stacked,
)
from passband.information.moments import TransferMoments
from passband.information.spectra import RadialSpectrum
from passband.information.weights import AREA, RADIAL, Weight, specimen_weight

GRID = polar_grid(Band(), 64, 1)
X = GRID.q_per_A / 1.25
R, A = RADIAL.on(GRID), AREA.on(GRID)


def moments(transfer: np.ndarray | float) -> TransferMoments:
    T = np.broadcast_to(np.asarray(transfer, dtype=np.complex128), GRID.shape)
    return TransferMoments(GRID, np.abs(T) ** 2, T)


FLAT, HALF, RISING, NOTHING = moments(1.0), moments(0.5), moments(X), moments(0.0)


def test_epsilon_is_the_mean_power_of_the_band_under_the_weight() -> None:
    assert epsilon(HALF, R) == pytest.approx(0.25)
    # |T|² = x²: ∫x² dx = 1/3; with w = x: ∫x³ / ∫x = 1/2
    assert epsilon(RISING, R) == pytest.approx(1 / 3)
    assert epsilon(RISING, A) == pytest.approx(1 / 2)


def test_sigma_is_the_cosine_between_amplitudes() -> None:
    # ∫x dx / sqrt(1 · ∫x² dx) = (1/2) sqrt(3); with w = x: (1/3) / sqrt(1/2 · 1/4) = sqrt(8)/3
    assert sigma(FLAT, RISING, R) == pytest.approx(sqrt(3) / 2)
    assert sigma(FLAT, RISING, A) == pytest.approx(sqrt(8) / 3)
    assert sigma(FLAT, HALF, R) == 1


def test_signed_sigma_sees_contrast_reversal_and_sigma_does_not() -> None:
    reversed_contrast = moments(-X)
    assert sigma(RISING, reversed_contrast, R) == pytest.approx(1)
    assert sigma_signed(RISING, reversed_contrast, R) == pytest.approx(-1)
    # T' = x up to the middle of the band, -x beyond: (1/8 - 7/8) of ∫x² dx; the jump blurs by one node spacing
    half_reversed = moments(np.where(X < 0.5, X, -X))
    assert sigma_signed(RISING, half_reversed, R) == pytest.approx(-0.75, abs=0.03)


def test_signed_sigma_takes_the_real_part_of_complex_transfer() -> None:
    # the same phase is full overlap, a quarter turn of it none, an eighth turn cos 45°
    assert sigma_signed(moments(1j), moments(1j), R) == pytest.approx(1)
    assert sigma_signed(FLAT, moments(1j), R) == pytest.approx(0, abs=1e-12)
    assert sigma_signed(FLAT, moments(np.exp(0.25j * pi)), R) == pytest.approx(sqrt(0.5))


def test_coverage_has_a_direction() -> None:
    # what the half shows is all in the whole; of what the whole shows, half is in the half
    assert coverage(seen=FLAT, shown=HALF, w=R) == 1
    assert coverage(seen=HALF, shown=FLAT, w=R) == 0.5
    # min(1/2, x): 1/8 + 1/4 = 3/8, of ∫x = 1/2 and of ∫1/2 = 1/2; the kink costs h²
    assert coverage(seen=HALF, shown=RISING, w=R) == pytest.approx(3 / 4, abs=1e-3)
    assert coverage(seen=RISING, shown=HALF, w=R) == pytest.approx(3 / 4, abs=1e-3)


def test_what_transfers_nothing_has_nothing_in_common_with_anything() -> None:
    assert epsilon(NOTHING, R) == 0
    for other in (FLAT, NOTHING):
        assert sigma(NOTHING, other, R) == sigma_signed(NOTHING, other, R) == 0
        assert coverage(seen=other, shown=NOTHING, w=R) == coverage(seen=NOTHING, shown=other, w=R) == 0


def test_the_specimen_weight_counts_power_over_the_plane() -> None:
    # S = 1 - x, w = x (1 - x): ε = ∫x³(1-x) / ∫x(1-x) = (1/4 - 1/5) / (1/2 - 1/3) = 0.3; S is interpolated linearly
    spectrum = RadialSpectrum(np.array([0.0, 1.25]), np.array([40.0, 0.0]))
    assert epsilon(RISING, specimen_weight(spectrum).on(GRID)) == pytest.approx(0.3)


def test_a_weight_that_is_zero_everywhere_is_refused() -> None:
    with pytest.raises(ValueError, match="'nothing' is zero over the whole band"):
        Weight("nothing", lambda q, phi: np.zeros_like(q)).on(GRID)


def test_many_pairs_at_once_are_those_one_by_one() -> None:
    stream = np.random.default_rng(0)
    several = [
        FLAT,
        NOTHING,
        RISING,
        *(moments(stream.normal(size=GRID.shape) + 1j * stream.normal(size=GRID.shape)) for _ in range(3)),
    ]
    pairs = [(a, b) for a in (4, 0, 1, 3) for b in (3, 1, 2, 4)]
    for w in (R, A):
        expected = [
            (epsilon(a, w), epsilon(b, w), sigma(a, b, w), sigma_signed(a, b, w), coverage(a, b, w))
            for a, b in ((several[i], several[j]) for i, j in pairs)
        ]
        assert many_measures(stacked(several), pairs, w) == pytest.approx(np.array(expected), abs=1e-12)
        changed = stacked(several).with_one(4, RISING)
        assert many_measures(changed, [(4, 2)], w)[0, 2] == pytest.approx(1)
        assert many_measures(stacked(several), [(4, 2)], w)[0, 2] < 0.999
