import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from passband.micrograph.resampling import LINES_AT_ONCE, resample, resampled_shape

sides = st.integers(8, 60)


def wave(n: int, k: int) -> NDArray[np.float32]:
    """A cosine with k half periods over n pixels that is even at both ends: a basis function of the transform."""
    return np.cos(np.pi * k * (np.arange(n) + 0.5) / n).astype(np.float32)


@given(st.tuples(sides, sides), st.tuples(sides, sides), st.data())
def test_a_wave_that_both_grids_carry_stays_what_it_is(
    shape: tuple[int, int], wanted: tuple[int, int], data: st.DataObject
) -> None:
    ky, kx = (data.draw(st.integers(0, min(pair) - 1)) for pair in zip(shape, wanted, strict=True))
    image = np.outer(wave(shape[0], ky), wave(shape[1], kx))
    expected = np.outer(wave(wanted[0], ky), wave(wanted[1], kx))
    assert np.abs(resample(image, wanted) - expected).max() < 1e-5


@given(sides, st.data())
def test_a_wave_too_fine_for_the_coarser_grid_leaves_no_alias(n: int, data: st.DataObject) -> None:
    wanted = data.draw(st.integers(4, n - 1))
    k = data.draw(st.integers(wanted, n - 1))
    image = np.outer(np.ones(8, np.float32), wave(n, k))
    assert np.abs(resample(image, (8, wanted))).max() < 1e-5


@given(st.tuples(sides, sides), st.tuples(sides, sides), st.integers(0, 100))
def test_the_mean_is_kept(shape: tuple[int, int], wanted: tuple[int, int], seed: int) -> None:
    image = np.random.default_rng(seed).normal(5, 1, shape).astype(np.float32)
    assert resample(image, wanted).mean() == pytest.approx(image.mean(), abs=1e-5)


@given(st.tuples(sides, sides), st.tuples(st.integers(0, 40), st.integers(0, 40)), st.integers(0, 100))
def test_finer_pixels_and_back_is_the_identity(
    shape: tuple[int, int], more: tuple[int, int], seed: int
) -> None:
    image = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    finer = (shape[0] + more[0], shape[1] + more[1])
    assert np.abs(resample(resample(image, finer), shape) - image).max() < 1e-5


def test_white_noise_keeps_its_power_per_frequency() -> None:
    """Of n² orthonormal coefficients of variance 1, m² are kept and scaled by m/n: the variance is (m/n)².

    That is the variance of noise whose power per frequency is unchanged, on pixels (n/m)² times as large.
    """
    n, m = 256, 128
    noise = np.random.default_rng(0).normal(size=(n, n)).astype(np.float32)
    variance = float(resample(noise, (m, m)).var())
    assert variance == pytest.approx((m / n) ** 2, rel=5 * np.sqrt(2 / m**2))


def test_an_image_of_more_lines_than_fit_at_once_is_resampled_like_its_parts() -> None:
    image = np.random.default_rng(0).normal(size=(LINES_AT_ONCE + 7, 24)).astype(np.float32)
    narrow = resample(image, (LINES_AT_ONCE + 7, 10))
    assert np.allclose(narrow[-7:], resample(image[-7:], (7, 10)), atol=1e-6)


@given(st.tuples(sides, sides), st.floats(0.01, 0.1), st.floats(0.5, 2))
def test_the_pixels_come_out_of_the_wanted_size_within_half_a_pixel_over_the_field(
    shape: tuple[int, int], size: float, ratio: float
) -> None:
    wanted = size * ratio
    for n, count in zip(shape, resampled_shape(shape, (size, size), wanted), strict=True):
        assert abs(count * wanted - n * size) <= wanted / 2 * (1 + 1e-9)


def test_pixels_that_are_not_square_become_square() -> None:
    assert resampled_shape((100, 100), (0.02, 0.04), 0.04) == (50, 100)
