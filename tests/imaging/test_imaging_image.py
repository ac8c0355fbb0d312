from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from passband.errors import UserError
from passband.fourier import resample, resize_spectrum
from passband.grid import Grid
from passband.imaging.condition import ImagingCondition, symmetric_condition, with_aberrations
from passband.imaging.detector import Detector
from passband.imaging.fine_grid import fine_grid
from passband.imaging.image import (
    expose,
    form_intensity,
    intensity,
    stacked_spectra,
    standardise,
)
from passband.imaging.recording import Recording
from passband.imaging.transfer import frequency_axes, wave_transfer
from passband.wave import ExitWave

Phase = Callable[[Grid, int, float], Tensor]
ENERGY_EV = 300e3
CONDITIONS = [
    symmetric_condition(ENERGY_EV, -80.0, 0.0, 10.0),
    symmetric_condition(ENERGY_EV, -500.0, 1.2e7, 20.0, 3e-4),
    with_aberrations(symmetric_condition(ENERGY_EV, 60.0), {"C12": 30.0, "C21": 1e3}, {"C12": 0.4}),
]


def rough_wave(grid: Grid, configurations: int = 1, seed: int = 0) -> ExitWave:
    """A wave that fills its whole band: the hardest case for aliasing."""
    generator = torch.Generator().manual_seed(seed)
    field = torch.exp(0.7j * torch.randn(configurations, *grid.shape, generator=generator))
    return ExitWave(field.to(torch.complex64), grid, ENERGY_EV)


def intensity_on(wave: ExitWave, condition: ImagingCondition, times: int) -> Tensor:
    """By the book: pad the wave behind the lens to ``times`` as many pixels, square it, crop the band."""
    behind = torch.fft.fft2(wave.field.to(torch.complex128)) * wave_transfer(
        condition, *frequency_axes(wave.grid)
    )
    ny, nx = wave.grid.shape
    if ny % 2 == 0:
        behind[..., ny // 2, :] = 0
    if nx % 2 == 0:
        behind[..., nx // 2] = 0
    fine = torch.fft.ifft2(resize_spectrum(behind, (times * ny, times * nx)))
    return resample(fine.abs().square().mean(0), (ny, nx))


@pytest.mark.parametrize("condition", CONDITIONS, ids=["corrected", "uncorrected", "coma"])
@pytest.mark.parametrize("shape", [(32, 32), (24, 40), (27, 35), (25, 32)])
def test_the_grid_of_the_intensity_is_fine_enough(
    shape: tuple[int, int], condition: ImagingCondition
) -> None:
    wave = rough_wave(Grid(shape, 0.4), configurations=2)
    got = intensity(wave, condition)
    for times in (2, 4):
        assert torch.allclose(got.double(), intensity_on(wave, condition, times), atol=5e-6)


def test_on_the_stored_grid_itself_the_intensity_would_be_wrong() -> None:
    # what the margin is for: percents of the contrast, not rounding
    wave = rough_wave(Grid((32, 32), 0.4))
    error = intensity_on(wave, CONDITIONS[0], 1) - intensity(wave, CONDITIONS[0])
    assert error.std() > 0.02 * intensity(wave, CONDITIONS[0]).std()


@pytest.mark.parametrize("n", [64, 100, 127, 256, 333, 512])
def test_the_finer_grid_has_one_and_a_half_times_the_pixels_of_the_band(n: int) -> None:
    ny, nx = fine_grid(Grid((n, n), 0.4)).shape
    assert ny == nx
    assert 1.5 * (n - 2) <= ny < 1.6 * n


@pytest.mark.parametrize("condition", CONDITIONS, ids=["corrected", "uncorrected", "coma"])
def test_vacuum_has_intensity_one(condition: ImagingCondition) -> None:
    vacuum = ExitWave(torch.ones(1, 32, 24, dtype=torch.complex64), Grid((32, 24), 0.4), ENERGY_EV)
    assert torch.allclose(intensity(vacuum, condition), torch.ones(32, 24), atol=1e-6)


def test_an_image_is_the_mean_over_configurations() -> None:
    grid = Grid((32, 32), 0.4)
    waves = rough_wave(grid, configurations=3)
    each = [intensity(replace(waves, field=waves.field[i : i + 1]), CONDITIONS[1]) for i in range(3)]
    assert torch.allclose(intensity(waves, CONDITIONS[1]), torch.stack(each).mean(0), atol=2e-6)


@pytest.mark.parametrize("n", [1, 7, 40])
def test_a_batch_of_conditions_is_what_its_members_are(n: int) -> None:
    wave = rough_wave(Grid((32, 32), 0.4))
    batch = symmetric_condition(ENERGY_EV, torch.linspace(-200, 200, n), 1e5, torch.linspace(5, 30, n))
    together = intensity(wave, batch)
    assert together.shape == (n, 32, 32)
    for i in (0, n // 2, n - 1):
        assert torch.allclose(together[i], intensity(wave, batch[i]), atol=2e-6)


def test_waves_and_conditions_broadcast_as_pairs_and_as_a_table() -> None:
    waves = [replace(rough_wave(Grid((32, 32), 0.4), seed=i), focus_offset_A=10.0 * i) for i in range(3)]
    stack = stacked_spectra(waves)
    batch = symmetric_condition(ENERGY_EV, torch.tensor([-50.0, 0.0, 80.0]), 0.0, 10.0)
    pairs = form_intensity(stack, batch)
    table = form_intensity(stack[:, None], batch)
    assert pairs.shape == (3, 32, 32)
    assert table.shape == (3, 3, 32, 32)
    for i in range(3):
        assert torch.allclose(pairs[i], intensity(waves[i], batch[i]), atol=2e-6)
        assert torch.allclose(table[i, 2], intensity(waves[i], batch[2]), atol=2e-6)
    assert form_intensity(stack, batch[0]).shape == (3, 32, 32)
    assert torch.allclose(form_intensity(stack[1], batch[0]), table[1, 0], atol=2e-6)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize(
    "how", [Recording(), Recording("explicit", Detector(ntf=((0, 1), (1, 0.9)), DQE0=0.8))]
)
def test_images_on_a_device_are_those_of_the_processor(how: Recording) -> None:
    wave = rough_wave(Grid((64, 48), 0.4), configurations=2)
    there = replace(wave, field=wave.field.cuda())
    batch = symmetric_condition(ENERGY_EV, torch.tensor([-50.0, 0.0, 80.0]), 0.0, 10.0)
    seen = intensity(there, batch, how)
    assert seen.device.type == "cuda"
    assert torch.allclose(seen.cpu(), intensity(wave, batch, how), atol=5e-6)
    noisy = expose(seen, 100.0, 0.16, torch.Generator("cuda").manual_seed(0), how.detector)
    assert float(noisy.mean()) == pytest.approx(float(seen.mean()), abs=5e-3)


def test_the_focus_offset_of_a_wave_adds_to_C10() -> None:
    wave = rough_wave(Grid((32, 32), 0.4))
    moved = replace(wave, focus_offset_A=-35.0)
    same = intensity(wave, symmetric_condition(ENERGY_EV, 25.0, 1e5, 10.0))
    assert torch.allclose(intensity(moved, symmetric_condition(ENERGY_EV, 60.0, 1e5, 10.0)), same, atol=1e-6)


def test_waves_of_unlike_grids_do_not_stack() -> None:
    with pytest.raises(ValueError, match="share grid"):
        stacked_spectra([rough_wave(Grid((32, 32), 0.4)), rough_wave(Grid((32, 32), 0.2))])


def test_waves_and_conditions_at_two_energies_are_refused_in_one_sentence() -> None:
    with pytest.raises(UserError, match="exit waves are at 300 kV but the imaging condition is at 200 kV"):
        intensity(rough_wave(Grid((32, 32), 0.4)), symmetric_condition(200e3, 0.0))


def test_the_wave_is_left_as_it_was() -> None:
    wave = rough_wave(Grid((32, 32), 0.4))
    before = wave.field.clone()
    intensity(wave, CONDITIONS[0])
    assert torch.equal(wave.field, before)


def test_counts_have_the_mean_and_the_variance_of_poisson() -> None:
    # 20 e/Å² on 0.16 Å² pixels at intensity 0.5: 1.6 electrons expected; in units of vacuum's 3.2, the mean is 0.5
    # and the variance 0.5/3.2. Over 10⁶ pixels the mean is known to 0.0004.
    level = torch.full((1000, 1000), 0.5)
    counted = expose(level, 20.0, 0.16, torch.Generator().manual_seed(0))
    assert float(counted.mean()) == pytest.approx(0.5, abs=2e-3)
    assert float(counted.var()) == pytest.approx(0.5 / 3.2, rel=1e-2)
    electrons = counted * 3.2
    assert torch.allclose(electrons, electrons.round(), atol=1e-4)


def test_an_infinite_dose_is_no_noise_and_doses_may_differ_within_a_batch() -> None:
    level = torch.full((2, 64, 64), 0.9)
    seen = expose(level, torch.tensor([torch.inf, 100.0]), 0.16, torch.Generator().manual_seed(0))
    assert torch.equal(seen[0], level[0])
    assert float(seen[1].std()) == pytest.approx((0.9 / 16) ** 0.5, rel=0.1)


def test_one_generator_seed_is_one_noise_and_another_is_another() -> None:
    level = torch.ones(32, 32)
    first, again, other = (expose(level, 100.0, 0.16, torch.Generator().manual_seed(s)) for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_slightly_negative_intensity_counts_no_electrons() -> None:
    seen = expose(torch.full((4, 4), -1e-3), 400.0, 0.16, torch.Generator().manual_seed(0))
    assert torch.equal(seen, torch.zeros(4, 4))


def test_standardised_images_have_mean_zero_and_variance_one_each() -> None:
    images = (
        torch.rand(5, 32, 32, generator=torch.Generator().manual_seed(0))
        * torch.arange(1.0, 6)[:, None, None]
    )
    seen = standardise(images)
    assert torch.allclose(seen.mean((-2, -1)), torch.zeros(5), atol=1e-6)
    assert torch.allclose(seen.var((-2, -1), correction=0), torch.ones(5), atol=1e-5)
    assert torch.equal(standardise(torch.ones(8, 8)), torch.zeros(8, 8))
