"""The image: intensity of the wave behind the lens, electrons counted, grey values standardised.

|ψ|² holds twice the band of ψ. On 1.5 times as many pixels, what folds back lands outside the band of the
stored grid, so the intensity is formed there and cropped to the stored band: exact, at the least cost. The
spectrum is kept in centred order and padded at its end: that shifts ψ in frequency, which its intensity does
not see. Transforms are done along one axis at a time, leaving out lines that are zero or about to be cropped.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from math import ceil
from typing import Final

import torch
from scipy.fft import next_fast_len
from torch import Tensor

from passband.errors import UserError
from passband.grid import Grid
from passband.imaging.condition import ImagingCondition
from passband.imaging.counts import draw_counts
from passband.imaging.phase import is_round
from passband.imaging.transfer import folded_transfer, folding, frequency_axes, unfolded
from passband.wave import ExitWave

BAND_MARGIN: Final = 1.5
"""Pixels per side of the grid on which intensities are formed, over those of the stored grid."""
SAMPLES_AT_ONCE: Final = {"cpu": 2**17, "cuda": 2**27}
"""Complex samples that are worked on at once: what stays in the cache, what fits in the memory."""


@dataclass(frozen=True)
class WaveSpectrum:
    """Spectra of waves, ready to be imaged under many conditions; the batch shape (...) is that of the waves.

    values: complex64 (..., n_configurations, ny, nx), in centred order, Nyquist lines 0, normalised so that
        vacuum is 1 at frequency 0. focus_offset_A: float64 (...), the C10 [Å] added to that of a condition.
    """

    values: Tensor
    grid: Grid
    energy_eV: float
    focus_offset_A: Tensor

    def __getitem__(self, index: Tensor | int | slice) -> "WaveSpectrum":
        """Spectra of a part of the batch."""
        return replace(self, values=self.values[index], focus_offset_A=self.focus_offset_A[index])


def spectrum(wave: ExitWave) -> WaveSpectrum:
    """The spectrum of one wave (batch shape ())."""
    values = torch.fft.fftshift(torch.fft.fft2(wave.field, norm="forward"), dim=(-2, -1))
    ny, nx = wave.grid.shape
    if ny % 2 == 0:
        values[..., 0, :] = 0
    if nx % 2 == 0:
        values[..., :, 0] = 0
    offset = torch.tensor(wave.focus_offset_A, dtype=torch.float64, device=values.device)
    return WaveSpectrum(values, wave.grid, wave.energy_eV, offset)


def stacked_spectra(waves: Sequence[ExitWave]) -> WaveSpectrum:
    """The spectra of n waves (batch shape (n,)) on one grid, at one energy, with equally many configurations.

    Raises ValueError when the waves differ in one of these.
    """
    spectra = [spectrum(wave) for wave in waves]
    if len({(one.grid, one.energy_eV, one.values.shape) for one in spectra}) != 1:
        raise ValueError("waves of one stack must share grid, energy and number of configurations")
    values = torch.stack([one.values for one in spectra])
    offsets = torch.stack([one.focus_offset_A for one in spectra])
    return replace(spectra[0], values=values, focus_offset_A=offsets)


def intensity(wave: ExitWave, condition: ImagingCondition) -> Tensor:
    """Images of one wave, float32 (*batch_shape, ny, nx), vacuum 1: the mean over its configurations.

    Raises UserError when wave and condition are at different energies.
    """
    return form_intensity(spectrum(wave), condition)


def form_intensity(waves: WaveSpectrum, condition: ImagingCondition) -> Tensor:
    """Images float32 (..., ny, nx) of waves under conditions; the two batch shapes broadcast.

    One wave and n conditions give n images, n waves and n conditions n pairs, (n, 1) and (m,) all n x m.
    Raises UserError when waves and conditions are at different energies.
    """
    check_energy(waves, condition)
    focused = condition.to(waves.values.device).refocused(waves.focus_offset_A)
    batch_shape = focused.batch_shape
    numbers = torch.arange(waves.focus_offset_A.numel(), device=waves.values.device)
    wave_of = numbers.reshape(waves.focus_offset_A.shape).expand(batch_shape).flatten()
    values = waves.values.reshape(-1, *waves.values.shape[-3:])
    images = torch.empty((len(wave_of), *waves.grid.shape), dtype=torch.float32, device=values.device)
    for part, transfer in transfers(waves, focused.flattened()):
        own = values if len(values) == 1 else values[wave_of[part]]
        images[part] = image_of_spectrum(intensity_spectrum(own, transfer), waves.grid.shape)
    return images.reshape(*batch_shape, *waves.grid.shape)


def transfers(waves: WaveSpectrum, conditions: ImagingCondition) -> Iterator[tuple[slice, Tensor]]:
    """t(q), complex64 (n, ny, nx), on the ``centred_axes`` of waves, for a few conditions after another.

    conditions have the batch shape (m,); each t comes with the part of them that it belongs to.
    """
    points = folding(*centred_axes(waves), is_round(conditions))
    limit = SAMPLES_AT_ONCE.get(waves.values.device.type, SAMPLES_AT_ONCE["cpu"])
    fine_y, fine_x = fine_shape(waves.grid.shape)
    images = max(1, limit // (waves.values.shape[-3] * fine_y * fine_x))
    block = images * max(1, limit // (images * points.qy.numel() * points.qx.numel()))
    for start in range(0, len(conditions.C10_A), block):
        values = folded_transfer(conditions[start : start + block], points, torch.complex64)
        for first in range(0, len(values), images):
            part = slice(start + first, start + min(first + images, len(values)))
            yield part, unfolded(values[first : first + images], points)


def intensity_spectrum(values: Tensor, transfer: Tensor) -> Tensor:
    """Half spectra complex64 (n, ny, nx // 2 + 1) of images, in FFT order; the first value is the mean.

    values: centred spectra (n or 1, n_configurations, ny, nx).
    transfer: t(q) on their ``centred_axes``, (n, ny, nx).
    """
    ny, nx = values.shape[-2:]
    fine_y, _ = fine_shape((ny, nx))
    batch = transfer.shape[0], values.shape[-3]
    padded = values.new_empty((*batch, fine_y, nx))
    torch.mul(values, transfer[:, None], out=padded[..., :ny, :])
    padded[..., ny:, :] = 0
    rows = _row_spectra(torch.fft.ifft(padded, dim=-2, norm="forward"))
    fine: Tensor = torch.fft.fft(rows, dim=-2, norm="forward")
    positive, negative = (ny + 1) // 2, (ny - 1) // 2
    cropped = fine.new_zeros((*fine.shape[:-2], ny, nx // 2 + 1))
    cropped[..., :positive, :] = fine[..., :positive, :]
    cropped[..., ny - negative :, :] = fine[..., fine_y - negative :, :]
    if nx % 2 == 0:
        cropped[..., -1] = 0
    return cropped


def image_of_spectrum(half_spectrum: Tensor, shape: tuple[int, int]) -> Tensor:
    """Images float32 (..., ny, nx) of half spectra from ``intensity_spectrum``."""
    images: Tensor = torch.fft.irfft2(half_spectrum, s=shape, norm="forward")
    return images


def _row_spectra(columns: Tensor) -> Tensor:
    """From waves (n, k, fine_y, nx), in real space along y, to half spectra of the mean intensity along x.

    Worked through in blocks of rows that stay in the cache; (n, fine_y, nx // 2 + 1).
    """
    n, configurations, fine_y, nx = columns.shape
    _, fine_x = fine_shape((fine_y, nx))
    spectra = columns.new_empty((n, fine_y, nx // 2 + 1))
    step = min(fine_y, _rows_at_once(columns.device, n * configurations, fine_x))
    padded = columns.new_zeros((n, configurations, step, fine_x))
    for start in range(0, fine_y, step):
        block = columns[:, :, start : start + step]
        padded[:, :, : block.shape[2], :nx] = block
        field = torch.fft.ifft(padded[:, :, : block.shape[2]], dim=-1, norm="forward")
        summed = reduce(torch.add, [_squared(one) for one in field.unbind(1)])
        spectra[:, start : start + step] = torch.fft.rfft(summed, dim=-1, norm="forward")[..., : nx // 2 + 1]
    return spectra / configurations if configurations > 1 else spectra


def _squared(field: Tensor) -> Tensor:
    """|ψ|², in half the time of ``abs().square()``."""
    parts = torch.view_as_real(field).square()
    return parts[..., 0] + parts[..., 1]


def _rows_at_once(device: torch.device, waves: int, fine_x: int) -> int:
    """Rows of a block: 96, or 49152 samples, on the CPU (best at 256 and 512 pixels); elsewhere all."""
    return max(1, max(96, 49152 // fine_x) // waves) if device.type == "cpu" else 2**30


def fine_shape(shape: tuple[int, int]) -> tuple[int, int]:
    """Pixels of the grid on which intensities of (ny, nx) are formed: 1.5 times, up to a quick FFT."""
    ny, nx = (int(next_fast_len(ceil(BAND_MARGIN * n))) for n in shape)
    return ny, nx


def centred_axes(waves: WaveSpectrum) -> tuple[Tensor, Tensor]:
    """Frequencies [1/Å] of the spectra, float64 (ny, 1) and (1, nx), in their centred order."""
    qy, qx = frequency_axes(waves.grid, waves.values.device)
    return torch.fft.fftshift(qy, dim=0), torch.fft.fftshift(qx, dim=1)


def check_energy(waves: WaveSpectrum, condition: ImagingCondition) -> None:
    """Raises UserError when waves and conditions are at different energies."""
    if abs(waves.energy_eV - condition.energy_eV) > 1e-6 * waves.energy_eV:
        raise UserError(
            f"the exit waves are at {waves.energy_eV / 1e3:g} kV but the imaging condition is at "
            f"{condition.energy_eV / 1e3:g} kV; give both the same energy_kV"
        )


def expose(
    intensity: Tensor, dose_e_per_A2: Tensor | float, pixel_area_A2: float, generator: torch.Generator
) -> Tensor:
    """Shot noise: images (..., ny, nx) counted at a dose (...) [e/Å²], over the count expected of vacuum.

    Each pixel is Poisson distributed with mean intensity x dose x pixel area [Å²]; the small negative values
    that cropping the band can leave count as 0. An infinite dose returns the intensity as it is. The generator
    lives on the device of the intensity.
    """
    dose = torch.as_tensor(dose_e_per_A2, dtype=intensity.dtype, device=intensity.device)[..., None, None]
    electrons = torch.where(dose.isfinite(), dose * pixel_area_A2, 1.0)
    counted = draw_counts(electrons * intensity.clamp(min=0), generator) / electrons
    return torch.where(dose.isfinite(), counted, intensity)


def standardise(image: Tensor) -> Tensor:
    """Images (..., ny, nx) brought to mean 0 and variance 1 each; a constant image becomes 0."""
    centred = image - image.mean(dim=(-2, -1), keepdim=True)
    deviation = centred.square().mean(dim=(-2, -1), keepdim=True).sqrt()
    return centred / deviation.clamp(min=torch.finfo(image.dtype).tiny)
