"""What happens to the values of a micrograph before the network sees them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passband.micrograph.hot_pixels import without_hot_pixels
from passband.micrograph.standardising import standardised, window_mean

FIELD = 64


def noise(shape: tuple[int, int], seed: int = 0) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_an_image_of_one_training_field_is_standardised_as_in_training() -> None:
    image = 100 + 7 * noise((FIELD, FIELD))
    expected = (image - image.mean()) / image.std()
    assert np.abs(standardised(image, FIELD) - expected).max() < 1e-4


@given(st.integers(40, 150), st.integers(40, 150), st.floats(-1e4, 1e4), st.floats(0.1, 1e3))
def test_brightness_and_contrast_of_the_whole_image_do_not_matter(
    ny: int, nx: int, offset: float, gain: float
) -> None:
    image = noise((ny, nx))
    scaled = (offset + gain * image).astype(np.float32)
    rounding = 1e-6 * (abs(offset) / gain + 1) * 20
    assert np.abs(standardised(scaled, FIELD) - standardised(image, FIELD)).max() < 1e-4 + rounding


def test_a_gradient_of_brightness_and_contrast_is_removed_inside() -> None:
    """An even window is half a pixel off centre, which leaves half of the slope of 50/300 per pixel."""
    image = noise((300, 300))
    x = np.linspace(0, 1, 300, dtype=np.float32)
    lit = 50 * x + (1 + x) * image
    inside = (slice(FIELD, -FIELD), slice(FIELD, -FIELD))
    difference = standardised(lit, FIELD)[inside] - standardised(image, FIELD)[inside]
    assert np.sqrt(np.mean(difference**2)) < 0.5 * 50 / 300


def test_windows_near_an_edge_are_the_nearest_ones_inside() -> None:
    image = noise((100, 90))
    mean = window_mean(image, 32)
    assert mean[0, 0] == pytest.approx(image[:32, :32].mean(), abs=1e-6)
    assert mean[-1, -1] == pytest.approx(image[-32:, -32:].mean(), abs=1e-6)
    assert mean[50, 40] == pytest.approx(image[34:66, 24:56].mean(), abs=1e-6)


def test_a_field_without_contrast_gives_zero_and_no_infinity() -> None:
    image = np.concatenate([noise((200, 200)), np.zeros((200, 200), np.float32)], axis=1)
    result = standardised(image, FIELD)
    assert np.isfinite(result).all()
    assert np.all(result[:, -FIELD:] == 0)


@given(st.integers(0, 1000), st.integers(1, 30), st.floats(50, 1e6))
def test_hot_and_dead_pixels_are_found_and_nothing_else_is_touched(seed: int, n: int, height: float) -> None:
    rng = np.random.default_rng(seed)
    image = noise((80, 90), seed)
    broken = image.copy()
    places = np.stack([rng.integers(0, 16, n) * 5, rng.integers(0, 18, n) * 5])  # not side by side
    broken[tuple(places)] += rng.choice([-height, height], n).astype(np.float32)
    cleaned, count = without_hot_pixels(broken)
    changed = cleaned != broken
    assert count == len(set(zip(*places.tolist(), strict=True))) == np.count_nonzero(changed)
    assert np.all(changed[tuple(places)])
    assert np.abs(cleaned).max() < 6


@pytest.mark.parametrize(("mean", "most"), [(0.02, 2e-4), (0.3, 2e-5), (5, 0), (400, 0)])
def test_shot_noise_is_hardly_ever_a_hot_pixel_at_any_dose(mean: float, most: float) -> None:
    """Below one electron per pixel the noise has a long tail: P(n >= 2) is 2e-4 at a mean of 0.02."""
    counts = np.random.default_rng(0).poisson(mean, (400, 400)).astype(np.float32)
    cleaned, count = without_hot_pixels(counts)
    assert count <= most * counts.size
    assert np.mean(cleaned) == pytest.approx(np.mean(counts), rel=0.02)


def test_lattice_fringes_are_no_hot_pixels() -> None:
    y, x = np.mgrid[:200, :200]
    fringes = (100 * np.cos(2 * np.pi * x / 4.3) * np.cos(2 * np.pi * y / 5.1)).astype(np.float32)
    fringes[:, :100] = 0
    assert without_hot_pixels(fringes + noise((200, 200)))[1] == 0
