"""The grid of the intensity is no larger than the envelopes make necessary, and large enough."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from passband.grid import Grid
from passband.imaging.condition import ImagingCondition, symmetric_condition, with_aberrations
from passband.imaging.envelopes import damping
from passband.imaging.fine_grid import STOPPED, fine_grid, passed_band_per_A
from passband.imaging.image import intensity
from passband.imaging.transfer import frequency_axes, wave_transfer
from passband.wave import ExitWave

GRID = Grid((96, 96), 0.4)
NARROW = {
    "focus": symmetric_condition(300e3, -100.0, 0.0, 100.0),
    "tilt": symmetric_condition(300e3, -500.0, 1.2e7, 10.0, 7e-4),
    "tilt and coma": with_aberrations(
        symmetric_condition(300e3, -500.0, 1.2e7, 10.0, 7e-4), {"C21": 500.0, "C12": 30.0}
    ),
}


def rough_wave() -> ExitWave:
    generator = torch.Generator().manual_seed(0)
    field = torch.exp(0.7j * torch.randn(1, *GRID.shape, generator=generator))
    return ExitWave(field.to(torch.complex64), GRID, 300e3)


def by_the_book(wave: ExitWave, condition: ImagingCondition) -> torch.Tensor:
    """In double precision on four times the pixels, nothing left out."""
    n, fine = GRID.shape[0], 4 * GRID.shape[0]
    psi = torch.fft.fftshift(torch.fft.fft2(wave.field[0].to(torch.complex128), norm="forward"))
    axes = (torch.fft.fftshift(q) for q in frequency_axes(GRID))
    psi = (psi * wave_transfer(condition, *axes, dtype=torch.complex128))[1:, 1:]
    whole = torch.fft.ifft2(psi, s=(fine, fine), norm="forward").abs().square()
    low = torch.fft.fftshift(torch.fft.fft2(whole, norm="forward"))
    kept = torch.zeros(n, n, dtype=torch.complex128)
    middle, k = fine // 2, n // 2 - 1
    kept[1:, 1:] = low[middle - k : middle + k + 1, middle - k : middle + k + 1]
    return torch.fft.ifft2(torch.fft.ifftshift(kept), norm="forward").real


@pytest.mark.parametrize("name", NARROW)
def test_a_grid_cut_to_what_the_envelopes_pass_changes_nothing(name: str) -> None:
    band = passed_band_per_A(NARROW[name], 2**0.5 * GRID.nyquist_per_A)
    assert fine_grid(GRID, band).shape[0] < 0.95 * fine_grid(GRID).shape[0]
    image, exact = intensity(rough_wave(), NARROW[name]), by_the_book(rough_wave(), NARROW[name])
    # single precision: 1.2e-7 of a sum over the wave; what was left out is bounded by 2e-7 (STOPPED)
    assert (image - exact).abs().max() < 1e-6
    assert exact.std() > 0.02


@given(
    st.floats(-3000, 3000), st.floats(-2e7, 2e7), st.floats(0, 200), st.floats(0, 2e-3), st.floats(-2e4, 2e4)
)
def test_nothing_passes_beyond_the_band(
    C10_A: float, C30_A: float, spread_A: float, convergence_rad: float, C21_A: float
) -> None:
    condition = with_aberrations(
        symmetric_condition(300e3, C10_A, C30_A, spread_A, convergence_rad),
        {"C21": C21_A, "C12": C21_A / 100},
    )
    highest = 1.77
    band = passed_band_per_A(condition, highest)
    q = torch.linspace(band, highest, 60, dtype=torch.float64)[None, 1:]
    direction = torch.linspace(0, 6.28, 24, dtype=torch.float64)[:, None]
    beyond = (-damping(condition, q * direction.sin(), q * direction.cos())).exp()
    if band < highest:
        assert beyond.max() < STOPPED


def test_a_batch_is_formed_on_the_grid_of_its_widest_band() -> None:
    narrow_and_wide = symmetric_condition(300e3, -100.0, 0.0, torch.tensor([60.0, 5.0]))
    assert passed_band_per_A(narrow_and_wide, 1.7) == passed_band_per_A(narrow_and_wide[1], 1.7)
    images = intensity(rough_wave(), narrow_and_wide)
    # the wave fills its band and reaches intensities of 3: four times the rounding above
    assert (images[1] - by_the_book(rough_wave(), narrow_and_wide[1])).abs().max() < 4e-6


@pytest.mark.parametrize("shape", [(256, 256), (255, 130), (64, 512), (9, 8)])
@pytest.mark.parametrize("band", [0.02, 0.3, 0.8, 1.25, 9.0])
def test_what_folds_back_stays_out_of_the_stored_band(shape: tuple[int, int], band: float) -> None:
    grid = Grid(shape, 0.4)
    fine = fine_grid(grid, band)
    for pixels, reach, stored, rows in zip(fine.shape, fine.reach, shape, fine.passed, strict=True):
        kept = (stored - 1) // 2
        assert pixels - 2 * reach > min(2 * reach, kept)
        assert rows.stop - rows.start == 2 * reach + 1
        assert 0 <= rows.start < rows.stop <= stored
    for axis, reach in zip(fine.axes(torch.device("cpu")), fine.reach, strict=True):
        assert torch.equal(axis.flatten(), -axis.flatten().flip(0))
        assert len(axis.flatten()) == 2 * reach + 1


def test_images_formed_in_turns_and_in_threads_do_not_disturb_each_other() -> None:
    wide, narrow = symmetric_condition(300e3, torch.tensor([-80.0, 90.0, 10.0]), 0.0, 5.0), NARROW["tilt"]
    alone = [intensity(rough_wave(), each) for each in (wide, narrow)]
    with torch.inference_mode():
        intensity(rough_wave(), narrow)
    for _ in range(2):
        for each, image in zip((wide, narrow), alone, strict=True):
            assert torch.equal(intensity(rough_wave(), each), image)
    with ThreadPoolExecutor(4) as pool:
        for image in pool.map(lambda _: intensity(rough_wave(), wide), range(40)):
            assert torch.allclose(image, alone[0], atol=1e-6)
