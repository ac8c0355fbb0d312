"""Where the particles are: a mask from the phase of their exit wave, the same under every imaging condition.

The phase of the particles' wave in vacuum, at its exit plane, is thresholded at π/16; the label is smoothed with a
Gaussian and thresholded again. Two presets, to be named wherever a Dice is given, as a fatter mask flatters it:

    published   the principal value of the phase, in (-π, π]; smoothed label > 0.5
    clean       the phase counted from -π/2 up to 3π/2; smoothed label > 0.2

A strong atom column turns the phase beyond π. Its principal value is then negative and the column drops out of the
label; `published` keeps it so, as a plain threshold does. In vacuum the phase swings around 0 by far less than π/2,
so `clean` takes what lies below -π/2 for a column that went beyond π. Along a zone axis the phase is high at the
columns alone: with 0.5 small particles fall apart, with 0.2 they are whole discs.

The smoothed label has no detail left beyond 1/(2 blur) (e⁻⁵ of it there), so its spectrum says what it is at the
pixels of any image: it is cut or padded to them before the second threshold. A mask at other pixels is then the same
outline seen at other places.
"""

from math import pi
from typing import Final, Literal, NamedTuple

import torch
from torch import Tensor

from passband.fourier import resample
from passband.grid import Grid
from passband.imaging.transfer import frequency_axes
from passband.wave import ExitWave

MaskPreset = Literal["published", "clean"]

PHASE_THRESHOLD_RAD: Final = pi / 16


class _Rule(NamedTuple):
    lowest_phase_rad: float
    label_threshold: float


_RULES: Final[dict[MaskPreset, _Rule]] = {"published": _Rule(-pi, 0.5), "clean": _Rule(-pi / 2, 0.2)}


def particle_mask(
    particles: ExitWave, preset: MaskPreset, blur_A: float = 1.6, grid: Grid | None = None
) -> Tensor:
    """Mask float32 (ny, nx) of 0 and 1: where the particles are in the field, periodic in both directions.

    particles: the wave of the particles alone in vacuum; the phase is that of the mean over its configurations.
    blur_A: standard deviation of the Gaussian [Å], 0 or more; 1.6, and 1 for C, Fe and Co3O4 (published values).
    grid: the pixels of the mask, over the same field (``pixels.image_grid``); None for those of the wave.
    """
    rule = _RULES[preset]
    label = (phase_rad(particles, rule.lowest_phase_rad) > PHASE_THRESHOLD_RAD).to(torch.float32)
    qy, qx = frequency_axes(particles.grid, label.device)
    smoothing = torch.exp(-2 * (pi * blur_A) ** 2 * (qy**2 + qx**2)).to(torch.float32)
    smoothed: Tensor = torch.fft.ifft2(torch.fft.fft2(label) * smoothing).real
    if grid is not None:
        smoothed = resample(smoothed, grid.shape)
    return (smoothed > rule.label_threshold).to(torch.float32)


def phase_rad(wave: ExitWave, lowest_rad: float = -pi) -> Tensor:
    """Phase float32 (ny, nx) of a wave's mean over its configurations, from lowest >= -π on, one turn [rad]."""
    phase: Tensor = wave.field.mean(dim=0).angle()
    return torch.where(phase < lowest_rad, phase + 2 * pi, phase)
