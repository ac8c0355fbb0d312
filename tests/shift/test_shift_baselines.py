"""Plain distances between domains."""

from math import log10, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passband.shift.baselines import (
    LogPowerSpectrum,
    abs_delta,
    abs_delta_abs,
    log_power_spectrum,
    power_spectrum_distance,
)


def random_images(seed: int, n: int = 3, shape: tuple[int, int] = (32, 32)) -> np.ndarray:
    return np.random.default_rng(seed).normal(5, 1, (n, *shape))


def test_contrast_reversal_is_far_in_defocus_and_near_in_its_magnitude() -> None:
    assert (abs_delta(-10, 10), abs_delta_abs(-10, 10)) == (20, 0)
    assert (abs_delta(-10, 25), abs_delta_abs(-10, 25)) == (35, 15)


def test_a_point_has_a_flat_spectrum_of_known_height() -> None:
    # the spectrum of one bright pixel of N has modulus 1 everywhere; its variance is (1/N)(1 - 1/N), so the power
    # after standardising, per pixel, is 1 / (1 - 1/N)
    image = np.zeros((1, 16, 16))
    image[0, 3, 5] = 7.0
    spectrum = log_power_spectrum(image, sampling_A=0.4, q_max_per_A=1.25)
    np.testing.assert_allclose(spectrum.log10_power, -log10(1 - 1 / 256))


def test_rings_are_one_frequency_step_wide_and_end_at_the_band() -> None:
    spectrum = log_power_spectrum(random_images(0), sampling_A=0.5, q_max_per_A=0.5)
    # 32 px of 0.5 Å: a step is 1/16 1/Å, so 8 rings of index 1 to 8, the last one cut at 0.5
    assert len(spectrum.q_per_A) == 8
    assert spectrum.q_per_A[0] == pytest.approx((4 * 1 + 4 * sqrt(2)) / 8 / 16)
    assert spectrum.q_per_A[-1] < 0.5


def test_the_distance_is_the_root_mean_square_in_decades() -> None:
    q = np.array([0.1, 0.2])
    a, b = LogPowerSpectrum(q, np.array([0.0, 0.0])), LogPowerSpectrum(q, np.array([1.0, 3.0]))
    assert power_spectrum_distance(a, b) == pytest.approx(sqrt((1 + 9) / 2))


@given(seed=st.integers(0, 1000), gain=st.floats(0.01, 100), offset=st.floats(-100, 100))
def test_brightness_and_contrast_make_no_distance(seed: int, gain: float, offset: float) -> None:
    images = random_images(seed)
    plain = log_power_spectrum(images, 0.4, 1.25)
    changed = log_power_spectrum(gain * images + offset, 0.4, 1.25)
    assert power_spectrum_distance(plain, changed) < 1e-8


@given(seed=st.integers(0, 1000))
def test_the_distance_is_symmetric_and_zero_only_for_itself(seed: int) -> None:
    a = log_power_spectrum(random_images(seed), 0.4, 1.25)
    b = log_power_spectrum(np.cumsum(random_images(seed + 1), axis=-1), 0.4, 1.25)
    assert power_spectrum_distance(a, a) == 0
    assert power_spectrum_distance(a, b) == power_spectrum_distance(b, a) > 0.1


def test_blank_images_and_foreign_bands_are_refused() -> None:
    with pytest.raises(ValueError, match="without contrast"):
        log_power_spectrum(np.ones((1, 8, 8)), 0.4, 1.25)
    with pytest.raises(ValueError, match="beyond the pixels"):
        log_power_spectrum(random_images(0), 0.4, 1.3)
    short = log_power_spectrum(random_images(0), 0.4, 0.6)
    with pytest.raises(ValueError, match="different rings"):
        power_spectrum_distance(short, log_power_spectrum(random_images(0), 0.4, 1.25))
