from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from passband.errors import UserError
from passband.grid import Grid
from passband.imaging import focus
from passband.imaging.condition import symmetric_condition
from passband.imaging.focus import contrast, minimum_contrast_C10_A, refer_to_minimum_contrast
from passband.imaging.image import intensity, spectrum
from passband.wave import ExitWave, SceneWaves

Phase = Callable[[Grid, int, float], Tensor]


def full_search(particles: ExitWave) -> float:
    """The published search without any short cut: every 1 Å, then every 0.1 Å."""
    waves = spectrum(particles)
    whole = torch.arange(-150, 151, dtype=torch.float64)
    best = whole[contrast(waves, symmetric_condition(300e3, whole, focal_spread_A=10.0)).argmin()]
    tenths = best + torch.arange(-10, 11, dtype=torch.float64) / 10
    return float(tenths[contrast(waves, symmetric_condition(300e3, tenths, focal_spread_A=10.0)).argmin()])


@pytest.mark.parametrize("offset_A", [0.0, -63.0, 48.5])
def test_the_quick_search_finds_the_plane_of_the_full_one(ball: ExitWave, offset_A: float) -> None:
    wave = replace(ball, focus_offset_A=offset_A)
    assert minimum_contrast_C10_A(wave) == pytest.approx(full_search(wave), abs=0.05)


def test_the_minimum_lies_inside_the_particle(ball: ExitWave) -> None:
    # the ball is 24 Å thick and ends at its exit plane; towards the source C10 is negative
    assert -24 < minimum_contrast_C10_A(ball) < 0


def test_a_phase_in_one_plane_has_its_minimum_there(phase: Phase) -> None:
    grid = Grid((64, 64), 0.4)
    flat = torch.exp(0.2j * phase(grid, 0, 1.0))[None].to(torch.complex64)
    assert minimum_contrast_C10_A(ExitWave(flat, grid, 300e3)) == pytest.approx(0, abs=0.15)
    assert minimum_contrast_C10_A(ExitWave(flat, grid, 300e3, focus_offset_A=20.0)) == pytest.approx(
        -20, abs=0.15
    )


def test_a_minimum_outside_the_search_is_refused_not_guessed(ball: ExitWave) -> None:
    away = replace(ball, focus_offset_A=200.0)
    with pytest.raises(UserError, match="particles have to be thinner"):
        minimum_contrast_C10_A(away)


def test_a_self_image_at_the_end_of_the_search_is_not_taken_for_a_minimum_outside() -> None:
    # a phase grating of period d shows no contrast every d²/λ = 63 Å; the first pass, in steps of 5 Å, meets the plane
    # at -150 Å exactly and those at -87, -24, 39 and 102 Å not
    period_A, wavelength_A = 63.0, 0.01968749
    grid = Grid((8, 64), (wavelength_A * period_A) ** 0.5 / 8)
    x = torch.arange(64) * (2 * torch.pi / 8)
    grating = torch.exp(0.3j * torch.cos(x).expand(1, 8, 64)).to(torch.complex64)
    found = minimum_contrast_C10_A(ExitWave(grating, grid, 300e3, focus_offset_A=150.0))
    assert min(abs(found - plane) for plane in (-87, -24, 39, 102)) < 0.3


@pytest.mark.parametrize(("end", "refused"), [(0.95, False), (0.85, True)])
def test_an_end_has_to_be_clearly_lower_than_every_valley_to_tell_of_a_minimum_outside(
    ball: ExitWave, monkeypatch: pytest.MonkeyPatch, end: float, refused: bool
) -> None:
    # contrast between 1 in the valley at 20 Å and about 2: an end lower by a tenth of what it varies by is refused
    def made_up(waves: object, C10_A: Tensor, focal_spread_A: float) -> Tensor:
        valley = 2 - torch.exp(-(((C10_A - 20) / 15) ** 2))
        return torch.where(C10_A == 150, end, valley)

    monkeypatch.setattr(focus, "_through_focus", made_up)
    if refused:
        with pytest.raises(UserError, match="particles have to be thinner"):
            minimum_contrast_C10_A(ball)
    else:
        assert minimum_contrast_C10_A(ball) == pytest.approx(20, abs=0.1)


def test_contrast_is_the_variance_of_the_image(ball: ExitWave) -> None:
    condition = symmetric_condition(300e3, torch.tensor([-40.0, 10.0]), focal_spread_A=10.0)
    expected = intensity(ball, condition).double().var((-2, -1), correction=0)
    assert torch.allclose(contrast(spectrum(ball), condition), expected, rtol=1e-4)


def test_a_scene_refers_both_waves_to_one_plane(ball: ExitWave) -> None:
    full = replace(ball, field=ball.field * 1.0, focus_offset_A=-30.0)
    referred = refer_to_minimum_contrast(SceneWaves(full, ball))
    added = minimum_contrast_C10_A(ball)
    assert referred.particles.focus_offset_A == pytest.approx(added)
    assert referred.full.focus_offset_A == pytest.approx(added - 30)
    # done twice, nothing is left to add
    assert refer_to_minimum_contrast(referred).full.focus_offset_A == pytest.approx(added - 30, abs=0.11)


def test_without_particles_the_plane_stays() -> None:
    vacuum = ExitWave(torch.ones(1, 32, 32, dtype=torch.complex64), Grid((32, 32), 0.4), 300e3)
    assert minimum_contrast_C10_A(vacuum) == 0
