from math import pi

import pytest
import torch
from torch import Tensor

from passband.grid import Grid
from passband.imaging.mask import MaskPreset, particle_mask, phase_rad
from passband.wave import ExitWave

GRID = Grid((80, 96), 0.4)


def wave_of(phase: Tensor) -> ExitWave:
    return ExitWave(torch.exp(1j * phase)[None].to(torch.complex64), GRID, 300e3)


def disc(radius_A: float, at_A: tuple[float, float]) -> Tensor:
    """A disc on the periodic field."""
    y = (torch.arange(80)[:, None] * 0.4 - at_A[0] + 16) % 32 - 16
    x = (torch.arange(96)[None] * 0.4 - at_A[1] + 19.2) % 38.4 - 19.2
    return torch.hypot(y, x) < radius_A


@pytest.mark.parametrize("preset", ["published", "clean"])
def test_a_mask_is_zero_or_one_and_covers_the_particle(preset: MaskPreset) -> None:
    inside = disc(10.0, (16.0, 20.0))
    mask = particle_mask(wave_of(0.4 * inside), preset)
    assert mask.dtype == torch.float32
    assert set(mask.unique().tolist()) == {0.0, 1.0}
    # at 0.5 the smoothed edge of a disc stays at the edge but for its curvature, blur²/2R = 0.13 Å; at 0.2 it
    # moves out by 0.84 blur = 1.35 Å
    edge = 10.0 if preset == "published" else 11.35
    assert (mask.sum() * 0.16 / pi) ** 0.5 == pytest.approx(edge, abs=0.3)
    assert mask[~disc(13.0, (16.0, 20.0))].sum() == 0


@pytest.mark.parametrize("preset", ["published", "clean"])
def test_the_phase_threshold_is_a_sixteenth_of_pi(preset: MaskPreset) -> None:
    inside = disc(10.0, (16.0, 20.0))
    assert particle_mask(wave_of(0.99 * pi / 16 * inside), preset).sum() == 0
    assert particle_mask(wave_of(1.01 * pi / 16 * inside), preset).sum() > 0


def test_masks_are_periodic() -> None:
    middle = particle_mask(wave_of(0.4 * disc(8.1, (16.0, 19.2))), "clean")
    corner = particle_mask(wave_of(0.4 * disc(8.1, (0.0, 0.0))), "clean")
    assert torch.equal(corner, middle.roll((-40, -48), (0, 1)))


def test_a_narrower_blur_follows_the_label_more_closely() -> None:
    inside = disc(10.0, (16.0, 20.0))
    sharp, soft = (particle_mask(wave_of(0.4 * inside), "clean", blur_A=b) for b in (0.01, 1.6))
    assert torch.equal(sharp.bool(), inside)
    assert soft.sum() > sharp.sum()


def test_a_phase_beyond_pi_stays_particle_in_the_clean_mask_and_drops_out_of_the_published_one() -> None:
    inside, core = disc(12.0, (16.0, 20.0)), disc(7.0, (16.0, 20.0))
    strong = wave_of(0.4 * inside + 3.2 * core)  # 3.6 rad in the core: principal value 3.6 - 2π < 0
    published, clean = (particle_mask(strong, preset) for preset in ("published", "clean"))
    assert published[40, 50] == 0
    assert clean[40, 50] == 1
    assert clean[inside].min() == 1


def test_a_small_particle_along_a_zone_axis_is_whole_in_the_clean_mask_only() -> None:
    # columns 3 Å apart, 0.9 Å in radius, cover 28 % of the particle
    columns = torch.zeros(80, 96, dtype=torch.bool)
    for i in range(-2, 3):
        for j in range(-2, 3):
            columns |= disc(0.9, (16.0 + 3 * i, 20.0 + 3 * j))
    wave = wave_of(1.5 * columns)
    assert particle_mask(wave, "published")[40, 50] == 0 or particle_mask(wave, "published").mean() < 0.05
    clean = particle_mask(wave, "clean")
    assert clean[disc(6.0, (16.0, 20.0))].mean() == 1


def test_weak_fringes_in_vacuum_are_not_particle() -> None:
    fringes = 0.15 * torch.cos(torch.arange(96) * 0.7).expand(80, 96)
    assert particle_mask(wave_of(fringes), "published").sum() == 0
    assert particle_mask(wave_of(fringes), "clean").sum() == 0


def test_the_phase_is_that_of_the_mean_over_configurations() -> None:
    field = torch.exp(1j * torch.tensor([0.2, 0.6]))[:, None, None].expand(2, 80, 96).to(torch.complex64)
    assert torch.allclose(phase_rad(ExitWave(field, GRID, 300e3)), torch.full((80, 96), 0.4), atol=1e-6)


def test_phases_are_counted_from_where_one_says() -> None:
    phase = torch.tensor([-1.5, -1.6, 3.0, 3.3]).repeat(20, 24).reshape(80, 24)
    wave = ExitWave(torch.exp(1j * phase)[None], Grid((80, 24), 0.4), 300e3)
    expected = torch.tensor([-1.5, 2 * pi - 1.6, 3.0, 3.3]).repeat(20, 24).reshape(80, 24)
    assert torch.allclose(phase_rad(wave, -pi / 2), expected, atol=1e-5)
