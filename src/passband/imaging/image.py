"""The image: intensity of the wave behind the lens, electrons counted, grey values standardised.

How the intensity is formed without aliasing, and fast, is in ``fine_grid``; on which pixels, in ``pixels``. The motion
of the image and the detector multiply its spectrum on the image's grid, at the price of one multiplication.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from math import sqrt
from typing import Final

import torch
from torch import Tensor

from passband.errors import UserError
from passband.grid import Grid
from passband.imaging.condition import ImagingCondition
from passband.imaging.counts import draw_counts
from passband.imaging.detector import Detector, mtf, ntf
from passband.imaging.explicit import explicit_spectrum
from passband.imaging.fine_grid import (
    FineGrid,
    fine_grid,
    packed_spectrum,
    passed_band_per_A,
    rings_of,
    workspace,
)
from passband.imaging.motion import is_still, motion_transfer
from passband.imaging.phase import is_round
from passband.imaging.pixels import image_grid
from passband.imaging.recording import IDEAL, Recording
from passband.imaging.transfer import frequency_axes, on_grid, round_transfers, wave_transfer
from passband.wave import ExitWave

SAMPLES_AT_ONCE: Final = 2**17
"""Values of t that are computed at once."""


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


def intensity(wave: ExitWave, condition: ImagingCondition, recording: Recording = IDEAL) -> Tensor:
    """Images of one wave, float32 (*batch_shape, ny, nx), as ``form_intensity`` gives them."""
    return form_intensity(spectrum(wave), condition, recording)


def form_intensity(waves: WaveSpectrum, condition: ImagingCondition, recording: Recording = IDEAL) -> Tensor:
    """Expected images float32 (..., ny, nx), vacuum 1, of waves under conditions; the two batch shapes broadcast.

    One wave and n conditions give n images, n waves and n conditions n pairs, (n, 1) and (m,) all n x m. Each is the
    mean over the configurations of its wave, at the pixels of the wave or at those that the recording names.
    Differentiable in the waves and in the settings of the condition where these require it and the coherence is not
    explicit (ValueError).
    Raises UserError when waves and conditions are at different energies, or the field is no whole number of pixels.
    """
    check_energy(waves, condition)
    grid = image_grid(waves.grid, recording.pixel_A)
    focused = condition.to(waves.values.device).refocused(waves.focus_offset_A)
    settings = (waves.values, focused.coefficients_A, focused.azimuths_rad, focused.focal_spread_A)
    if torch.is_grad_enabled() and any(
        part is not None and part.requires_grad
        for part in (*settings, focused.convergence_rad, focused.vibration_A, focused.drift_A)
    ):
        return _differentiable(waves, focused, recording, grid)
    images = _formed(waves, focused, recording, grid)
    return images.reshape(*focused.batch_shape, *grid.shape)


def _formed(waves: WaveSpectrum, focused: ImagingCondition, recording: Recording, grid: Grid) -> Tensor:
    """Images (n, ny, nx) on a grid."""
    conditions, device = focused.flattened(), waves.values.device
    numbers = torch.arange(waves.focus_offset_A.numel())
    wave_of = numbers.reshape(waves.focus_offset_A.shape).expand(focused.batch_shape).flatten().tolist()
    images = torch.empty((len(wave_of), *grid.shape), dtype=torch.float32, device=device)
    moves_alike = _moves_alike(conditions)
    factor = image_filter(conditions[:1], grid, recording.detector) if moves_alike else None
    for part, spectrum in _packed_spectra(waves, conditions, wave_of, recording, pairs=moves_alike):
        if not moves_alike:
            factor = image_filter(conditions[part], grid, recording.detector)
        pair = torch.fft.ifft2(spectrum if factor is None else spectrum * factor[0], norm="forward")
        images[part].copy_(torch.view_as_real(pair).movedim(-1, 0)[: part.stop - part.start])
    configurations = waves.values.shape[-3]
    return images / configurations if configurations > 1 else images


def _packed_spectra(
    waves: WaveSpectrum, conditions: ImagingCondition, wave_of: list[int], recording: Recording, pairs: bool
) -> Iterator[tuple[slice, Tensor]]:
    """Spectra as of ``packed_spectrum``, of one image or two after another, with their part of the batch."""
    is_explicit, n = recording.coherence == "explicit", len(wave_of)
    highest = 2**0.5 * waves.grid.nyquist_per_A
    # in explicit averaging no envelope ends the wave
    band_per_A = highest if is_explicit else passed_band_per_A(conditions, highest)
    fine = fine_grid(waves.grid, band_per_A, image_grid(waves.grid, recording.pixel_A))
    values = waves.values.reshape(-1, *waves.values.shape[-3:])[(..., *fine.passed)]
    work = workspace(fine, values.device)
    if is_explicit:
        for one, psi in enumerate(values[wave_of[number]] for number in range(n)):
            yield slice(one, one + 1), explicit_spectrum(psi, conditions[one], recording.most_points, work)
        return
    through = transfers(conditions, fine)
    for start in range(0, n, 1 + pairs):
        part = slice(start, min(start + 1 + pairs, n))
        images = [product(values[number], [next(through)]) for number in wave_of[part]]
        yield part, packed_spectrum(images, work)


def transfers(conditions: ImagingCondition, fine: FineGrid) -> Iterator[Tensor]:
    """t(q), complex64 (rows, columns) of what passes, for one of the conditions (m,) after another."""
    device = conditions.C10_A.device
    on = rings_of(fine, device) if is_round(conditions) else None
    qy, qx = fine.axes(device)
    block = max(1, SAMPLES_AT_ONCE // (on.q_per_A.numel() if on else qy.numel() * qx.numel()))
    for start in range(0, len(conditions.C10_A), block):
        part = conditions[start : start + block]
        if on is None:
            yield from wave_transfer(part, qy, qx)
        else:
            yield from (on_grid(values, on) for values in round_transfers(part, on))


def image_filter(condition: ImagingCondition, grid: Grid, detector: Detector | None) -> Tensor | None:
    """What motion and detector leave of an image's spectrum, float32 (..., ny, nx) in FFT order; None for all."""
    if is_still(condition) and detector is None:
        return None
    qy, qx = frequency_axes(grid, condition.C10_A.device)
    factor = motion_transfer(condition, qy, qx)
    return (factor if detector is None else factor * mtf(detector, qy, qx, grid.sampling_A)).to(torch.float32)


def _moves_alike(conditions: ImagingCondition) -> bool:
    """Whether the image moves in the same way under all conditions (n,)."""
    motions = (part for part in (conditions.vibration_A, conditions.drift_A) if part is not None)
    return not any(bool((part != part[:1]).any()) for part in motions)


def _differentiable(
    waves: WaveSpectrum, focused: ImagingCondition, recording: Recording, grid: Grid
) -> Tensor:
    """The same images by operations that torch can differentiate, several times slower."""
    if recording.coherence == "explicit":
        raise ValueError("images are differentiable with quasi-coherent envelopes only")
    fine = fine_grid(waves.grid, image=grid)
    (fine_y, fine_x), (ny, nx) = fine.shape, grid.shape
    psi = waves.values[(..., *fine.passed)]
    behind = psi * wave_transfer(focused, *fine.axes(psi.device))[..., None, :, :]
    field = torch.fft.ifft2(behind, s=(fine_y, fine_x), norm="forward")
    squared = field.real.square() + field.imag.square()
    low = torch.fft.fftshift(torch.fft.fft2(squared.mean(-3), norm="forward"), dim=(-2, -1))
    y, x = (ny - 1) // 2, (nx - 1) // 2
    kept = low[..., fine_y // 2 - y : fine_y // 2 + y + 1, fine_x // 2 - x : fine_x // 2 + x + 1]
    even_y, even_x = 1 - ny % 2, 1 - nx % 2  # the Nyquist lines, which come first in centred order
    stored = torch.fft.ifftshift(torch.nn.functional.pad(kept, (even_x, 0, even_y, 0)), dim=(-2, -1))
    factor = image_filter(focused, grid, recording.detector)
    images: Tensor = torch.fft.ifft2(stored if factor is None else stored * factor, norm="forward").real
    return images


def check_energy(waves: WaveSpectrum, condition: ImagingCondition) -> None:
    """Raises UserError when waves and conditions are at different energies."""
    if abs(waves.energy_eV - condition.energy_eV) > 1e-6 * waves.energy_eV:
        raise UserError(
            f"the exit waves are at {waves.energy_eV / 1e3:g} kV but the imaging condition is at "
            f"{condition.energy_eV / 1e3:g} kV; give both the same energy_kV"
        )


def expose(
    intensity: Tensor,
    dose_e_per_A2: Tensor | float,
    pixel_area_A2: float,
    generator: torch.Generator,
    detector: Detector | None = None,
) -> Tensor:
    """Shot noise: images (..., ny, nx) recorded at a dose (...) [e/Å²], over what is expected of vacuum.

    intensity: expected images, the detector's signal transfer included (``form_intensity``). Without a detector, each
    pixel is Poisson distributed with mean intensity x dose x pixel area [Å²]; small negative values, which cropping
    the band can leave, count as 0. With one, the dose is that of DQE(0), and the deviations from the expected image
    are filtered with its noise transfer (periodic, as the images are). An infinite dose returns the intensity as it
    is. The generator lives on the device of the intensity.
    """
    dose = torch.as_tensor(dose_e_per_A2, dtype=intensity.dtype, device=intensity.device)[..., None, None]
    counted_share = 1.0 if detector is None else detector.DQE0
    electrons = torch.where(dose.isfinite(), dose * pixel_area_A2 * counted_share, 1.0)
    expected = intensity.clamp(min=0)
    counted = draw_counts(electrons * expected, generator) / electrons
    if detector is not None and detector.ntf is not None:
        counted = intensity + _noise_filtered(counted - expected, detector, sqrt(pixel_area_A2))
    return torch.where(dose.isfinite(), counted, intensity)


def _noise_filtered(noise: Tensor, detector: Detector, pixel_A: float) -> Tensor:
    ny, nx = noise.shape[-2:]
    transfer = _noise_transfer(detector, Grid((ny, nx), pixel_A), noise.device)
    filtered: Tensor = torch.fft.irfft2(torch.fft.rfft2(noise) * transfer, s=(ny, nx))
    return filtered


@lru_cache(maxsize=8)
def _noise_transfer(detector: Detector, grid: Grid, device: torch.device) -> Tensor:
    """NTF float32 (ny, nx // 2 + 1) on the half spectrum of a grid."""
    qy, qx = frequency_axes(grid, device)
    return ntf(detector, qy, qx[:, : grid.shape[1] // 2 + 1], grid.sampling_A).to(torch.float32)


def standardise(image: Tensor) -> Tensor:
    """Images (..., ny, nx) brought to mean 0 and variance 1 each; a constant image becomes 0."""
    centred = image - image.mean(dim=(-2, -1), keepdim=True)
    deviation = centred.square().mean(dim=(-2, -1), keepdim=True).sqrt()
    return centred / deviation.clamp(min=torch.finfo(image.dtype).tiny)
