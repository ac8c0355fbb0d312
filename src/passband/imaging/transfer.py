"""Transfer: what the microscope does to the wave, and to the phase of a weak object.

    t(q) = exp(-iχ) E_t E_s              of the wave
    T(q) = (i/2) [t(q) - t*(-q)]         of a weak phase in linear imaging; the contrast is 2 T times the phase

T = sin χ E_t E_s when no aberration of odd symmetry (coma, three-fold astigmatism) is present; with one it is
complex, and sin χ alone is wrong by tens of percent. There is no objective aperture.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from passband.grid import Grid
from passband.imaging.condition import ImagingCondition
from passband.imaging.envelopes import damping
from passband.imaging.phase import chi, is_round


Transfer = Callable[[ImagingCondition], Tensor]


def wave_transfer(
    condition: ImagingCondition, qy: Tensor, qx: Tensor, dtype: torch.dtype = torch.complex64
) -> Tensor:
    """t(q), complex (..., ny, nx), at float64 frequencies [1/Å]: the axes (ny, 1), (1, nx) of a grid, or points.

    The phase is computed and brought to one turn in float64, so that complex64 is right to 3e-7.
    """
    return transfer_on(qy, qx, dtype)(condition)


def transfer_on(qy: Tensor, qx: Tensor, dtype: torch.dtype = torch.complex64) -> Transfer:
    """``wave_transfer`` at fixed frequencies, for use on many conditions: what can be prepared is prepared once.

    Without aberrations that have an azimuth, t depends on |q| alone: it is computed on one quadrant of the grid.
    """

    def everywhere(condition: ImagingCondition) -> Tensor:
        return _wave_transfer(condition, qy, qx, dtype)

    if not (qy.shape[-1] == 1 and qx.shape[-2] == 1):
        return everywhere
    rows, row = torch.unique(qy.flatten().abs(), return_inverse=True)
    columns, column = torch.unique(qx.flatten().abs(), return_inverse=True)
    unfolding = (row[:, None] * len(columns) + column).flatten()

    def by_quadrant(condition: ImagingCondition) -> Tensor:
        if not is_round(condition):
            return everywhere(condition)
        quadrant = _wave_transfer(condition, rows[:, None], columns[None, :], dtype).flatten(-2)
        # one 8-byte number is copied twice as fast as one complex number of 8 bytes
        plain = quadrant.view(torch.float64) if dtype == torch.complex64 else quadrant
        unfolded = plain.index_select(-1, unfolding).view(dtype)
        return unfolded.reshape(*unfolded.shape[:-1], len(row), len(column))

    return by_quadrant


def phase_transfer(
    condition: ImagingCondition, qy: Tensor, qx: Tensor, dtype: torch.dtype = torch.complex64
) -> Tensor:
    """T(q), complex (..., ny, nx), at float64 frequencies [1/Å] as in ``wave_transfer``."""
    forward = wave_transfer(condition, qy, qx, dtype)
    if is_round(condition):
        return torch.complex(-forward.imag, torch.zeros_like(forward.imag))
    return 0.5j * (forward - wave_transfer(condition, -qy, -qx, dtype).conj())


def frequency_axes(grid: Grid, device: torch.device | str = "cpu") -> tuple[Tensor, Tensor]:
    """Frequencies [1/Å] of a grid in FFT order, float64: qy (ny, 1) and qx (1, nx)."""
    qy, qx = grid.frequencies_per_A()
    return torch.from_numpy(qy).to(device), torch.from_numpy(qx).to(device)


def _wave_transfer(condition: ImagingCondition, qy: Tensor, qx: Tensor, dtype: torch.dtype) -> Tensor:
    real = torch.float32 if dtype == torch.complex64 else torch.float64
    turns = chi(condition, qy, qx) / (2 * torch.pi)
    angle = (2 * torch.pi * (turns - turns.round())).to(real)
    amplitude = (-damping(condition, qy, qx)).to(real).exp()
    return torch.complex(amplitude * angle.cos(), -amplitude * angle.sin())
