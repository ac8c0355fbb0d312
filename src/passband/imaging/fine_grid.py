"""Intensities without aliasing, at the least cost: the grid on which |ψ|² is formed, and the way there and back.

|ψ|² holds twice the band of ψ. A wave with frequencies up to ±k has an intensity up to ±2k; on N pixels per side what
lies beyond N/2 folds back, and stays clear of the image's band ±s as long as N >= 2k + s + 1. With k = s that is 1.5
times the pixels; where the envelopes end the wave earlier (``passed_band_per_A``), it is less, and fewer lines have to
be transformed. So the intensity is formed there and cropped to the band of the image's pixels: exact. These are those
of the wave, or others (``pixels``).

Spectra are kept in centred order and padded at their end: that shifts ψ in frequency, which its intensity does not
see. Transforms are done along one axis at a time, leaving out lines that are zero or about to be cropped. Two real
intensities are one complex number: a pair of images shares its way back to the image's grid.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, log, pi
from threading import local
from typing import Final

import torch
from scipy.fft import next_fast_len
from torch import Tensor

from passband.electron import wavelength_A
from passband.grid import Grid
from passband.imaging.aberrations import ABERRATIONS
from passband.imaging.condition import ImagingCondition
from passband.imaging.transfer import Rings, frequency_axes, rings

STOPPED: Final = 1e-9
"""Where E_t E_s is below this, the wave counts as stopped. What is left out is then at most STOPPED times the root of
the number of samples: 2.6e-7 of the unscattered wave at 256 x 256 pixels, and far less for any specimen."""
RADII: Final = 256
ROWS_AT_ONCE: Final = 96
"""Rows of a block on the CPU, the best of 48 to 192 at 256 and 512 pixels."""


@dataclass(frozen=True)
class FineGrid:
    """Where intensities are formed.

    stored: the grid of the wave. image: that of the image. reach: highest frequencies (y, x) of the wave that pass,
    as numbers of periods per field. shape: pixels of the grid of the intensity.
    """

    stored: Grid
    image: Grid
    reach: tuple[int, int]
    shape: tuple[int, int]

    @property
    def passed(self) -> tuple[slice, slice]:
        """The rows and columns of a centred spectrum of the stored grid that pass."""
        (ny, nx), (y, x) = self.stored.shape, self.reach
        return slice(ny // 2 - y, ny // 2 + y + 1), slice(nx // 2 - x, nx // 2 + x + 1)

    def axes(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """Frequencies [1/Å] of what passes, float64 (rows, 1) and (1, columns), in centred order."""
        qy, qx = frequency_axes(self.stored, device)
        rows, columns = self.passed
        return torch.fft.fftshift(qy, dim=0)[rows], torch.fft.fftshift(qx, dim=1)[:, columns]


def fine_grid(stored: Grid, band_per_A: float = float("inf"), image: Grid | None = None) -> FineGrid:
    """The smallest grid with a quick FFT for waves on a stored grid that pass up to a frequency [1/Å].

    image: the grid of the image, over the same field; None: the stored one.
    """
    image = image or stored
    # the Nyquist line of even sizes has no partner and is left out
    whole = [(n - 1) // 2 for n in stored.shape]
    passed = [min(w, ceil(min(band_per_A * side, w))) for w, side in zip(whole, stored.extent_A, strict=True)]
    seen = [(n - 1) // 2 for n in image.shape]
    needed = [max(2 * k + min(2 * k, s), 2 * s) + 1 for k, s in zip(passed, seen, strict=True)]
    shape = [next_fast_len(n, real=True) for n in needed]
    return FineGrid(stored, image, (passed[0], passed[1]), (shape[0], shape[1]))


@lru_cache(maxsize=8)
def rings_of(fine: FineGrid, device: torch.device) -> Rings:
    """The rings of what passes."""
    return rings(*fine.axes(device))


def passed_band_per_A(condition: ImagingCondition, q_max_per_A: float) -> float:
    """A frequency [1/Å] beyond which E_t E_s < STOPPED in every condition and direction; at most q_max.

    E_s is bounded from above by the least slope of χ in any direction: that of its round part, less the largest
    slopes of all others.
    """
    q = torch.linspace(0, q_max_per_A, RADII + 1, dtype=torch.float64, device=condition.C10_A.device)
    wavelength = wavelength_A(condition.energy_eV)
    damping = 0.5 * (pi * wavelength * condition.focal_spread_A[..., None] * q**2) ** 2
    if bool(condition.convergence_rad.any()):
        slope = 2 * pi / wavelength * _least_slope(condition, wavelength * q)
        damping = damping + (condition.convergence_rad[..., None] / 2 * slope) ** 2
    passing = (damping.reshape(-1, RADII + 1).amin(0) < -log(STOPPED)).nonzero()
    return float(q[min(int(passing.max()) + 1, RADII)])


def _least_slope(condition: ImagingCondition, angle: Tensor) -> Tensor:
    """The least |Σ C α^n| (..., n) in any direction, at angles α (n,) [rad], 0 or more."""
    straight = torch.zeros_like(condition.C10_A[..., None] * angle)
    others = torch.zeros_like(straight)
    for index, (_, order, symmetry, _) in enumerate(ABERRATIONS):
        part = condition.coefficients_A[..., index, None] * angle**order
        straight, others = (straight + part, others) if symmetry == 0 else (straight, others + part.abs())
    return (straight.abs() - others).clamp(min=0)


@dataclass(frozen=True)
class Workspace:
    """Buffers for one pair of images after another; their zeros stay where they are.

    column: (fine_y, columns) a wave padded along y. block: (rows, fine_x) some of its rows, padded along x. pair:
    (fine_y, fine_x) two intensities as one complex number. spectrum: (ny, nx) what they have on the image's grid.
    """

    fine: FineGrid
    column: Tensor
    block: Tensor
    pair: Tensor
    spectrum: Tensor


_KEPT: Final = local()


def workspace(fine: FineGrid, device: torch.device) -> Workspace:
    """Buffers, complex64, on a device; the last ones are kept, one set per thread, and serve the next images.

    Fresh memory would cost as much as half an image at 256 px.
    """
    kept: Workspace | None = getattr(_KEPT, "workspace", None)
    if kept is None or kept.fine != fine or kept.pair.device != device:
        fine_y, fine_x = fine.shape
        rows = min(fine_y, ROWS_AT_ONCE) if device.type == "cpu" else fine_y
        shapes = ((fine_y, 2 * fine.reach[1] + 1), (rows, fine_x), fine.shape, fine.image.shape)
        with torch.inference_mode(False):
            kept = Workspace(fine, *(torch.zeros(s, dtype=torch.complex64, device=device) for s in shapes))
        _KEPT.workspace = kept
    return kept


def packed_spectrum(images: Sequence[Iterable[tuple[Tensor, Tensor]]], work: Workspace) -> Tensor:
    """Spectrum complex64 (ny, nx), in FFT order, of the intensities of one image or two: the first + i the second.

    images: for each any number of waves, as spectrum ψ and transfer t (rows, columns) of what passes; its intensity
    is the sum of theirs. The result lies in the workspace and holds until the next one.
    """
    totals = torch.view_as_real(work.pair)
    if len(images) == 1:
        totals[..., 1] = 0
    for number, waves in enumerate(images):
        for index, (psi, transfer) in enumerate(waves):
            torch.mul(psi, transfer, out=work.column[: len(psi)])
            _intensity(totals[..., number], work, add=index > 0)
    rows_spectrum = torch.fft.fft(work.pair, dim=-1, norm="forward")
    for columns in _low(work.spectrum.shape[1]):
        low = torch.fft.fft(rows_spectrum[:, columns], dim=-2, norm="forward")
        for rows in _low(work.spectrum.shape[0]):
            work.spectrum[rows, columns] = low[rows]
    return work.spectrum


def _intensity(total: Tensor, work: Workspace, add: bool) -> None:
    """|ψ|² of the wave in ``work.column``, put into a total (fine_y, fine_x) or added to it.

    It goes through blocks of rows that stay in the cache.
    """
    along_y = torch.fft.ifft(work.column, dim=-2, norm="forward")
    for start in range(0, len(along_y), len(work.block)):
        rows = along_y[start : start + len(work.block)]
        block, part = work.block[: len(rows)], total[start : start + len(rows)]
        block[:, : rows.shape[1]] = rows
        squares = torch.view_as_real(torch.fft.ifft(block, dim=-1, norm="forward")).square_()
        if add:
            part.add_(squares[..., 0]).add_(squares[..., 1])
        else:
            torch.add(squares[..., 0], squares[..., 1], out=part)


def _low(pixels: int) -> tuple[slice, ...]:
    """Where the frequencies of an axis of so many pixels, without its Nyquist line, stand on any finer one."""
    whole = (pixels - 1) // 2
    return (slice(0, whole + 1), slice(-whole, None)) if whole else (slice(0, 1),)
