from math import pi

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from torch import Tensor
from torch.nn.functional import avg_pool2d

from passband.errors import UserError
from passband.micrograph.image import Micrograph
from passband.micrograph.particles import measured_particles
from passband.micrograph.segmentation import Segmenter, check_pixel_size, on_pixels, segment

OWN_NM = 0.04
SIDE_NM = (2 * pi * 2.5**2) ** 0.5
"""A disc of 2.5 nm radius covers half of the field, so that the mean lies half way up its edge."""


def bright_regions(images: Tensor) -> Tensor:
    """Logits of a network that calls bright what is brighter than the mean over 9 px."""
    return 20 * avg_pool2d(images, 9, stride=1, padding=4, count_include_pad=False)


SEGMENTER = Segmenter(predict=bright_regions, pixel_size_nm=OWN_NM, network_id="0123abcd", field_px=256)


def disc_micrograph(
    pixel_size_nm: tuple[float, float], radius_nm: float = 2.5, side_nm: float = SIDE_NM
) -> Micrograph:
    """A bright disc in the middle of a field with weak noise."""
    shape = tuple(round(side_nm / size) for size in pixel_size_nm)
    y, x = ((np.arange(n) + 0.5) * size - side_nm / 2 for n, size in zip(shape, pixel_size_nm, strict=True))
    inside = np.hypot(y[:, None], x[None]) < radius_nm
    noise = np.random.default_rng(0).normal(0, 0.1, inside.shape)
    return Micrograph((100 + 20 * (inside + noise)).astype(np.float32), pixel_size_nm, "a test", "disc.tif")


@pytest.mark.parametrize("pixel_size_nm", [(0.04, 0.04), (0.021, 0.021), (0.03, 0.06), (0.079, 0.079)])
def test_a_disc_has_its_place_and_size_whatever_the_pixels(pixel_size_nm: tuple[float, float]) -> None:
    micrograph = disc_micrograph(pixel_size_nm)
    result = segment(micrograph, SEGMENTER)
    assert result.mask.shape == micrograph.image.shape
    (disc,) = measured_particles(result.mask, micrograph.pixel_size_nm)
    tolerance_nm = 2 * max(pixel_size_nm)
    assert disc.equivalent_diameter_nm == pytest.approx(5, abs=2 * tolerance_nm)
    assert (disc.centre_x_nm, disc.centre_y_nm) == pytest.approx((SIDE_NM / 2, SIDE_NM / 2), abs=tolerance_nm)
    assert disc.centre_x_nm == pytest.approx((disc.centre_x_px + 0.5) * pixel_size_nm[1])
    assert not disc.touches_edge


def test_pixels_of_the_networks_own_size_are_not_resampled() -> None:
    micrograph = disc_micrograph((OWN_NM * 1.005, OWN_NM * 1.005))
    assert segment(micrograph, SEGMENTER, resampling=False).network_shape == micrograph.image.shape
    assert segment(micrograph, SEGMENTER).network_shape == micrograph.image.shape


@pytest.mark.parametrize(
    "pixel_size_nm", [(0.0199, 0.0199), (0.0801, 0.0801), (0.04, 0.0801), (3.139, 3.139)]
)
def test_a_pixel_size_outside_half_to_twice_the_networks_own_is_refused(
    pixel_size_nm: tuple[float, float],
) -> None:
    image = np.zeros((40, 40), np.float32)
    with pytest.raises(
        UserError,
        match=r"disc.tif has a pixel size of .* outside 0\.5 to 2 times the 0\.04 nm of the network 0123abcd",
    ):
        check_pixel_size(Micrograph(image, pixel_size_nm, "a test", "disc.tif"), SEGMENTER, resampling=True)


@given(st.floats(0.5, 2), st.floats(0.5, 2))
def test_every_pixel_size_between_half_and_twice_is_taken_unless_resampling_is_off(
    y: float, x: float
) -> None:
    sizes = (0.04 * y, 0.04 * x)
    micrograph = Micrograph(np.zeros((40, 40), np.float32), sizes, "a test", "disc.tif")
    check_pixel_size(micrograph, SEGMENTER, resampling=True)
    if max(abs(y - 1), abs(x - 1)) > 0.0101:
        with pytest.raises(
            UserError, match=r"disc\.tif .* 0\.04 nm, and resampling is switched off: leave out"
        ):
            check_pixel_size(micrograph, SEGMENTER, resampling=False)


def test_the_user_is_told_what_the_pixels_cannot_carry_and_what_was_repaired() -> None:
    micrograph = disc_micrograph((0.06, 0.06), side_nm=8)
    micrograph.image[7, 9] = 1e5
    hot, coarse, small = segment(micrograph, SEGMENTER).notes
    assert "trained on spatial frequencies up to 12.5 1/nm, and the image ends at 8.33 1/nm" in coarse
    assert "the image is 7.98 nm wide, smaller than the training field of 10.2 nm" in small
    assert hot == "hot or dead pixels, set to the median around them: 1"


def test_an_image_much_larger_than_a_tile_is_segmented_as_its_parts_are() -> None:
    """The image of 1000 x 1700 px needs 2 x 3 tiles; its parts fit into one each."""
    field = gaussian_filter(np.random.default_rng(0).normal(size=(1000, 1700)), 12).astype(np.float32)
    whole = Micrograph(field, (OWN_NM, OWN_NM), "a test", "large.tif")
    result = segment(whole, SEGMENTER).probability
    part = (slice(200, 900), slice(500, 1200))
    inside = (
        slice(260, -260),
        slice(260, -260),
    )  # all fields of 256 px that its fields reach lie within both
    cut = Micrograph(field[part], (OWN_NM, OWN_NM), "a test", "part.tif")
    assert np.abs(segment(cut, SEGMENTER).probability[inside] - result[part][inside]).max() < 1e-4


def test_the_network_sees_mean_0_and_variance_1() -> None:
    seen: list[Tensor] = []

    def predict(images: Tensor) -> Tensor:
        seen.append(images)
        return images

    micrograph = disc_micrograph((0.03, 0.03))
    ny, nx = segment(micrograph, Segmenter(predict, OWN_NM, "0123abcd", field_px=300)).network_shape
    (images,) = seen
    assert images.shape == (1, 1, ny + -ny % 32, nx + -nx % 32)
    assert float(images[..., :ny, :nx].mean()) == pytest.approx(0, abs=1e-4)
    assert float(images[..., :ny, :nx].var()) == pytest.approx(1, abs=1e-3)


@settings(max_examples=20)
@given(st.tuples(st.integers(5, 40), st.integers(5, 40)), st.tuples(st.integers(5, 40), st.integers(5, 40)))
def test_values_moved_to_other_pixels_stay_within_their_range(
    shape: tuple[int, int], wanted: tuple[int, int]
) -> None:
    values: NDArray[np.float32] = np.random.default_rng(0).uniform(0, 1, shape).astype(np.float32)
    moved = on_pixels(values, wanted)
    assert moved.shape == wanted
    assert values.min() - 1e-6 <= moved.min() <= moved.max() <= values.max() + 1e-6
