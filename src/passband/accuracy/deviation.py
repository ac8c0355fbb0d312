"""How far a wave or an image is from a better one.

wave    |ψ - ψ'| / |ψ' - <ψ'>|, over the frequencies up to q: the difference relative to what has scattered
image   rms(I - I') / rms(I' - <I'>), over the pixels: the difference relative to the contrast
"""

from math import pi
from typing import Final

import torch
from torch import Tensor

from passband.electron import wavelength_A
from passband.fourier import resample
from passband.imaging.transfer import frequency_axes
from passband.wave import ExitWave

Q_MAX_PER_A: Final = 1.25
"""End of the band over which waves are compared [1/Å], or the Nyquist frequency where that is lower."""


def wave_error(wave: ExitWave, better: ExitWave) -> float:
    """Of a wave, relative to the scattered part of a better one of the same field, over all configurations.

    The better one may have finer pixels and another plane: the wave is brought into that plane, and compared in its
    own band. Raises ValueError where the better one has scattered nothing.
    """
    qy, qx = frequency_axes(wave.grid, wave.field.device)
    squared = qy**2 + qx**2
    kept = squared.sqrt() <= min(Q_MAX_PER_A, wave.grid.nyquist_per_A * (1 - 1e-9))
    distance_A = wave.focus_offset_A - better.focus_offset_A
    phase = torch.exp(-1j * pi * wavelength_A(wave.energy_eV) * distance_A * squared).to(wave.field.dtype)
    true = torch.fft.fft2(resample(better.field, wave.grid.shape)) * kept
    difference = torch.fft.fft2(wave.field) * phase * kept - true
    true[..., 0, 0] = 0
    return _ratio(difference, true, "wave")


def image_error(image: Tensor, better: Tensor) -> float:
    """Of an image (ny, nx), relative to the contrast of a better one. Raises ValueError where that has none."""
    return _ratio(image - better, better - better.mean(), "image")


def contrast(image: Tensor) -> float:
    """Standard deviation of an image (ny, nx), vacuum 1."""
    return float(image.to(torch.float64).std(correction=0))


def _ratio(difference: Tensor, whole: Tensor, what: str) -> float:
    scale = float(whole.abs().square().to(torch.float64).sum().sqrt())
    if scale == 0:
        raise ValueError(f"the better {what} is empty, so nothing can be relative to it")
    return float(difference.abs().square().to(torch.float64).sum().sqrt()) / scale
