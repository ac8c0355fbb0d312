"""Images at other pixels than the wave's: the same intensity at other places, each pixel counting its own area."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from passband.errors import UserError
from passband.fourier import resample
from passband.grid import Grid
from passband.imaging.condition import ImagingCondition, symmetric_condition, with_aberrations
from passband.imaging.detector import Detector, Falloff, mtf
from passband.imaging.distribution import ImagingDistribution
from passband.imaging.image import expose, form_intensity, intensity, stacked_spectra
from passband.imaging.mask import MaskPreset, particle_mask
from passband.imaging.pixels import image_grid
from passband.imaging.recording import Coherence, Recording, recording
from passband.imaging.transfer import frequency_axes
from passband.records import canonical_json, content_id, parse_record
from passband.wave import ExitWave

STORED = Grid((64, 64), 0.4)  # 25.6 Å
PIXELS_A = (0.2, 0.32, 25.6 / 72, 25.6 / 56, 25.6 / 49, 0.64, 0.8)
FIELD = Grid((256, 256), 0.4)
LENS = with_aberrations(
    symmetric_condition(300e3, -100.0, 2e5, 8.0, 2e-4), {"C12": 30.0, "C21": 800.0}, {"C12": 0.4}
)


def finer(wave: ExitWave, times: int) -> ExitWave:
    """The same wave on finer pixels: its spectrum padded with zeros."""
    shape = (times * wave.grid.shape[0], times * wave.grid.shape[1])
    return replace(wave, field=resample(wave.field, shape), grid=Grid(shape, wave.grid.sampling_A / times))


@pytest.mark.parametrize("pixel_A", PIXELS_A)
def test_an_image_is_the_one_of_a_finer_grid_brought_to_its_pixels(ball: ExitWave, pixel_A: float) -> None:
    # on pixels of 0.1 Å nothing of the intensity is beyond the pixels, and nothing has to be cut
    direct = intensity(finer(ball, 4), LENS)
    image = intensity(ball, LENS, Recording(pixel_A=pixel_A))
    side = round(25.6 / pixel_A)
    assert image.shape == (side, side)
    torch.testing.assert_close(image, resample(direct, (side, side)), atol=5e-6, rtol=0)


@pytest.mark.parametrize("coherence", ["quasi-coherent", "explicit"])
@pytest.mark.parametrize("large_A", [25.6 / 72, 0.64])
def test_cutting_the_band_of_an_image_is_forming_it_at_larger_pixels(
    ball: ExitWave, coherence: Coherence, large_A: float
) -> None:
    small, large = (intensity(ball, LENS, Recording(coherence, pixel_A=each)) for each in (0.32, large_A))
    torch.testing.assert_close(resample(small, large.shape), large, atol=5e-6, rtol=0)


def test_the_waves_own_pixels_change_no_bit(ball: ExitWave) -> None:
    assert torch.equal(intensity(ball, LENS, Recording(pixel_A=0.4)), intensity(ball, LENS))
    assert image_grid(STORED, 0.4) is STORED


@pytest.mark.parametrize("pixel_A", PIXELS_A)
def test_vacuum_is_one(pixel_A: float) -> None:
    vacuum = ExitWave(torch.ones(1, 64, 64, dtype=torch.complex64), STORED, 300e3)
    image = intensity(vacuum, LENS, Recording(pixel_A=pixel_A))
    torch.testing.assert_close(image, torch.ones_like(image), atol=1e-6, rtol=0)


def test_where_little_passes_there_is_an_image_at_any_pixels(ball: ExitWave) -> None:
    # a focal spread of 50 nm ends the wave at a sixth of the stored band: its intensity holds less than the image
    blurred = symmetric_condition(300e3, 0.0, 0.0, 500.0)
    direct = intensity(finer(ball, 2), blurred)
    for pixel_A in (0.2, 0.32, 0.4, 0.64):
        image = intensity(ball, blurred, Recording(pixel_A=pixel_A))
        torch.testing.assert_close(image, resample(direct, tuple(image.shape[-2:])), atol=5e-6, rtol=0)


@pytest.mark.parametrize("pixel_A", [0.32, 0.64])
def test_with_gradients_the_image_is_the_same(ball: ExitWave, pixel_A: float) -> None:
    how = Recording(detector=Detector(mtf=((0, 1), (1, 0.4))), pixel_A=pixel_A)
    tracked: ImagingCondition = replace(LENS, coefficients_A=LENS.coefficients_A.clone().requires_grad_())
    image = intensity(ball, tracked, how)
    assert image.requires_grad
    torch.testing.assert_close(image.detach(), intensity(ball, LENS, how), atol=2e-6, rtol=0)
    image.square().sum().backward()
    assert tracked.coefficients_A.grad is not None
    assert tracked.coefficients_A.grad.abs().sum() > 0


def test_pairs_of_waves_and_conditions_keep_their_order_at_other_pixels(ball: ExitWave) -> None:
    other = replace(ball, field=ball.field.roll((9, 4), (-2, -1)))
    conditions = symmetric_condition(300e3, torch.tensor([-50.0, 80.0]), 0.0, 8.0)
    how = Recording(pixel_A=0.64)
    both = form_intensity(stacked_spectra([ball, other]), conditions, how)
    torch.testing.assert_close(both[1], intensity(other, conditions[1], how), atol=2e-6, rtol=0)


def test_a_detectors_curves_are_those_of_the_images_pixels(ball: ExitWave) -> None:
    detector = Detector(mtf=Falloff(form="gaussian", half_at=0.5), pixel_integration=True)
    plain = intensity(ball, LENS, Recording(pixel_A=0.64))
    recorded = intensity(ball, LENS, Recording(detector=detector, pixel_A=0.64))
    grid = Grid((40, 40), 0.64)
    expected = torch.fft.ifft2(torch.fft.fft2(plain) * mtf(detector, *frequency_axes(grid), 0.64)).real
    torch.testing.assert_close(recorded, expected.float(), atol=2e-6, rtol=0)
    # without a detector nothing integrates over the pixel: the band is cut, and what is left keeps its contrast
    assert plain.std() > 1.1 * recorded.std()


@pytest.mark.parametrize("pixel_A", [0.32, 0.64])
def test_a_pixel_counts_the_electrons_of_its_area(pixel_A: float) -> None:
    side = round(102.4 / pixel_A)
    vacuum, dose = torch.ones(side, side), 300.0
    counted = expose(vacuum, dose, pixel_A**2, torch.Generator().manual_seed(1)) * dose * pixel_A**2
    # mean and variance of Poisson counts; five standard errors of the mean, and of the variance, √(2/n) of it
    mean, n = dose * pixel_A**2, side**2
    assert float(counted.mean()) == pytest.approx(mean, abs=5 * (mean / n) ** 0.5)
    assert float(counted.var()) == pytest.approx(mean, rel=5 * (2 / n + 1 / (n * mean)) ** 0.5)


@pytest.mark.parametrize("preset", ["published", "clean"])
@pytest.mark.parametrize("count", [320, 288, 224, 192, 160])
def test_a_mask_covers_the_same_share_of_the_field_at_other_pixels(preset: MaskPreset, count: int) -> None:
    wave = ExitWave(torch.exp(0.4j * discs())[None].to(torch.complex64), FIELD, 300e3)
    own = particle_mask(wave, preset)
    other = particle_mask(wave, preset, grid=Grid((count, count), 102.4 / count))
    assert other.shape == (count, count)
    assert set(other.unique().tolist()) == {0.0, 1.0}
    assert float(other.mean()) == pytest.approx(float(own.mean()), rel=0.01)
    nearest = (torch.arange(count) * 256 / count).round().long().remainder(256)
    differing = (own[nearest[:, None], nearest] != other).float().mean()
    # at most a rim of one pixel is somewhere else
    assert float(differing) < 0.5 * 102.4 / min(count, 256) * perimeter_A() / 102.4**2


def discs() -> Tensor:
    y, x = torch.meshgrid(torch.arange(256) * 0.4, torch.arange(256) * 0.4, indexing="ij")
    return sum((torch.hypot(y - a, x - b) < r).float() for a, b, r in DISCS)  # type: ignore[return-value]


DISCS = ((30.0, 30.0, 15.0), (70.0, 40.0, 20.0), (40.0, 78.0, 18.3))


def perimeter_A() -> float:
    return sum(2 * torch.pi * (radius + 1.4) for _, _, radius in DISCS)


def test_sizes_written_with_a_few_digits_count_as_what_divides_the_field() -> None:
    for text, count in {0.32: 320, 0.3556: 288, 0.4571: 224, 0.5333: 192, 0.64: 160}.items():
        assert image_grid(FIELD, text, 32) == Grid((count, count), 102.4 / count)


@pytest.mark.parametrize(
    ("pixel_A", "multiple", "words"),
    [
        (0.36, 1, "whole number of pixels, and it holds 284.44 of 0.036 nm; .* 0.03606 or 0.03593 nm"),
        (0.5, 32, "multiple of 32 pixels, and it holds 204.80 of 0.05 nm; .* 0.05333 or 0.04571 nm"),
        (0.1, 1, "finer than half of the 0.04 nm of the wave.* 0.02 nm"),
        (20.0, 32, "multiple of 32 pixels.* nearest that fit are 0.32 nm"),
    ],
)
def test_pixels_that_do_not_divide_the_field_are_refused_with_the_nearest_that_do(
    pixel_A: float, multiple: int, words: str
) -> None:
    with pytest.raises(UserError, match=f"^here: .*{words}$"):
        image_grid(FIELD, pixel_A, multiple, "here")


def test_fields_that_are_not_square_keep_square_pixels() -> None:
    oblong = Grid((32, 64), 0.4)
    assert image_grid(oblong, 0.8) == Grid((16, 32), 0.8)
    with pytest.raises(UserError, match=r"nearest that fit are 0\.04129 or 0\.04 nm"):
        image_grid(oblong, 25.6 / 63)


def test_the_pixel_is_a_later_key_and_ids_without_it_stay() -> None:
    plain = ImagingDistribution(defocus_nm=5.0)
    null = parse_record(ImagingDistribution, {"defocus_nm": 5.0, "pixel_nm": None}, "imaging")
    other = parse_record(ImagingDistribution, {"defocus_nm": 5.0, "pixel_nm": 0.032}, "imaging")
    assert "pixel_nm" not in canonical_json(plain)
    assert content_id(plain) == content_id(null) != content_id(other)
    assert recording(plain).pixel_A is None
    assert recording(other).pixel_A == pytest.approx(0.32)
    assert "pixel_nm" not in other.parameters()
    for wrong in (0, -0.04, "0.04", {"uniform": [0.03, 0.04]}):
        with pytest.raises(UserError, match="pixel_nm"):
            parse_record(ImagingDistribution, {"defocus_nm": 5.0, "pixel_nm": wrong}, "imaging")
