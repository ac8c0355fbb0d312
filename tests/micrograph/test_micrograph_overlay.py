import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passband.micrograph.image import Micrograph
from passband.micrograph.overlay import (
    BAR_PART,
    LARGEST_SIDE,
    OUTLINE_RGB,
    SMALLEST_SIDE,
    bar_length_nm,
    overlay,
)


def micrograph(shape: tuple[int, int], pixel_size_nm: tuple[float, float] = (0.04, 0.04)) -> Micrograph:
    image = np.random.default_rng(0).normal(100, 10, shape).astype(np.float32)
    return Micrograph(image, pixel_size_nm, "a test", "test.tif")


@given(st.floats(1e-3, 1e5))
def test_the_scale_bar_is_1_2_or_5_times_a_power_of_ten_and_a_tenth_to_a_quarter_of_the_width(
    width_nm: float,
) -> None:
    length_nm = bar_length_nm(width_nm)
    digit = length_nm / 10.0 ** np.floor(np.log10(length_nm) + 1e-9)
    assert min(abs(digit - each) for each in (1, 2, 5)) < 1e-6
    assert BAR_PART / 2.5 * (1 - 1e-6) < length_nm / width_nm < BAR_PART * (1 + 1e-6)


def test_the_scale_bar_is_drawn_as_long_as_it_says() -> None:
    """A width of 40 nm gives a bar of 10 nm, a quarter of it; its bottom row of white pixels is counted."""
    picture = np.asarray(overlay(micrograph((1000, 1000)), np.zeros((1000, 1000), bool)))
    white = np.all(picture[-40:, : picture.shape[1] // 2] == 255, axis=2)
    assert max(white.sum(axis=1)) == pytest.approx(250, abs=3)


@pytest.mark.parametrize("shape", [(64, 64), (900, 1200), (3000, 1500)])
def test_the_picture_has_a_size_for_the_eye(shape: tuple[int, int]) -> None:
    picture = overlay(micrograph(shape), np.zeros(shape, bool))
    assert SMALLEST_SIDE <= max(picture.size) <= LARGEST_SIDE
    assert picture.height / picture.width == pytest.approx(shape[0] / shape[1], rel=0.01)


def test_pixels_that_are_not_square_are_drawn_square() -> None:
    picture = overlay(micrograph((400, 400), (0.02, 0.04)), np.zeros((400, 400), bool))
    assert picture.width == pytest.approx(2 * picture.height, rel=0.01)


def test_outlines_run_along_the_border_of_the_mask_only() -> None:
    mask = np.zeros((1000, 1000), bool)
    mask[300:700, 300:600] = True
    orange = np.all(np.asarray(overlay(micrograph(mask.shape), mask)) == OUTLINE_RGB, axis=2)
    ys, xs = np.nonzero(orange)
    assert (ys.min(), ys.max(), xs.min(), xs.max()) == (300, 699, 300, 599)
    assert not orange[310:690, 310:590].any()
