"""Images are differentiable in the settings of the microscope, so that settings can be fitted to images."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from passband.grid import Grid
from passband.imaging.condition import ImagingCondition, symmetric_condition, with_aberrations
from passband.imaging.detector import Detector
from passband.imaging.image import form_intensity, intensity, spectrum
from passband.imaging.recording import Recording
from passband.wave import ExitWave

GRID = Grid((40, 33), 0.4)
SOFT = Recording(detector=Detector(mtf=((0, 1), (1, 0.4))))
LENS = with_aberrations(
    symmetric_condition(300e3, -120.0, 5e5, 15.0, 2e-4), {"C12": 30.0, "C21": 800.0}, {"C12": 0.4}
)


def wave() -> ExitWave:
    field = torch.exp(0.4j * torch.randn(2, *GRID.shape, generator=torch.Generator().manual_seed(2)))
    return ExitWave(field.to(torch.complex64), GRID, 300e3, focus_offset_A=7.0)


def requiring(condition: ImagingCondition) -> ImagingCondition:
    return replace(condition, coefficients_A=condition.coefficients_A.clone().requires_grad_())


@pytest.mark.parametrize("how", [Recording(), SOFT])
def test_with_gradients_the_image_is_the_same(how: Recording) -> None:
    plain, tracked = intensity(wave(), LENS, how), intensity(wave(), requiring(LENS), how)
    assert tracked.requires_grad
    assert tracked.dtype == torch.float32
    assert not plain.requires_grad
    assert torch.allclose(tracked.detach(), plain, atol=2e-6)
    with torch.no_grad():
        assert not intensity(wave(), requiring(LENS), how).requires_grad


NAMES = ["coefficients_A", "azimuths_rad", "focal_spread_A", "convergence_rad", "vibration_A", "drift_A"]


@pytest.mark.parametrize("name", NAMES)
def test_derivatives_are_those_of_finite_differences(name: str) -> None:
    # of the image's overlap with its own change, when every entry of the setting grows by a share of itself
    base = replace(
        LENS,
        convergence_rad=torch.tensor(1e-3, dtype=torch.float64),
        vibration_A=torch.tensor(0.3, dtype=torch.float64),
        drift_A=torch.tensor([0.5, -0.4], dtype=torch.float64),
    )
    start: Tensor = getattr(base, name)

    def image(value: Tensor) -> Tensor:
        return intensity(wave(), replace(base, **{name: value}), SOFT).double()

    step = 0.02
    change = (image((1 + step) * start) - image((1 - step) * start)) / (2 * step)
    tracked = start.clone().requires_grad_()
    (slope,) = torch.autograd.grad((image(tracked) * change).sum(), tracked)
    by_difference = float(change.square().sum())
    assert by_difference > 1e-4
    # central differences are right to step² times the third derivative over the first, here below 1 %
    assert float((slope * start).sum()) == pytest.approx(by_difference, rel=0.02)


def test_descending_the_gradient_recovers_defocus_and_astigmatism() -> None:
    meant = with_aberrations(symmetric_condition(300e3, -100.0, 0.0, 10.0), {"C12": 15.0}, {"C12": 0.5})
    seen = intensity(wave(), meant)
    guess = with_aberrations(symmetric_condition(300e3, -85.0, 0.0, 10.0), {"C12": 5.0}, {"C12": 0.5})
    free = guess.coefficients_A[:2].clone().requires_grad_()  # C10 and C12 come first
    fit = torch.optim.LBFGS([free], max_iter=40, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        fit.zero_grad()
        held = torch.cat([free, guess.coefficients_A[2:]])
        error = (intensity(wave(), replace(guess, coefficients_A=held)) - seen).square().mean()
        error.backward()
        return error

    fit.step(loss)
    assert free.detach().tolist() == pytest.approx([-100.0, 15.0], abs=0.1)


def test_the_wave_itself_may_require_a_gradient() -> None:
    waves = spectrum(wave())
    tracked = replace(waves, values=waves.values.clone().requires_grad_())
    image = form_intensity(tracked, LENS)
    (slope,) = torch.autograd.grad(image.mean(), tracked.values)
    # the mean is Σ |ψ t|² over its two configurations: its slope is 2 ψ |t|², halved
    assert slope.abs().max() > 0.5
    assert torch.allclose(image.detach(), form_intensity(waves, LENS), atol=2e-6)


def test_explicit_averaging_refuses_gradients() -> None:
    with pytest.raises(ValueError, match="quasi-coherent"):
        intensity(wave(), requiring(LENS), Recording(coherence="explicit"))
