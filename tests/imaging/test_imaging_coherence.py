from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from passband.errors import UserError
from passband.grid import Grid
from passband.imaging.coherence import intensity_explicit
from passband.imaging.condition import symmetric_condition
from passband.imaging.image import intensity
from passband.wave import ExitWave

Phase = Callable[[Grid, int, float], Tensor]
GRID = Grid((48, 48), 0.4)
SETTINGS = {
    "focus": symmetric_condition(300e3, -80.0, 0.0, 30.0),
    "tilt": symmetric_condition(300e3, -300.0, 0.0, 0.0, 2e-4),
    "both": symmetric_condition(300e3, -300.0, 1e5, 20.0, 1e-4),
}


def wave_of(phase_rad: Tensor) -> ExitWave:
    return ExitWave(torch.exp(1j * phase_rad)[None].to(torch.complex64), GRID, 300e3)


@pytest.mark.parametrize("name", SETTINGS)
def test_envelopes_and_explicit_averaging_agree_for_weak_objects_to_second_order(
    name: str, phase: Phase
) -> None:
    differences = []
    for strength in (0.1, 0.05):
        wave = wave_of(phase(GRID, 1, strength))
        explicit = intensity_explicit(wave, SETTINGS[name], focus_nodes=15, tilt_nodes=7)
        assert explicit.std() > 0.02 * strength
        differences.append(float((explicit - intensity(wave, SETTINGS[name])).abs().max()))
    # halving a weak phase halves what both agree on and quarters what they do not
    assert differences[0] < 0.1**2
    assert differences[1] < 0.3 * differences[0] + 2e-6


def test_for_strong_objects_envelopes_and_explicit_averaging_differ(phase: Phase) -> None:
    wave = wave_of(phase(GRID, 1, 2.0))
    explicit, damped = (form(wave, SETTINGS["focus"]) for form in (intensity_explicit, intensity))
    assert (explicit - damped).std() > 0.02 * explicit.std()
    # averaging intensities conserves electrons; a damped wave loses those that it damped
    assert float(explicit.mean()) == pytest.approx(1, abs=1e-3)
    assert float(damped.mean()) < 0.999


def test_without_spread_and_tilt_both_are_the_same(phase: Phase) -> None:
    wave = wave_of(phase(GRID, 2, 1.5))
    coherent = symmetric_condition(300e3, -100.0, 1e6)
    assert torch.allclose(intensity_explicit(wave, coherent), intensity(wave, coherent), atol=2e-6)


def test_more_nodes_change_nothing_once_the_focus_is_resolved(phase: Phase) -> None:
    # π λ σ_f q² is 0.5 rad at the 0.42 1/Å of the specimen and 1.1 rad where its square ends
    wave = wave_of(phase(GRID, 3, 1.0))
    coarse, fine = (intensity_explicit(wave, SETTINGS["focus"], focus_nodes=n) for n in (9, 25))
    assert (coarse - fine).abs().max() < 1e-4


def test_a_batch_of_conditions_keeps_its_shape(phase: Phase) -> None:
    wave = wave_of(phase(GRID, 3, 0.5))
    batch = symmetric_condition(300e3, torch.tensor([[-50.0], [50.0]]), 0.0, torch.tensor([5.0, 10.0, 20.0]))
    images = intensity_explicit(wave, batch, focus_nodes=5)
    assert images.shape == (2, 3, 48, 48)
    assert torch.allclose(images[1, 2], intensity_explicit(wave, batch[1, 2], focus_nodes=5), atol=1e-6)


def test_explicit_averaging_refuses_another_energy(phase: Phase) -> None:
    with pytest.raises(UserError, match="same energy_kV"):
        intensity_explicit(wave_of(phase(GRID, 3, 0.5)), symmetric_condition(80e3, 0.0))
