"""Transfer: what the microscope does to the wave, and to the phase of a weak object.

    t(q) = exp(-iχ) E_t E_s              of the wave
    T(q) = (i/2) [t(q) - t*(-q)]         of a weak phase in linear imaging; its contrast is 2 T

T = sin χ E_t E_s when no aberration of odd symmetry (coma, three-fold astigmatism) is present;
with one it is complex, and sin χ alone is wrong by tens of percent. There is no objective aperture.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from passband.grid import Grid
from passband.imaging.condition import ImagingCondition
from passband.imaging.envelopes import damping
from passband.imaging.phase import chi, is_round


def wave_transfer(
    condition: ImagingCondition, qy: Tensor, qx: Tensor, dtype: torch.dtype = torch.complex64
) -> Tensor:
    """t(q), complex (..., ny, nx).

    qy and qx are float64 frequencies [1/Å]: the axes (ny, 1) and (1, nx) of a grid, or any points
    (ny, nx). The phase is brought to one turn in float64, so that complex64 is right to 3e-7.
    """
    points = folding(qy, qx, is_round(condition))
    return unfolded(folded_transfer(condition, points, dtype), points)


def phase_transfer(
    condition: ImagingCondition, qy: Tensor, qx: Tensor, dtype: torch.dtype = torch.complex64
) -> Tensor:
    """T(q), complex (..., ny, nx), at frequencies [1/Å] as in ``wave_transfer``."""
    forward = wave_transfer(condition, qy, qx, dtype)
    if is_round(condition):
        return torch.complex(-forward.imag, torch.zeros_like(forward.imag))
    return 0.5j * (forward - wave_transfer(condition, -qy, -qx, dtype).conj())


def frequency_axes(grid: Grid, device: torch.device | str = "cpu") -> tuple[Tensor, Tensor]:
    """Frequencies [1/Å] of a grid in FFT order, float64: qy (ny, 1) and qx (1, nx)."""
    qy, qx = grid.frequencies_per_A()
    return torch.from_numpy(qy).to(device), torch.from_numpy(qx).to(device)


@dataclass(frozen=True)
class Folding:
    """The points (qy, qx) at which t is computed, and where on the grid of ``shape`` each value goes."""

    qy: Tensor
    qx: Tensor
    shape: tuple[int, int]
    source: Tensor | None


def folding(qy: Tensor, qx: Tensor, depends_on_length_alone: bool) -> Folding:
    """One quadrant where two axes span the grid and t depends on |q| alone, else every point."""
    if not (depends_on_length_alone and qy.shape[-1] == 1 and qx.shape[-2] == 1):
        ny, nx = (qy + qx).shape
        return Folding(qy, qx, (ny, nx), None)
    rows, row = torch.unique(qy.flatten().abs(), return_inverse=True)
    columns, column = torch.unique(qx.flatten().abs(), return_inverse=True)
    source = (row[:, None] * len(columns) + column).flatten().to(torch.int32)
    return Folding(rows[:, None], columns[None, :], (len(row), len(column)), source)


def folded_transfer(condition: ImagingCondition, points: Folding, dtype: torch.dtype) -> Tensor:
    """t at the points of a folding, complex (..., number of points)."""
    real = torch.float32 if dtype == torch.complex64 else torch.float64
    turns = chi(condition, points.qy, points.qx) / (2 * torch.pi)
    angle = (2 * torch.pi * (turns - turns.round())).to(real)
    amplitude = (-damping(condition, points.qy, points.qx)).to(real).exp()
    return torch.complex(amplitude * angle.cos(), -amplitude * angle.sin()).flatten(-2)


def unfolded(values: Tensor, points: Folding) -> Tensor:
    """Values (..., number of points) brought to the grid (..., ny, nx) of a folding."""
    if points.source is None:
        return values.reshape(*values.shape[:-1], *points.shape)
    plain = values.view(torch.float64) if values.dtype == torch.complex64 else values
    if plain.device.type != "cpu":
        grids = plain.index_select(-1, points.source)
        return grids.view(values.dtype).reshape(*values.shape[:-1], *points.shape)
    # on the CPU, row by row and as real numbers of 8 bytes, it is several times faster
    rows = plain.reshape(-1, plain.shape[-1])
    grids = rows.new_empty((len(rows), points.source.numel()))
    for row, grid in zip(rows, grids, strict=True):
        torch.index_select(row, 0, points.source, out=grid)
    return grids.view(values.dtype).reshape(*values.shape[:-1], *points.shape)
