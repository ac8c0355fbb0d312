from math import pi

import pytest
import torch

from passband.grid import Grid
from passband.imaging.condition import ImagingCondition, symmetric_condition
from passband.imaging.distribution import ImagingDistribution, uniform
from passband.imaging.draw import draw_conditions, mean_condition
from passband.imaging.image import intensity
from passband.imaging.motion import is_still, motion_transfer
from passband.imaging.transfer import frequency_axes
from passband.wave import ExitWave

GRID = Grid((48, 40), 0.4)


def rough_wave() -> ExitWave:
    generator = torch.Generator().manual_seed(0)
    field = torch.exp(0.4j * torch.randn(1, *GRID.shape, generator=generator))
    return ExitWave(field.to(torch.complex64), GRID, 300e3)


def moving(**settings: float) -> ImagingCondition:
    return mean_condition(ImagingDistribution(defocus_nm=-10, **settings))


def shifted(image: torch.Tensor, y_A: float, x_A: float) -> torch.Tensor:
    """By Fourier's theorem, without the lines of the Nyquist frequency, which a real shift cannot move."""
    qy, qx = frequency_axes(GRID)
    return torch.fft.ifft2(torch.fft.fft2(image) * torch.exp(-2j * pi * (qy * y_A + qx * x_A))).real


def test_a_drift_is_the_mean_of_images_along_its_path() -> None:
    still, seen = (
        intensity(rough_wave(), moving()),
        intensity(rough_wave(), moving(drift_nm=0.12, drift_deg=30)),
    )
    # 1.2 Å at 30° from x towards y; 64 places stand for the path, by the midpoint rule right to (π q d/64)²/6
    places = [(i + 0.5) / 64 - 0.5 for i in range(64)]
    mean = sum(shifted(still.double(), 1.2 * 0.5 * s, 1.2 * 3**0.5 / 2 * s) for s in places) / 64
    assert torch.allclose(seen.double(), mean, atol=2e-4)
    assert (seen - still).std() > 0.1 * still.std()


def test_a_vibration_is_the_mean_of_images_at_normally_distributed_places() -> None:
    still, seen = intensity(rough_wave(), moving()), intensity(rough_wave(), moving(vibration_nm=0.03))
    steps = torch.linspace(-5, 5, 21, dtype=torch.float64)
    weights = torch.exp(-steps.square() / 2)
    weights = weights / weights.sum()
    mean = sum(
        float(wy * wx) * shifted(still.double(), 0.3 * float(y), 0.3 * float(x))
        for y, wy in zip(steps, weights, strict=True)
        for x, wx in zip(steps, weights, strict=True)
    )
    assert torch.allclose(seen.double(), mean, atol=2e-5)
    assert (seen - still).std() > 0.1 * still.std()


def test_motion_keeps_the_mean_and_is_even_in_frequency() -> None:
    condition = moving(drift_nm=0.2, drift_deg=70, vibration_nm=0.05)
    qy, qx = frequency_axes(GRID)
    factor = motion_transfer(condition, qy, qx)
    assert factor[0, 0] == 1
    assert torch.allclose(factor, motion_transfer(condition, -qy, -qx))
    assert factor.max() <= 1
    assert factor.min() > -0.22


def test_a_batch_in_which_each_image_moves_in_its_own_way_is_what_its_members_are() -> None:
    domain = ImagingDistribution(
        defocus_nm=uniform(-10, 10), vibration_nm=uniform(0, 0.05), drift_nm=uniform(0, 0.1), drift_deg=20
    )
    drawn = draw_conditions(domain, 5, 1)
    together = intensity(rough_wave(), drawn)
    for i in range(5):
        assert torch.allclose(together[i], intensity(rough_wave(), drawn[i]), atol=3e-6)


def test_conditions_carry_their_motion_through_every_change_of_shape() -> None:
    domain = ImagingDistribution(defocus_nm=0, vibration_nm=uniform(0, 0.05), drift_nm=0.1, drift_deg=90)
    drawn = draw_conditions(domain, 6, 1)
    assert drawn.vibration_A is not None
    assert drawn.drift_A is not None
    assert torch.allclose(drawn.drift_A, torch.tensor([1.0, 0.0], dtype=torch.float64).expand(6, 2))
    grown = drawn.refocused(torch.zeros(3, 1)).to("cpu")
    assert grown.batch_shape == (3, 6)
    assert grown.drift_A is not None
    assert grown.drift_A.shape == (3, 6, 2)
    flat = grown.flattened()
    assert flat.vibration_A is not None
    assert torch.equal(flat.vibration_A[6:12], drawn.vibration_A)
    part = drawn[2:4]
    assert part.drift_A is not None
    assert part.drift_A.shape == (2, 2)


@pytest.mark.parametrize("settings", [{}, {"drift_deg": 30}, {"drift_nm": 0.0}])
def test_what_does_not_move_is_still(settings: dict[str, float]) -> None:
    assert is_still(moving(**settings))
    assert is_still(symmetric_condition(300e3, 0.0))
    assert not is_still(moving(vibration_nm=0.01))
